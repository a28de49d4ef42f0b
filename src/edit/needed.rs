//! What nobody wants any more and something that stays still needs.

use std::collections::BTreeMap;

use crate::want::key::Key;

use super::work::{At, Work};

impl Work<'_> {
    /// Keys that this edit removes and that something needs which stays, each with the key that needs
    /// it.
    pub(super) fn needed_now(&self) -> BTreeMap<At, String> {
        let mut needed = self.needed_types();
        needed.extend(self.needed_proxies());
        needed
    }

    /// The type of a handler of which another owner wants something.
    fn needed_types(&self) -> BTreeMap<At, String> {
        let mut needed = BTreeMap::new();
        for (file, view) in &self.views {
            for name in view.handler_names() {
                let kind = Key::of_handler(name, &["runtime_type"]);
                let before = self.before.get(file);
                let is_lost = view.value(&kind).is_none()
                    && before.is_some_and(|before| before.value(&kind).is_some());
                let owners = self.ledger.owners.values();
                let mut wants = owners.flat_map(|owner| owner.wants.keys());
                let by = wants.find(|key| key.handler_name() == Some(name));
                if let Some(by) = by.filter(|_| is_lost) {
                    needed.insert((file.clone(), kind), by.to_string());
                }
            }
        }
        needed
    }

    /// The proxy plugin that a snapshotter names.
    fn needed_proxies(&self) -> BTreeMap<At, String> {
        let table = [String::from("proxy_plugins")];
        let mut needed = BTreeMap::new();
        for (file, before) in self.before {
            let names = before.tree.table(&before.place(&table));
            for name in names.into_iter().flat_map(|table| table.names()) {
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
