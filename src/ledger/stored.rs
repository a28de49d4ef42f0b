//! The data of a ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::view::Views;
use crate::disk::digest;
use crate::toml::{Literal, Path};
use crate::want::handler;
use crate::want::key::Key;

use super::fields::{self, Format, is_zero};

/// Fields that this release does not know: they are kept.
type Rest = Map<String, Value>;

/// What a tool that has written to a config remembers: who wants what, and for every key that was
/// written, what stood there before.
///
/// Files are named by their paths from the main file's folder. An edit computes a new ledger; nothing
/// changes one in place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    format: Format,
    /// The number of the newest want.
    pub(crate) seq: u64,
    #[serde(default)]
    pub(crate) owners: BTreeMap<String, Owner>,
    #[serde(default)]
    pub(crate) entries: Vec<Entry>,
    /// What was not there before.
    #[serde(default)]
    pub(crate) made: BTreeSet<Made>,
    /// Owners that have left.
    #[serde(default)]
    pub(crate) left: Vec<Tombstone>,
    /// The files of the last edit, before and after it; none if it changed the ledger alone.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Digests>,
    /// The plugin table of the handlers, for each file that does not have them where its version has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tables: BTreeMap<String, String>,
    /// Whether the last edit has taken another one back.
    #[serde(default, rename = "undone", skip_serializing_if = "Not::not")]
    pub(crate) is_undone: bool,
    /// Fields that this release does not know.
    #[serde(flatten)]
    pub(super) rest: Rest,
}

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

/// A value that an owner wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Want {
    pub(crate) value: Literal,
    /// Of several wants of one key, the one with the highest number is in force. A want that is
    /// repeated keeps its number.
    pub(crate) seq: u64,
    /// Whether it came with a handler that was adopted: it is kept as long as the handler is wanted.
    #[serde(default, rename = "adopted", skip_serializing_if = "Not::not")]
    pub(crate) is_adopted: bool,
}

/// A key that the tool has written in one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) file: String,
    #[serde(flatten)]
    pub(crate) key: Key,
    /// What stood there before; `None`: nothing.
    pub(crate) was: Option<Literal>,
    /// All that the tool has put there, newest first.
    pub(crate) put: Vec<Literal>,
    /// Wants of lower numbers count no more: `was` was set by hand over them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) since: u64,
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

/// An owner that was removed, so that a loop that still applies its want can end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tombstone {
    pub(crate) owner: String,
    pub(crate) time: String,
}

/// The SHA-256 of a file before and after the last edit that changed it; `None`: it was missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digests {
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl Digests {
    pub(crate) fn of(before: Option<&[u8]>, after: Option<&str>) -> Self {
        Self {
            before: before.map(digest::of),
            after: after.map(|text| digest::of(text.as_bytes())),
        }
    }
}

/// The owner that comments name for what is nobody's.
pub(crate) const IMPLIED: &str = handler::Owner::IMPLIED;

