//! What is shown, as text and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use similar::TextDiff;

use containerd_edit::{Error, Layout, LeftBehind, Outcome, Owner, Position, Warning};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const ERROR: Style = RED.bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// The unified diff of an edit, file by file; empty if nothing changes.
pub(super) fn diff(plan: &Outcome) -> String {
    let of_config = diff_of(
        &plan.path,
        plan.main.before.as_deref(),
        plan.main.after.as_deref(),
    );
    let drop_ins = plan.drop_ins.iter();
    let of_drop_ins = drop_ins.map(|change| {
        diff_of(
            &change.path,
            change.before.as_deref(),
            change.after.as_deref(),
        )
    });
    [of_config].into_iter().chain(of_drop_ins).collect()
}

fn diff_of(path: &Path, before: Option<&[u8]>, after: Option<&str>) -> String {
    if before == after.map(str::as_bytes) {
        return String::new();
    }
    let path = path.display().to_string();
    let name = |exists: bool| if exists { path.as_str() } else { "/dev/null" };
    let text = before.map(String::from_utf8_lossy).unwrap_or_default();
    TextDiff::from_lines(text.as_ref(), after.unwrap_or_default())
        .unified_diff()
        .header(name(before.is_some()), name(after.is_some()))
        .to_string()
}

/// A diff with its lines in colour.
pub(super) fn colored(diff: &str) -> String {
    let mut text = String::with_capacity(diff.len());
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => BOLD,
            [b'+', ..] => GREEN,
            [b'-', ..] => RED,
            [b'@', ..] => CYAN,
            _ => Style::new(),
        };
        let content = line.trim_end_matches(['\n', '\r']);
        let _ = write!(text, "{style}{content}{style:#}{}", &line[content.len()..]);
    }
    text
}

/// One line that says what was done, or what would be.
pub(super) fn summary(plan: &Outcome, dry_run: bool, layout: Option<&Layout>) -> String {
    let path = plan.path.display();
    let done = deeds(plan);
    if !plan.is_change() {
        format!("{path}: {done}\n")
    } else if dry_run {
        format!("{path}: dry run, nothing written; it would be: {done}\n")
    } else if plan.needs_restart() {
        let next = layout.map_or_else(
            || "restart containerd to load it".to_owned(),
            Layout::next_step,
        );
        format!("{path}: {done}; {next}\n")
    } else {
        format!("{path}: {done}; containerd reads the same as before\n")
    }
}

/// What an edit has done, in a few words.
pub(super) fn deeds(plan: &Outcome) -> String {
    if !plan.is_change() {
        let done = if plan.report.is_recorded {
            "recorded, and nothing to change in any file"
        } else {
            "nothing to do"
        };
        return done.to_owned();
    }
    let handlers = &plan.report.handlers;
    let mut done = Vec::new();
    for (what, names) in [
        ("added", &handlers.added),
        ("changed", &handlers.changed),
        ("removed", &handlers.removed),
    ] {
        if !names.is_empty() {
            done.push(format!("{what} {}", names.join(", ")));
        }
    }
    match (&plan.main.before, &plan.main.after) {
        (None, Some(_)) => done.push("created the file".to_owned()),
        (Some(_), None) => done.push("deleted the file, which held nothing else".to_owned()),
        _ => {}
    }
    for change in plan.drop_ins.iter().filter(|change| change.is_change()) {
        let path = change.path.display();
        done.push(match (&change.before, &change.after) {
            (None, _) => format!("created {path}"),
            (_, None) => format!("deleted {path}"),
            _ => format!("changed {path}"),
        });
    }
    if let Some(name) = &plan.report.new_default {
        done.push(format!("the default handler is now {name}"));
    }
    let changed: Vec<&str> = plan.report.keys.changed().collect();
    if !changed.is_empty() && plan.needs_restart() {
        done.push(keys(&changed));
    }
    if !plan.needs_restart() {
        done.push("changed comments".to_owned());
    }
    if done.is_empty() {
        // As the import of a drop-in that somebody has deleted.
        done.push("changed other lines of this tool".to_owned());
    }
    done.join(", ")
}

/// So many keys are named in one line.
const MOST_KEYS: usize = 4;

