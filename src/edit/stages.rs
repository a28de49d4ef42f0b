//! The steps of an edit: what owners want, the default, and then what is implied by both.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::ledger::{Entry, is_implied};
use crate::toml::Literal;
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_of, handler_path};

use super::implied::Context;
use super::refusal;
use super::work::{At, Desired, Value, Work, rank};

impl Work<'_> {
    /// Works the edit out.
    pub(super) fn run(&mut self) -> Result<(), Error> {
        let context = Context::of(self);
        let desired = self.desired();
        self.remove_created_handlers();
        self.disown_proxies();
        self.merge_wants(&desired)?;
        let desired = self.merge_default(desired)?;
        let desired = self.merge_runc(desired, &context)?;
        self.merge_twins(&desired)?;
        self.merge_imports(&desired)?;
        self.merge_versions()?;
        self.ledger.forget_implied(&self.views);
        Ok(())
    }

    /// A handler that the tool has created, and that nobody wants any more, goes as a whole.
    fn remove_created_handlers(&mut self) {
        let made: Vec<At> = self
            .ledger
            .made
            .iter()
            .filter(|made| !made.is_header)
            .map(|made| (made.file.clone(), Key::new(&made.path)))
            .filter(|(_, key)| key.handler().is_some_and(|handler| handler == key.path))
            .collect();
        for (file, handler) in made {
            let path = &handler.path;
            let wants = self.ledger.owners.values().flat_map(|it| it.wants.keys());
            if wants.into_iter().any(|key| key.path.starts_with(path)) {
                continue;
            }
            let is_below = |key: &Key| key.path.starts_with(path);
            let entries = self.ledger.entries.iter();
            let mut own = entries.filter(|it| it.file == file && is_below(&it.key));
            // One that is there for the sake of others alone is for a later step.
            let was_wanted = self.touched.iter().any(is_below)
                || own.clone().any(|entry| !is_implied(&entry.key));
            if self.frozen.contains_key(&file) {
                // Where it has keys of the tool's, they are named instead.
                if was_wanted && own.next().is_none() {
                    let at = (file, handler);
                    self.needed.insert(at.clone(), at);
                }
                continue;
            }
            let Some(view) = self.views.get(&file).filter(|_| was_wanted) else {
                continue;
            };
            let is_own = |key: &Key| {
                let entry = self.ledger.entry(&file, key);
                let own = entry.filter(|entry| entry.was.is_none());
                own.is_some_and(|entry| entry.holds_ours(view.value(key).as_ref()))
            };
            let leaves = view.leaves(path).into_iter().map(|leaf| Key::new(&leaf));
            let foreign = leaves.filter(|key| !is_own(key) && key.path != *path);
            let foreign: Vec<String> = foreign.map(|key| key.to_string()).collect();
            let place = view.place(path);
            if let Some(view) = self.views.get_mut(&file) {
                view.tree.remove(&place);
            }
            self.ledger
                .entries
                .retain(|entry| entry.file != file || !entry.key.path.starts_with(path));
            self.gone.extend(path.last().cloned());
            if !foreign.is_empty() {
                let message = format!(
                    "{handler} is removed as a whole, with what others had added: {}",
                    foreign.join(", ")
                );
                self.report.warn("removed-with", message);
            }
        }
        self.prune();
    }

    /// Takes all keys of the tool's out, those that others have set by hand since, too.
    pub(super) fn take_all_back(&mut self) -> Result<(), Error> {
        // The version of a file stays as long as something needs it.
        let is_version = |entry: &Entry| entry.key.path == ["version"];
        let entries = std::mem::take(&mut self.ledger.entries).into_iter();
        let (versions, entries): (Vec<Entry>, Vec<Entry>) = entries.partition(is_version);
        self.ledger.entries = versions;
        for entry in entries {
            let at = (entry.file, entry.key);
            self.give_back(&at, entry.was.as_ref());
        }
        for made in self.ledger.made.iter().filter(|made| !made.is_header) {
            let is_handler = handler_of(&made.path).is_some_and(|it| it == made.path);
            if let Some(view) = self.views.get_mut(&made.file).filter(|_| is_handler) {
                let place = view.place(&made.path);
                view.tree.remove(&place);
            }
        }
        self.prune();
        self.merge_versions()
    }

    /// Everything but the default and what is implied.
    fn merge_wants(&mut self, desired: &Desired) -> Result<(), Error> {
        let default = Key::default_handler();
        let is_later = |key: &Key| *key == default || is_implied(key);
        let entries = self.ledger.entries.iter();
        let known = entries.map(|entry| (entry.file.clone(), entry.key.clone()));
        let orphans = known.filter(|at| !is_later(&at.1) && self.is_orphan(at, desired));
        let mut keys: BTreeSet<At> = orphans.collect();
        // Another owner's file may hold a key that is now in force elsewhere, or again.
        let names: BTreeSet<&Key> = keys.iter().map(|(_, key)| key).collect();
        let concerned = |key: &Key| self.touched.contains(key) || names.contains(key);
        let wanted = desired.keys().filter(|(_, key)| concerned(key));
        let wanted: Vec<At> = wanted.cloned().collect();
        keys.extend(wanted);
        // What goes makes room for what comes.
        let (comes, goes): (BTreeSet<At>, BTreeSet<At>) =
            keys.into_iter().partition(|at| desired.contains_key(at));
        self.merge(&goes, desired)?;
        self.merge(&comes, desired)
    }

    /// Whether nobody wants what the tool has put last. A run that was killed may have left it where
    /// somebody wants something else.
    fn is_orphan(&self, at: &At, desired: &Desired) -> bool {
        let Some(value) = desired.get(at) else {
            return true;
        };
        let now = self.now(at);
        let entry = self.ledger.entry(&at.0, &at.1);
        let last = entry.and_then(|entry| entry.put.first());
        last == now.as_ref() && last != Some(&value.literal)
    }

    /// The default: the newest one that names a handler which is there.
    fn merge_default(&mut self, mut desired: Desired) -> Result<Desired, Error> {
        self.reset_defaults();
        let key = Key::default_handler();
        let entries = self.ledger.entries.iter();
        let known = entries.filter(|entry| entry.key == key);
        let mut keys: BTreeSet<At> = known.map(|it| (it.file.clone(), key.clone())).collect();
        let owners = self.ledger.owners.iter();
        let mut wanting: Vec<(u64, String, String, Literal)> = owners
            .filter_map(|(name, owner)| {
                let want = owner.wants.get(&key)?;
                let want = Some(want).filter(|it| !self.ledger.is_overruled(&key, it.seq))?;
                Some((
                    want.seq,
                    name.clone(),
                    owner.file.clone(),
                    want.value.clone(),
                ))
            })
            .collect();
        wanting.sort_by_key(|(seq, ..)| std::cmp::Reverse(*seq));
        for (_, owner, file, literal) in wanting {
            let name = literal.as_string().unwrap_or_default();
            let file = self.default_file(&name, &file);
            if !self.is_listed(&name, &file) {
                if owner == self.acting && self.asked.contains(&key) {
                    return Err(refusal::default_not_listed(&name));
                }
                let message = format!("{owner} wants {name} as the default, which is not listed");
                self.report.warn("default-not-listed", message);
                continue;
            }
            let at = (file, key.clone());
            if self.touched.contains(&key) || !keys.is_empty() {
                keys.insert(at.clone());
            }
            let value = Value {
                literal,
                owner: Some(owner),
                rank: rank::DEFAULT,
            };
            desired.insert(at, value);
            break;
        }
        self.merge(&keys, &desired)?;
        Ok(desired)
    }

    /// A default that names a handler which goes with this edit goes with it, whoever has set it.
    fn reset_defaults(&mut self) {
        let key = Key::default_handler();
        for file in self.files_by_weight() {
            if self.frozen.contains_key(&file) {
                continue;
            }
            let at = (file, key.clone());
            let Some(name) = self.now(&at).and_then(|now| now.as_string()) else {
                continue;
            };
            let is_listed = name == BUILT_IN || self.is_anywhere(&name);
            if !self.gone.contains(&name) || is_listed {
                continue;
            }
            let entry = self.ledger.entry(&at.0, &key);
            let now = self.now(&at);
            if entry.is_some_and(|entry| entry.holds_ours(now.as_ref())) {
                continue;
            }
            let entry = self.ledger.take(&at.0, &key);
            let was = entry.and_then(|entry| entry.was);
            let listed = was.filter(|was| self.may_be_given_back(&at, was));
            self.give_back(&at, listed.as_ref());
            self.reset.insert(at.0.clone());
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
        let key = Key::default_handler();
        if self.has_cri_in_one_file() {
            return self.file_for(&self.group(&key));
        }
        let files = self.files_by_weight();
        let writable = files.iter().filter(|file| self.is_writable(file));
        let is_own = |file: &&String| {
            let entry = self.ledger.entry(file, &key);
            entry.is_some_and(|entry| entry.was.is_none())
        };
        let has_other = |file: &&String| self.views[*file].has(&key.path) && !is_own(file);
        let has_entry = |file: &&String| self.ledger.entry(file, &key).is_some();
        let is_own_file = |file: &&String| *file == self.main() || self.known.contains(*file);
        let lists = |file: &&String| self.views[*file].has(&handler_path(name));
        let found = writable
            .clone()
            .find(has_other)
            .or_else(|| writable.clone().find(has_entry))
            .or_else(|| writable.filter(is_own_file).find(lists));
        found.map_or_else(|| chosen.to_owned(), Clone::clone)
    }
}
