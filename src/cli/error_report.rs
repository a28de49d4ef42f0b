//! An error, as it is shown.

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt::Write as _;
use std::path::PathBuf;

use containerd_edit::Error;
use serde_json::{Value, json};

use super::arguments::{Chosen, Global};
#[cfg(feature = "cri")]
use super::daemon::details;
use super::report::joined;
use super::text::{BOLD, ERROR, excerpt, place, printable};

/// Returns an error for programs. `exit` is the exit code that whoever started the run sees.
pub(super) fn json(error: &Error, exit: u8, named: &Named) -> Value {
    let mut fields = json!({
        "code": error.code().as_str(),
        "exit": exit,
        "message": words(error),
        "hint": named.in_commands(error.hint()),
        "path": error.path().map(|path| path.to_string_lossy()),
        "line": error.position().map(|at| at.line),
        "column": error.position().map(|at| at.column),
    });
    if error.is_changed() {
        fields["changed"] = true.into();
    }
    json!({ "error": joined(fields, details::fields(error)) })
}

/// The flags that name the node and its config, as a run was given them.
#[derive(Debug, Default)]
pub(super) struct Named(String);

impl Named {
    pub(super) fn of(global: &Global) -> Self {
        let distribution = match global.distribution {
            Chosen::Auto => None,
            Chosen::This(distribution) => Some(distribution.to_string()),
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|it| it.display().to_string());
        let mut flags = String::new();
        for (flag, value) in [
            ("--host-root", path(&global.host_root)),
            ("--distribution", distribution),
            ("--config", path(&global.config)),
        ] {
            if let Some(value) = value {
                let _ = write!(flags, "{flag} {} ", as_word(&value));
            }
        }
        Self(flags)
    }

    /// The same hint, of which each command is about the same config.
    fn in_commands(&self, hint: &str) -> String {
        const COMMAND: &str = "`containerd-edit ";
        hint.replace(COMMAND, &format!("{COMMAND}{}", self.0))
    }
}

/// One word of a shell.
fn as_word(text: &str) -> Cow<'_, str> {
    let is_plain = |it: char| it.is_alphanumeric() || "/._-+:@%=,".contains(it);
    if text.chars().all(is_plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', "'\\''")).into()
}

/// What, where with the line itself, and one next step.
pub(super) fn text(error: &Error, named: &Named) -> String {
    let mut text = format!("{ERROR}error{ERROR:#}: {}\n", in_place(error));
    for line in details::log(error).lines() {
        let _ = writeln!(text, "  | {}", printable(line));
    }
    if let Some(at) = error.position() {
        text.push_str(&excerpt(at));
    }
    let hint = named.in_commands(error.hint());
    let _ = writeln!(text, "{BOLD}hint{BOLD:#}: {hint}");
    text
}

/// The message with the place before it.
pub(super) fn in_place(error: &Error) -> String {
    match error.path() {
        Some(path) => format!("{}: {}", place(path, error.position()), words(error)),
        None => words(error),
    }
}

/// The message with the system's reason behind it.
fn words(error: &Error) -> String {
    match error.source() {
        Some(reason) => format!("{error}: {reason}"),
        None => error.to_string(),
    }
}

/// What errors of the running daemon have beside their message: here no daemon is asked.
#[cfg(not(feature = "cri"))]
mod details {
    use containerd_edit::Error;
    use serde_json::Value;

    pub(super) fn log(_: &Error) -> &'static str {
        ""
    }

    pub(super) fn fields(_: &Error) -> Value {
        Value::Null
    }
}
