//! The steps of an edit: what owners want, the default, and then what is implied by both.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::error::Error;
use crate::ledger::{Entry, FileKey, Made, OwnersWant, is_implied};
use crate::toml::Literal;
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_path};

use super::refusal;
use super::work::{Desired, DesiredValue, Work, rank};

impl Work<'_> {
    /// Works the edit out.
    pub(super) fn run(&mut self) -> Result<(), Error> {
        // What others have added to a handler that goes must not decide which file the rest goes to.
        self.remove_created_handlers();
        let mut desired = self.desired();
        self.clear_proxies();
        self.merge_wants(&desired)?;
        self.merge_default(&mut desired)?;
        self.merge_runc(&mut desired)?;
        self.merge_twins(&desired)?;
        self.merge_imports(&desired)?;
        self.merge_versions()?;
        // Where an owner still misses something, it may be implied by that.
        if self.ledger.owners.is_empty() && !self.ledger.has_in_force(&self.views) {
            self.ledger.forget_implied(&self.views);
        }
        Ok(())
    }

    /// A handler that the tool has created, and that nobody wants any more, goes as a whole.
    fn remove_created_handlers(&mut self) {
        self.enter_copies(Self::is_left);
        let going = self
            .ledger
            .made_handlers()
            .filter(|made| self.is_left(made));
        let going: Vec<Made> = going.cloned().collect();
        for made @ Made { file, path, .. } in &going {
            let at = FileKey::new(file, &Key::new(path));
            if self.frozen.contains_key(file) {
                // Where it has keys of the tool's, they are named instead.
                if !self.ledger.has_in(file, path) {
                    self.keep_frozen(&at);
                }
                continue;
            }
            if self.is_needed(made) {
                continue;
            }
            let Some(view) = self.views.get_mut(file) else {
                continue;
            };
            let foreign = self.ledger.foreign(file, view, path);
            let foreign = foreign.filter(|leaf| leaf != path);
            let foreign: Vec<String> = foreign.map(|leaf| Key::new(&leaf).to_string()).collect();
            let place = view.place(path);
            view.tree.remove(&place);
            let entries = &mut self.ledger.entries;
            entries.retain(|at, _| !at.is_in(file, path));
            if !foreign.is_empty() {
                let message = format!(
                    "{} is removed as a whole, with what others had added: {}",
                    at.key,
                    foreign.join(", ")
                );
                self.report.warn("removed-with", message);
            }
        }
        self.prune();
    }

    /// Takes all keys of the tool's out, those that others have set by hand since, too. What stood there
    /// before an owner came and adopted it stays.
    pub(super) fn take_all_back(&mut self) -> Result<(), Error> {
        self.enter_copies(|_, _| true);
        // The version of a file stays as long as something needs it.
        let is_version = |at: &FileKey| at.key.path == ["version"];
        let entries = self.ledger.entries.iter();
        let goes = entries.filter(|(at, entry)| !entry.is_adopted && !is_version(at));
        let goes = goes.map(|(at, entry)| (at.clone(), entry.was.clone()));
        let goes: Vec<(FileKey, Option<Literal>)> = goes.collect();
        let created = self.ledger.made_handlers().filter(|made| {
            let mut entries = self.ledger.entries_in(&made.file, &made.path);
            entries.all(|(_, entry)| !entry.is_adopted)
        });
        let created = created.map(|made| (FileKey::new(&made.file, &Key::new(&made.path)), None));
        let created: Vec<_> = created.collect();
        for (at, was) in goes.iter().chain(&created) {
            self.give_back(at, was.as_ref());
        }
        self.ledger.entries.retain(|at, _| is_version(at));
        self.prune();
        self.merge_versions()
    }

    /// Whether nobody wants a handler any more that somebody has wanted.
    pub(super) fn is_left(&self, made: &Made) -> bool {
        let Made { file, path, .. } = made;
        let mut touched = self.start.touched.range(Key::new(path)..);
        // One that is there for the sake of others alone is for a later step.
        let was_wanted = touched.next().is_some_and(|key| key.path.starts_with(path))
            || self.ledger.keys_in(file, path).any(|key| !is_implied(key));
        was_wanted && !self.ledger.is_wanted_below(path)
    }

    /// Everything but the default and what is implied.
    fn merge_wants(&mut self, desired: &Desired) -> Result<(), Error> {
        let default = Key::default_handler();
        let entries = self.ledger.entries.iter();
        let orphans = entries.filter(|(at, entry)| self.is_orphan(at, entry, desired));
        let orphans: Vec<&FileKey> = orphans.map(|(at, _)| at).collect();
        // Another owner's file may hold a key that is now in force elsewhere, or again.
        let names: BTreeSet<&Key> = orphans.iter().map(|at| &at.key).collect();
        let concerned = |key: &Key| self.start.touched.contains(key) || names.contains(key);
        let wanted = desired.keys().filter(|at| concerned(&at.key));
        // Where nobody wants it, what may be implied is for a later step. Drop-ins import nothing by
        // themselves.
        let goes = |at: &&FileKey| {
            let is_import = at.key.path == ["imports"] && at.file != self.start.main();
            !is_implied(&at.key) || is_import || desired.contains_key(at)
        };
        let keys = orphans.iter().copied().filter(goes).chain(wanted);
        let keys = keys.filter(|at| at.key != default).cloned();
        // What goes makes room for what comes.
        let (comes, goes): (BTreeSet<FileKey>, BTreeSet<FileKey>) =
            keys.partition(|at| desired.contains_key(at));
        self.merge(&goes, desired)?;
        self.merge(&comes, desired)
    }

    /// Whether nobody wants what the tool has put last. A run that was killed may have left it where
    /// somebody wants something else.
    fn is_orphan(&self, at: &FileKey, entry: &Entry, desired: &Desired) -> bool {
        let last = entry.put.first();
        desired
            .get(at)
            .is_none_or(|value| last == Some(&at.now(&self.views)) && last != Some(&value.literal))
    }

    /// The default: the newest one that names a handler which is there.
    fn merge_default(&mut self, desired: &mut Desired) -> Result<(), Error> {
        self.reset_defaults();
        let key = Key::default_handler();
        let mut keys = self.keys_of(|it| *it == key);
        let nothing = desired.keys().filter(|at| at.key == key);
        keys.extend(nothing.cloned());
        let is_asked = self.start.asked.contains(&key);
        let wants = self.ledger.wants_that_count();
        let mut wants: Vec<OwnersWant<'_>> = wants.filter(|it| *it.key == key).collect();
        wants.sort_by_key(|it| Reverse(it.want.seq));
        for OwnersWant {
            owner, file, want, ..
        } in wants
        {
            let Some(literal) = &want.value else {
                break;
            };
            let name = literal.as_string().unwrap_or_default();
            let file = self.default_file(&name, file);
            if !self.is_listed(&name, &file) {
                if owner == self.start.owner() && is_asked {
                    let handler = handler_path(&name);
                    let mut before = self.start.views.values();
                    return Err(if before.any(|view| view.has(&handler)) {
                        refusal::default_goes(&name)
                    } else {
                        refusal::default_not_listed(&name, &self.views)
                    });
                }
                let message = format!("{owner} wants {name} as the default, which is not listed");
                self.report.warn("default-not-listed", message);
                continue;
            }
            let at = FileKey::new(&file, &key);
            if self.start.touched.contains(&key) || !keys.is_empty() {
                keys.insert(at.clone());
            }
            let value = DesiredValue {
                literal: Some(literal.clone()),
                owner: Some(owner.to_owned()),
                rank: rank::DEFAULT,
            };
            desired.insert(at, value);
            break;
        }
        self.merge(&keys, desired)
    }

    /// A default that names a handler which goes with this edit goes with it, whoever has set it.
    fn reset_defaults(&mut self) {
        let key = Key::default_handler();
        for file in self.start.writable() {
            let at = FileKey::new(file, &key);
            let name = at.now(&self.views).and_then(|now| now.as_string());
            let is_created = |name: &String| {
                let mut created = self.ledger.made_handlers();
                created.any(|made| made.path.last() == Some(name))
            };
            let Some(name) = name.filter(is_created) else {
                continue;
            };
            let is_listed = name == BUILT_IN || self.is_anywhere(&name);
            let is_own = self.ledger.is_in_force(&at, &self.views);
            if self.frozen.contains_key(file) || is_listed || is_own {
                continue;
            }
            let entry = self.ledger.entries.remove(&at);
            let was = entry.and_then(|entry| entry.was);
            let listed = was.filter(|was| self.may_be_given_back(&at, was));
            self.give_back(&at, listed.as_ref());
            self.reset.insert(at.file);
            let now = listed.and_then(|listed| listed.as_string());
            let message = format!(
                "the default handler was {name}, which goes; it is {} from now on",
                now.as_deref().unwrap_or(BUILT_IN)
            );
            self.report.warn("default-reset", message);
        }
        self.prune();
    }

    /// The file that the default goes to: where it stands, else where the handler stands.
    fn default_file(&self, name: &str, chosen: &str) -> String {
        let (key, start) = (Key::default_handler(), self.start);
        if self.has_cri_in_one_file() {
            return self.file_for(&self.group(&key));
        }
        let mut files = start.writable();
        let entry = |file: &str| self.ledger.entries.get(&FileKey::new(file, &key));
        let has_other = |file: &&str| {
            let is_own = entry(file).is_some_and(|entry| entry.was.is_none());
            self.views[*file].has(&key.path) && !is_own
        };
        let lists = |file: &&str| {
            let is_own = *file == start.main() || start.ledger.has_made(file, &[]);
            is_own && self.views[*file].has(&handler_path(name))
        };
        let found = files.clone().find(has_other);
        let found = found.or_else(|| files.clone().find(|file| entry(file).is_some()));
        let found = found.or_else(|| files.find(lists));
        found.unwrap_or(chosen).to_owned()
    }
}
