//! Whose the handlers of a config are, as far as its comments and the operation log tell.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::commit::operation_log::LogEntry;
use crate::edit::inventory::Inventory;
use crate::edit::patch::provenance::Provenance;
use crate::edit::patch::{BUILT_IN, is_unmarked};
use crate::error::Warning;
use crate::toml::Document;
use crate::want::patch::Patch;

/// A handler that a config lists, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnedHandler {
    /// The handler's name.
    pub name: String,
    /// Whose it is, by the comment above it. `None`: nobody's, or unknown.
    pub owner: Option<String>,
    /// Whether it is there for the sake of others, since containerd 1.x needs it beside them.
    #[serde(rename = "implied")]
    pub is_implied: bool,
    /// Who has added it by the operation log, where no comment says so any more: another program has
    /// dropped it.
    pub added_by: Option<String>,
}

/// A key outside of handlers that an owner has set, by the operation log, and whose comment another
/// program has dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnmarkedKey {
    /// The dotted key.
    pub key: String,
    /// Who has set it.
    pub set_by: String,
}

/// A file of a config, as [`left_behind`] looks at it.
pub(crate) struct Looked<'f> {
    /// Its path on the host, if it is a drop-in.
    pub(crate) drop_in: Option<&'f Path>,
    /// Whether it is to be taken for the owner's, by its name alone.
    pub(crate) is_its_by_name: bool,
    pub(crate) before: &'f str,
    pub(crate) after: &'f str,
}

/// The installer for whom this tool has created a file: its first line says so, or the operation log
/// where another program has dropped that.
pub(crate) fn creator(path: &Path, bytes: &[u8], entries: &[LogEntry]) -> Option<String> {
    Provenance::creator(bytes).or_else(|| logged_creator(path, entries))
}

fn logged_creator(path: &Path, entries: &[LogEntry]) -> Option<String> {
    for entry in entries.iter().rev().filter(|entry| entry.is_change()) {
        let mut drop_ins = entry.drop_ins.iter();
        let Some(change) = drop_ins.find(|change| change.path == path) else {
            continue;
        };
        // One that has gone since has come back in another way.
        change.after.as_ref()?;
        if change.before.is_none() {
            return entry.owner.clone();
        }
    }
    None
}

