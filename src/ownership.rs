//! Whose the handlers of a config are, as far as its comments and the operation log tell.

use std::collections::BTreeMap;

use crate::document::Document;
use crate::inventory::Inventory;
use crate::operation_log::LogEntry;
use crate::patch::{Patch, Warning, is_unmarked};

/// A handler that a config lists, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedHandler {
    /// The handler's name.
    pub name: String,
    /// Whose it is, by the comment above it. `None`: nobody's, or unknown.
    pub owner: Option<String>,
    /// Whether it is there for the sake of others, since containerd 1.x needs it beside them.
    pub is_implied: bool,
    /// Who has added it by the operation log, where no comment says so any more: another program has
    /// dropped it.
    pub added_by: Option<String>,
}

/// A key outside of handlers that an owner has set, by the operation log, and whose comment another
/// program has dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmarkedKey {
    /// The dotted key.
    pub key: String,
    /// Who has set it.
    pub set_by: String,
}

/// The keys that the operation log knows the owners of, and the config no more, sorted.
pub(crate) fn unmarked_keys(config: &Document<'_>, entries: &[LogEntry]) -> Vec<UnmarkedKey> {
    // Of each key and owner, whether they have set it, or given it back since.
    let mut known: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_change()) {
        let Some(owner) = entry.owner.as_deref() else {
            continue;
        };
        // What is set in a drop-in says nothing of the same key in the config.
        let is_here = entry.drop_ins.is_empty();
        for (keys, is_set) in [(&entry.keys.given_back, false), (&entry.keys.set, is_here)] {
            known.extend(keys.iter().map(|key| ((key.as_str(), owner), is_set)));
        }
    }
    let unmarked = known
        .into_iter()
        .filter(|((key, _), is_set)| *is_set && is_unmarked(config, key));
    let unmarked = unmarked.map(|((key, owner), _)| UnmarkedKey {
        key: key.to_owned(),
        set_by: owner.to_owned(),
    });
    unmarked.collect()
}

/// The handlers of a config in file order.
pub(crate) fn of(config: &Document<'_>, entries: &[LogEntry]) -> Vec<OwnedHandler> {
    let inventory = Inventory::of(config, None).map(|inventory| inventory.handlers);
    let handlers = inventory.unwrap_or_default().into_iter();
    let owned = handlers.map(|handler| {
        let is_known = handler.owner.is_some() || handler.is_implied;
        OwnedHandler {
            added_by: (!is_known)
                .then(|| last_to_add(&handler.name, entries))
                .flatten(),
            name: handler.name,
            owner: handler.owner,
            is_implied: handler.is_implied,
        }
    });
    owned.collect()
}

/// Who has added a handler and not removed it since.
fn last_to_add(name: &str, entries: &[LogEntry]) -> Option<String> {
    let has = |names: &[String]| names.iter().any(|known| known == name);
    let mut newest = entries.iter().rev().filter(|entry| entry.is_change());
    let last = newest.find(|entry| has(&entry.handlers.added) || has(&entry.handlers.removed))?;
    last.owner.clone().filter(|_| has(&last.handlers.added))
}

