//! How a later value goes over an earlier one: `mergeConfig` in
//! `cmd/containerd/server/config/config.go`, and Go's decoding into what is there.

use std::sync::Arc;

use crate::toml::value::{Data, Table, Value};

/// How two values of one key become one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Merging {
    /// A key of the file: what Go takes for nothing sets nothing over another value. 2.x appends what is
    /// not in an array yet, 1.x everything.
    File { is_1x: bool },
    /// A key of one of its tables: what Go takes for nothing sets nothing, anything else replaces.
    Section,
    /// A table whose parts are replaced as a whole.
    Parts,
    /// The later one is all there is.
    Whole,
    /// What plugins have on 2.x: tables key by key, arrays by appending, anything else by replacing, empty
    /// values too.
    Plugins,
    /// Two that go into the same Go struct: tables key by key, anything else by replacing.
    Struct,
}

impl Merging {
    /// How the values of a key are merged, in two tables that are merged so.
    fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::File { is_1x: false }, "plugins") => Self::Plugins,
            (Self::File { .. }, "plugins" | "proxy_plugins" | "stream_processors" | "timeouts") => {
                Self::Parts
            }
            (Self::Parts | Self::Section, _) => Self::Whole,
            _ => self,
        }
    }

    /// Merges a later table into what is there.
    pub(super) fn tables(self, known: &mut Table, later: Table) {
        let is_set = |value: &Value| !matches!(self, Self::Section) || !value.is_zero();
        for (key, value) in later.into_iter().filter(|(_, value)| is_set(value)) {
            match known.get_mut(&key) {
                Some(known) => self.of(&key).values(known, value),
                None => drop(known.insert(key, value)),
            }
        }
    }

    /// Merges a later value into what is there.
    pub(super) fn values(self, known: &mut Value, later: Value) {
        let sets_nothing = matches!(self, Self::File { .. }) && later.is_zero();
        match (self, &mut known.data, later.data) {
            (Self::Whole, _, data) => *known = Value::new(data, later.place),
            (_, Data::Table(known), Data::Table(later)) => {
                let below = match self {
                    Self::File { .. } => Self::Section,
                    _ => self,
                };
                below.tables(Arc::make_mut(known), Arc::unwrap_or_clone(later));
            }
            (Self::File { is_1x: true }, Data::Array(known), Data::Array(more)) => {
                known.extend(more);
            }
            (Self::File { .. } | Self::Plugins, Data::Array(known), Data::Array(more)) => {
                for node in more {
                    if node.as_str().is_none() || !known.contains(&node) {
                        known.push(node);
                    }
                }
            }
            (_, _, data) if !sets_nothing => *known = Value::new(data, later.place),
            _ => {}
        }
    }
}
