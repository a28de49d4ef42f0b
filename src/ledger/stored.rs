//! A ledger as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::config::view::Views;
use crate::disk::digest;
use crate::toml::Literal;
use crate::want::handler;
use crate::want::key::Key;

use super::entry::{Entry, Made};
use super::fields::{Format, Rest};
use super::file_key::{self, FileKey};
use super::owner::{Owner, OwnersWant, Tombstone, newest_owner};

/// What a tool that has written to a config remembers: who wants what, and for every key that was
/// written, what stood there before.
///
/// Files are named by their paths from the main file's folder. An edit works on a copy and returns
/// it; the ledger that it was given stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub(super) format: Format,
    /// The number of the newest want.
    pub(crate) seq: u64,
    #[serde(default)]
    pub(crate) owners: BTreeMap<String, Owner>,
    /// What the tool has written.
    #[serde(default, with = "file_key::entries")]
    pub(crate) entries: BTreeMap<FileKey, Entry>,
    /// The texts of files from which owners have had something removed, with that still in them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) full_texts: BTreeMap<String, String>,
    /// What was not there before.
    #[serde(default)]
    pub(crate) made: BTreeSet<Made>,
    /// Folders of drop-ins that were not there before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) folders: BTreeSet<String>,
    /// Owners that have left.
    #[serde(default)]
    pub(crate) left: Vec<Tombstone>,
    /// The files of the last edit, before and after it; none if it changed the ledger alone.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, Digests>,
    /// The SHA-256 of the bytes that were last written to each file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) written: BTreeMap<String, String>,
    /// The part of a ledger that held for the text from before of each file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) kept: BTreeMap<String, Self>,
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

/// The ledgers before and after a change.
#[derive(Debug, Clone)]
pub(crate) struct LedgerPair {
    pub(crate) before: Ledger,
    pub(crate) after: Ledger,
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

