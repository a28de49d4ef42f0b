//! What a killed run of the same command has left: a change that it has not seen loaded.

use std::time::{Duration, SystemTime};

use crate::commit::editor::Editor;
use crate::commit::operation_log::LogEntry;

/// Clocks are set, and the log's is not the one that processes are counted by.
const MARGIN: Duration = Duration::from_secs(1);

/// The entry of a change that an earlier run of this command was to have loaded, and of which it has
/// not noted down what became of that.
pub(super) fn unfinished(editor: &Editor, owner: Option<&str>) -> Option<LogEntry> {
    let entries = editor.log_entries().ok()?;
    let target = editor.find().ok()?;
    last_unfinished(&entries, &editor.command, owner, |entry| {
        editor.is_left(&target, entry)
    })
    .cloned()
}

fn last_unfinished<'e>(
    entries: &'e [LogEntry],
    command: &str,
    owner: Option<&str>,
    is_left: impl Fn(&LogEntry) -> bool,
) -> Option<&'e LogEntry> {
    let is_own = |entry: &&LogEntry| entry.command == command && entry.owner.as_deref() == owner;
    let outcomes = [
        LogEntry::INTENDED,
        LogEntry::RESTARTED,
        LogEntry::ROLLED_BACK,
    ];
    let at = entries
        .iter()
        .rposition(|entry| is_own(&entry) && outcomes.contains(&entry.outcome.as_str()))?;
    let entry = &entries[at];
    if entry.outcome != LogEntry::INTENDED {
        return None;
    }
    // It may have been killed before it got to the change.
    let shows_it = |later: &LogEntry| {
        is_own(&later) && later.is_change()
            || entry.before != entry.after && later.before == entry.after
    };
    let was_made = is_left(entry) || entries[at + 1..].iter().any(shows_it);
    was_made.then_some(entry)
}

/// Whether a daemon of this age was started after a change was noted down, and so has loaded it.
pub(super) fn is_loaded(entry: &LogEntry, age: Option<Duration>) -> bool {
    let noted = humantime::parse_rfc3339(&entry.time).ok();
    let since = noted.and_then(|noted| SystemTime::now().duration_since(noted).ok());
    match (age, since) {
        (Some(age), Some(since)) => age + MARGIN < since,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use crate::edit::patch::{Handlers, Keys};

    fn entry(command: &str, outcome: &str, before: &str, after: &str) -> LogEntry {
        LogEntry {
            time: LogEntry::now(),
            version: "0.1.0".to_owned(),
            command: command.to_owned(),
            owner: Some("ops".to_owned()),
            handlers: Handlers::default(),
            keys: Keys::default(),
            before: Some(before.to_owned()),
            after: Some(after.to_owned()),
            drop_ins: Vec::new(),
            outcome: outcome.to_owned(),
        }
    }

    /// Whether a change of `add a` is unfinished, where the file now is `now`.
    fn is_unfinished(entries: &[LogEntry], now: &str) -> bool {
        let is_left = |entry: &LogEntry| entry.after.as_deref() == Some(now);
        last_unfinished(entries, "add a", Some("ops"), is_left).is_some()
    }

    #[test]
    fn a_change_is_unfinished_until_its_end_is_noted_down() {
        let intended = entry("add a", "intended", "0", "1");
        let changed = entry("add a", "changed", "0", "1");
        assert!(!is_unfinished(&[], "0"));
        assert!(
            !is_unfinished(slice::from_ref(&intended), "0"),
            "it was not made"
        );
        assert!(
            is_unfinished(slice::from_ref(&intended), "1"),
            "it was not logged"
        );
        let killed = [intended, changed.clone()];
        assert!(is_unfinished(&killed, "1"));
        for outcome in ["restarted", "rolled-back"] {
            let ended = [&killed[..], &[entry("add a", outcome, "1", "1")]].concat();
            assert!(!is_unfinished(&ended, "1"), "{outcome}");
            let others = [&killed[..], &[entry("add b", outcome, "1", "1")]].concat();
            assert!(is_unfinished(&others, "1"), "{outcome}");
        }
        assert!(!is_unfinished(&[changed], "1"), "nobody was to load it");
    }

    #[test]
    fn what_others_change_later_leaves_it_unfinished() {
        let intended = entry("add a", "intended", "0", "1");
        let later = entry("add b", "changed", "1", "2");
        assert!(is_unfinished(&[intended.clone(), later], "2"));
        let instead = entry("add b", "changed", "0", "2");
        assert!(!is_unfinished(&[intended, instead], "2"));
    }

    #[test]
    fn a_daemon_that_is_younger_than_the_change_has_loaded_it() {
        let mut entry = entry("add a", "intended", "0", "1");
        assert!(
            !is_loaded(&entry, Some(Duration::ZERO)),
            "too close to tell"
        );
        let ago = SystemTime::now() - Duration::from_secs(60);
        entry.time = humantime::format_rfc3339_millis(ago).to_string();
        assert!(is_loaded(&entry, Some(Duration::from_secs(30))));
        assert!(!is_loaded(&entry, Some(Duration::from_secs(90))));
        assert!(!is_loaded(&entry, None));
    }
}
