//! What `status` and `log` show.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use containerd_edit::{DropInStatus, LockHolder, LockStatus, LogEntry, OwnedHandler, Status};
use serde::Serialize;

use super::output::Report;
use super::text::printable;

/// The operation log, the oldest run first.
#[derive(Serialize)]
pub(super) struct LogReport<'l> {
    path: Cow<'l, str>,
    entries: &'l [LogEntry],
}

impl<'l> LogReport<'l> {
    pub(super) fn new(path: &'l Path, entries: &'l [LogEntry]) -> Self {
        let path = path.to_string_lossy();
        Self { path, entries }
    }
}

impl Report for LogReport<'_> {
    fn text(&self) -> String {
        if self.entries.is_empty() {
            return format!("{}: no entries in its operation log\n", self.path);
        }
        let lines = self.entries.iter().map(|entry| line(entry) + "\n");
        lines.collect()
    }
}

fn line(entry: &LogEntry) -> String {
    let parts = [&entry.time, &entry.outcome, &entry.command];
    let mut line = parts.map(|part| printable(part)).join("  ");
    for (what, names) in [
        ("added", &entry.handlers.added),
        ("changed", &entry.handlers.changed),
        ("removed", &entry.handlers.removed),
        ("set", &entry.keys.set),
        ("gave back", &entry.keys.given_back),
    ] {
        if !names.is_empty() {
            let _ = write!(line, "; {what} {}", printable(&names.join(", ")));
        }
    }
    if let Some(name) = &entry.new_default {
        let _ = write!(line, "; default {}", printable(name));
    }
    if let Some(owner) = &entry.owner {
        let _ = write!(line, "; owner {}", printable(owner));
    }
    line
}

impl Report for Status {
    /// A line for each fact.
    fn text(&self) -> String {
        let mut facts = Facts::default();
        facts.add("config", &self.path.to_string_lossy());
        facts.add("version", &version(self));
        facts.add("lock", &self.lock.path.to_string_lossy());
        facts.add("held", &held(&self.lock));
        let mut log = path_or_none(self.log_path.as_deref());
        if let Some(error) = &self.log_error {
            let _ = write!(log, ", which can't be read: {error}");
        }
        facts.add("log", &log);
        let previous = path_or_none(self.previous_path.as_deref());
        facts.add("previous", &previous);
        let last = self.last_change.as_ref().map(line);
        facts.add("last change", last.as_deref().unwrap_or("none"));
        if let Some(is_changed) = self.is_changed_since {
            let by = if is_changed {
                "by another program, or by a run that was killed before it could log"
            } else {
                "no"
            };
            facts.add("changed since", by);
        }
        facts.add_all("handlers", handlers(&self.handlers));
        for drop_in in &self.drop_ins {
            facts.add("drop-in", &creator(drop_in));
            facts.add_all("", handlers(&drop_in.handlers));
        }
        for path in &self.displaced {
            let path = path.display();
            let what = format!("{path}: another program's text, look through it and delete it");
            facts.add("displaced", &what);
        }
        facts.0
    }
}

/// Lines of a name and a value.
#[derive(Default)]
struct Facts(String);

impl Facts {
    fn add(&mut self, name: &str, value: &str) {
        let colon = if name.is_empty() { "" } else { ":" };
        let _ = writeln!(self.0, "{:<14} {value}", format!("{name}{colon}"));
    }

    /// Adds several values below one name.
    fn add_all(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let mut name = name;
        for value in values {
            self.add(name, &value);
            name = "";
        }
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
    let lines = handlers.iter().map(|handler| {
        let (shown, width) = (printable(&handler.name), widest.unwrap_or(0));
        format!("{shown:<width$}  {}", owner(handler))
    });
    lines.collect()
}

/// The owner of a handler.
fn owner(handler: &OwnedHandler) -> String {
    match &handler.owner {
        Some(owner) => owner.clone(),
        None if handler.is_implied => "implied, needed by containerd 1.x".to_owned(),
        None => "nobody's: not added by this tool".to_owned(),
    }
}

/// Whether the lock is held, and by whom.
fn held(lock: &LockStatus) -> String {
    const UNKNOWN: &str = "yes, by a program that does not say who it is";
    let words = |holder: &LockHolder| {
        let fate = match holder.fate {
            "gone" | "reused" => "; that process has ended",
            "other-boot" => ", before a reboot",
            "other-host" => ", which is another host than this one",
            "other-namespace" => ", in another PID namespace than this one",
            _ => "",
        };
        format!("{}{fate}", printable(&holder.words))
    };
    match (lock.is_held, &lock.holder) {
        (Some(true), None) => UNKNOWN.to_owned(),
        // Whoever holds it has not signed: the line is an older one.
        (Some(true), Some(holder)) if holder.is_over => {
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
