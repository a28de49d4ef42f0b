//! What can be told of owners where there is no ledger at all: from the comments above blocks.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::toml::{Heading, Path};
use crate::want::comment::owner_in;
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_of, handler_path, handlers_path};

use super::settling::is_implied;
use super::stored::{Entry, IMPLIED, Ledger, Made, Owner, Want};

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
                // A handler comes with its tables. Below any other table may be somebody else's.
                let is_handler = handler_of(&table).is_some_and(|it| it == table);
                let below = heading.keys_below.iter().filter(|_| is_handler);
                for place in heading.keys.iter().chain(below) {
                    let key = Key::new(&view.spelling.canonical(place));
                    let Some(value) = view.tree.value(place) else {
                        continue;
                    };
                    let may_be = owner != IMPLIED || is_implied(&key);
                    if self.entry(&file.name, &key).is_some() || !may_be {
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
                // Where `runc` was not listed before, whatever else is listed needs it.
                if is_handler && table == handler_path(BUILT_IN) {
                    tables.insert(handlers_path());
                }
                // Its header may have been moved away from the comment.
                if let Some(handler) = handler_of(&table) {
                    let leaves = view.leaves(handler).into_iter().map(|leaf| Key::new(&leaf));
                    let mut foreign = leaves.filter(|key| self.entry(&file.name, key).is_none());
                    if foreign.next().is_none() {
                        tables.insert(handler.to_vec());
                    }
                }
                let tables = tables.into_iter().filter(|table| view.has(table));
                self.made
                    .extend(tables.map(|table| Made::new(&file.name, &table)));
            }
        }
        if !recovered.found.is_empty() {
            recovered.lost = self.maybe_lost(config, views);
        }
        recovered
    }

    /// Whether the ledger knows a key of a block, or there is none.
    pub(crate) fn knows(&self, file: &str, view: &View, block: &Heading) -> bool {
        let mut entries = self.entries.iter().filter(|entry| entry.file == file);
        let keys: Vec<Path> = block
            .all_keys()
            .map(|it| view.spelling.canonical(it))
            .collect();
        let is_known = |entry: &Entry| keys.iter().any(|key| entry.key.path.starts_with(key));
        keys.is_empty() || entries.any(is_known)
    }

    /// The keys of the blocks that the ledger does not know, by the owners that their comments name: it
    /// may be one from before those owners came.
    pub(crate) fn unknown(&self, config: &Config, views: &Views) -> BTreeMap<String, Vec<Key>> {
        let mut unknown: BTreeMap<String, Vec<Key>> = BTreeMap::new();
        for file in config.files() {
            let (Some(text), Some(view)) = (&file.text, views.get(&file.name)) else {
                continue;
            };
            let blocks = text.document.headings(|line| owner_in(line).is_some());
            for block in blocks.iter().filter(|it| !self.knows(&file.name, view, it)) {
                let keys = block.all_keys().map(|it| view.spelling.canonical(it));
                if let Some(owner) = owner_in(&block.comment).filter(|it| *it != IMPLIED) {
                    let known = unknown.entry(owner.to_owned()).or_default();
                    known.extend(keys.map(|path| Key::new(&path)));
                }
            }
        }
        unknown
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
