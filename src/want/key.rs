//! A key of a config, spelled in one way whatever the config's version.

use std::fmt;
use std::slice;

use serde::{Deserialize, Serialize};

use crate::containerd::{plugin, spelling};
use crate::error::NextStep;
use crate::toml::{Literal, Path, Value, dotted_key};

/// Arrays to which several owners add.
const LISTS: [&[&str]; 4] = [
    &["imports"],
    &["disabled_plugins"],
    &["required_plugins"],
    &[
        "plugins",
        "io.containerd.transfer.v1.local",
        "unpack_config",
    ],
];

/// A key in its canonical spelling, which is that of config version 3.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Key {
    #[serde(rename = "key", with = "dotted")]
    pub(crate) path: Path,
    /// The text of one element of the array at the path, if the key is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) element: Option<String>,
}

mod dotted {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    use crate::toml::{Path, dotted_key, key_path};

    pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&dotted_key(path))
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Path, D::Error> {
        let text = String::deserialize(deserializer)?;
        key_path(&text).map_err(|_| de::Error::custom(format!("{text:?} is no key")))
    }
}

/// A key and the value that somebody wants there.
#[derive(Debug, Clone)]
pub(crate) struct KeyValue {
    pub(crate) key: Key,
    pub(crate) value: Literal,
}

impl KeyValue {
    /// The handler that is wanted, or wanted as the default.
    pub(crate) fn handler_name(&self) -> Option<String> {
        if self.key == Key::default_handler() {
            return self.value.as_string();
        }
        self.key.handler_name().map(str::to_owned)
    }
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
            element: Some(element.sorted()),
            ..Self::new(path)
        }
    }

    /// The key with a value.
    pub(crate) fn with(self, value: &Value) -> KeyValue {
        let value = Literal::of(value);
        KeyValue { key: self, value }
    }

    /// What a value names of the list: the elements of an array, or the one element that it is. What an
    /// element says is what counts: `containerd config migrate` prints the rest, too.
    pub(crate) fn elements(&self, value: &Value) -> impl Iterator<Item = KeyValue> {
        let elements = value.array().unwrap_or(slice::from_ref(value));
        elements.iter().map(|element| {
            let value = Literal::of(&element.without_zeros());
            let key = Self::element(&self.path, &value);
            KeyValue { key, value }
        })
    }

    /// The key that is spelled so in a config of any version, or by a short form.
    pub(crate) fn spelled<S: AsRef<str>>(path: &[S]) -> Self {
        Self::new(&spelling::canonical(&Self::in_full(path)))
    }

    /// The path for which a short form stands: `default`, or `handlers.NAME.KEY`. Any other stays as it
    /// is spelled.
    pub(crate) fn in_full<S: AsRef<str>>(path: &[S]) -> Path {
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        let containerd = &plugin::containerd_path(plugin::OLD_CRI)[..];
        let path = match path.as_slice() {
            ["default"] => [containerd, &["default_runtime_name"]].concat(),
            ["handlers", below @ ..] => [containerd, &["runtimes"], below].concat(),
            _ => path,
        };
        path.into_iter().map(str::to_owned).collect()
    }

    /// Whether it is `other`, an element of it, or below it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        match other.element {
            Some(_) => self == other,
            None => self.path.starts_with(&other.path),
        }
    }

    /// Whether it is in a table at the path of `other`.
    pub(crate) fn is_below(&self, other: &Self) -> bool {
        self.path.len() > other.path.len() && self.path.starts_with(&other.path)
    }

    /// The key as a word of a shell.
    pub(crate) fn on_command_line(&self) -> String {
        NextStep::word(&self.as_argument()).into_owned()
    }

    /// The key as an argument of `set`, `unset` and `get`.
    pub(crate) fn as_argument(&self) -> String {
        let text = match self.in_handler() {
            _ if *self == Self::default_handler() => "default".to_owned(),
            Some((name, below)) => {
                let handlers = ["handlers".to_owned(), name.to_owned()];
                dotted_key(&[&handlers, below].concat())
            }
            None => dotted_key(&self.path),
        };
        if let Some(element) = &self.element {
            let string = Literal::new(element).as_string();
            return format!("{text}={}", string.as_ref().unwrap_or(element));
        }
        text
    }

    /// Whether owners want elements of the array at the path, each for itself.
    pub(crate) fn is_list(&self) -> bool {
        LISTS.iter().any(|list| self.path == *list)
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

    /// The name of the handler that the key belongs to, and the path of the key in it.
    pub(crate) fn in_handler(&self) -> Option<(&str, &[String])> {
        let handler = self.handler()?;
        Some((handler.last()?, &self.path[handler.len()..]))
    }

    /// The key that says what runs the handler that the key belongs to.
    pub(crate) fn kind(&self) -> Option<Self> {
        let name = self.handler_name()?;
        Some(Self::of_handler(name, &["runtime_type"]))
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

/// The path of the table of its own that a handler of this name had before there was a map of
/// handlers; `None` if none of that name had one.
pub(crate) fn old_handler_path(name: &str) -> Option<Path> {
    let mut old = plugin::OLD_HANDLERS.iter();
    let (_, table) = old.find(|(handler, _)| *handler == name)?;
    let containerd = plugin::containerd_path(plugin::RUNTIME).into_iter();
    Some(containerd.chain([*table]).map(str::to_owned).collect())
}

/// The path of the handler that `path` is at or below.
pub(crate) fn handler_of(path: &[String]) -> Option<&[String]> {
    let runtimes = plugin::runtimes_path(plugin::RUNTIME);
    let is_below = path.len() > runtimes.len() && path.iter().zip(runtimes).all(|(a, b)| a == b);
    is_below.then(|| &path[..=runtimes.len()])
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&dotted_key(&self.path))?;
        match &self.element {
            Some(element) => write!(formatter, "[{element}]"),
            None => Ok(()),
        }
    }
}
