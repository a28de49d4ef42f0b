//! What becomes of the keys that an owner clears.

use std::collections::BTreeSet;

use crate::error::{Error, NextStep};
use crate::ledger::{FileKey, OwnersWant, is_implied, newest_owner};
use crate::want::change::Change;
use crate::want::key::{Key, handlers_path};
use crate::want::meant::meant_by;
use crate::want::nearest::nearest;

use super::edited::Absent;
use super::refusal;
use super::start::Start;

/// So many keys of a table are named.
const MOST_NAMES: usize = 10;

impl Start<'_> {
    /// Looks at the keys that the change clears: the owner's own wants are withdrawn. Where it has none,
    /// what is nobody's is to go: those keys are returned. What comes with a new handler, as `completed`
    /// says, need not go.
    ///
    /// # Errors
    ///
    /// [`Error`] if a key is another owner's, if others need it, or if it is a handler.
    pub(super) fn clear(&mut self, completed: &Change) -> Result<Vec<Key>, Error> {
        let mut absent = Vec::new();
        let comes = |key: &&Key| completed.wants.iter().any(|want| want.key.is_within(key));
        for key in self.change.cleared.iter().filter(|key| !comes(key)) {
            let own = self.ledger.wants().filter(|it| it.owner == self.owner());
            let views = self.views.values();
            let others = views.filter_map(|view| view.elsewhere(key));
            let spellings: BTreeSet<Key> = others.chain([key.clone()]).collect();
            let is_meant = |it: &Key| spellings.iter().any(|key| it.is_within(key));
            let own: Vec<OwnersWant<'_>> = own.filter(|it| is_meant(it.key)).collect();
            let found = spellings.iter().flat_map(|key| self.found(key));
            let mut found: Vec<Key> = found.collect();
            let is_handler = key.handler() == Some(&key.path) || key.path == handlers_path();
            if is_handler && found.is_empty() && own.iter().all(|it| it.key != key) {
                return Err(refusal::not_one_key(key));
            }
            let values = own.iter().filter(|it| it.want.value.is_some());
            let values: Vec<Key> = values.map(|it| it.key.clone()).collect();
            if !values.is_empty() {
                self.touched.extend(values);
                continue;
            }
            found.extend(own.iter().map(|it| it.key.clone()));
            let is_there = self.views.values().any(|view| view.has(&key.path));
            let is_foreign = !found.is_empty() || (is_there && key.element.is_none());
            let owner = self.foreign_owner(key);
            if let Some(owner) = owner.filter(|_| is_foreign && !self.takes_over()) {
                return Err(refusal::foreign_clearing(key, owner));
            }
            if let Some(key) = found.iter().find(|key| self.is_implied(key)) {
                return Err(refusal::implied(key));
            }
            if found.is_empty() {
                let there = self.standing();
                if there.iter().any(|it| it.is_within(key)) {
                    self.warn_of_table(key, &there);
                } else {
                    let unknown = self.absent(key, &there);
                    self.report.absent_keys.push(unknown);
                }
            }
            absent.extend(found);
        }
        Ok(absent)
    }

    /// The owner of a key, or of the handler that it is below, if the acting one wants nothing of it.
    pub(super) fn foreign_owner(&self, key: &Key) -> Option<&str> {
        let known = || {
            let handler = key.handler();
            let wants = self.ledger.wants_below(handler.unwrap_or(&key.path));
            wants.filter(move |it| handler.is_some() || it.key.is_within(key))
        };
        if known().any(|it| it.owner == self.owner()) {
            return None;
        }
        newest_owner(known())
    }

    /// The key itself, or each element of a list, as far as any file has it as a value.
    fn found(&self, key: &Key) -> Vec<Key> {
        let keys = self.views.values().flat_map(|view| {
            let place = view.place(&key.path);
            let node = view.tree.get(&place);
            let node = node.filter(|node| node.below().is_none() && view.value(key).is_some());
            let is_list = key.is_list() && key.element.is_none();
            if let Some(list) = node.filter(|it| is_list && it.array().is_some()) {
                return key.elements(list).map(|it| it.key).collect();
            }
            node.map(|_| key.clone()).into_iter().collect::<Vec<Key>>()
        });
        keys.collect::<BTreeSet<Key>>().into_iter().collect()
    }

    /// Whether a key is there for the sake of others alone.
    fn is_implied(&self, key: &Key) -> bool {
        let mut files = self.views.keys().map(|file| FileKey::new(file, key));
        let is_own = files.any(|at| self.ledger.entries.contains_key(&at));
        key.path == ["version"] || (is_own && is_implied(key) && !self.ledger.is_wanted(key))
    }

    /// All that stands in the files.
    fn standing(&self) -> BTreeSet<Key> {
        let keys = self.views.values().flat_map(|view| {
            let leaves = view.tree.leaves(&[]);
            leaves.flat_map(|leaf| self.found(&Key::new(&view.spelling.canonical(&leaf))))
        });
        keys.collect()
    }

    /// A table was to go of which no owner wants anything: its keys are named.
    fn warn_of_table(&mut self, table: &Key, there: &BTreeSet<Key>) {
        let below = there.iter().filter(|it| it.is_within(table));
        let below = below.filter(|it| !self.is_implied(it));
        // Handlers go by another verb.
        let below = below.filter(|it| it.handler().is_none() || table.handler().is_some());
        let names: Vec<String> = below.take(MOST_NAMES).map(Key::on_command_line).collect();
        let mut keys = names.join(" ");
        let owner = self.owner();
        if self.foreign_owner(table).is_some() && !keys.is_empty() {
            keys.push_str(" --take-over");
        }
        let next = match keys.as_str() {
            "" => NextStep::SeeHandlers,
            keys => NextStep::UnsetKeys { keys, owner },
        };
        let table = table.on_command_line();
        let message = format!("{table} is a table, and none of its keys is {owner}'s: {next}");
        self.report.warn("not-one-key", message);
    }

    /// A key that was to go and is not there.
    fn absent(&self, key: &Key, there: &BTreeSet<Key>) -> Absent {
        let name = key.on_command_line();
        // In another table or handler, another key is meant.
        let table = |key: &Key| key.path.split_last().map(|(_, table)| table.to_vec());
        let keys = there.iter().filter(|it| table(it) == table(key));
        let known: Vec<String> = keys.map(Key::on_command_line).collect();
        let near = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
        let path: Vec<&str> = key.path.iter().map(String::as_str).collect();
        let kind = key.kind();
        let kind = kind.and_then(|kind| {
            let mut values = self.views.values().filter_map(|view| view.value(&kind));
            values.find_map(|value| value.as_string())
        });
        let meant = || Some(Key::new(&meant_by(&path, kind.as_deref())?).on_command_line());
        Absent {
            name,
            near: near.or_else(meant),
        }
    }
}
