//! What is shown of an error: what, where, why, and one next step.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use containerd_edit::{Error, Position};

use super::daemon::details;
use super::report::{BOLD, CYAN, ERROR, place};

/// An error: what, where with the line itself, why, and one next step.
pub(super) fn text(error: &Error) -> String {
    let mut text = format!("{ERROR}error{ERROR:#}: {}", in_place(error));
    let _ = write!(text, "{}", details::text(error));
    text.push('\n');
    if let Some(at) = error.position() {
        text.push_str(&excerpt(at));
    }
    let _ = writeln!(text, "{BOLD}hint{BOLD:#}: {}", error.hint());
    text
}

/// The JSON report of an error. `exit`: with what the command ends.
pub(super) fn json(error: &Error, exit: u8) -> Value {
    let at = error.position();
    let mut report = json!({
        "code": error.code().as_str(),
        "exit": exit,
        "message": words(error),
        "hint": error.hint(),
        "path": error.path().map(Path::to_string_lossy),
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
    });
    if error.is_changed() {
        report["changed"] = true.into();
    }
    details::add(&mut report, error);
    json!({ "schema": 1, "error": report })
}

/// The message with the system's reason behind it.
fn words(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(reason) => format!("{error}: {reason}"),
        None => error.to_string(),
    }
}

/// The same, with the place before it.
pub(super) fn in_place(error: &Error) -> String {
    match error.path() {
        Some(path) => format!("{}: {}", place(path, error.position()), words(error)),
        None => words(error),
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
