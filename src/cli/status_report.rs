//! What `status` and `log` show.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use containerd_edit::{LockHolder, LogEntry, OwnedHandler, Status};

/// The operation log, a line for each run, the oldest first.
pub(super) fn log(entries: &[LogEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let _ = writeln!(text, "{}", line(entry));
    }
    text
}

pub(super) fn log_json(path: &Path, entries: &[LogEntry]) -> Value {
    let entries: Vec<Value> = entries.iter().map(LogEntry::to_json).collect();
    json!({
        "schema": 1,
        "path": path.to_string_lossy(),
        "entries": entries,
    })
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
    if let Some(owner) = &entry.owner {
        let _ = write!(line, "; owner {}", printable(owner));
    }
    line
}

/// A log is a file that others may have written to: nothing in it moves the cursor.
fn printable(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}

/// The status, a line for each fact.
pub(super) fn status(status: &Status) -> String {
    let mut text = String::new();
    let mut fact = |name: &str, value: String| {
        let colon = if name.is_empty() { "" } else { ":" };
        let _ = writeln!(text, "{:<14} {value}", format!("{name}{colon}"));
    };
    fact("config", status.path.display().to_string());
    fact(
        "version",
        match (status.exists, status.config_version) {
            (false, _) => "there is no such file".to_owned(),
            (true, None) => {
                "this is no TOML, or its version is no number: see `containerd-edit check`"
                    .to_owned()
            }
            (true, Some(0)) => "none given".to_owned(),
            (true, Some(version)) => version.to_string(),
        },
    );
    fact("lock", status.lock_path.display().to_string());
    fact("held", held(status));
    let log = shown(status.log_path.as_deref());
    match &status.log_error {
        Some(error) => fact("log", format!("{log}, which can't be read: {error}")),
        None => fact("log", log),
    }
    fact("previous", shown(status.previous_path.as_deref()));
    fact(
        "last change",
        status.last_change.as_ref().map_or("none".to_owned(), line),
    );
    if let Some(changed) = status.is_changed_since {
        let said = if changed {
            "by another program, or by a run that was killed before it could log"
        } else {
            "no"
        };
        fact("changed since", said.to_owned());
    }
    let mut name = "handlers";
    for line in handlers(&status.handlers) {
        fact(name, line);
        name = "";
    }
    for drop_in in &status.drop_ins {
        let path = drop_in.path.display();
        fact(
            "drop-in",
            match &drop_in.created_for {
                Some(owner) => format!("{path}, created for {owner}"),
                None => format!("{path}, not created by this tool"),
            },
        );
        for line in handlers(&drop_in.handlers) {
            fact("", line);
        }
    }
    for path in &status.displaced {
        fact(
            "displaced",
            format!(
                "{}: another program's text, look through it and delete it",
                path.display()
            ),
        );
    }
    text
}

/// Handlers and whose they are, a line for each.
fn handlers(handlers: &[OwnedHandler]) -> Vec<String> {
    let widest = handlers.iter().map(|handler| handler.name.len()).max();
    let lines = handlers.iter().map(|handler| {
        let (shown, width) = (printable(&handler.name), widest.unwrap_or(0));
        format!("{shown:<width$}  {}", owner(handler))
    });
    lines.collect()
}

/// Whose a handler is.
fn owner(handler: &OwnedHandler) -> String {
    match &handler.owner {
        Some(owner) => owner.clone(),
        None if handler.is_implied => "implied, needed by containerd 1.x".to_owned(),
        None => "nobody's: not added by this tool".to_owned(),
    }
}

/// Whether the lock is held, and by whom.
fn held(status: &Status) -> String {
    const UNKNOWN: &str = "yes, by a program that does not say who it is";
    let words = |holder: &LockHolder| {
        let fate = match holder.fate {
            "gone" | "reused" => ", which is gone",
            "other-boot" => ", before a reboot",
            "other-host" => ", which is another host than this one",
            "other-namespace" => ", in another PID namespace than this one",
            _ => "",
        };
        format!("{}{fate}", printable(&holder.words))
    };
    match (status.is_locked, &status.holder) {
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

fn shown(path: Option<&Path>) -> String {
    path.map_or("none".to_owned(), |path| path.display().to_string())
}

pub(super) fn status_json(status: &Status) -> Value {
    let path = |path: Option<&Path>| path.map(|path| path.to_string_lossy().into_owned());
    let displaced = status.displaced.iter();
    json!({
        "schema": 1,
        "path": path(Some(&status.path)),
        "exists": status.exists,
        "config_version": status.config_version,
        "lock": {
            "path": path(Some(&status.lock_path)),
            "held": status.is_locked,
            "holder": status.holder.as_ref().map(|holder| json!({
                "words": holder.words,
                "fate": holder.fate,
            })),
        },
        "log": path(status.log_path.as_deref()),
        "log_error": status.log_error,
        "previous": path(status.previous_path.as_deref()),
        "last_change": status.last_change.as_ref().map(LogEntry::to_json),
        "changed_since": status.is_changed_since,
        "handlers": handlers_json(&status.handlers),
        "drop_ins": status.drop_ins.iter().map(|drop_in| json!({
            "path": path(Some(&drop_in.path)),
            "created_for": drop_in.created_for,
            "handlers": handlers_json(&drop_in.handlers),
            "unmarked_keys": [],
        })).collect::<Vec<_>>(),
        "unmarked_keys": [],
        "displaced": displaced.map(|found| path(Some(found))).collect::<Vec<_>>(),
    })
}

fn handlers_json(handlers: &[OwnedHandler]) -> Value {
    let handlers = handlers.iter().map(|handler| {
        json!({
            "name": handler.name,
            "owner": handler.owner,
            "implied": handler.is_implied,
            "added_by": null,
        })
    });
    handlers.collect()
}
