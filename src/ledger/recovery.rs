//! What can be told of owners where there is no ledger at all: from the comments above blocks.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::view::Views;
use crate::want::key::{Key, handler_of};

use super::stored::{Entry, IMPLIED, Ledger, Owner, Want, owner_in};

/// What was read from comments instead of a ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Owners and their keys.
    pub(crate) found: Vec<(String, Key)>,
    /// Keys that may be the tool's: no comment says who wants them.
    pub(crate) lost: Vec<Key>,
}

impl Ledger {
    /// Takes what stands below each comment of the tool for its owner's, with nothing before it.
    pub(crate) fn recover(&mut self, config: &Config, views: &Views) -> Recovered {
        let mut recovered = Recovered::default();
        for file in config.files() {
            let (Some(text), Some(view)) = (&file.text, views.get(&file.name)) else {
                continue;
            };
            for heading in text.document.headings(|line| owner_in(line).is_some()) {
                let Some(owner) = owner_in(&heading.comment) else {
                    continue;
                };
                let table = view.spelling.canonical(&heading.table);
                let mut tables = BTreeSet::from([table.clone()]);
                // Below a table that is no handler's, other blocks may stand.
                let is_whole = handler_of(&table).is_some();
                for place in &heading.keys {
                    let key = Key::new(&view.spelling.canonical(place));
                    if !is_whole && key.path.len() > table.len() + 1 {
                        continue;
                    }
                    let Some(value) = view.tree.value(place) else {
                        continue;
                    };
                    if self.entry(&file.name, &key).is_some() {
                        continue;
                    }
                    tables.extend((table.len()..key.path.len()).map(|it| key.path[..it].to_vec()));
                    if owner != IMPLIED {
                        let known = self
                            .owners
                            .entry(owner.to_owned())
                            .or_insert_with(|| Owner {
                                file: file.name.clone(),
                                ..Owner::default()
                            });
                        let want = Want {
                            value: value.clone(),
                            seq: 0,
                            is_adopted: false,
                        };
                        known.wants.insert(key.clone(), want);
                        recovered.found.push((owner.to_owned(), key.clone()));
                    }
                    self.entries.push(Entry::new(&file.name, &key, None, value));
                }
                let tables = tables.into_iter().filter(|table| view.has(table));
                self.made
                    .extend(tables.map(|table| (file.name.clone(), table)));
            }
        }
        if !recovered.found.is_empty() {
            recovered.lost = self.maybe_lost(config, views);
        }
        recovered
    }

    /// Keys outside of blocks that the tool may have written beside what was recovered.
    fn maybe_lost(&self, config: &Config, views: &Views) -> Vec<Key> {
        let mut lost = Vec::new();
        let default = Key::default_handler();
        let imports = Key::new(&["imports"]);
        for file in config.files() {
            let Some(view) = views.get(&file.name) else {
                continue;
            };
            let names = view.default_handler();
            let is_recovered = |name: &String| {
                let keys = self.entries.iter().map(|entry| &entry.key);
                keys.into_iter().any(|key| key.handler_name() == Some(name))
            };
            let has =
                |key: &Key| view.value(key).is_some() && self.entry(&file.name, key).is_none();
            if names.is_some_and(|name| is_recovered(&name)) && has(&default) {
                lost.push(default.clone());
            }
            let mut imported = self.entries.iter();
            if imported.any(|it| file.leads_to(&config.path_of(&it.file))) && has(&imports) {
                lost.push(imports.clone());
            }
        }
        lost
    }
}
