//! A key of a config, spelled in one way whatever the config's version.

use std::fmt;

use crate::containerd::plugin;
use crate::toml::render::{self, Quotes};
use crate::toml::{Literal, Path};

/// A key in its canonical spelling, which is that of config version 3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) path: Path,
    /// The text of one element of the array at the path, if the key is not all of it.
    pub(crate) element: Option<String>,
}

/// A key and the value that somebody wants there.
#[derive(Debug, Clone)]
pub(crate) struct KeyValue {
    pub(crate) key: Key,
    pub(crate) value: Literal,
}

impl Key {
    pub(crate) fn new<S: ToString>(path: &[S]) -> Self {
        Self {
            path: path.iter().map(ToString::to_string).collect(),
            element: None,
        }
    }

    /// One element of the array at `path`.
    pub(crate) fn element<S: ToString>(path: &[S], element: &Literal) -> Self {
        Self {
            element: Some(element.text().to_owned()),
            ..Self::new(path)
        }
    }

    /// The key that names the default handler.
    pub(crate) fn default_handler() -> Self {
        let [plugins, id, containerd] = plugin::containerd_path(plugin::RUNTIME);
        Self::new(&[plugins, id, containerd, "default_runtime_name"])
    }

    /// A key of the handler of this name.
    pub(crate) fn of_handler<S: AsRef<str>>(name: &str, path: &[S]) -> Self {
        let mut key = handler_path(name);
        key.extend(path.iter().map(|segment| segment.as_ref().to_owned()));
        Self::new(&key)
    }

    /// The path of the handler that the key belongs to.
    pub(crate) fn handler(&self) -> Option<&[String]> {
        handler_of(&self.path)
    }

    /// The name of the handler that the key belongs to.
    pub(crate) fn handler_name(&self) -> Option<&str> {
        self.handler()?.last().map(String::as_str)
    }
}

/// The path of the table of all handlers.
pub(crate) fn handlers_path() -> Path {
    let path = plugin::runtimes_path(plugin::RUNTIME);
    path.map(str::to_owned).to_vec()
}

/// The path of the handler of this name.
pub(crate) fn handler_path(name: &str) -> Path {
    let mut path = handlers_path();
    path.push(name.to_owned());
    path
}

/// The path of the handler that `path` is at or below.
pub(crate) fn handler_of(path: &[String]) -> Option<&[String]> {
    let runtimes = plugin::runtimes_path(plugin::RUNTIME);
    let is_below = path.len() > runtimes.len() && path.iter().zip(runtimes).all(|(a, b)| a == b);
    is_below.then(|| &path[..=runtimes.len()])
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&render::dotted(&self.path, Quotes::Basic))?;
        match &self.element {
            Some(element) => write!(formatter, "[{element}]"),
            None => Ok(()),
        }
    }
}