/// The keys that an edit sets or gives back, in a few words.
fn keys(keys: &[&str]) -> String {
    let named = keys.len().min(MOST_KEYS);
    let more = keys.len() - named;
    let mut text = format!("changed the keys {}", keys[..named].join(", "));
    if more > 0 {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// The JSON report of an edit on behalf of an owner.
pub(super) fn edit_json(plan: &Outcome, owner: Option<&Owner>, layout: Option<&Layout>) -> Value {
    let edited = &plan.report;
    let drop_ins = plan.drop_ins.iter();
    let drop_ins = drop_ins.map(
        |change| json!({"path": change.path.to_string_lossy(), "changed": change.is_change()}),
    );
    json!({
        "schema": 1,
        "changed": plan.is_change(),
        "restart_required": plan.needs_restart(),
        "units": layout.map_or(&["containerd"][..], |layout| layout.units.names()),
        "path": plan.path.to_string_lossy(),
        "config_version": plan.config_version,
        "owner": owner.map(Owner::as_str),
        "handlers": {
            "added": edited.handlers.added,
            "changed": edited.handlers.changed,
            "removed": edited.handlers.removed,
        },
        "keys": edited.keys.changed().collect::<Vec<_>>(),
        "overridden": edited.keys.overridden,
        "drop_ins": drop_ins.collect::<Vec<_>>(),
        "diff": diff(plan),
        "warnings": edited.warnings.iter().map(warning_json).collect::<Vec<_>>(),
    })
}

pub(super) fn warning_json(warning: &Warning) -> Value {
    json!({
        "code": warning.code,
        "message": warning.message,
        "line": warning.at.as_ref().map(|at| at.line),
        "column": warning.at.as_ref().map(|at| at.column),
    })
}

pub(super) fn warning(path: &Path, warning: &Warning) -> String {
    let place = place(path, warning.at.as_ref());
    format!(
        "{WARNING}warning{WARNING:#}: {place}: {}\n",
        warning.message
    )
}

/// A key that had to stay.
pub(super) fn left_behind(path: &Path, left: &LeftBehind) -> String {
    format!(
        "{WARNING}warning{WARNING:#}: {}: {} stays in {}, since {} needs it\n",
        path.display(),
        left.key,
        left.file,
        left.needed_by
    )
}

/// An error: what, where with the line itself, why, and one next step.
pub(super) fn error(error: &Error) -> String {
    failure(&words(error), error.hint(), error.path(), error.position())
}

/// A failure that is about a file.
pub(super) fn failure(
    message: &str,
    hint: &str,
    path: Option<&Path>,
    at: Option<&Position>,
) -> String {
    let place = path.map(|path| format!("{}: ", place(path, at)));
    let place = place.unwrap_or_default();
    let mut text = format!("{ERROR}error{ERROR:#}: {place}{message}\n");
    if let Some(at) = at {
        text.push_str(&excerpt(at));
    }
    let _ = writeln!(text, "{BOLD}hint{BOLD:#}: {hint}");
    text
}

pub(super) fn error_json(error: &Error, exit: u8) -> Value {
    let mut report = failure_json(
        error.code().as_str(),
        exit,
        &words(error),
        error.hint(),
        error.path(),
        error.position(),
    );
    if error.is_changed() {
        report["error"]["changed"] = true.into();
    }
    report
}

/// The JSON report of a failure.
pub(super) fn failure_json(
    code: &str,
    exit: u8,
    message: &str,
    hint: &str,
    path: Option<&Path>,
    at: Option<&Position>,
) -> Value {
    json!({
        "schema": 1,
        "error": {
            "code": code,
            "exit": exit,
            "message": message,
            "hint": hint,
            "path": path.map(Path::to_string_lossy),
            "line": at.map(|at| at.line),
            "column": at.map(|at| at.column),
        },
    })
}

/// The message with the system's reason behind it.
fn words(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(reason) => format!("{error}: {reason}"),
        None => error.to_string(),
    }
}

/// A file by the name that it was given, if it is the config itself.
pub(super) fn shown<'p>(config: &'p Path, file: &'p Path) -> &'p Path {
    let is_config = std::path::absolute(config).is_ok_and(|main| main == *file);
    if is_config { config } else { file }
}

pub(super) fn place(path: &Path, at: Option<&Position>) -> String {
    match at {
        Some(at) => format!("{}:{at}", path.display()),
        None => path.display().to_string(),
    }
}

/// How much of a line is shown.
const EXCERPT: usize = 100;

/// The line of a position, with a mark below the column.
fn excerpt(at: &Position) -> String {
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    let printable = |char: char| if char.is_control() { ' ' } else { char };
    // Of a long line, the part around the column.
    let skipped = at.column.saturating_sub(EXCERPT / 2 + 1);
    let line: String = at
        .text
        .chars()
        .skip(skipped)
        .take(EXCERPT)
        .map(printable)
        .collect();
    let mark = " ".repeat(at.column - 1 - skipped);
    format!(
        "{margin} {CYAN}|{CYAN:#}\n{CYAN}{number} |{CYAN:#} {line}\n{margin} {CYAN}|{CYAN:#} {mark}{ERROR}^{ERROR:#}\n"
    )
}
