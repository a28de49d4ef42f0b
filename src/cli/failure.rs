//! Why a run ends without what was asked for, as it is shown.

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt::Write as _;
use std::path::Path;

use containerd_edit::{Code, Error, ExitCode, PatchFile};
use serde::Serialize;
use serde_json::Value;

use super::text::{BOLD, ERROR, excerpt, place, printable};

/// An error with what only some errors have.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// Lines of another program, for people.
    pub(super) log: Option<String>,
    /// More fields for programs.
    pub(super) details: Option<Value>,
}

/// A failure as JSON.
#[derive(Serialize)]
pub(super) struct FailureReport<'f> {
    error: ErrorReport<'f>,
}

#[derive(Serialize)]
struct ErrorReport<'f> {
    code: &'static str,
    exit: u8,
    message: String,
    hint: &'f str,
    path: Option<Cow<'f, str>>,
    line: Option<usize>,
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    #[serde(flatten)]
    details: Option<&'f Value>,
}

impl Failure {
    /// A command line that can't be meant.
    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::new(Code::Usage, message, hint).into()
    }

    /// Points to the key in the patch file that the error is about: it is to be fixed there.
    pub(super) fn in_patch_file(mut self, path: &Path, file: &PatchFile) -> Self {
        let key = self.error.key();
        if let Some(position) = key.and_then(|key| file.position(key)) {
            self.error = self.error.moved_to(path, position.clone());
        }
        self
    }

    pub(super) fn exit(&self) -> ExitCode {
        self.error.exit_code()
    }

    /// What it is for programs. `exit` is the exit code that whoever started the run sees.
    pub(super) fn report(&self, exit: u8) -> FailureReport<'_> {
        let error = &self.error;
        let error = ErrorReport {
            code: error.code().as_str(),
            exit,
            message: words(error),
            hint: error.hint(),
            path: error.path().map(|path| path.to_string_lossy()),
            line: error.position().map(|at| at.line),
            column: error.position().map(|at| at.column),
            changed: error.is_changed().then_some(true),
            details: self.details.as_ref(),
        };
        FailureReport { error }
    }

    /// What, where with the line itself, and one next step.
    pub(super) fn text(&self) -> String {
        let error = &self.error;
        let mut text = format!("{ERROR}error{ERROR:#}: ");
        if let Some(path) = error.path() {
            let _ = write!(text, "{}: ", place(path, error.position()));
        }
        let _ = writeln!(text, "{}", words(error));
        for line in self.log.iter().flat_map(|log| log.lines()) {
            let _ = writeln!(text, "  | {}", printable(line));
        }
        if let Some(at) = error.position() {
            text.push_str(&excerpt(at));
        }
        let _ = writeln!(text, "{BOLD}hint{BOLD:#}: {}", error.hint());
        text
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            log: None,
            details: None,
        }
    }
}

/// The message with the system's reason behind it.
fn words(error: &Error) -> String {
    match error.source() {
        Some(reason) => format!("{error}: {reason}"),
        None => error.to_string(),
    }
}
