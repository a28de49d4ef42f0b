//! A key as a command line names it.

use toml_edit::Value;

use super::handler::Setting;
use super::key::{Key, handlers_path};
use crate::error::{Code, Error, NextStep};
use crate::toml::render::{self, Quotes};
use crate::toml::{Literal, Path};

/// A key, or one element of a list: `debug.level`, `disabled_plugins=cri`.
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
        render::dotted(&self.path, Quotes::Basic)
    }

    /// The key in its canonical spelling.
    ///
    /// # Errors
    ///
    /// [`Code::Usage`] if it is a handler as a whole, or an element of what is not a list.
    pub(crate) fn key(&self) -> Result<Key, Error> {
        let key = Key::spelled(&self.path);
        if let Some(name) = key
            .handler_name()
            .filter(|_| key.handler() == Some(&key.path))
        {
            let message = format!("{name} is a handler, and not one key");
            let hint = NextStep::RemoveHandler(name);
            return Err(Error::new(Code::Usage, message, hint));
        }
        if key.path == handlers_path() {
            let message = "handlers is the table of all handlers, and not one key";
            let hint = "name a key of one handler, as in handlers.NAME.KEY";
            return Err(Error::new(Code::Usage, message, hint));
        }
        match &self.element {
            None => Ok(key),
            Some(element) if key.is_list() => Ok(Key::element(&key.path, &Literal::of(element))),
            Some(_) => {
                let message = format!("{key} is one value, and not a list of elements");
                let hint = format!("name the key alone: {}", self.dotted());
                Err(Error::new(Code::Usage, message, hint))
            }
        }
    }
}

impl std::str::FromStr for KeyName {
    type Err = Error;

    /// Reads `KEY` or `KEY=ELEMENT`.
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Ok(keys) = toml_edit::Key::parse(text.trim()) {
            return Ok(Self {
                path: keys.iter().map(|key| key.get().to_owned()).collect(),
                element: None,
            });
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