/// The keys that the operation log knows the owners of, and the config no more, sorted. `drop_in` is
/// the path of the file on the host, if it is a drop-in.
pub(crate) fn unmarked_keys(
    config: &Document<'_>,
    drop_in: Option<&Path>,
    entries: &[LogEntry],
) -> Vec<UnmarkedKey> {
    // Of each key and owner, whether they have set it, or given it back since.
    let mut known: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.is_change()) {
        let Some(owner) = entry.owner.as_deref() else {
            continue;
        };
        let is_here = is_about(entry, drop_in);
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

/// The handlers of a config in file order. `drop_in` is the path of the file on the host, if it is a
/// drop-in.
pub(crate) fn of(
    config: &Document<'_>,
    drop_in: Option<&Path>,
    entries: &[LogEntry],
) -> Vec<OwnedHandler> {
    let inventory = Inventory::of(config, None).map(|inventory| inventory.handlers);
    let handlers = inventory.unwrap_or_default().into_iter();
    let owned = handlers.map(|handler| {
        let is_known = handler.owner.is_some() || handler.is_implied;
        OwnedHandler {
            added_by: (!is_known)
                .then(|| last_to_add(&handler.name, drop_in, entries))
                .flatten(),
            name: handler.name,
            owner: handler.owner,
            is_implied: handler.is_implied,
        }
    });
    owned.collect()
}

/// Who has added a handler to a file and not removed it since.
fn last_to_add(name: &str, drop_in: Option<&Path>, entries: &[LogEntry]) -> Option<String> {
    let has = |names: &[String]| names.iter().any(|known| known == name);
    let has_added = |entry: &LogEntry| has(&entry.handlers.added) && is_about(entry, drop_in);
    let mut newest = entries.iter().rev().filter(|entry| entry.is_change());
    let last = newest.find(|entry| has_added(entry) || has(&entry.handlers.removed))?;
    last.owner.clone().filter(|_| has_added(last))
}

/// Whether a change was one of this file: what is set in one says nothing of another.
fn is_about(entry: &LogEntry, drop_in: Option<&Path>) -> bool {
    match drop_in {
        Some(path) => entry.drop_ins.iter().any(|change| change.path == path),
        None => entry.drop_ins.is_empty(),
    }
}

/// What of an owner stays in these files although the patch is to prune it, since no comment says any
/// more that it is its own.
pub(crate) fn left_behind<'f>(
    patch: &Patch,
    files: impl Iterator<Item = Looked<'f>>,
    entries: &[LogEntry],
) -> Vec<Warning> {
    let Some(owner) = patch.pruned_owner() else {
        return Vec::new();
    };
    let owner = owner.as_str();
    let (mut handlers, mut keys, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let parsed = [file.before, file.after].map(|text| Document::parse(text.as_bytes()));
        let [Ok(before), Ok(after)] = parsed else {
            continue;
        };
        let listed = of(&after, file.drop_in, entries).into_iter();
        let unknown = listed.filter(|handler| {
            let is_known = handler.owner.is_some() || handler.is_implied;
            !is_known && !patch.wants_handler(&handler.name)
        });
        let (logged, others): (Vec<_>, Vec<_>) = unknown.partition(|it| it.added_by.is_some());
        let own = logged
            .into_iter()
            .filter(|it| it.added_by.as_deref() == Some(owner));
        handlers.extend(own.map(|handler| handler.name));
        if let Some(path) = file.drop_in.filter(|_| file.is_its_by_name) {
            warnings.extend(by_name(owner, path, others));
        }
        // The marker of a value set by hand was there, and this very edit takes it away.
        let unmarked_before = unmarked_keys(&before, file.drop_in, entries);
        let unmarked = unmarked_keys(&after, file.drop_in, entries).into_iter();
        let own = unmarked.filter(|key| {
            key.set_by == owner && unmarked_before.contains(key) && !patch.names_dotted(&key.key)
        });
        keys.extend(own.map(|key| key.key));
    }
    warnings.extend(by_log(owner, &handlers, &keys));
    warnings
}

