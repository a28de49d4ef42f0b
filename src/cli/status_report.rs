//! What `status` and `log` show.

use std::fmt::Write as _;
use std::path::Path;

use containerd_edit::{
    DropInStatus, HolderFate, LockHolder, LockStatus, LogEntry, OwnedHandler, Status,
};
use serde_json::{Value, json};

use super::report::Report;
use super::text::printable;

/// The operation log, the oldest run first.
pub(super) struct LogReport<'l> {
    pub(super) path: &'l Path,
    pub(super) entries: &'l [LogEntry],
}

impl Report for LogReport<'_> {
    fn json(&self) -> Value {
        json!({ "path": self.path.to_string_lossy(), "entries": self.entries })
    }

    fn text(&self) -> String {
        if self.entries.is_empty() {
            return format!("{}: no entries in its operation log\n", self.path.display());
        }
        let lines = self.entries.iter().map(|entry| line(entry) + "\n");
        lines.collect()
    }
}

fn line(entry: &LogEntry) -> String {
    let parts = [&entry.time, &entry.outcome, &entry.command];
    let mut line = parts.map(|part| printable(part)).join("  ");
    for (what, names) in [
        ("added", &entry.handlers.added[..]),
        ("changed", &entry.handlers.changed),
        ("removed", &entry.handlers.removed),
        ("set", &entry.keys.set),
        ("gave back", &entry.keys.given_back),
        ("default", entry.new_default.as_slice()),
        ("owner", entry.owner.as_slice()),
    ] {
        if !names.is_empty() {
            let _ = write!(line, "; {what} {}", printable(&names.join(", ")));
        }
    }
    line
}

impl Report for Status {
    fn json(&self) -> Value {
        json!(self)
    }

    /// A line for each fact.
    fn text(&self) -> String {
        let mut log = path_or_none(self.log_path.as_deref());
        if let Some(error) = &self.log_error {
            let _ = write!(log, ", which can't be read: {error}");
        }
        let last = self.last_change.as_ref().map(line);
        let mut facts = vec![
            ("config:", vec![self.path.display().to_string()]),
            ("version:", vec![version(self)]),
            ("lock:", vec![self.lock.path.display().to_string()]),
            ("held:", vec![held(&self.lock)]),
            ("log:", vec![log]),
            (
                "previous:",
                vec![path_or_none(self.previous_path.as_deref())],
            ),
            ("last change:", vec![last.unwrap_or("none".to_owned())]),
        ];
        if let Some(is_changed) = self.is_changed_since {
            let by = if is_changed {
                "by another program, or by a run that was killed before it could log"
            } else {
                "no"
            };
            facts.push(("changed since:", vec![by.to_owned()]));
        }
        facts.push(("handlers:", handlers(&self.handlers)));
        for drop_in in &self.drop_ins {
            let mut lines = vec![creator(drop_in)];
            lines.extend(handlers(&drop_in.handlers));
            facts.push(("drop-in:", lines));
        }
        for path in &self.displaced {
            let path = path.display();
            let what = format!("{path}: another program's text, look through it and delete it");
            facts.push(("displaced:", vec![what]));
        }
        let mut text = String::new();
        for (name, lines) in facts {
            let names = [name].into_iter().chain(std::iter::repeat(""));
            for (name, line) in names.zip(lines) {
                let _ = writeln!(text, "{name:<14} {line}");
            }
        }
        text
    }
}

fn version(status: &Status) -> String {
    match (status.exists, status.config_version) {
        (false, _) => "there is no such file".to_owned(),
        (true, None) => "not valid TOML: see `containerd-edit check`".to_owned(),
        (true, Some(0)) => "none given".to_owned(),
        (true, Some(version)) => version.to_string(),
    }
}

fn creator(drop_in: &DropInStatus) -> String {
    let path = drop_in.path.display();
    match &drop_in.created_for {
        Some(owner) => format!("{path}, created for {owner}"),
        None => format!("{path}, not created by this tool"),
    }
}

/// Handlers with their owners, a line for each.
fn handlers(handlers: &[OwnedHandler]) -> Vec<String> {
    let widest = handlers.iter().map(|handler| handler.name.len()).max();
    let width = widest.unwrap_or(0);
    let line = |handler: &OwnedHandler| {
        let owner = match &handler.owner {
            Some(owner) => owner,
            None if handler.is_implied => "implied, needed by containerd 1.x",
            None => "nobody's: not added by this tool",
        };
        format!("{:<width$}  {owner}", printable(&handler.name))
    };
    handlers.iter().map(line).collect()
}

/// Whether the lock is held, and by whom.
fn held(lock: &LockStatus) -> String {
    const UNKNOWN: &str = "yes, by a program that does not say who it is";
    let words = |holder: &LockHolder| {
        let fate = match holder.fate {
            HolderFate::Gone | HolderFate::Reused => "; that process has ended",
            HolderFate::OtherBoot => ", before a reboot",
            HolderFate::OtherHost => ", which is another host than this one",
            HolderFate::OtherNamespace => ", in another PID namespace than this one",
            HolderFate::Running | HolderFate::Unknown => "",
        };
        format!("{}{fate}", printable(&holder.words))
    };
    match (lock.is_held, &lock.holder) {
        (Some(true), None) => UNKNOWN.to_owned(),
        // Whoever holds it has not signed: the line is an older one.
        (Some(true), Some(holder))
            if matches!(
                holder.fate,
                HolderFate::Gone | HolderFate::Reused | HolderFate::OtherBoot
            ) =>
        {
            format!("{UNKNOWN}; before that by {}", words(holder))
        }
        (Some(true), Some(holder)) => format!("yes, by {}", words(holder)),
        (Some(false), None) => "no".to_owned(),
        (Some(false), Some(holder)) => format!("no; last by {}", words(holder)),
        (None, _) => "can't be seen".to_owned(),
    }
}

fn path_or_none(path: Option<&Path>) -> String {
    path.map_or("none".to_owned(), |path| path.display().to_string())
}
