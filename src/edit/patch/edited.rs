//! What an edit has done.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::Warning;

/// Names of handlers by what an edit does to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handlers {
    /// Not listed before.
    pub added: Vec<String>,
    /// Listed before with other keys or values.
    pub changed: Vec<String>,
    /// Not listed any more.
    pub removed: Vec<String>,
}

impl Handlers {
    /// Notes a handler down as changed, once.
    pub(super) fn change(&mut self, name: &str) {
        if !self.changed.iter().any(|known| known == name) {
            self.changed.push(name.to_owned());
        }
    }
}

/// Keys outside of handlers, dotted, by what an edit does to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keys {
    /// Set to another value than before, or for the first time.
    pub set: Vec<String>,
    /// Given back what was there before their owner came.
    pub given_back: Vec<String>,
    /// Not what this owner wants: a newer owner's value stands over it, and stays.
    #[serde(skip)]
    pub overridden: Vec<String>,
}

impl Keys {
    /// The keys that are set or given back.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let keys = self.given_back.iter().chain(&self.set);
        keys.map(String::as_str)
    }

    /// Adds those of another edit.
    pub(crate) fn extend(&mut self, other: Self) {
        let is_set = |key: &String| other.set.contains(key);
        self.given_back.retain(|key| !is_set(key));
        for (known, more) in [
            (&mut self.set, other.set),
            (&mut self.given_back, other.given_back),
            (&mut self.overridden, other.overridden),
        ] {
            for key in more {
                if !known.contains(&key) {
                    known.push(key);
                }
            }
        }
    }
}

/// The result of applying a patch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole text after the edit; `None` if the file shall not exist.
    pub text: Option<String>,
    /// The config version of the text, 0 if it has none.
    pub version: i64,
    /// The handlers that differ.
    pub handlers: Handlers,
    /// The keys outside of handlers.
    pub keys: Keys,
    /// The default handler that the edit puts into effect; `None` if it stays what it was.
    pub new_default: Option<String>,
    /// Whether containerd reads anything else in the text after the edit: comments don't count.
    pub means_otherwise: bool,
    /// What people should know.
    pub warnings: Vec<Warning>,
    /// Whether something goes that made up for what the file lacked on containerd 1.x: a `runc` that
    /// was listed for the tool's own handlers, or a default in the place of the file's own.
    pub(crate) takes_back: bool,
    /// The handlers of others that are without this owner's keys from now on, and as they were.
    pub(crate) gives_back: BTreeSet<String>,
}

impl Edited {
    /// The edit of no file into no file.
    pub(crate) fn nothing() -> Self {
        Self {
            text: None,
            version: 0,
            handlers: Handlers::default(),
            keys: Keys::default(),
            new_default: None,
            means_otherwise: false,
            warnings: Vec::new(),
            takes_back: false,
            gives_back: BTreeSet::new(),
        }
    }

    /// Tells a handler that was taken out here, and that another file lists, for one that has changed.
    pub(crate) fn keep_listed(&mut self, listed: &BTreeSet<String>) {
        let handlers = &mut self.handlers;
        let (kept, removed): (Vec<String>, Vec<String>) = handlers
            .removed
            .drain(..)
            .partition(|name| listed.contains(name));
        handlers.removed = removed;
        for name in kept {
            handlers.change(&name);
            self.gives_back.insert(name);
        }
    }

    /// What an edit that takes something out and one that puts something in do together.
    pub(super) fn together(mut self, ensured: Self) -> Self {
        self.text = ensured.text;
        self.version = ensured.version;
        self.handlers.added = ensured.handlers.added;
        for name in &ensured.handlers.changed {
            self.gives_back.remove(name);
            self.handlers.change(name);
        }
        self.new_default = ensured.new_default.or(self.new_default.take());
        self.warnings.extend(ensured.warnings);
        self.keys.extend(ensured.keys);
        self.means_otherwise |= ensured.means_otherwise;
        self
    }
}
