//! Handlers of the tool's that somebody has copied to another file.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::view::View;
use crate::ledger::{Entry, FileKey, Made};
use crate::toml::Path;
use crate::want::key::Key;

use super::work::Work;

impl Work<'_> {
    /// Enters the copies of handlers that go, so that they go with them: `containerd config migrate`
    /// prints the drop-ins into the main file, and people move a text to another file. What stands
    /// elsewhere with other values, or with more, is not the tool's; nor is what is there for the sake of
    /// others: everybody writes `runc` alike.
    pub(super) fn enter_copies(&mut self, goes: impl Fn(&Self, &Made) -> bool) {
        let (lost, known) = (&self.start.lost, &self.start.known);
        let made = self.ledger.made_handlers().chain(lost.made_handlers());
        let made = made.filter(|made| known.is_wanted_below(&made.path));
        let going = made.filter(|made| goes(self, made) && !self.is_needed(made));
        let (mut handlers, mut keys) = (BTreeSet::new(), BTreeMap::new());
        for Made { file, path, .. } in going {
            let entries = self.ledger.entries_in(file, path);
            let entries = entries.chain(lost.entries_in(file, path));
            let entries = entries.filter(|(_, entry)| !entry.removes());
            let entries: Vec<(&FileKey, &Entry)> = entries.collect();
            let says = |view: &View| {
                let is_same = |(at, entry): &(&FileKey, &Entry)| {
                    entry.put.first() == Some(&view.value(&at.key))
                };
                // A migration writes all that it knows, with no value.
                let is_empty = |leaf: &Path| says_nothing(view, leaf);
                let mut more = view.leaves(path);
                let is_ours = |leaf: &Path| entries.iter().any(|(at, _)| at.key.path == *leaf);
                !entries.is_empty()
                    && entries.iter().all(is_same)
                    && more.all(|leaf| is_ours(&leaf) || is_empty(&leaf))
            };
            for (other, view) in self.start.config.writable(&self.views) {
                let is_known = self.ledger.has_in(other, path) || self.ledger.has_made(other, path);
                if is_known || !says(view) {
                    continue;
                }
                handlers.insert(Made::new(other, path));
                for (at, entry) in &entries {
                    keys.insert(FileKey::new(other, &at.key), Entry::clone(entry));
                }
            }
        }
        self.ledger.made.extend(handlers);
        self.ledger.entries.extend(keys);
    }
}

/// Whether what stands at a path of a file says no more than if it were not there.
pub(super) fn says_nothing(view: &View, path: &[String]) -> bool {
    let value = view.value(&Key::new(path));
    value.is_none_or(|value| value.says_nothing())
}
