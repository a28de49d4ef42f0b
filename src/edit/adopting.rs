//! Making what is there, and nobody's, an owner's.

use std::collections::BTreeSet;

use crate::config::view::View;
use crate::containerd::plugin::{self, runtimes_path};
use crate::error::{Code, Error, NextStep};
use crate::ledger::{Entry, FileKey, Made, Owner, OwnersWant, Want};
use crate::toml::{Literal, Path};
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, KeyValue, handler_path, handlers_path, old_handler_path};
use crate::want::nearest::nearest;

use super::edited::Absent;
use super::refusal;
use super::start::Start;

impl Start<'_> {
    /// Adopts what the owner of the change asks for, as far as it is nobody's.
    ///
    /// # Errors
    ///
    /// [`Error`] if the change says what is to stand at a key for which it does not ask.
    pub(super) fn adopt(&mut self) -> Result<(), Error> {
        let change = self.change;
        let Some(adoption) = &change.adoption else {
            return Ok(());
        };
        let own = self.ledger.owners.get(self.owner());
        let wants = own.into_iter().flat_map(Owner::values);
        let wants = wants.filter(|it| self.asked.contains(&it.key));
        let wants: Vec<KeyValue> = wants.collect();
        let asked: Vec<Key> = wants.iter().map(|want| want.key.clone()).collect();
        let default = Key::default_handler();
        let runs_runc = Key::of_handler(BUILT_IN, &["runtime_type"]);
        for was in adoption {
            let resets = was.key == default && !change.removes.is_empty();
            if !asked.contains(&was.key) && !resets {
                return Err(refusal::was_of_another_key(&was.key));
            }
            if was.key.handler_name().is_some_and(|name| name != BUILT_IN) {
                return Err(refusal::was_in_handler(&was.key));
            }
            if was.key == default {
                self.check_default(&was.value)?;
            }
            if resets {
                self.adopt_default(&was.value);
            }
        }
        self.forget_found(&asked);
        let mut handlers: Vec<&[String]> = asked.iter().filter_map(Key::handler).collect();
        handlers.dedup();
        for handler in handlers {
            if handler != handler_path(BUILT_IN) {
                self.adopt_handler(handler);
            }
        }
        for KeyValue { key, value } in &wants {
            let was = adoption.iter().find(|it| it.key == *key);
            let was = was.map(|it| it.value.clone());
            // A node needs them: without one to come back they stay.
            if [&default, &runs_runc].contains(&key) && was.is_none() {
                continue;
            }
            for (file, view) in self.config.writable(&self.views) {
                if let Some(now) = view.value(key).filter(|now| now == value) {
                    let at = FileKey::new(file, key);
                    let entries = &mut self.ledger.entries;
                    // What was recovered from comments is adopted, too.
                    if !entries.contains_key(&at) || !self.known.entries.contains_key(&at) {
                        entries.insert(at, Entry::adopted(was.clone(), now));
                    }
                }
            }
        }
        Ok(())
    }

    /// Drops the entries of keys that already had the wanted value when the owner came, so that they
    /// can be adopted. Entries that another owner wants stay.
    fn forget_found(&mut self, keys: &[Key]) {
        let others = self.ledger.wants().filter(|it| it.owner != self.owner());
        let wanted: BTreeSet<Key> = others.map(|it| it.key.clone()).collect();
        let views = &self.views;
        self.ledger.entries.retain(|at, entry| {
            let is_found = entry.was.is_some() && entry.was == at.now(views);
            !is_found || !keys.contains(&at.key) || wanted.contains(&at.key)
        });
    }

    /// The default that comes back has to be one that is listed: containerd 1.x lists `runc` of itself
    /// only where no other handler is.
    fn check_default(&self, was: &Literal) -> Result<(), Error> {
        let name = was.as_string().unwrap_or_default();
        let handler = handler_path(&name);
        let lists = |view: &View| view.has(&handler);
        let hides_runc = |view: &View| view.spelling.is_read_by_1x() && view.handlers().is_some();
        let is_built_in = name == BUILT_IN && !self.views.values().any(hides_runc);
        if is_built_in || self.views.values().any(lists) {
            return Ok(());
        }
        Err(refusal::default_not_listed(&name, &self.views))
    }

    /// Adopts a default, nobody's, that names a handler which goes: `was` is the default from then on.
    fn adopt_default(&mut self, was: &Literal) {
        let key = Key::default_handler();
        for (file, view) in self.config.writable(&self.views) {
            let named = view.default_handler();
            if named.is_some_and(|name| self.change.removes.contains(&name))
                && let Some(now) = view.value(&key)
            {
                let entry = self.ledger.entries.entry(FileKey::new(file, &key));
                entry.or_insert_with(|| Entry::adopted(Some(was.clone()), now));
            }
        }
    }

    /// Adopts all of a handler that no owner has anything to do with.
    fn adopt_handler(&mut self, handler: &[String]) {
        let is_foreign = |it: OwnersWant<'_>| it.owner != self.owner();
        if self.ledger.wants_below(handler).any(is_foreign) {
            return;
        }
        for (file, view) in self.config.writable(&self.views) {
            // A run that was killed may have written it to another file.
            if !view.has(handler) || self.ledger.has_made(file, handler) {
                continue;
            }
            for leaf in view.leaves(handler) {
                let key = Key::new(&leaf);
                let Some(value) = view.value(&key).filter(|_| leaf != handler) else {
                    continue;
                };
                let want = Want {
                    value: Some(value.clone()),
                    seq: self.ledger.next_seq(),
                    is_adopted: true,
                };
                if let Some(owner) = self.ledger.owners.get_mut(self.change.owner.as_str()) {
                    owner.wants.entry(key.clone()).or_insert(want);
                }
                let tables = (handler.len()..leaf.len()).map(|depth| &leaf[..depth]);
                let made = tables.map(|table| Made::new(file, table));
                self.ledger.made.extend(made);
                let entry = self.ledger.entries.entry(FileKey::new(file, &key));
                let entry = entry.or_insert_with(|| Entry::adopted(None, value));
                // What stood there before goes with the handler.
                entry.was = None;
            }
            self.ledger.made.insert(Made::new(file, handler));
            // An empty table of handlers would hide the built-in runc of containerd 1.x.
            let mut names = view.handler_names();
            if names.all(|name| self.ledger.has_made(file, &handler_path(name))) {
                let handlers = Made::new(file, &handlers_path());
                self.ledger.made.insert(handlers);
            }
        }
    }

    /// Looks at the handlers that are to be removed: one that no owner has declared is adopted first,
    /// if the change says so.
    ///
    /// # Errors
    ///
    /// [`Error`] if a handler is another owner's, or nobody's without that.
    pub(super) fn prepare_removals(&mut self) -> Result<(), Error> {
        let change = self.change;
        let own = self.ledger.owners.get(self.owner()).into_iter();
        let own: Vec<Key> = own.flat_map(|it| it.wants.keys().cloned()).collect();
        if change.adoption.is_some() {
            let goes = |name: &str| change.is_all || change.removes.iter().any(|it| it == name);
            let goes = |name: &str| name != BUILT_IN && goes(name);
            let leaves = |key: &&Key| key.handler_name().is_some_and(goes);
            let leaves: Vec<Key> = own.iter().filter(leaves).cloned().collect();
            self.forget_found(&leaves);
            for handler in leaves.iter().filter_map(Key::handler) {
                self.adopt_handler(handler);
            }
        }
        for name in &change.removes {
            let handler = handler_path(name);
            if !own.iter().any(|key| key.path.starts_with(&handler)) {
                self.prepare_removal(name, &handler)?;
            }
        }
        Ok(())
    }

    /// Looks at a handler of which the acting owner wants nothing.
    fn prepare_removal(&mut self, name: &str, handler: &[String]) -> Result<(), Error> {
        if let Some(owner) = self.ledger.owner_of(handler) {
            return Err(refusal::foreign_removal(name, owner));
        }
        let lists: Vec<(&String, &View)> =
            self.views.iter().filter(|it| it.1.has(handler)).collect();
        if lists.is_empty() {
            let mut files = self.views.iter();
            let old = files.find(|(_, view)| view.lists(name));
            if let (Some((file, view)), Some(old)) = (old, old_handler_path(name)) {
                let place = view.place(&old);
                return Err(refusal::old_handler(self.config, file, &place, name));
            }
            if let Some(error) = self.in_other_table(name) {
                if self.change.adoption.is_some() {
                    return Err(error);
                }
                let message = format!("{error}; {}", error.hint());
                self.report.warn("was-there", message);
                return Ok(());
            }
            let names = self.views.values().flat_map(View::handler_names);
            let absent = Absent::new(name, names);
            self.report.absent.push(absent);
            return Ok(());
        }
        // Keys that are implied, or left by a killed run, have no owner to protect.
        let mut files = self.views.keys();
        if files.any(|file| self.ledger.has_in(file, handler)) {
            return Ok(());
        }
        let (own, others): (Vec<_>, Vec<_>) = lists
            .into_iter()
            .partition(|(file, _)| self.config.is_writable(file));
        if let (Some((file, _)), []) = (others.first(), own.as_slice()) {
            let file = self.config.path_of(file);
            self.report.warn_written_anew(&file, name);
            return Ok(());
        }
        let mut keys = Vec::new();
        for (file, view) in own {
            if let Some(ids) = view.spelling.undecided {
                return Err(refusal::undecided(self.config, file, ids));
            }
            let leaves = view.leaves(handler);
            let below = leaves.map(|leaf| Key::new(&leaf[handler.len() - 1..]));
            keys.extend(below.map(|key| key.to_string()));
        }
        if name == BUILT_IN || self.change.adoption.is_none() {
            let plugin_id = self.change.plugin_id.as_deref();
            return Err(refusal::undeclared_handler(name, plugin_id, &keys));
        }
        self.adopt_handler(handler);
        Ok(())
    }

    /// Says of a handler that it stands in a table of the main file that does not count, if it does.
    fn in_other_table(&self, name: &str) -> Option<Error> {
        let view = self.views.get(&self.config.main().name)?;
        let table = |id: &str| {
            let runtimes = runtimes_path(id).into_iter().chain([name]);
            runtimes.map(str::to_owned).collect::<Path>()
        };
        let mut ids = plugin::IDS.into_iter();
        let id = ids.find(|id| view.tree.get(&table(id)).is_some())?;
        // The tool's handlers of one file stand in one table.
        let mut files = self.views.keys();
        let remedy = if name == BUILT_IN || files.any(|it| self.ledger.has_runtime_keys(it)) {
            "to remove it, edit the file by hand".to_owned()
        } else {
            let plugin_id = Some(id);
            NextStep::RemoveUndeclared { name, plugin_id }.into()
        };
        let message = format!("{name} is listed only in the plugin table {id}, and stays");
        Some(Error::new(Code::ForeignHandler, message, remedy))
    }

    /// Looks at the owner that is to leave.
    pub(super) fn check_owner(&mut self) {
        let name = self.owner();
        let leaves = self.change.is_all && !self.change.adds();
        if !leaves || self.ledger.owners.contains_key(name) {
            return;
        }
        let mut left = self.ledger.left.iter();
        self.report.left_before = left.find(|it| it.owner == name).cloned();
        if self.report.left_before.is_none() {
            self.report.unknown_owner = Some(Absent::new(name, self.ledger.owners()));
        }
    }
}

impl Absent {
    fn new<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Self {
        Self {
            name: name.to_owned(),
            near: near(name, known),
        }
    }
}

/// The name that was meant, among those that there are: it differs in a few letters, or begins alike.
fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let known: Vec<&str> = known.collect();
    let close = |known: &&&str| {
        let shared = name.chars().zip(known.chars()).take_while(|(a, b)| a == b);
        let longest = name.len().max(known.len());
        shared.count() * 2 >= longest || known.contains(name) || name.contains(**known)
    };
    let near = nearest(name, known.iter().copied()).or_else(|| known.iter().find(close).copied());
    near.map(str::to_owned)
}
