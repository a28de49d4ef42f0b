//! A key as a command line names it.

use super::handler::Setting;
use super::key::Key;
use super::mistake;
use crate::error::{Code, Error};
use crate::toml::{Path, Value, dotted_key, key_path};

/// A key, or elements of a list: `debug.level`, `disabled_plugins=cri`, `imports=['a', 'b']`.
///
/// # Examples
///
/// ```
/// use containerd_edit::KeyName;
///
/// let name: KeyName = "imports=/etc/containerd/old.toml".parse()?;
/// assert_eq!(name.path(), ["imports"]);
/// assert!("a..b".parse::<KeyName>().is_err());
/// # Ok::<(), containerd_edit::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KeyName {
    path: Path,
    /// The element of a list, or an array of elements.
    element: Option<Value>,
}

impl KeyName {
    /// The key, segment by segment.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// The dotted key, for messages.
    #[must_use]
    pub fn dotted(&self) -> String {
        dotted_key(&self.path)
    }

    /// The key in its canonical spelling, or the elements of it that are named, if it is one that an
    /// installer may have.
    pub(crate) fn keys(&self) -> Result<Vec<Key>, Error> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        mistake::of_the_node(&path)?;
        mistake::unquoted(&path)?;
        let key = Key::spelled(&path);
        match &self.element {
            None => Ok(vec![key]),
            Some(value) if key.is_list() => Ok(key.elements(value).map(|it| it.key).collect()),
            Some(_) => {
                let message = format!("{key} is one value, and not a list of elements");
                let hint = format!("name the key alone: {}", self.dotted());
                Err(mistake::of_key(message, hint))
            }
        }
    }
}

impl std::str::FromStr for KeyName {
    type Err = Error;

    /// Reads `KEY`, `KEY=ELEMENT` or `KEY=[ELEMENT, …]`.
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Ok(path) = key_path(text.trim()) {
            let element = None;
            return Ok(Self { path, element });
        }
        if !text.contains('=') {
            let message = format!("{text:?} is not a TOML key");
            let hint = "quote the names that hold dots, as in 'plugins.\"io.containerd.nri.v1.nri\".disable'";
            return Err(Error::new(Code::Usage, message, hint));
        }
        let setting: Setting = text.parse()?;
        Ok(Self {
            path: setting.path().to_vec(),
            element: Some(setting.value().clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let name: KeyName = text.parse().expect("a name");
        let keys = name.keys().expect("what an installer may have");
        keys.iter().map(Key::to_string).collect()
    }

    /// As `set` takes them.
    #[test]
    fn elements_are_named_one_by_one_or_in_an_array() {
        assert_eq!(keys("imports"), ["imports"]);
        let [a, b] = [r#"imports["a"]"#, r#"imports["b"]"#];
        assert_eq!(keys("imports=a"), [a]);
        assert_eq!(keys("imports=['a']"), [a]);
        assert_eq!(keys("imports=['a', \"b\"]"), [a, b]);
        let list = "plugins.'io.containerd.transfer.v1.local'.unpack_config";
        let one = keys(&format!("{list}={{platform='x'}}"));
        assert_eq!(keys(&format!("{list}=[{{platform='x'}}]")), one);
        let name: KeyName = "debug.level=['a']".parse().expect("a name");
        assert!(name.keys().is_err());
    }
}
