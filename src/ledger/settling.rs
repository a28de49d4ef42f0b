//! A ledger compared with what the files say now.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::files::File;
use crate::config::view::{View, Views};
use crate::toml::Path;
use crate::want::key::Key;

use super::file_key::FileKey;
use super::implied::is_implied;
use super::stored::Ledger;

impl Ledger {
    /// Drops what the files say otherwise by now. A key at which what stood there before stands again
    /// was taken back, or never written; one with any other value was set by hand and stays known. A file
    /// that is gone says nothing.
    pub(crate) fn settle(&mut self, config: &Config, views: &Views) {
        let lost = self.set_lost_aside(views);
        // A ledger of nothing else is one of a killed run, and all in it is to go.
        let mut keys = self.entries.keys();
        let has_others = keys.any(|at| !self.may_be_forgotten(&at.key));
        self.entries.retain(|at, entry| {
            let now = at.now(views);
            entry.holds_ours(now.as_ref()) || now != entry.was
        });
        // Where a comment of the tool's is left, somebody has deleted keys, and has not put another text
        // there.
        if !self.has_in_force(views) && !config.files().iter().any(File::is_marked) {
            if has_others {
                self.forget_implied(views);
            }
            if self.entries.is_empty() {
                self.made.retain(|made| made.path.is_empty());
            }
        }
        self.made.retain(|made| {
            let view = views.get(&made.file);
            view.is_some_and(|view| made.path.is_empty() || view.has(&made.path))
        });
        self.keep_lost(lost, views);
    }

    /// Leaves what is implied to the files. It does not outlive what it is implied by: where nothing else
    /// of the tool is in force, it is the file's own.
    pub(crate) fn forget_implied(&mut self, views: &Views) {
        let goes = |at: &&FileKey| self.may_be_forgotten(&at.key) && !self.has_emptied(at, views);
        let implied: BTreeSet<FileKey> = self.entries.keys().filter(goes).cloned().collect();
        self.entries.retain(|at, _| !implied.contains(at));
    }

    /// Whether anything of the tool is in force by which others may be implied.
    pub(crate) fn has_in_force(&self, views: &Views) -> bool {
        let is_for_others =
            |at: &FileKey| self.may_be_forgotten(&at.key) || self.has_emptied(at, views);
        let mut keys = self.entries.keys();
        keys.any(|at| !is_for_others(at) && self.is_in_force(at, views))
    }

    /// Whether a key is in a file that the tool has made, and that says nothing else and can't go yet: it
    /// never is the file's own.
    fn has_emptied(&self, at: &FileKey, views: &Views) -> bool {
        let view = views.get(&at.file);
        view.is_some_and(View::is_empty) && self.has_made(&at.file, &[])
    }

    /// Whether a key is an implied one that nobody wants. The import of a drop-in is never left to the
    /// file: it would stop containerd once the drop-in is gone.
    fn may_be_forgotten(&self, key: &Key) -> bool {
        is_implied(key) && key.path != ["imports"] && !self.is_wanted(key)
    }

    /// The canonical paths of what is not the tool's in a file, at or below a path: values, and tables
    /// that are empty. A value that it has put over another one is not its own.
    pub(crate) fn foreign(
        &self,
        file: &str,
        view: &View,
        path: &[String],
    ) -> impl Iterator<Item = Path> {
        // What is in a handler stands nowhere else.
        let is_elsewhere = |key: &Key| {
            let mut handler = key.handler().into_iter();
            handler.any(|it| !it.starts_with(path) && !path.starts_with(it))
        };
        let own = self.entries.iter().filter(|(at, entry)| {
            let is_whole = at.key.element.is_none() || self.has_made(file, &at.key.path);
            at.file == file
                && !is_elsewhere(&at.key)
                && is_whole
                && entry.was.is_none()
                && entry.holds_ours(view.value(&at.key).as_ref())
        });
        // Two keys of different spelling may stand in one table.
        let own: BTreeSet<Path> = own.map(|(at, _)| view.place(&at.key.path)).collect();
        let is_own = move |leaf: &Path| (1..=leaf.len()).any(|depth| own.contains(&leaf[..depth]));
        let leaves = view.tree.leaves(&view.place(path));
        leaves
            .filter(move |leaf| !is_own(leaf))
            .filter_map(move |leaf| {
                let canonical = view.spelling.canonical(&leaf);
                let is_own_table =
                    view.tree.table(&leaf).is_some() && self.has_made(file, &canonical);
                (!is_own_table).then_some(canonical)
            })
    }
}