/// What the operation log says that an owner leaves behind.
fn by_log(owner: &str, handlers: &[String], keys: &[String]) -> Option<Warning> {
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

/// What may be an owner's in a drop-in of its name.
fn by_name(owner: &str, path: &Path, listed: Vec<OwnedHandler>) -> Option<Warning> {
    // It goes with the others.
    let listed = listed
        .into_iter()
        .filter(|handler| handler.name != BUILT_IN);
    let names: Vec<String> = listed.map(|handler| handler.name).collect();
    (!names.is_empty()).then(|| Warning {
        code: "owner-unknown",
        message: format!(
            "{0} has the name of {owner}'s drop-in, and neither a comment in it nor the operation \
             log says whose {1} is: if that is {owner}'s, `containerd-edit remove {2} --drop-in={0}`",
            path.display(),
            names.join(", "),
            names.join(" ")
        ),
        at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::operation_log::LoggedDropIn;
    use crate::edit::patch::{Handlers, Keys};
    use crate::want::handler::Handler;

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

    fn looked(text: &str) -> Looked<'_> {
        Looked {
            drop_in: None,
            is_its_by_name: false,
            before: text,
            after: text,
        }
    }

    fn change(path: &str, before: bool, after: bool) -> LoggedDropIn {
        LoggedDropIn {
            path: path.into(),
            before: before.then(|| "0".repeat(64)),
            after: after.then(|| "1".repeat(64)),
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
            let owned = of(&config, None, entries).into_iter();
            owned
                .map(|handler| (handler.owner, handler.added_by))
                .collect()
        };
        let x = || Some("x".to_owned());
        assert_eq!(told(&entries), [(None, None), (None, x()), (x(), None)]);
        // It has come back in another way.
        let removed = [entry("x", &["a"], &[]), entry("x", &[], &["a"])];
        assert_eq!(told(&removed)[1], (None, None));
        // It was added to another file.
        let mut elsewhere = entry("x", &["a"], &[]);
        elsewhere
            .drop_ins
            .push(change("/conf.d/50-x.toml", false, true));
        assert_eq!(told(&[elsewhere])[1], (None, None));
    }

    #[test]
    fn an_owner_that_leaves_is_told_what_it_leaves_behind() {
        let entries = [entry("x", &["a"], &[])];
        let leaving = |owner: &str| Patch::new().owner(owner.parse().expect("an owner")).prune();
        let left = |patch: &Patch, file: Looked<'_>| {
            let warnings = left_behind(patch, [file].into_iter(), &entries).into_iter();
            warnings
                .map(|it| it.message)
                .collect::<Vec<String>>()
                .join("\n")
        };
        let said = left(&leaving("x"), looked(CONFIG));
        assert!(said.ends_with("`containerd-edit remove a`"), "{said}");
        assert_eq!(left(&leaving("y"), looked(CONFIG)), "");
        assert_eq!(left(&Patch::new().remove("b"), looked(CONFIG)), "");
        // An upgrade leaves what its release does not want.
        let upgrade =
            |name: &str| leaving("x").ensure(Handler::new(name.parse().expect("a name"), "t"));
        assert_eq!(left(&upgrade("a"), looked(CONFIG)), "");
        let said = left(&upgrade("c"), looked(CONFIG));
        assert!(said.ends_with("`containerd-edit remove a`"), "{said}");
    }

    #[test]
    fn a_drop_in_of_its_name_may_be_an_owners() {
        let text = CONFIG.replace("runtimes.a]", "runtimes.mine]");
        let file = |is_its_by_name| Looked {
            drop_in: Some(Path::new("/conf.d/50-x.toml")),
            is_its_by_name,
            ..looked(&text)
        };
        let patch = Patch::new().owner("x".parse().expect("an owner")).prune();
        let left = |is_its: bool| left_behind(&patch, [file(is_its)].into_iter(), &[]);
        assert_eq!(left(false), []);
        let warnings = left(true);
        let said = "neither a comment in it nor the operation log says whose mine is: if that is \
                    x's, `containerd-edit remove mine --drop-in=/conf.d/50-x.toml`";
        assert!(warnings[0].message.ends_with(said), "{warnings:?}");
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
        in_drop_in
            .drop_ins
            .push(change("/conf.d/50-z.toml", false, true));
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
        let unmarked = |drop_in: Option<&str>| -> Vec<(String, String)> {
            let keys = unmarked_keys(&config, drop_in.map(Path::new), &entries).into_iter();
            keys.map(|key| (key.key, key.set_by)).collect()
        };
        let found = |key: &str, owner: &str| (key.to_owned(), owner.to_owned());
        assert_eq!(
            unmarked(None),
            [
                found("debug.level", "x"),
                found("debug.level", "y"),
                found(proxy, "x")
            ]
        );
        let in_drop_in = unmarked(Some("/conf.d/50-z.toml"));
        assert_eq!(in_drop_in, [found("debug.level", "z")]);
        assert_eq!(unmarked(Some("/conf.d/50-y.toml")), []);
        let leaving = Patch::new().owner("y".parse().expect("an owner")).prune();
        let warning = &left_behind(&leaving, [looked(text)].into_iter(), &entries)[0];
        let said = "y has set debug.level, and another program has dropped the comments";
        assert!(warning.message.starts_with(said), "{}", warning.message);
    }

    #[test]
    fn the_log_knows_who_had_a_file_created() {
        let logged = |owner: &str, before: bool, after: bool| {
            let mut entry = entry(owner, &[], &[]);
            entry
                .drop_ins
                .push(change("/conf.d/50-x.toml", before, after));
            entry
        };
        let path = Path::new("/conf.d/50-x.toml");
        let creator = |entries: &[LogEntry]| creator(path, b"version = 3\n", entries);
        let created = logged("x", false, true);
        let edited = logged("y", true, true);
        let deleted = logged("y", true, false);
        let x = Some("x".to_owned());
        assert_eq!(creator(&[created.clone(), edited.clone()]), x);
        assert_eq!(creator(&[created.clone(), deleted.clone()]), None);
        assert_eq!(creator(&[created.clone(), deleted, edited.clone()]), None);
        assert_eq!(creator(&[edited]), None);
        let bytes = b"# containerd-edit v1 owner=z\nversion = 3\n";
        assert_eq!(super::creator(path, bytes, &[]).as_deref(), Some("z"));
    }
}
