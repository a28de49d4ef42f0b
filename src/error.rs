//! One error: what is wrong, where, why, and one next step.

mod codes;
mod io;
mod next_step;

use std::any::Any;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

pub(crate) use self::codes::TOO_LARGE;
pub use self::codes::{Code, ExitCode};
pub use self::next_step::NextStep;

/// A place in a file, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text of that line, without its line break.
    #[serde(skip)]
    pub text: String,
}

impl Position {
    /// The same place in a text with so many more lines above.
    pub(crate) fn below(mut self, lines: usize) -> Self {
        self.line += lines;
        self
    }
}

impl fmt::Display for Position {
    /// Line and column, as behind the path in `config.toml:3:1`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// What a run has to tell although it went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// Where in the config as it was before.
    pub at: Option<Position>,
    /// The key that was asked for and that it is about, as
    /// [`PatchFile::position`](crate::PatchFile::position) takes it.
    pub key: Option<String>,
}

impl Warning {
    /// Whether to show it even to whoever wants to hear of errors alone: no release serves with the
    /// config, and a script that restarts containerd has to know.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.code == Self::SERVES_NOWHERE
    }

    /// The code of the warning that no release serves with the config.
    pub(crate) const SERVES_NOWHERE: &str = "serves-nowhere";

    /// The code of the warning that no release is known that reads the config.
    pub(crate) const NOT_JUDGED: &str = "not-judged";

    /// A warning about no line in particular.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            at: None,
            key: None,
        }
    }

    /// Names a place in the file at `path`: in the message, if it is not the `main` one.
    pub(crate) fn in_file(mut self, path: &Path, at: &Position, main: &Path) -> Self {
        if path == main {
            self.at = Some(at.clone());
        } else {
            let _ = write!(self.message, " ({}:{at})", path.display());
        }
        self
    }

    /// Says which key that was asked for it is about.
    pub(crate) fn of(mut self, key: &impl ToString) -> Self {
        self.key = Some(key.to_string());
        self
    }
}

impl Serialize for Warning {
    /// Where there is no place, its fields are null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Warning", 4)?;
        fields.serialize_field("code", self.code)?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("line", &self.at.as_ref().map(|at| at.line))?;
        fields.serialize_field("column", &self.at.as_ref().map(|at| at.column))?;
        fields.end()
    }
}

/// Why something was not done, or not for certain.
///
/// Displayed, it is the message alone; [`source`](std::error::Error::source) is the system's reason
/// where there is one.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Code, Editor, ExitCode};
///
/// let error = Editor::new("/nowhere/config.toml").check().unwrap_err();
/// assert_eq!(error.code(), Code::NoFolder);
/// assert_eq!(error.exit_code(), ExitCode::Missing);
/// assert_eq!(error.to_string(), "the folder /nowhere does not exist");
/// ```
#[derive(Debug)]
pub struct Error(Box<Content>);

#[derive(Debug)]
struct Content {
    code: Code,
    message: String,
    hint: String,
    path: Option<PathBuf>,
    position: Option<Position>,
    cause: Option<Cause>,
    detail: Option<Box<dyn Any + Send + Sync>>,
    is_changed: bool,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    /// An error with its message and one next step.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self(Box::new(Content {
            code,
            message: message.into(),
            hint: hint.into(),
            path: None,
            position: None,
            cause: None,
            detail: None,
            is_changed: false,
        }))
    }

    /// A signal, or whoever else may stop a run, came before anything was changed. `path` is the lock
    /// file that was waited for, or the config.
    #[must_use]
    pub fn interrupted(path: &Path) -> Self {
        Self::new(
            Code::Interrupted,
            "interrupted before anything was changed",
            "run the same command again",
        )
        .at(path)
    }

    /// Names the file that the error is about, unless that is known already.
    #[must_use]
    pub fn at(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.path.get_or_insert_with(|| path.into());
        self
    }

    /// Names the place in the file.
    pub(crate) fn position_at(mut self, position: impl Into<Option<Position>>) -> Self {
        self.0.position = position.into();
        self
    }

    /// Names a file as the caller does.
    pub(crate) fn renamed(mut self, from: &Path, to: &Path) -> Self {
        if self.0.path.as_deref() == Some(from) {
            self.0.path = Some(to.to_owned());
        }
        self
    }

    /// Moves the error to the place in another file that is to be fixed.
    #[must_use]
    pub fn moved_to(
        mut self,
        path: impl Into<PathBuf>,
        position: impl Into<Option<Position>>,
    ) -> Self {
        self.0.path = Some(path.into());
        self.position_at(position)
    }

    /// The same error of a text that is not in its file yet, and was read at `source`.
    pub(crate) fn of_text(mut self, source: &Path) -> Self {
        self.0.path = Some(source.to_owned());
        match self.0.code {
            Code::NotToml => self.with_hint("fix this line there; the config is as it was"),
            _ => self,
        }
    }

    /// The same error of a text with so many more lines above.
    pub(crate) fn below(mut self, lines: usize) -> Self {
        self.0.position = self.0.position.map(|at| at.below(lines));
        self
    }

    /// Says it otherwise.
    pub(crate) fn with_message(mut self, message: String) -> Self {
        self.0.message = message;
        self
    }

    /// Puts another next step in the place of the one that is there.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }

    /// Says why it failed, in the words of whoever has noticed.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Adds what a program may want to know of it.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Any + Send + Sync) -> Self {
        self.0.detail = Some(Box::new(detail));
        self
    }

    /// Says that the config is not as it was although the run failed.
    pub(crate) fn after_change(mut self) -> Self {
        self.0.is_changed = true;
        self
    }

    /// Says what has been done before this error.
    pub(crate) fn after(mut self, code: Code, done: &str, hint: &str) -> Self {
        self.0.code = code;
        self.0.message = format!("{done}: {}", self.0.message);
        self.0.hint = format!("{hint}; {}", self.0.hint);
        self.after_change()
    }

    /// Returns what is wrong, as a stable word.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Returns the exit code of a run that ends with this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        self.0.code.exit_code()
    }

    /// Returns the message with the system's reason behind it, if there is one.
    #[must_use]
    pub fn in_words(&self) -> String {
        match &self.0.cause {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }

    /// Returns one next step.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// Returns the file or socket that the error is about, if it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Returns the place in that file.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        self.0.position.as_ref()
    }

    /// What is wrong, with the line, for a message of its own.
    pub(crate) fn described(&self) -> String {
        let cause = self.0.cause.iter().map(|cause| format!(": {cause}"));
        let place = self.position().map(|at| format!(" (line {})", at.line));
        let more: String = cause.chain(place).collect();
        format!("{self}{more}")
    }

    /// The system's reason, for a message of its own.
    pub(crate) fn source_text(&self) -> String {
        let cause = self.0.cause.as_deref();
        cause.map(ToString::to_string).unwrap_or_default()
    }

    /// Returns what else is known of it, if that is a `T`.
    #[must_use]
    pub fn detail<T: Any>(&self) -> Option<&T> {
        self.0.detail.as_deref()?.downcast_ref()
    }

    /// Returns whether the config is not as it was although the run failed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.0.is_changed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

/// Two errors are equal if they say the same, whatever the system's reason.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&self.0, &other.0);
        (one.code, &one.message, &one.hint) == (other.code, &other.message, &other.hint)
            && (&one.path, &one.position) == (&other.path, &other.position)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let cause = self.0.cause.as_deref()?;
        Some(cause)
    }
}
