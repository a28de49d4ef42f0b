//! An error, as it is shown.

use std::fmt::Write as _;

use containerd_edit::Error;
use serde_json::{Value, json};

#[cfg(feature = "cri")]
use super::daemon::details;
use super::named::Named;
use super::text::{BOLD, ERROR, excerpt, place, printable_lines};

/// Returns an error for programs. `exit` is the exit code that whoever started the run sees.
pub(super) fn json(error: &Error, exit: u8) -> Value {
    let mut fields = json!({
        "code": error.code().as_str(),
        "exit": exit,
        "message": error.in_words(),
        "hint": error.hint(),
        "path": error.path().map(|path| path.to_string_lossy()),
        "line": error.position().map(|at| at.line),
        "column": error.position().map(|at| at.column),
    });
    if error.is_changed() {
        fields["changed"] = true.into();
    }
    #[cfg(feature = "cri")]
    let fields = super::report::joined(fields, details::fields(error));
    json!({ "error": fields })
}

/// What, where with the line itself, and one next step.
pub(super) fn text(error: &Error, named: &Named) -> String {
    let message = printable_lines(&named.in_commands(&in_place(error)));
    let mut text = format!("{ERROR}error{ERROR:#}: {message}\n");
    #[cfg(feature = "cri")]
    text.push_str(&details::log(error));
    if let Some(at) = error.position() {
        text.push_str(&excerpt(at));
    }
    let hint = printable_lines(&named.in_commands(error.hint()));
    let _ = writeln!(text, "{BOLD}hint{BOLD:#}: {hint}");
    text
}

/// The message with the place before it.
pub(super) fn in_place(error: &Error) -> String {
    match error.path() {
        Some(path) => format!("{}: {}", place(path, error.position()), error.in_words()),
        None => error.in_words(),
    }
}
