//! What is to be in force, and in which file.

use std::collections::BTreeMap;

use crate::containerd::plugin;
use crate::containerd::spelling;
use crate::ledger::{Owner, Want};
use crate::toml::Path;
use crate::want::key::Key;

use super::work::{Desired, Value, Work, rank};

impl Work<'_> {
    /// Of each key the newest want, but for the default; all keys of a handler in one file.
    pub(super) fn desired(&self) -> Desired {
        let default = Key::default_handler();
        let mut newest: BTreeMap<&Key, (&str, &Want)> = BTreeMap::new();
        for (name, owner) in &self.ledger.owners {
            for (key, want) in owner.wants.iter().filter(|(key, _)| **key != default) {
                let known = newest.get(key);
                if self.ledger.is_overruled(key, want.seq) {
                    continue;
                }
                if known.is_none_or(|(_, known)| known.seq <= want.seq) {
                    newest.insert(key, (name, want));
                }
            }
        }
        let mut files: BTreeMap<Path, String> = BTreeMap::new();
        let mut desired = Desired::new();
        for (key, (owner, want)) in newest {
            let group = self.group(key);
            let file = files
                .entry(group)
                .or_insert_with_key(|group| self.file_for(group))
                .clone();
            let value = Value {
                literal: want.value.clone(),
                owner: Some(owner.to_owned()),
                rank: rank::of(want.seq),
            };
            desired.insert((file, key.clone()), value);
        }
        desired
    }

    /// The group of a key: the path of what has to stand in one file together with it.
    pub(super) fn group(&self, key: &Key) -> Path {
        if spelling::is_cri(&key.path) && self.has_cri_in_one_file() {
            return vec!["plugins".to_owned(), plugin::RUNTIME.to_owned()];
        }
        key.handler().unwrap_or(&key.path).to_vec()
    }

    /// The file of a group: it stays where it stands. A new one goes where its newest owner wants it,
    /// and so does one that this owner alone has to do with.
    pub(super) fn file_for(&self, group: &[String]) -> String {
        let newest = |owner: &Owner| {
            let wants = owner.wants.iter();
            let inside = wants.filter(|(key, _)| self.group(key) == group);
            inside.map(|(_, want)| want.seq).max()
        };
        let owners = self.ledger.owners.iter();
        let mut wanting: Vec<(u64, &String, &Owner)> = owners
            .filter_map(|(name, owner)| Some((newest(owner)?, name, owner)))
            .collect();
        wanting.sort_by_key(|(seq, ..)| *seq);
        let chosen = wanting.last().map(|(_, _, owner)| owner.file.clone());
        let is_asked = || self.asked.iter().any(|key| self.group(key) == group);
        // What was adopted stays where its first owner has put it.
        let is_adopted = |owner: &Owner| {
            let mut wants = owner.wants.iter();
            wants.any(|(key, want)| want.is_adopted && self.group(key) == group)
        };
        let is_alone = match wanting.as_slice() {
            [(_, name, owner)] => **name == self.acting && is_asked() && !is_adopted(owner),
            _ => false,
        };
        let files = self.files_by_weight();
        // A run that was killed may have left it in two files.
        let mut in_force = files.iter().filter(|file| self.has_in_force(file, group));
        let in_chosen = in_force.clone().find(|file| Some(*file) == chosen.as_ref());
        let in_force = in_chosen.or_else(|| in_force.next());
        let stands = || {
            let mut there = files.iter().filter(|file| self.is_writable(file));
            there.find(|file| self.views[*file].has(group))
        };
        match (in_force.or_else(stands), chosen) {
            (Some(file), Some(_)) if !is_alone || self.has_foreign(file, group) => file.clone(),
            (_, Some(chosen)) => chosen,
            (Some(file), None) => file.clone(),
            (None, None) => self.main().to_owned(),
        }
    }

    /// Whether a key of the group is in force in the file.
    fn has_in_force(&self, file: &str, group: &[String]) -> bool {
        let entries = self.ledger.entries.iter().filter(|it| it.file == file);
        let mut inside = entries.filter(|entry| self.group(&entry.key) == group);
        inside.any(|entry| entry.holds_ours(entry.now(&self.views).as_ref()))
    }

    /// Whether something of the group in the file is not the tool's: a value, or a table.
    fn has_foreign(&self, file: &str, group: &[String]) -> bool {
        let Some(view) = self.views.get(file) else {
            return false;
        };
        let place = view.place(group);
        let is_foreign_table = |leaf: &Path| {
            let mut tables = (place.len()..leaf.len()).map(|depth| &leaf[..depth]);
            tables.any(|table| !self.ledger.has_made(file, &view.spelling.canonical(table)))
        };
        !self.ledger.foreign(file, view, group).is_empty()
            || view.tree.leaves(&place).iter().any(is_foreign_table)
    }
}
