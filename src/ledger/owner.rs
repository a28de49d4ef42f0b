//! Owners, and what they want.

use std::collections::BTreeMap;
use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::toml::Literal;
use crate::want::key::{Key, KeyValue};

use super::fields::{self, Rest};

/// What one owner wants.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// Where its new keys go.
    pub(crate) file: String,
    #[serde(default, with = "fields::pairs")]
    pub(crate) wants: BTreeMap<Key, Want>,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

/// What an owner wants at a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Want {
    /// `None`: nothing is to stand there.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) value: Option<Literal>,
    /// Of several wants of one key, the one with the highest number is in force. A want that is
    /// repeated keeps its number.
    pub(crate) seq: u64,
    /// Whether it came with a handler that was adopted: it is kept as long as the handler is wanted.
    #[serde(default, rename = "adopted", skip_serializing_if = "Not::not")]
    pub(crate) is_adopted: bool,
}

/// A want, and whoever has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OwnersWant<'l> {
    pub(crate) owner: &'l str,
    /// Where the owner's new keys go.
    pub(crate) file: &'l str,
    pub(crate) key: &'l Key,
    pub(crate) want: &'l Want,
}

/// An owner that was removed, so that a loop that still applies its want can end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// The owner's name.
    pub owner: String,
    /// When it was removed, in RFC 3339.
    pub time: String,
    /// Whether something that it wanted stayed, since others needed it.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub left_behind: bool,
}

/// The owner that has the newest of these wants.
pub(crate) fn newest_owner<'l>(wants: impl Iterator<Item = OwnersWant<'l>>) -> Option<&'l str> {
    let newest = wants.max_by_key(|it| (it.want.seq, it.owner));
    newest.map(|it| it.owner)
}

impl Owner {
    /// The owner as it is before it wants anything.
    pub(crate) fn without_wants(&self) -> Self {
        Self {
            wants: BTreeMap::new(),
            ..self.clone()
        }
    }

    /// The keys at which the owner wants a value.
    pub(crate) fn values(&self) -> impl Iterator<Item = KeyValue> {
        self.wants.iter().filter_map(|(key, want)| {
            let key = key.clone();
            let value = want.value.clone()?;
            Some(KeyValue { key, value })
        })
    }
}

impl Want {
    /// The string that is wanted, if one is.
    pub(crate) fn string(&self) -> Option<String> {
        self.value.as_ref()?.as_string()
    }
}
