//! What is to be in force, and in which file.

use std::collections::BTreeMap;

use crate::config::files::File;
use crate::containerd::plugin;
use crate::containerd::spelling;
use crate::ledger::{FileKey, OwnersWant};
use crate::toml::Path;
use crate::want::key::Key;

use super::work::{Desired, DesiredValue, Work, rank};

impl Work<'_> {
    /// The newest want of each key, of the default only that there is to be none. All keys of one handler go
    /// to one file.
    pub(super) fn desired(&self) -> Desired {
        let default = Key::default_handler();
        let mut newest: BTreeMap<&Key, OwnersWant<'_>> = BTreeMap::new();
        for it in self.ledger.wants_that_count() {
            let known = newest.get(it.key);
            let is_newest = known.is_none_or(|known| known.want.seq <= it.want.seq);
            if is_newest && *it.key != default {
                newest.insert(it.key, it);
            }
        }
        let mut files: BTreeMap<Path, String> = BTreeMap::new();
        let mut desired = Desired::new();
        for (key, it) in newest {
            if it.want.value.is_none() {
                continue;
            }
            let file = files.entry(self.group(key));
            let file = file.or_insert_with_key(|group| self.file_for(group));
            let value = DesiredValue {
                literal: it.want.value.clone(),
                owner: Some(it.owner.to_owned()),
                rank: rank::of(it.want.seq),
            };
            desired.insert(FileKey::new(file, key), value);
        }
        // Nothing is to stand at a key in any file, but where somebody wants a value since.
        let absent = self.ledger.wants_that_count();
        for it in absent.filter(|it| it.want.value.is_none()) {
            let files = self.views.keys().map(|file| FileKey::new(file, it.key));
            let is_there = |at: &FileKey| at.now(&self.views).is_some();
            let is_known = |at: &FileKey| self.ledger.entries.contains_key(at);
            for at in files.filter(|at| is_there(at) || is_known(at)) {
                desired.entry(at).or_insert_with(|| DesiredValue {
                    literal: None,
                    owner: Some(it.owner.to_owned()),
                    rank: rank::LAST,
                });
            }
        }
        desired
    }

    /// The path whose keys must all stand in one file with this key.
    pub(super) fn group(&self, key: &Key) -> Path {
        if spelling::is_cri(&key.path) && self.has_cri_in_one_file() {
            return vec!["plugins".to_owned(), plugin::RUNTIME.to_owned()];
        }
        key.handler().unwrap_or(&key.path).to_vec()
    }

    /// The file of a group: the one that holds it. A new group, or one that only the acting owner uses,
    /// goes to the file of its newest owner.
    pub(super) fn file_for(&self, group: &[String]) -> String {
        let start = self.start;
        let wants = self.ledger.wants().filter(|it| self.group(it.key) == group);
        let wants: Vec<OwnersWant<'_>> = wants.collect();
        let newest = wants.iter().max_by_key(|it| it.want.seq);
        let chosen = newest.map(|it| it.file);
        let mut asked = start.asked.iter();
        // What was adopted stays where its first owner has put it.
        let is_alone = wants
            .iter()
            .all(|it| it.owner == start.owner() && !it.want.is_adopted)
            && asked.any(|key| self.group(key) == group);
        // A run that was killed may have left it in two files.
        let mut in_force = start
            .writable()
            .filter(|file| self.has_in_force(file, group));
        let in_chosen = in_force.clone().find(|file| Some(*file) == chosen);
        let is_generated = |file: &&File| !file.is_writable && self.says(&file.name, &wants);
        let in_force = in_chosen.or_else(|| in_force.next());
        if in_force.is_none()
            && start.config.has_part()
            && let Some(generated) = start.config.by_weight().find(is_generated)
        {
            // A template can't say again what the distribution says.
            return generated.name.clone();
        }
        let stands = |file: &&str| self.views[*file].has(group);
        let found = in_force.or_else(|| start.writable().find(stands));
        let stays = found.filter(|file| !is_alone || self.has_foreign(file, group));
        let file = match chosen {
            Some(chosen) => stays.unwrap_or(chosen),
            None => found.unwrap_or(start.main()),
        };
        file.to_owned()
    }

    /// Whether a file says all that is wanted.
    fn says(&self, file: &str, wants: &[OwnersWant<'_>]) -> bool {
        let is_newest = |it: &&OwnersWant<'_>| {
            let mut same = wants.iter().filter(|other| other.key == it.key);
            same.all(|other| other.want.seq <= it.want.seq)
        };
        let view = &self.views[file];
        let mut newest = wants.iter().filter(is_newest);
        !wants.is_empty() && newest.all(|it| view.value(it.key) == it.want.value)
    }

    /// Whether a key of the group is in force in the file.
    fn has_in_force(&self, file: &str, group: &[String]) -> bool {
        let keys = self.ledger.entries.keys().filter(|at| at.file == file);
        let mut inside = keys.filter(|at| self.group(&at.key) == group);
        inside.any(|at| self.ledger.is_in_force(at, &self.views))
    }

    /// Whether something of the group in the file is not the tool's: a value, or a table.
    fn has_foreign(&self, file: &str, group: &[String]) -> bool {
        let Some(view) = self.views.get(file) else {
            return false;
        };
        let place = view.place(group);
        let is_foreign_table = |leaf: Path| {
            let mut tables = (place.len()..leaf.len()).map(|depth| &leaf[..depth]);
            tables.any(|table| !self.ledger.has_made(file, &view.spelling.canonical(table)))
        };
        self.ledger.foreign(file, view, group).next().is_some()
            || view.tree.leaves(&place).any(is_foreign_table)
    }
}
