//! What can be told of owners where there is no ledger at all: from the comments above blocks.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::toml::Heading;
use crate::want::comment::owner_in;
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_of, handler_path, handlers_path};

use super::entry::{Entry, Made};
use super::file_key::FileKey;
use super::implied::is_implied;
use super::owner::{Owner, Want};
use super::stored::{IMPLIED, Ledger};

impl Ledger {
    /// Takes what stands below comments of the tool, in blocks that the ledger does not know, for the
    /// owner's that the comment names, with nothing before it. Returns the keys by those owners.
    /// `owner`: whose comments count; `None`: all.
    pub(crate) fn recover(
        &mut self,
        owner: Option<&str>,
        config: &Config,
        views: &Views,
    ) -> BTreeMap<String, Vec<Key>> {
        let mut recovered: BTreeMap<String, Vec<Key>> = BTreeMap::new();
        for (block, file, view) in blocks(config, views) {
            let named = owner_in(&block.comment).unwrap_or(IMPLIED);
            if owner.is_none_or(|it| it == named) && !self.knows(file, view, &block) {
                let keys = self.recover_block(named, &block, file, view);
                recovered.entry(named.to_owned()).or_default().extend(keys);
            }
        }
        recovered.retain(|_, keys| !keys.is_empty());
        recovered
    }

    /// Takes the keys of a block for those of the owner that its comment names, and returns them.
    fn recover_block(
        &mut self,
        owner: &str,
        heading: &Heading,
        file: &str,
        view: &View,
    ) -> Vec<Key> {
        let mut found = Vec::new();
        let table = view.spelling.canonical(&heading.table);
        let mut tables = BTreeSet::from([table.clone()]);
        // A handler comes with its tables. Below any other table may be somebody else's.
        let is_handler = handler_of(&table).is_some_and(|it| it == table);
        let below = heading.keys_below.iter().filter(|_| is_handler);
        for place in heading.keys.iter().chain(below) {
            let key = Key::new(&view.spelling.canonical(place));
            let at = FileKey::new(file, &key);
            let is_known = self.entries.contains_key(&at);
            let Some(value) = view.tree.value(place).filter(|_| !is_known) else {
                continue;
            };
            if owner == IMPLIED && !is_implied(&key) {
                continue;
            }
            tables.extend((table.len()..key.path.len()).map(|it| key.path[..it].to_vec()));
            if owner != IMPLIED {
                let known = self.owners.entry(owner.to_owned());
                let known = known.or_insert_with(|| Owner {
                    file: file.to_owned(),
                    ..Owner::default()
                });
                let want = Want {
                    value: Some(value.clone()),
                    seq: 0,
                    is_adopted: false,
                };
                known.wants.entry(key.clone()).or_insert(want);
                found.push(key);
            }
            self.entries.insert(at, Entry::new(None, Some(value)));
        }
        // Where `runc` was not listed before, whatever else is listed needs it.
        if is_handler && table == handler_path(BUILT_IN) {
            tables.insert(handlers_path());
        }
        // Its header may have been moved away from the comment.
        if let Some(handler) = handler_of(&table) {
            let mut leaves = view.leaves(handler);
            if leaves.all(|leaf| {
                self.entries
                    .contains_key(&FileKey::new(file, &Key::new(&leaf)))
            }) {
                tables.insert(handler.to_vec());
            }
        }
        let tables = tables.into_iter().filter(|table| view.has(table));
        self.made
            .extend(tables.map(|table| Made::new(file, &table)));
        found
    }

    /// Whether the ledger knows a key of a block. True for a block without keys.
    pub(crate) fn knows(&self, file: &str, view: &View, block: &Heading) -> bool {
        let keys = block.all_keys().map(|it| view.spelling.canonical(it));
        let mut keys = keys.peekable();
        keys.peek().is_none() || keys.any(|key| self.has_in(file, &key))
    }

    /// Whether a comment of the tool stands above a block that the ledger does not know.
    pub(crate) fn misses_block(&self, config: &Config, views: &Views) -> bool {
        let mut blocks = blocks(config, views);
        blocks.any(|(block, file, view)| !self.knows(file, view, &block))
    }

    /// Keys outside of blocks that the tool may have written beside what was recovered: no comment
    /// says who wants them.
    pub(crate) fn maybe_lost(&self, config: &Config, views: &Views) -> Vec<Key> {
        let mut lost = Vec::new();
        let default = Key::default_handler();
        let imports = Key::new(&["imports"]);
        for file in config.files().iter().filter(|file| file.is_writable) {
            let Some(view) = views.get(&file.name) else {
                continue;
            };
            let has = |key: &Key| {
                let at = FileKey::new(&file.name, key);
                view.value(key).is_some() && !self.entries.contains_key(&at)
            };
            let named = view.default_handler();
            let mut keys = self.entries.keys();
            let is_recovered =
                named.is_some_and(|name| keys.any(|at| at.key.handler_name() == Some(&name)));
            if is_recovered && has(&default) {
                lost.push(default.clone());
            }
            let mut files = self.entries.keys().map(|at| config.path_of(&at.file));
            if files.any(|path| file.leads_to(&path)) && has(&imports) {
                lost.push(imports.clone());
            }
        }
        lost
    }
}

/// The blocks below the tool's comments, each with the file that it is in. A distribution's own file has
/// those of its template.
fn blocks<'c>(
    config: &'c Config,
    views: &'c Views,
) -> impl Iterator<Item = (Heading, &'c str, &'c View)> {
    let files = config.files().iter().filter(|file| file.is_writable);
    files.flat_map(|file| {
        let found = file.text.as_ref().zip(views.get(&file.name));
        let blocks = found.map(|(text, view)| {
            let blocks = text.headings(|line| owner_in(line).is_some());
            let blocks = blocks.into_iter();
            blocks.map(move |block| (block, file.name.as_str(), view))
        });
        blocks.into_iter().flatten()
    })
}
