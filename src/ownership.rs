//! Whose the handlers of a config are, as far as its comments and the operation log tell.

use crate::document::Document;
use crate::inventory::Inventory;
use crate::operation_log::LogEntry;
use crate::patch::{Patch, Warning};

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
pub(crate) fn left_behind(patch: &Patch, text: &str, entries: &[LogEntry]) -> Option<Warning> {
    let owner = patch.leaving_owner()?;
    let config = Document::parse(text.as_bytes()).ok()?;
    let handlers = of(&config, entries).into_iter();
    let left: Vec<String> = handlers
        .filter(|handler| handler.added_by.as_deref() == Some(owner.as_str()))
        .map(|handler| handler.name)
        .collect();
    (!left.is_empty()).then(|| Warning {
        code: "owner-unknown",
        message: format!(
            "{owner} has added {}, and another program has dropped the comment that said so: \
             `containerd-edit remove {}`",
            left.join(", "),
            left.join(" ")
        ),
        at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Handlers;

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
        let warning = left_behind(&leaving("x"), CONFIG, &entries).expect("a is left");
        assert!(
            warning.message.contains("`containerd-edit remove a`"),
            "{}",
            warning.message
        );
        assert_eq!(left_behind(&leaving("y"), CONFIG, &entries), None);
        assert_eq!(
            left_behind(&Patch::new().remove("b"), CONFIG, &entries),
            None
        );
    }
}