/// What an owner that is to be taken away leaves behind, since no comment says any more that it is
/// its own.
pub(crate) fn left_behind(
    patch: &Patch,
    (before, text): (&[u8], &str),
    entries: &[LogEntry],
) -> Option<Warning> {
    let owner = patch.leaving_owner()?;
    let config = Document::parse(text.as_bytes()).ok()?;
    // The marker of a value set by hand was there, and this very edit takes it away.
    let unmarked_before = unmarked_keys(&Document::parse(before).ok()?, entries);
    let handlers = of(&config, entries).into_iter();
    let handlers: Vec<String> = handlers
        .filter(|handler| handler.added_by.as_deref() == Some(owner.as_str()))
        .map(|handler| handler.name)
        .collect();
    let keys = unmarked_keys(&config, entries).into_iter();
    let keys: Vec<String> = keys
        .filter(|key| key.set_by == owner.as_str() && unmarked_before.contains(key))
        .map(|key| key.key)
        .collect();
    let mut has_done = Vec::new();
    let mut to_do = Vec::new();
    if !handlers.is_empty() {
        has_done.push(format!("added {}", handlers.join(", ")));
        to_do.push(format!("`containerd-edit remove {}`", handlers.join(" ")));
    }
    if !keys.is_empty() {
        has_done.push(format!("set {}", keys.join(", ")));
        to_do.push("look at the keys by hand, since nothing says what was there before".to_owned());
    }
    (!has_done.is_empty()).then(|| Warning {
        code: "owner-unknown",
        message: format!(
            "{owner} has {}, and another program has dropped the comments that said so: {}",
            has_done.join(" and "),
            to_do.join("; ")
        ),
        at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation_log::LoggedDropIn;
    use crate::patch::{Handlers, Keys};

    fn entry(owner: &str, added: &[&str], removed: &[&str]) -> LogEntry {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        LogEntry {
            time: LogEntry::now(),
            version: "0.1.0".to_owned(),
            command: "test".to_owned(),
            owner: Some(owner.to_owned()),
            handlers: Handlers {
                added: names(added),
                changed: Vec::new(),
                removed: names(removed),
            },
            keys: Keys::default(),
            before: None,
            after: Some("0".repeat(64)),
            drop_ins: Vec::new(),
            outcome: LogEntry::CHANGED.to_owned(),
        }
    }

    const CONFIG: &str = "version = 2\n\
        [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n\
        [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.a]\n\
        # containerd-edit v1 owner=x\n\
        [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.b]\n";

    #[test]
    fn the_log_tells_where_the_comment_is_gone() {
        let config = Document::parse(CONFIG.as_bytes()).expect("TOML");
        let entries = [entry("x", &["a", "b"], &[]), entry("y", &["c"], &["d"])];
        let told = |entries: &[LogEntry]| -> Vec<(Option<String>, Option<String>)> {
            let owned = of(&config, entries).into_iter();
            owned
                .map(|handler| (handler.owner, handler.added_by))
                .collect()
        };
        let x = || Some("x".to_owned());
        assert_eq!(told(&entries), [(None, None), (None, x()), (x(), None)]);
        // It has come back in another way.
        let removed = [entry("x", &["a"], &[]), entry("x", &[], &["a"])];
        assert_eq!(told(&removed)[1], (None, None));
    }

    #[test]
    fn an_owner_that_leaves_is_told_what_it_leaves_behind() {
        let entries = [entry("x", &["a"], &[])];
        let leaving = |owner: &str| Patch::new().owner(owner.parse().expect("an owner")).prune();
        let warning =
            left_behind(&leaving("x"), (CONFIG.as_bytes(), CONFIG), &entries).expect("a is left");
        assert!(
            warning.message.contains("`containerd-edit remove a`"),
            "{}",
            warning.message
        );
        assert_eq!(
            left_behind(&leaving("y"), (CONFIG.as_bytes(), CONFIG), &entries),
            None
        );
        assert_eq!(
            left_behind(
                &Patch::new().remove("b"),
                (CONFIG.as_bytes(), CONFIG),
                &entries
            ),
            None
        );
    }

    #[test]
    fn keys_whose_comment_is_gone_are_known_by_the_log() {
        let log = |owner: &str, set: &[&str], given_back: &[&str]| {
            let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
            let mut entry = entry(owner, &[], &[]);
            (entry.keys.set, entry.keys.given_back) = (names(set), names(given_back));
            entry
        };
        let proxy = "proxy_plugins.\"a.b\".type";
        let mut in_drop_in = log("z", &["debug.level"], &[]);
        in_drop_in.drop_ins.push(LoggedDropIn {
            path: "/etc/containerd/conf.d/50-z.toml".into(),
            before: None,
            after: None,
        });
        let entries = [
            log("x", &["debug.level", "debug.format", proxy], &[]),
            log("y", &["debug.level", "debug.uid"], &[]),
            log("y", &[], &["debug.uid"]),
            in_drop_in,
        ];
        let text = "version = 2\n\
                    proxy_plugins.'a.b'.type = 'snapshot'\n\
                    [debug]\n\
                    level = 'debug'\n\
                    format = 'json' # containerd-edit v1 owner=x set 'json' was unset\n\
                    uid = 0\n";
        let config = Document::parse(text.as_bytes()).expect("TOML");
        let keys = unmarked_keys(&config, &entries).into_iter();
        let keys: Vec<(String, String)> = keys.map(|key| (key.key, key.set_by)).collect();
        let found = |key: &str, owner: &str| (key.to_owned(), owner.to_owned());
        assert_eq!(
            keys,
            [
                found("debug.level", "x"),
                found("debug.level", "y"),
                found(proxy, "x")
            ]
        );
        let leaving = Patch::new().owner("y".parse().expect("an owner")).prune();
        let warning =
            left_behind(&leaving, (text.as_bytes(), text), &entries).expect("a key is left");
        let said = "y has set debug.level, and another program has dropped the comments";
        assert!(warning.message.starts_with(said), "{}", warning.message);
    }
}
