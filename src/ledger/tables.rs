//! Which plugin table of a file has the handlers, and by which version's names it has the tool's keys,
//! where that is not as its config version has it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::containerd::Successor;
use crate::containerd::plugin;
use crate::containerd::spelling;
use crate::containerd::version;
use crate::toml::Path;

use super::entry::Entry;
use super::file_key::FileKey;
use super::lost::is_lost;
use super::stored::Ledger;

impl Ledger {
    /// Says in a config where the tool has written. A table counts as long as it is there: somebody
    /// may have migrated the file.
    pub(crate) fn choose_tables(&self, config: &mut Config) {
        config.successors.clear();
        // A value that says nothing becomes no element.
        let says = |entry: &Entry| {
            let last = entry.put.first().and_then(Option::as_ref);
            last.is_some_and(|it| !it.says_nothing())
        };
        for (at, _) in self.entries.iter().filter(|(_, entry)| says(entry)) {
            // Whoever wants the whole array knows it by that name.
            let is_free = |it: &&Successor| !self.is_wanted_below(&it.array());
            if let Some(successor) = Successor::of(&at.key.path).filter(is_free) {
                let successors = config.successors.entry(at.file.clone());
                successors.or_default().push(successor);
            }
        }
        for (file, id) in &self.tables {
            let text = config.file(file).and_then(|file| file.text.as_ref());
            let table = plugin::containerd_path(id);
            if text.is_some_and(|text| text.get(&table).is_some()) {
                config.set_table(file, id);
            }
        }
        // What is not noted stands where the file's version has it, whatever else has come since.
        let written = config.files().iter().filter(|file| {
            !self.tables.contains_key(&file.name) && self.has_runtime_keys(&file.name)
        });
        let undecided = written.filter_map(|file| {
            let text = file.text.as_ref()?;
            let [own, _] = plugin::choose(text, version::named(text)?).err()?;
            Some((file.name.clone(), own))
        });
        for (file, id) in undecided.collect::<Vec<_>>() {
            config.set_table(&file, id);
        }
    }

    /// The views of a config, with the tool's keys where they stand.
    pub(crate) fn views_of(&self, config: &Config) -> Views {
        let views = config.views();
        let versions = self.changed_versions(config, &views);
        if versions.is_empty() {
            views
        } else {
            config.views_by(&versions)
        }
    }

    /// The version under whose names most of the tool's keys in a file stand, for each file that names
    /// another: somebody may have changed that alone.
    pub(crate) fn changed_versions(&self, config: &Config, views: &Views) -> BTreeMap<String, i64> {
        let mut changed = BTreeMap::new();
        for (file, view) in views {
            // What was removed is missing under any name, and what has another value was set by hand.
            let is_there = |at: &FileKey| at.now(views).is_some();
            let votes = self.entries_in(file, &[]).filter(|(at, entry)| {
                !entry.removes() && (!is_there(at) || self.is_in_force(at, views))
            });
            let votes: Vec<&FileKey> = votes.map(|(at, _)| at).collect();
            let made = self.made.iter().filter(|made| made.file == *file);
            let made: Vec<&Path> = made.map(|made| &made.path).collect();
            let count = |views: &Views| {
                let found = votes.iter().filter(|at| self.is_in_force(at, views));
                let tables = made.iter().filter(|path| views[file].has(path));
                found.count() + tables.count()
            };
            if count(views) == votes.len() + made.len() {
                continue;
            }
            let others = (1..=version::NEWEST).map(|version| {
                let mut versions = changed.clone();
                versions.insert(file.clone(), version);
                let distance = version.abs_diff(view.version());
                (
                    (count(&config.views_by(&versions)), Reverse(distance)),
                    version,
                )
            });
            // Versions differ in few names: of those under which as many stand, it is the nearest.
            let most = others.max_by_key(|(rank, _)| *rank);
            let most = most.filter(|((found, _), _)| *found > count(views));
            changed.extend(most.map(|(_, version)| (file.clone(), version)));
        }
        changed
    }

    /// Remembers where the tool has written, so that it is found whatever else comes into the file.
    pub(crate) fn remember_tables(&mut self, views: &Views) {
        let unusual = views.iter().filter(|(file, view)| {
            let is_unusual = !view.spelling.is_of_its_version() || has_another_table(view);
            is_unusual && self.has_runtime_keys(file)
        });
        let tables = unusual.map(|(file, view)| (file.clone(), view.spelling.plugin().to_owned()));
        let mut tables: BTreeMap<String, String> = tables.collect();
        let known = std::mem::take(&mut self.tables).into_iter();
        tables
            .extend(known.filter(|(file, _)| is_lost(file, views) && self.has_runtime_keys(file)));
        self.tables = tables;
    }

    /// The one in which the tool has a handler, of the plugin tables of a file of this version that list
    /// it.
    pub(crate) fn table_of<'t>(
        &self,
        file: &str,
        version: i64,
        tables: &[&'t str],
    ) -> Option<&'t str> {
        let noted = self.tables.get(file).map(String::as_str);
        let mut places = noted.into_iter().chain([plugin::of_version(version)]);
        let there = places.find_map(|id| tables.iter().find(|table| **table == id));
        there.or(tables.first()).copied()
    }

    /// Whether the tool has written to the plugin of the handlers in a file.
    pub(crate) fn has_runtime_keys(&self, file: &str) -> bool {
        let mut keys = self.keys_in(file, &[]);
        keys.any(|key| spelling::is_runtime(&key.path))
    }
}

/// Whether another plugin table of the file has handlers, too.
fn has_another_table(view: &View) -> bool {
    let mut others = plugin::IDS
        .into_iter()
        .filter(|id| *id != view.spelling.plugin());
    others.any(|id| {
        let path = plugin::runtimes_path(id).map(str::to_owned);
        view.tree.table(&path).is_some()
    })
}
