//! What `status` and `log` show.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use containerd_edit::report::{
    BrokenFile, DropInStatus, LockHolder, LockStatus, LogEntry, NotInForce, OwnedHandler,
    OwnerStatus,
};
use containerd_edit::{Error, NextStep, Release, Status};
use serde_json::json;

use super::report::{Loaded, Report, joined};
use super::text::{MOST_KEYS, first_of, grouped, printable};

/// The operation log, the oldest run first.
pub(super) fn log(path: &Path, entries: &[LogEntry]) -> Report {
    let lines = entries.iter().map(|entry| line(entry) + "\n");
    let text = match entries {
        [] => format!("{}: no entries in its operation log\n", path.display()),
        _ => lines.collect(),
    };
    let json = json!({ "path": path.to_string_lossy(), "entries": entries });
    Report::new(json, text)
}

fn line(entry: &LogEntry) -> String {
    let parts = [&entry.time, &entry.outcome, &entry.command];
    let mut line = parts.map(|part| printable(part)).join("  ");
    for (what, names) in [
        ("added", &entry.handlers.added[..]),
        ("changed", &entry.handlers.changed),
        ("removed", &entry.handlers.removed),
        ("changed", &entry.keys.set),
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

/// What is known of a config: a line for each fact. `way_back`: what puts a broken file right, if that is
/// known; `serves`: the releases that serve CRI with it, or the daemon's own alone, where that is known;
/// `daemon`: what the daemon has loaded, or why that is not known, if one was asked.
pub(super) fn status(
    status: &Status,
    way_back: Option<NextStep<'_>>,
    serves: &[Release],
    daemon: Option<&Result<Loaded, Error>>,
) -> Report {
    let more = json!({
        "serves": serves,
        "hint": way_back.as_ref().map(ToString::to_string),
        "running": daemon.and_then(|it| it.as_ref().ok()).map(|it| &it.json),
    });
    let mut log = path_or_none(status.log_path.as_deref());
    if let Some(error) = &status.log_error {
        let _ = write!(log, ", which can't be read: {error}");
    }
    let previous = path_or_none(status.previous_path.as_deref());
    let last = status.last_change.as_ref().map(line);
    let broken = status.broken.iter().map(broken);
    let way_back = way_back.iter().map(ToString::to_string);
    let mut facts = vec![
        ("config:", vec![status.path.display().to_string()]),
        ("version:", vec![version(status)]),
        ("broken:", broken.chain(way_back).collect()),
        ("serves:", vec![serves_on(serves)]),
        ("lock:", vec![status.lock.path.display().to_string()]),
        ("held:", vec![held(&status.lock)]),
        ("log:", vec![log]),
        ("previous:", vec![previous]),
        ("last change:", vec![last.unwrap_or("none".to_owned())]),
    ];
    if status.is_changed_since.is_some() {
        facts.push(("changed since:", changed_since(&status.changed_files)));
    }
    let owners = match &status.ledger_error {
        Some(error) => vec![format!("unknown: {error}")],
        None => status.owners.iter().flat_map(owner).collect(),
    };
    facts.push(("owners:", owners));
    let left = status.left.iter();
    let left = left.map(|it| printable(&format!("{}, removed at {}", it.owner, it.time)));
    facts.push(("left:", left.collect()));
    facts.push(("handlers:", handlers(status, &status.handlers)));
    for drop_in in &status.drop_ins {
        let mut lines = vec![creator(drop_in)];
        lines.extend(handlers(status, &drop_in.handlers));
        facts.push(("drop-in:", lines));
    }
    for path in &status.displaced {
        let path = path.display();
        let what = format!("{path}: another program's text, look through it and delete it");
        facts.push(("displaced:", vec![what]));
    }
    match daemon {
        Some(Ok(loaded)) => facts.push(("daemon:", loaded.lines.clone())),
        Some(Err(error)) => facts.push(("daemon:", vec![format!("unknown: {error}")])),
        None => {}
    }
    let mut text = String::new();
    for (name, lines) in facts {
        let names = [name].into_iter().chain(std::iter::repeat(""));
        for (name, line) in names.zip(lines) {
            let _ = writeln!(text, "{name:<14} {line}");
        }
    }
    Report::new(joined(json!(status), more), text)
}

/// An owner, and the keys that are not as it wants them.
fn owner(owner: &OwnerStatus) -> Vec<String> {
    let keys = match owner.keys {
        1 => "1 key".to_owned(),
        keys => format!("{keys} keys"),
    };
    let name = printable(&owner.name);
    let Some(lacking) = &owner.not_in_force else {
        return vec![format!(
            "{name}: {keys}; whether they are in force is unknown"
        )];
    };
    let mut lines = vec![match lacking.len() {
        0 => format!("{name}: {keys}, in force"),
        lacking => format!("{name}: {keys}, {lacking} not in force"),
    }];
    let reasons = lacking.iter().map(|it| (reason(it), printable(&it.key)));
    let reasons = grouped(reasons).into_iter();
    lines.extend(
        reasons.map(|(reason, keys)| format!("  {reason}: {}", first_of(MOST_KEYS, &keys))),
    );
    lines
}

fn reason(key: &NotInForce) -> String {
    let by = key.by.iter().map(|owner| format!(" by {owner}"));
    let file = key.file.iter().filter(|_| key.by.is_none());
    let file = file.map(|file| format!(" in {}", file.display()));
    let more: String = by.chain(file).collect();
    printable(&format!("{}{more}", key.why.replace('-', " ")))
}

fn version(status: &Status) -> String {
    match (status.exists, status.config_version) {
        (false, _) => "there is no such file".to_owned(),
        (true, None) => format!("unknown: {}", NextStep::SeeVerdicts),
        (true, Some(0)) => "none given".to_owned(),
        (true, Some(version)) => version.to_string(),
    }
}

fn broken(file: &BrokenFile) -> String {
    printable(&format!("{}: {}", file.path.display(), file.problem))
}

/// A line for each file that somebody else has changed.
fn changed_since(files: &[PathBuf]) -> Vec<String> {
    if files.is_empty() {
        return vec!["no".to_owned()];
    }
    let by = "by another program, or by a run that was killed before it could log";
    let files = files.iter().map(|path| format!("  {}", path.display()));
    [by.to_owned()].into_iter().chain(files).collect()
}

fn serves_on(releases: &[Release]) -> String {
    match releases {
        [] => format!("on no containerd release: {}", NextStep::SeeVerdicts),
        some => format!("on containerd {}", Release::ranges(some)),
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
fn handlers(status: &Status, handlers: &[OwnedHandler]) -> Vec<String> {
    let widest = handlers.iter().map(|handler| handler.name.len()).max();
    let width = widest.unwrap_or(0);
    let line = |handler: &OwnedHandler| {
        let owner = match &handler.owner {
            Some(owner) => owner,
            None if status.ledger_error.is_some() => "unknown",
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
    let signed = |holder: &LockHolder| printable(&format!("{}{}", holder.words, holder.fate));
    match (lock.is_held, &lock.holder) {
        (None, _) => "can't be seen".to_owned(),
        (Some(false), None) => "no".to_owned(),
        (Some(false), Some(holder)) => format!("no; last by {}", signed(holder)),
        (Some(true), None) => UNKNOWN.to_owned(),
        (Some(true), Some(holder)) if holder.fate.is_over() => {
            format!("{UNKNOWN}; before that by {}", signed(holder))
        }
        (Some(true), Some(holder)) => format!("yes, by {}", signed(holder)),
    }
}

fn path_or_none(path: Option<&Path>) -> String {
    path.map_or("none".to_owned(), |path| path.display().to_string())
}