impl Ledger {
    /// Whether there is nothing in it: no ledger has been written, or it was lost.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.is_settled() && self.left.is_empty() && self.files.is_empty()
    }

    /// Whether nobody wants anything and nothing of the tool is left in any file.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.owners.is_empty() && self.entries.is_empty()
    }

    /// Whether it says anything else, whichever edit each was the last of.
    pub(crate) fn is_other_than(&self, other: &Self) -> bool {
        let mut same = self.clone();
        same.files.clone_from(&other.files);
        same.is_undone = other.is_undone;
        same != *other
    }

    /// Returns the names of the owners that want something.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.owners.keys().map(String::as_str)
    }

    /// Returns when this owner was removed, if it has not come back since.
    #[must_use]
    pub fn left(&self, owner: &str) -> Option<&str> {
        let left = self.left.iter().find(|left| left.owner == owner)?;
        Some(&left.time)
    }

    /// Returns the names of all files that the tool has written keys to or made.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let entries = self.entries.iter().map(|entry| entry.file.as_str());
        let made = self.made.iter().map(|made| made.file.as_str());
        entries.chain(made).collect()
    }

    /// The names of those files, and of the ones that new keys of owners go to.
    pub(crate) fn known_files(&self) -> BTreeSet<&str> {
        let of_owners = self.owners.values().map(|owner| owner.file.as_str());
        self.files().into_iter().chain(of_owners).collect()
    }

    /// The owner that has the want in force for a handler.
    pub(crate) fn owner_of(&self, handler: &[String]) -> Option<&str> {
        self.newest_owner(|key| key.path.starts_with(handler))
    }

    /// The owner that has the newest want among these keys.
    pub(crate) fn newest_owner(&self, is_one: impl Fn(&Key) -> bool) -> Option<&str> {
        let newest = |owner: &Owner| {
            let wants = owner.wants.iter().filter(|(key, _)| is_one(key));
            wants.map(|(_, want)| want.seq).max()
        };
        let owners = self.owners.iter();
        let wanting = owners.filter_map(|(name, owner)| Some((newest(owner)?, name)));
        wanting.max().map(|(_, name)| name.as_str())
    }

    /// The owner that has a handler in a file, as far as something of it there is the tool's.
    pub(crate) fn owner_in_file(&self, file: &str, handler: &[String]) -> Option<&str> {
        self.has_in(file, handler).then(|| self.owner_of(handler))?
    }

    /// Whether a handler is in a file for the sake of others alone.
    pub(crate) fn is_implied_in(&self, file: &str, handler: &[String]) -> bool {
        self.has_in(file, handler) && self.owner_of(handler).is_none()
    }

    fn has_in(&self, file: &str, handler: &[String]) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|it| it.file == file && it.key.path.starts_with(handler))
    }

    pub(crate) fn is_wanted(&self, key: &Key) -> bool {
        self.owners
            .values()
            .any(|owner| owner.wants.contains_key(key))
    }

    pub(crate) fn entry(&self, file: &str, key: &Key) -> Option<&Entry> {
        self.entries.iter().find(|it| it.is_at(file, key))
    }

    pub(crate) fn entry_mut(&mut self, file: &str, key: &Key) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|it| it.is_at(file, key))
    }

    /// Whether somebody has set a value by hand over a want of this number, and another owner has
    /// written over that since: the want does not come back when that owner leaves.
    pub(crate) fn is_overruled(&self, key: &Key, seq: u64) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.key == *key && seq < entry.since)
    }

    /// Takes the entry of a key out.
    pub(crate) fn take(&mut self, file: &str, key: &Key) -> Option<Entry> {
        let found = self.entries.iter().position(|it| it.is_at(file, key))?;
        Some(self.entries.remove(found))
    }

    /// Puts the entries in order: the same ledger has one text.
    pub(crate) fn sort_entries(&mut self) {
        let place = |entry: &Entry| (entry.file.clone(), entry.key.clone());
        self.entries.sort_by_cached_key(place);
    }

    pub(crate) fn has_made(&self, file: &str, path: &[String]) -> bool {
        self.made.contains(&Made::new(file, path))
    }

    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}

impl Made {
    pub(crate) fn new(file: &str, path: &[String]) -> Self {
        Self {
            file: file.to_owned(),
            path: path.to_vec(),
            is_header: false,
        }
    }
}

impl Entry {
    /// The entry of a key that the tool puts a value at.
    pub(crate) fn new(file: &str, key: &Key, was: Option<Literal>, put: Literal) -> Self {
        Self {
            file: file.to_owned(),
            key: key.clone(),
            was,
            put: vec![put],
            since: 0,
            rest: Rest::new(),
        }
    }

    fn is_at(&self, file: &str, key: &Key) -> bool {
        self.file == file && self.key == *key
    }

    /// What the files say at its key.
    pub(crate) fn now(&self, views: &Views) -> Option<Literal> {
        views.get(&self.file)?.value(&self.key)
    }

    /// Whether what stands there was put there by the tool.
    pub(crate) fn holds_ours(&self, now: Option<&Literal>) -> bool {
        now.is_some_and(|now| self.put.contains(now))
    }

    /// Remembers what is put there now.
    pub(crate) fn put(&mut self, value: &Literal) {
        self.put.retain(|known| known != value);
        self.put.insert(0, value.clone());
    }
}
