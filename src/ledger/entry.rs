//! What the tool has written to files, and what it has made of them.

use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::toml::{Literal, Path};
use crate::want::key::handler_of;

use super::fields::{self, Rest, is_zero};

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

impl Made {
    pub(crate) fn new(file: &str, path: &[String]) -> Self {
        Self {
            file: file.to_owned(),
            path: path.to_vec(),
            is_header: false,
        }
    }

    pub(super) fn is_handler(&self) -> bool {
        !self.is_header && handler_of(&self.path) == Some(&self.path)
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
