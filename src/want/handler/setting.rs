//! `KEY=VALUE`: one key of a handler's table.

use crate::error::{Code, Error, NextStep};
use crate::toml::{Value, dotted_key, key_path};

/// One key of a handler's table and its value.
///
/// # Examples
///
/// ```
/// use containerd_edit::Setting;
///
/// let setting: Setting = "options.BinaryName=/usr/bin/crun".parse()?;
/// assert_eq!(setting.path(), ["options", "BinaryName"]);
/// assert_eq!(setting.value().as_str(), Some("/usr/bin/crun"));
/// # Ok::<(), containerd_edit::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Setting {
    pub(super) path: Vec<String>,
    pub(super) value: Value,
}

impl Setting {
    /// Sets the key at `path` below the handler's table.
    pub(crate) fn new<S: ToString>(path: &[S], value: impl Into<Value>) -> Self {
        Self {
            path: path.iter().map(ToString::to_string).collect(),
            value: value.into(),
        }
    }

    /// The key, segment by segment, from the handler's table on.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The dotted key, for messages.
    #[must_use]
    pub fn key(&self) -> String {
        dotted_key(&self.path)
    }

    /// The leaves of a table value as settings of their own; an empty table has none.
    pub(crate) fn flattened(self) -> impl Iterator<Item = Self> {
        let below = self.value.leaves().into_iter();
        below.map(move |(below, value)| Self {
            path: [self.path.as_slice(), &below].concat(),
            value,
        })
    }
}

/// A setting that can't be made.
pub(super) fn wrong(message: String) -> Error {
    Error::new(Code::Usage, message, NextStep::SeeHelpOfAdd)
}

impl std::str::FromStr for Setting {
    type Err = Error;

    /// Reads `KEY=VALUE`: a dotted TOML key and a TOML value. What is no TOML value and does not
    /// begin like a quoted one, an array or a table is taken as a string.
    fn from_str(text: &str) -> Result<Self, Error> {
        // The first `=` before which a key stands: within quotes, it is a part of one.
        let mut ends = text.match_indices('=').map(|(at, _)| at);
        let end = ends.clone().find(|at| key_path(text[..*at].trim()).is_ok());
        let Some(end) = end.or_else(|| ends.next()) else {
            return Err(wrong(format!(
                "{text:?} is not KEY=VALUE, as in debug.level=debug"
            )));
        };
        let (key, value) = (text[..end].trim(), text[end + 1..].trim());
        let path = key_path(key);
        let path = path.map_err(|reason| wrong(format!("{key:?} is not a TOML key: {reason}")))?;
        match value.parse::<Value>() {
            Ok(value) => Ok(Self::new(&path, value)),
            Err(reason) if value.starts_with(['"', '\'', '[', '{']) => {
                Err(wrong(format!("the value of {key} is not TOML: {reason}")))
            }
            Err(_) => Ok(Self::new(&path, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<String, Error> {
        text.parse::<Setting>()
            .map(|setting| setting.value.to_string())
    }

    #[test]
    fn bare_words_are_strings_and_toml_is_toml() {
        assert_eq!(
            value("runtime_path=/opt/shim").as_deref(),
            Ok("\"/opt/shim\"")
        );
        assert_eq!(value("options.SystemdCgroup = true").as_deref(), Ok("true"));
        assert_eq!(value("x='y'").as_deref(), Ok("\"y\""));
        assert_eq!(value("options.Root=").as_deref(), Ok("\"\""));
        assert_eq!(value("x=1.2.3").as_deref(), Ok("\"1.2.3\""));
        assert_eq!(value("x=a=b").as_deref(), Ok("\"a=b\""));
        assert_eq!(value("\"a=b\"=c").as_deref(), Ok("\"c\""));
    }

    #[test]
    fn broken_toml_is_not_taken_for_a_word() {
        for bad in [
            "x=[1", "x=\"a", "x={a=1", "noequals", "=x", "a..b=1", "a b=1",
        ] {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
    }
}