    /// Returns the names of the owners that want something.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.owners.keys().map(String::as_str)
    }

    /// Returns when this owner was removed, if it has not come back since.
    #[must_use]
    pub fn left(&self, owner: &str) -> Option<&str> {
        let left = self.tombstone(owner)?;
        Some(&left.time)
    }

    /// The tombstone of an owner that was removed, if it has not come back since.
    pub(crate) fn tombstone(&self, owner: &str) -> Option<&Tombstone> {
        self.left.iter().find(|left| left.owner == owner)
    }

    /// What an owner wants at a key; `Some(None)`: that nothing stands there.
    pub(crate) fn wanted(&self, owner: &str, key: &Key) -> Option<&Option<Literal>> {
        let want = self.owners.get(owner)?.wants.get(key)?;
        Some(&want.value)
    }

    /// Makes nobody's again what a change has adopted.
    pub(crate) fn disown_adopted(&mut self, change: &LedgerPair) {
        let LedgerPair { before, after } = change;
        let is_adopted = |at: &FileKey| {
            let entry = after.entries.get(at).filter(|entry| entry.is_adopted);
            entry.is_some() && !before.entries.contains_key(at)
        };
        let adopts = |made: &Made| {
            let mut below = after.entries_in(&made.file, &made.path);
            below.any(|(at, _)| is_adopted(at))
        };
        self.made
            .retain(|made| before.made.contains(made) || !adopts(made));
        self.entries.retain(|at, _| !is_adopted(at));
    }

    /// Returns the names of all files that the tool has written keys to or made.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let entries = self.entries.keys().map(|at| at.file.as_str());
        let made = self.made.iter().map(|made| made.file.as_str());
        entries.chain(made).collect()
    }

    /// The names of those files, and of the ones that new keys of owners go to.
    pub(crate) fn known_files(&self) -> BTreeSet<&str> {
        let of_owners = self.owners.values().map(|owner| owner.file.as_str());
        let of_owners = of_owners.filter(|file| !file.is_empty());
        self.files().into_iter().chain(of_owners).collect()
    }

    /// All wants of all owners.
    pub(crate) fn wants(&self) -> impl Iterator<Item = OwnersWant<'_>> {
        self.wants_below(&[])
    }

    /// Those at or below a path.
    pub(crate) fn wants_below(&self, path: &[String]) -> impl Iterator<Item = OwnersWant<'_>> {
        let first = Key::new(path);
        self.owners.iter().flat_map(move |(name, owner)| {
            let wants = owner.wants.range(&first..);
            let below = wants.take_while(|(key, _)| key.path.starts_with(path));
            below.map(|(key, want)| OwnersWant {
                owner: name,
                file: &owner.file,
                key,
                want,
            })
        })
    }

    /// Those of one key.
    pub(crate) fn wants_of(&self, key: &Key) -> impl Iterator<Item = OwnersWant<'_>> {
        let wants = self.wants_below(&key.path);
        wants.filter(move |it| it.key == key)
    }

    /// The wants that can be in force: those over which nobody has set a value by hand, and another
    /// owner has written since. Those do not come back when that owner leaves.
    pub(crate) fn wants_that_count(&self) -> impl Iterator<Item = OwnersWant<'_>> {
        let entries = self.entries.iter().filter(|(_, entry)| entry.since > 0);
        let overruling: Vec<(&FileKey, &Entry)> = entries.collect();
        self.wants().filter(move |it| {
            let mut overruling = overruling.iter();
            !overruling.any(|(at, entry)| at.key == *it.key && it.want.seq < entry.since)
        })
    }

    /// Whether somebody wants something to stand at or below a path.
    pub(crate) fn is_wanted_below(&self, path: &[String]) -> bool {
        let mut wants = self.wants_below(path);
        wants.any(|it| it.want.value.is_some())
    }

    /// Whether somebody wants nothing to stand at a key.
    pub(crate) fn removes(&self, key: &Key) -> bool {
        let mut owners = self.owners.values();
        owners.any(|owner| owner.wants.get(key).is_some_and(|it| it.value.is_none()))
    }

    pub(crate) fn is_wanted(&self, key: &Key) -> bool {
        self.wants_of(key).next().is_some()
    }

    /// The owner that has the want in force for a handler.
    pub(crate) fn owner_of(&self, handler: &[String]) -> Option<&str> {
        newest_owner(self.wants_below(handler))
    }

    /// The owner that has a handler in a file, as far as something of it there is the tool's.
    pub(crate) fn owner_in_file(&self, file: &str, handler: &[String]) -> Option<&str> {
        self.has_in(file, handler).then(|| self.owner_of(handler))?
    }

    /// Whether a handler is in a file for the sake of others alone.
    pub(crate) fn is_implied_in(&self, file: &str, handler: &[String]) -> bool {
        self.has_in(file, handler) && self.owner_of(handler).is_none()
    }

    /// Whether the tool has written something at or below a path of a file.
    pub(crate) fn has_in(&self, file: &str, path: &[String]) -> bool {
        self.keys_in(file, path).next().is_some()
    }

    /// The one of these files in which the tool has written something at or below a path; if there is
    /// none, the first.
    pub(crate) fn file_with<'f>(&self, files: &'f [String], path: &[String]) -> &'f str {
        let found = files.iter().find(|file| self.has_in(file, path));
        found.or(files.first()).map_or("", String::as_str)
    }

    /// The keys at or below a path of a file that the tool has written.
    pub(crate) fn keys_in(&self, file: &str, path: &[String]) -> impl Iterator<Item = &Key> {
        self.entries_in(file, path).map(|(at, _)| &at.key)
    }

    /// What the tool has written at or below a path of a file.
    pub(crate) fn entries_in(
        &self,
        file: &str,
        path: &[String],
    ) -> impl Iterator<Item = (&FileKey, &Entry)> {
        let first = FileKey::new(file, &Key::new(path));
        let below = self.entries.range(first.clone()..);
        below.take_while(move |(at, _)| at.is_in(&first.file, &first.key.path))
    }

    /// Whether what stands at a key now was put there by the tool.
    pub(crate) fn is_in_force(&self, at: &FileKey, views: &Views) -> bool {
        let entry = self.entries.get(at);
        entry.is_some_and(|entry| entry.holds_ours(at.now(views).as_ref()))
    }

    /// The keys of a file that owners have had removed.
    pub(crate) fn removed_from<'l>(&'l self, file: &'l str) -> impl Iterator<Item = &'l Key> {
        let entries = self.entries.iter();
        let removed = entries.filter(move |(at, entry)| at.file == file && entry.removes());
        removed.map(|(at, _)| &at.key)
    }

    /// Whether new keys of an owner go to a file.
    pub(crate) fn is_some_owners(&self, file: &str) -> bool {
        self.owners.values().any(|owner| owner.file == file)
    }

    pub(crate) fn has_made(&self, file: &str, path: &[String]) -> bool {
        self.made.contains(&Made::new(file, path))
    }

    /// The handlers that the tool has created.
    pub(crate) fn made_handlers(&self) -> impl Iterator<Item = &Made> {
        self.made.iter().filter(|made| made.is_handler())
    }

    /// Remembers what was written to a file; `None`: the file was removed.
    pub(crate) fn note_written(&mut self, file: &str, digest: Option<String>) {
        self.written.remove(file);
        self.written.extend(digest.map(|it| (file.to_owned(), it)));
    }

    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}

impl LedgerPair {
    /// The owners whose wants the change has changed.
    pub(crate) fn owners(&self) -> BTreeSet<String> {
        let (before, after) = (&self.before.owners, &self.after.owners);
        let wants = |owner: Option<&Owner>| owner.map(|it| it.wants.clone());
        let names = before.keys().chain(after.keys());
        let changed = names.filter(|name| wants(before.get(*name)) != wants(after.get(*name)));
        changed.cloned().collect()
    }

    /// The keys of which an owner has come to want another value, or to want none.
    pub(crate) fn changed_keys(&self, owner: &str) -> BTreeSet<&Key> {
        let ledgers = [&self.before, &self.after];
        let owners = ledgers.iter().filter_map(|it| it.owners.get(owner));
        let mut keys: BTreeSet<&Key> = owners.flat_map(|it| it.wants.keys()).collect();
        keys.retain(|key| self.before.wanted(owner, key) != self.after.wanted(owner, key));
        keys
    }
}
