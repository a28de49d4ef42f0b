//! `KEY=VALUE`: one key of a handler's table.

use toml_edit::{Key, TomlError, Value};

use super::schema;
use crate::error::{Code, Error, NextStep};
use crate::toml::render::{self, Quotes};

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
///
/// let error = "pod_annotations=5".parse::<Setting>().unwrap_err();
/// assert!(error.to_string().contains("an array of strings"));
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

    /// How a known key should be spelled.
    pub(crate) fn right_case(&self) -> Option<&'static str> {
        schema::known(&self.path).map(|(right, _)| right)
    }

    /// What a known key wants, if the value is of another type.
    pub(crate) fn wrong_type(&self) -> Option<&'static str> {
        let (_, wanted) = schema::known(&self.path)?;
        wanted.wrong_type(&self.value)
    }

    /// Why some release can't parse this, however it is written.
    pub(crate) fn unportable(&self) -> Option<&'static str> {
        let of_key = self.path.iter().find_map(|name| unportable_key(name));
        of_key.or_else(|| unportable(&self.value))
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

    /// Whether containerd is known to read this key.
    #[must_use]
    pub fn is_known(&self) -> bool {
        schema::is_known(&self.path)
    }

    /// The dotted key, for messages.
    #[must_use]
    pub fn key(&self) -> String {
        render::dotted(&self.path, Quotes::Basic)
    }

    pub(super) fn checked(self) -> Result<Self, Error> {
        let (key, value) = (self.key(), self.value.to_string());
        if let Some(wanted) = self.wrong_type() {
            return Err(wrong(format!("{key} wants {wanted}, not {}", value.trim())));
        }
        match self.unportable() {
            Some(reason) => Err(wrong(format!("{key} = {}: {reason}", value.trim()))),
            None => Ok(self),
        }
    }

    /// The leaves of a table value as settings of their own; an empty table has none.
    pub(super) fn flattened(self) -> Result<Vec<Self>, Error> {
        let setting = self.checked()?;
        let Value::InlineTable(table) = setting.value else {
            return Ok(vec![setting]);
        };
        let mut leaves = Vec::new();
        for (key, value) in table {
            let path = setting.path.iter().cloned().chain([key.clone()]).collect();
            leaves.extend(Self { path, value }.flattened()?);
        }
        Ok(leaves)
    }
}

/// A setting that can't be made.
pub(super) fn wrong(message: String) -> Error {
    Error::new(Code::Usage, message, NextStep::SeeHelpOfAdd)
}

/// Why some release can't parse this value however it is written.
fn unportable(value: &Value) -> Option<&'static str> {
    match value {
        Value::Datetime(datetime) => {
            let Some(time) = datetime.value().time else {
                return Some("containerd 1.x refuses a date without a time");
            };
            let leap = time.second == Some(60);
            leap.then_some("containerd 1.x and 2.3 refuse a 60th second")
        }
        Value::Float(float) if !float.value().is_finite() => {
            Some("CRI can't report a number that JSON does not have")
        }
        Value::Array(array) => array.iter().find_map(unportable),
        Value::InlineTable(table) => table
            .iter()
            .find_map(|(key, value)| unportable_key(key).or_else(|| unportable(value))),
        _ => None,
    }
}

/// Why containerd 1.x can't parse this key however it is quoted: in a `"…"` key it takes no `"`, not
/// even an escaped one.
fn unportable_key(name: &str) -> Option<&'static str> {
    let only_basic = |c: char| c == '\'' || (c.is_ascii_control() && c != '\t');
    (name.contains('"') && name.contains(only_basic)).then_some(
        "containerd 1.x can't read a key that holds \" together with ' or a control character",
    )
}

impl std::str::FromStr for Setting {
    type Err = Error;

    /// Reads `KEY=VALUE`: a dotted TOML key and a TOML value. What is no TOML value and does not
    /// begin like a quoted one, an array or a table is taken as a string.
    fn from_str(text: &str) -> Result<Self, Error> {
        // The first `=` before which a key stands: within quotes, it is a part of one.
        let mut ends = text.match_indices('=').map(|(at, _)| at);
        let end = ends
            .clone()
            .find(|at| Key::parse(text[..*at].trim()).is_ok());
        let Some(end) = end.or_else(|| ends.next()) else {
            return Err(wrong(format!(
                "{text:?} is not KEY=VALUE, as in debug.level=debug"
            )));
        };
        let (key, value) = (text[..end].trim(), text[end + 1..].trim());
        let reason = |error: TomlError| error.message().replace('\n', ", ");
        let path = Key::parse(key)
            .map_err(|error| wrong(format!("{key:?} is not a TOML key: {}", reason(error))))?;
        let path: Vec<&str> = path.iter().map(Key::get).collect();
        match value.parse::<Value>() {
            Ok(value) => Self::new(&path, value),
            Err(error) if value.starts_with(['"', '\'', '[', '{']) => {
                let reason = reason(error);
                return Err(wrong(format!("the value of {key} is not TOML: {reason}")));
            }
            Err(_) => Self::new(&path, value),
        }
        .checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<String, Error> {
        text.parse::<Setting>()
            .map(|setting| setting.value.to_string().trim().to_owned())
    }

    #[test]
    fn bare_words_are_strings_and_toml_is_toml() {
        assert_eq!(
            value("runtime_path=/opt/shim").as_deref(),
            Ok("\"/opt/shim\"")
        );
        assert_eq!(value("options.SystemdCgroup = true").as_deref(), Ok("true"));
        assert_eq!(value("x='y'").as_deref(), Ok("'y'"));
        assert_eq!(value("options.Root=").as_deref(), Ok("\"\""));
        assert_eq!(value("x=1.2.3").as_deref(), Ok("\"1.2.3\""));
        assert_eq!(value("x=a=b").as_deref(), Ok("\"a=b\""));
        assert_eq!(value("\"a=b\"=c").as_deref(), Ok("\"c\""));
    }

    #[test]
    fn what_some_release_can_not_parse_is_refused() {
        for bad in [
            "x=1979-05-27",
            "options.x=[nan]",
            "options.x=-inf",
            "x=[1979-05-27T07:32:60Z]",
            "options.\"a'\\\"b\"=1",
            "x=[{\"\\\"\\n\" = 1}]",
        ] {
            let error = bad.parse::<Setting>();
            assert!(error.is_err(), "{bad}: {error:?}");
        }
        for good in [
            "x=1979-05-27T07:32:00",
            "x=07:32:00",
            "options.'a\"b'=1",
            "options.\"a'b\"=1",
        ] {
            assert!(good.parse::<Setting>().is_ok(), "{good}");
        }
    }

    #[test]
    fn broken_toml_is_not_taken_for_a_word() {
        for bad in [
            "x=[1", "x=\"a", "x={a=1", "noequals", "=x", "a..b=1", "a b=1",
        ] {
            assert!(bad.parse::<Setting>().is_err(), "{bad}");
        }
    }

    #[test]
    fn known_keys_have_their_type() {
        for bad in [
            "runtime_type=5",
            "pod_annotations=5",
            "pod_annotations=[1]",
            "cni_max_conf_num=1.0",
            "options=5",
            "options.SystemdCgroup=yes",
            "options={SystemdCgroup = 1}",
            "privileged_without_host_devices=\"true\"",
        ] {
            let setting = bad.parse::<Setting>().map(Setting::flattened);
            assert!(!matches!(setting, Ok(Ok(_))), "{bad}");
        }
    }
}
