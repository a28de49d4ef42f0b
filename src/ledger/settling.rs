//! A ledger held against what the files say now.

use crate::config::view::{View, Views};
use crate::containerd::plugin;
use crate::toml::{Literal, Path};
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

use super::stored::{Entry, Ledger};

impl Ledger {
    /// Drops what the files say otherwise by now. A key at which what stood there before stands again
    /// was taken back, or never written; one with any other value was set by hand and stays known.
    pub(crate) fn settle(&mut self, views: &Views) {
        // A ledger of nothing else is one of a killed run, and all in it is to go.
        let has_others = self
            .entries
            .iter()
            .any(|entry| !self.may_be_forgotten(entry));
        self.entries.retain(|entry| {
            let now = entry.now(views);
            entry.holds_ours(now.as_ref()) || now != entry.was
        });
        if has_others {
            self.forget_implied(views);
        }
        if self.entries.is_empty() {
            self.made.clear();
        }
        self.made.retain(|made| {
            let view = views.get(&made.file).filter(|view| view.exists);
            view.is_some_and(|view| made.path.is_empty() || view.has(&made.path))
        });
    }

    /// What is implied does not outlive what it is implied by: where nothing else of the tool is in
    /// force, it is the file's own.
    pub(crate) fn forget_implied(&mut self, views: &Views) {
        let mut others = self.entries.iter().filter(|it| !self.may_be_forgotten(it));
        if others.any(|entry| entry.holds_ours(entry.now(views).as_ref())) {
            return;
        }
        let entries = std::mem::take(&mut self.entries);
        self.entries = entries
            .into_iter()
            .filter(|entry| !self.may_be_forgotten(entry))
            .collect();
    }

    /// Whether the entry is of an implied key that nobody wants. The import of a drop-in is never
    /// left to the file: it would stop containerd once the drop-in is gone.
    fn may_be_forgotten(&self, entry: &Entry) -> bool {
        let may_be = is_implied(&entry.key) && entry.key.path != ["imports"];
        may_be && !self.is_wanted(&entry.key)
    }

    /// The places of the values of a file that are not the tool's, at or below a canonical path.
    pub(crate) fn foreign(&self, file: &str, view: &View, path: &[String]) -> Vec<Path> {
        let own = self.entries.iter().filter(|entry| entry.file == file);
        let own = own.filter(|entry| {
            let is_whole = entry.key.element.is_none() || self.has_made(file, &entry.key.path);
            let now: Option<Literal> = view.value(&entry.key);
            is_whole && entry.was.is_none() && entry.holds_ours(now.as_ref())
        });
        let own: Vec<_> = own.map(|entry| view.place(&entry.key.path)).collect();
        let mut leaves = view.tree.leaves(&view.place(path));
        leaves.retain(|leaf| !own.iter().any(|own| leaf.starts_with(own)));
        leaves
    }
}

/// Whether a key tells the images plugin the snapshotter of a handler.
pub(crate) fn is_twin(key: &Key) -> bool {
    let path: Vec<&str> = key.path.iter().map(String::as_str).collect();
    matches!(
        path[..],
        [
            "plugins",
            plugin::IMAGES,
            "runtime_platforms",
            _,
            "snapshotter"
        ]
    )
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
        None => path == ["version"] || path == ["imports"] || is_twin(key),
    }
}
