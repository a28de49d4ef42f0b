//! A ledger held against what the files say now.

use crate::config::view::{View, Views};
use crate::containerd::plugin;
use crate::toml::Literal;
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

use super::stored::{Entry, Ledger};

impl Ledger {
    /// Drops what the files say otherwise by now. A key at which what stood there before stands again
    /// was taken back, or never written; one with any other value was set by hand and stays known.
    pub(crate) fn settle(&mut self, views: &Views) {
        self.entries.retain(|entry| {
            let now = views
                .get(&entry.file)
                .and_then(|view| view.value(&entry.key));
            entry.is_in_force(now.as_ref()) || now != entry.was
        });
        self.forget_implied(views);
        if self.entries.is_empty() {
            self.made.clear();
        }
        self.made.retain(|(file, path)| {
            let view = views.get(file).filter(|view| view.exists);
            view.is_some_and(|view| path.is_empty() || view.has(path))
        });
    }

    /// What is implied does not outlive what it is implied by: where nothing else of the tool is in
    /// force, it is the file's own.
    pub(crate) fn forget_implied(&mut self, views: &Views) {
        let is_implied = |ledger: &Self, entry: &Entry| {
            let may_be = is_implied(&entry.key) && entry.key.path != ["imports"];
            may_be && !ledger.is_wanted(&entry.key)
        };
        let in_force = |entry: &Entry| {
            let now = views
                .get(&entry.file)
                .and_then(|view| view.value(&entry.key));
            entry.is_in_force(now.as_ref())
        };
        let mut others = self.entries.iter().filter(|it| !is_implied(self, it));
        if others.any(in_force) {
            return;
        }
        let entries = std::mem::take(&mut self.entries);
        self.entries = entries
            .into_iter()
            .filter(|entry| !is_implied(self, entry))
            .collect();
    }

    /// The canonical paths of the values of a file that are not the tool's.
    pub(crate) fn foreign(&self, file: &str, view: &View) -> Vec<crate::toml::Path> {
        let own = self.entries.iter().filter(|entry| entry.file == file);
        let own = own.filter(|entry| {
            let is_whole = entry.key.element.is_none() || self.has_made(file, &entry.key.path);
            let now: Option<Literal> = view.value(&entry.key);
            is_whole && entry.was.is_none() && entry.is_in_force(now.as_ref())
        });
        let own: Vec<_> = own.map(|entry| view.place(&entry.key.path)).collect();
        let mut leaves = view.tree.leaves(&[]);
        leaves.retain(|leaf| !own.iter().any(|own| leaf.starts_with(own)));
        leaves
    }
}

/// Whether a key is one that is also put where nobody wants it, for the sake of others.
pub(crate) fn is_implied(key: &Key) -> bool {
    let runtimes = plugin::runtimes_path(plugin::RUNTIME);
    let path: Vec<&str> = key.path.iter().map(String::as_str).collect();
    match path.strip_prefix(&runtimes[..]) {
        Some(rest) => matches!(
            rest,
            [BUILT_IN, "runtime_type"] | [BUILT_IN, "options", "SystemdCgroup"]
        ),
        None => path == ["version"] || path == ["imports"],
    }
}
