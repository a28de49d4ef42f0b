//! A ledger compared with what the files say now.

use std::collections::BTreeSet;

use crate::config::view::{View, Views};
use crate::containerd::plugin;
use crate::toml::Path;
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

use super::file_key::FileKey;
use super::stored::Ledger;

impl Ledger {
    /// Drops what the files say otherwise by now. A key at which what stood there before stands again
    /// was taken back, or never written; one with any other value was set by hand and stays known.
    pub(crate) fn settle(&mut self, views: &Views) {
        // A ledger of nothing else is one of a killed run, and all in it is to go.
        let mut keys = self.entries.keys();
        let has_others = keys.any(|at| !self.may_be_forgotten(&at.key));
        self.entries.retain(|at, entry| {
            let now = at.now(views);
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
        let keys = self.entries.keys().cloned();
        let (implied, others): (BTreeSet<FileKey>, BTreeSet<FileKey>) =
            keys.partition(|at| self.may_be_forgotten(&at.key));
        if !others.iter().any(|at| self.is_in_force(at, views)) {
            self.entries.retain(|at, _| !implied.contains(at));
        }
    }

    /// Whether a key is an implied one that nobody wants. The import of a drop-in is never left to the
    /// file: it would stop containerd once the drop-in is gone.
    fn may_be_forgotten(&self, key: &Key) -> bool {
        is_implied(key) && key.path != ["imports"] && !self.is_wanted(key)
    }

    /// The canonical paths of what is not the tool's in a file, at or below a path, beside its
    /// [own values](Self::own_values): values, and tables that are empty.
    pub(crate) fn foreign<'f>(
        &'f self,
        own: &'f BTreeSet<Path>,
        file: &'f str,
        view: &'f View,
        path: &[String],
    ) -> impl Iterator<Item = Path> + 'f {
        let is_own = |leaf: &Path| (1..=leaf.len()).any(|depth| own.contains(&leaf[..depth]));
        let leaves = view.tree.leaves(&view.place(path)).into_iter();
        let foreign = leaves.filter(move |leaf| !is_own(leaf));
        foreign.filter_map(|leaf| {
            let canonical = view.spelling.canonical(&leaf);
            let is_own_table = view.tree.table(&leaf).is_some() && self.has_made(file, &canonical);
            (!is_own_table).then_some(canonical)
        })
    }

    /// Where the values of a file stand that are the tool's, in place of nothing.
    pub(crate) fn own_values(&self, file: &str, view: &View) -> BTreeSet<Path> {
        let own = self.entries.iter().filter(|(at, entry)| {
            let is_whole = at.key.element.is_none() || self.has_made(file, &at.key.path);
            at.file == file
                && is_whole
                && entry.was.is_none()
                && entry.holds_ours(view.value(&at.key).as_ref())
        });
        // Two keys of different spelling may stand in one table.
        own.map(|(at, _)| view.place(&at.key.path)).collect()
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
