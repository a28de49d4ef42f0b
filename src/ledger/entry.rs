//! What the tool has written to files, and what it has made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::toml::{Literal, Path};
use crate::want::key::{Key, handler_of};

use super::fields::{self, Rest, is_zero};
use super::file_key::FileKey;

/// What the tool has written at a key of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What stood there before; `None`: nothing.
    pub(crate) was: Option<Literal>,
    /// The values that count as the tool's, newest first: those that it wrote, and those that it found
    /// as wanted. `None`: nothing, where an owner wants nothing to stand.
    pub(crate) put: Vec<Option<Literal>>,
    /// Wants of lower numbers count no more: `was` was set by hand over them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) since: u64,
    /// Whether it stood there before its owner came, and goes with that owner all the same.
    #[serde(default, rename = "adopted", skip_serializing_if = "Not::not")]
    pub(crate) is_adopted: bool,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

/// A table or an array that the tool has created.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) file: String,
    /// Its canonical path; the empty one stands for the file itself.
    #[serde(rename = "table", with = "fields::path")]
    pub(crate) path: Path,
    /// Whether the table was there, and its header alone is new.
    #[serde(default, rename = "header", skip_serializing_if = "Not::not")]
    pub(crate) is_header: bool,
}

/// What was written at or below a path of a file.
pub(crate) fn entries_in<'l>(
    entries: &'l BTreeMap<FileKey, Entry>,
    file: &str,
    path: &[String],
) -> impl Iterator<Item = (&'l FileKey, &'l Entry)> {
    let first = FileKey::new(file, &Key::new(path));
    let below = entries.range(first.clone()..);
    below.take_while(move |(at, _)| at.is_in(&first.file, &first.key.path))
}

impl Made {
    pub(crate) fn new(file: &str, path: &[String]) -> Self {
        Self {
            file: file.to_owned(),
            path: path.to_vec(),
            is_header: false,
        }
    }

    /// Those that are handlers.
    pub(super) fn handlers(made: &BTreeSet<Self>) -> impl Iterator<Item = &Self> {
        let made = made.iter().filter(|made| !made.is_header);
        made.filter(|made| handler_of(&made.path) == Some(&made.path))
    }
}

impl Entry {
    /// The entry of a key that the tool puts a value at, or nothing.
    pub(crate) fn new(was: Option<Literal>, put: Option<Literal>) -> Self {
        Self {
            was,
            put: vec![put],
            since: 0,
            is_adopted: false,
            rest: Rest::new(),
        }
    }

    /// The entry of a key that has this value, and that an owner adopts.
    pub(crate) fn adopted(was: Option<Literal>, value: Literal) -> Self {
        Self {
            is_adopted: true,
            ..Self::new(was, Some(value))
        }
    }

    /// Whether what stands there was put there by the tool.
    pub(crate) fn holds_ours(&self, now: Option<&Literal>) -> bool {
        self.put.iter().any(|put| put.as_ref() == now)
    }

    /// Whether the tool has removed what stood there.
    pub(crate) fn removes(&self) -> bool {
        self.put.contains(&None)
    }

    /// Remembers what is put there now.
    pub(crate) fn put(&mut self, value: Option<&Literal>) {
        self.put.retain(|known| known.as_ref() != value);
        self.put.insert(0, value.cloned());
    }
}
