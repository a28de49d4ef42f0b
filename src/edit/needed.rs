//! What nobody wants any more and something that stays still needs.

use std::collections::BTreeMap;

use crate::toml::{Path, Table};
use crate::want::key::{Key, handlers_path};

use super::work::{At, Work};

impl Work<'_> {
    /// Keys that this edit removes and that something needs which stays, each with the key that needs
    /// it.
    pub(super) fn needed_now(&self) -> BTreeMap<At, String> {
        let mut needed = self.needed_types();
        needed.extend(self.needed_proxies());
        needed
    }

    /// What a handler or a proxy plugin can't be without, where another owner wants something of it.
    fn needed_types(&self) -> BTreeMap<At, String> {
        let mut needed = BTreeMap::new();
        for (table, keys) in [
            (handlers_path(), &["runtime_type"][..]),
            (proxies(), &["type", "address"]),
        ] {
            for (file, view) in &self.views {
                let names = view.tree.table(&view.place(&table)).into_iter();
                for name in names.flat_map(Table::names) {
                    let mut path = table.clone();
                    path.push(name.to_owned());
                    let lost = keys.iter().map(|key| self.lost(file, &path, key));
                    needed.extend(lost.flatten());
                }
            }
        }
        needed
    }

    /// The key of a table, with a key that is wanted there, if this edit removes it.
    fn lost(&self, file: &str, table: &[String], name: &str) -> Option<(At, String)> {
        let mut key = Key::new(table);
        key.path.push(name.to_owned());
        let owners = self.ledger.owners.values();
        let mut wants = owners.flat_map(|owner| owner.wants.keys());
        let wanted = wants.find(|key| key.path.starts_with(table));
        let by = wanted.cloned().or_else(|| self.left_in_proxy(file, table))?;
        let at = (file.to_owned(), key);
        let was_there = self.before.get(file)?.value(&at.1).is_some();
        let is_lost = was_there && self.now(&at).is_none();
        is_lost.then(|| (at, by.to_string()))
    }

    /// A key that somebody has set by hand in a proxy plugin of the tool's: it stays, and with it what
    /// containerd does not start without.
    fn left_in_proxy(&self, file: &str, table: &[String]) -> Option<Key> {
        let is_own = table.starts_with(&proxies()) && self.ledger.has_made(file, table);
        let leaves = self.views.get(file)?.leaves(table).into_iter();
        let mut left = leaves.filter(|leaf| is_own && leaf != table);
        left.next().map(|leaf| Key::new(&leaf))
    }

    /// The proxy plugin that a snapshotter names.
    fn needed_proxies(&self) -> BTreeMap<At, String> {
        let table = proxies();
        let mut needed = BTreeMap::new();
        for (file, before) in self.before {
            let names = before.tree.table(&before.place(&table));
            for name in names.into_iter().flat_map(Table::names) {
                let plugin = [table[0].clone(), name.to_owned()];
                if self.views.values().any(|view| view.has(&plugin)) {
                    continue;
                }
                let by = self.snapshotter_of(name);
                let leaves = before.leaves(&plugin).into_iter().filter(|_| by.is_some());
                let keys = leaves.map(|leaf| (file.clone(), Key::new(&leaf)));
                needed.extend(keys.map(|at| (at, by.clone().unwrap_or_default())));
            }
        }
        needed
    }

    /// The first key that has this snapshotter.
    fn snapshotter_of(&self, name: &str) -> Option<String> {
        self.views.values().find_map(|view| {
            let leaves = view.tree.leaves(&[String::from("plugins")]).into_iter();
            let mut named = leaves.filter(|leaf| leaf.last().is_some_and(|it| it == "snapshotter"));
            let found = named.find(|leaf| {
                let value = view.tree.value(leaf);
                value.and_then(|value| value.as_string()).as_deref() == Some(name)
            })?;
            Some(Key::new(&view.spelling.canonical(&found)).to_string())
        })
    }
}

fn proxies() -> Path {
    vec!["proxy_plugins".to_owned()]
}
