//! What an owner wants changed.

use std::collections::BTreeSet;

use crate::containerd::spelling;
use crate::toml::Literal;
use crate::want::handler::{Handler, HandlerName, Setting};
use crate::want::key::{Key, KeyValue};
use crate::want::patch::{Patch, UnsetDefault};

/// One change to what an owner wants. [`edit`](crate::edit::edit) makes files of it.
#[derive(Debug, Clone)]
pub struct Change {
    pub(crate) owner: String,
    /// Keys that are wanted from now on, in the order in which new ones are written.
    pub(crate) wants: Vec<KeyValue>,
    /// Whether nothing else is wanted any more.
    pub(crate) is_all: bool,
    /// Handlers of runc's type that take the cgroup driver over which the node uses.
    pub(crate) takes_cgroup_driver: BTreeSet<String>,
    /// Handlers that are not wanted any more.
    pub(crate) removes: Vec<String>,
    /// Keys that are not wanted any more.
    pub(crate) unsets: Vec<Key>,
    /// Whether no owner's default is wanted any more.
    pub(crate) unsets_all_defaults: bool,
    /// Whether what other owners want is overruled.
    pub(crate) takes_over: bool,
    /// Whether the default that is wanted comes out on top of another owner's that is newer.
    pub(crate) overrules_default: bool,
    pub(crate) adoption: Option<Adoption>,
    pub(crate) placement: Placement,
    /// When the owner leaves, if it does: a ledger remembers it.
    pub(crate) time: Option<String>,
}

/// Makes what is there, and nobody's, the owner's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Adoption {
    /// What is to stand at a key once its owner has left, where that is not nothing.
    pub(crate) was: Vec<KeyValue>,
}

/// Which file new keys of an owner go to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Placement {
    /// The one that its keys went to before; a new owner's go to the main file.
    #[default]
    AsBefore,
    /// The file of this name, as a ledger has it.
    File(String),
}

impl Change {
    /// A change of nothing, for this owner.
    #[must_use]
    pub fn of(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            wants: Vec::new(),
            is_all: false,
            takes_cgroup_driver: BTreeSet::new(),
            removes: Vec::new(),
            unsets: Vec::new(),
            unsets_all_defaults: false,
            takes_over: false,
            overrules_default: false,
            adoption: None,
            placement: Placement::AsBefore,
            time: None,
        }
    }

    /// Takes the owner away with all that it wants. `time` says when, for its tombstone.
    #[must_use]
    pub fn leave(owner: impl Into<String>, time: Option<String>) -> Self {
        Self {
            is_all: true,
            time,
            ..Self::of(owner)
        }
    }

    /// Lets new keys go to the file of this name: its path from the folder of the main file.
    #[must_use]
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.placement = Placement::File(name.into());
        self
    }

    /// Overrules what other owners want.
    #[must_use]
    pub fn taking_over(mut self) -> Self {
        self.takes_over = true;
        self
    }

    /// Makes what is there as it is wanted, and nobody's, the owner's.
    #[must_use]
    pub fn adopting(mut self) -> Self {
        self.adoption.get_or_insert_default();
        self
    }

    /// Adopts, and says what is to stand at a handler's key, or with `None` at the default, once the
    /// owner has left.
    #[must_use]
    pub(crate) fn with_was(mut self, was: KeyValue) -> Self {
        self.adoption.get_or_insert_default().was.push(was);
        self
    }

    /// Wants one key more.
    #[must_use]
    pub(crate) fn want(mut self, key: Key, value: Literal) -> Self {
        self.wants.push(KeyValue { key, value });
        self
    }

    /// Wants the key at a canonical path.
    ///
    /// # Panics
    ///
    /// If `value` is no TOML value.
    #[doc(hidden)]
    #[must_use]
    pub fn set(self, path: &[&str], value: &str) -> Self {
        let value = Literal::new(value);
        assert!(value.value().is_some(), "{value:?} is no TOML value");
        self.want(Key::new(path), value)
    }

    /// Does not want the key at a canonical path any more.
    #[doc(hidden)]
    #[must_use]
    pub fn unset(mut self, path: &[&str]) -> Self {
        self.unsets.push(Key::new(path));
        self
    }

    /// Wants an element of the array at a canonical path.
    #[doc(hidden)]
    #[must_use]
    pub fn set_element(self, path: &[&str], element: &str) -> Self {
        let element = Literal::new(element);
        self.want(Key::element(path, &element), element)
    }

    /// Wants nothing but what the change names.
    #[must_use]
    pub fn and_nothing_else(mut self) -> Self {
        self.is_all = true;
        self
    }

    /// Does not want this handler any more.
    #[must_use]
    pub fn remove(mut self, handler: impl Into<String>) -> Self {
        self.removes.push(handler.into());
        self
    }

    fn want_handler(&mut self, handler: &Handler) {
        let name = handler.name().as_str();
        for setting in handler.settings() {
            let key = Key::of_handler(name, setting.path());
            self.want_leaves(key, setting.value());
        }
        let driver = ["options", "SystemdCgroup"];
        if handler.is_runc_like() && handler.setting(&driver).is_none() {
            self.takes_cgroup_driver.insert(name.to_owned());
        }
    }

    fn want_setting(&mut self, path: Vec<String>, setting: &Setting) {
        self.want_leaves(Key::new(&path), setting.value());
    }

    /// A table is wanted key by key.
    fn want_leaves(&mut self, key: Key, value: &toml_edit::Value) {
        let Some(table) = value.as_inline_table() else {
            let value = Literal::of(value);
            self.wants.push(KeyValue { key, value });
            return;
        };
        for (name, value) in table {
            let mut below = key.clone();
            below.path.push(name.to_owned());
            self.want_leaves(below, value);
        }
    }

    fn want_default(&mut self, name: &HandlerName) {
        let value = Literal::string(name.as_str());
        self.wants.push(KeyValue {
            key: Key::default_handler(),
            value,
        });
    }
}

impl From<&Patch> for Change {
    fn from(patch: &Patch) -> Self {
        let mut change = Self::of(patch.named_owner().as_str());
        for handler in &patch.handlers {
            change.want_handler(handler);
        }
        if let Some(name) = &patch.default {
            change.want_default(name);
        }
        for setting in &patch.cri {
            change.want_setting(spelling::of_cri(setting.path()), setting);
        }
        for (table, settings) in [
            ("proxy_plugins", &patch.proxy_plugins),
            ("debug", &patch.debug),
        ] {
            for setting in settings {
                let mut path = vec![table.to_owned()];
                path.extend_from_slice(setting.path());
                change.want_setting(path, setting);
            }
        }
        change.removes = patch.removed().map(|(name, _)| name.to_owned()).collect();
        match patch.unset_default {
            Some(UnsetDefault::OfAll) => change.unsets_all_defaults = true,
            Some(UnsetDefault::Of(_)) => change.unsets.push(Key::default_handler()),
            None => {}
        }
        change.is_all = patch.prunes();
        change.takes_over = patch.takes_over();
        change.overrules_default = patch.default.is_some() && !patch.declares;
        if patch.adopt {
            change.adoption.get_or_insert_default();
        }
        change
    }
}
