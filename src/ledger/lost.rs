//! What the ledger knows of files that are gone: it holds again once their texts are back, and not for
//! other texts of their names.

use std::mem::take;

use crate::config::view::Views;
use crate::want::key::Key;

use super::implied::is_implied;
use super::stored::Ledger;

impl Ledger {
    /// Takes what was written to files that are gone out of the ledger, into one of its own: nothing of
    /// it is there to be changed or given back.
    pub(crate) fn set_lost_aside(&mut self, views: &Views) -> Self {
        let (entries, made) = (take(&mut self.entries), take(&mut self.made));
        let (entries, made) = (entries.into_iter(), made.into_iter());
        let mut lost = Self::default();
        (lost.entries, self.entries) = entries.partition(|(at, _)| is_lost(&at.file, views));
        (lost.made, self.made) = made.partition(|made| is_lost(&made.file, views));
        lost
    }

    /// Remembers it again where no other text has taken the place of the file, as far as it is wanted, or
    /// implied by what others want.
    pub(crate) fn keep_lost(&mut self, mut lost: Self, views: &Views) {
        let has_owners = !self.owners.is_empty();
        lost.entries.retain(|at, _| {
            let is_owned = self.is_wanted(&at.key) || has_owners && is_implied(&at.key);
            is_owned && is_lost(&at.file, views)
        });
        self.entries.extend(lost.entries);
        lost.made
            .retain(|made| is_lost(&made.file, views) && self.has_in(&made.file, &made.path));
        self.made.extend(lost.made);
    }

    /// Whether an owner misses something that stood in a file which is gone.
    pub(crate) fn misses(&self, lost: &Self, file: &str, views: &Views) -> bool {
        let is_in_force = |key: &Key| {
            let mut entries = self.entries.keys().filter(|at| at.key == *key);
            entries.any(|at| self.is_in_force(at, views))
        };
        let mut entries = lost.entries.keys().filter(|at| at.file == file);
        entries.any(|at| self.is_wanted(&at.key) && !is_in_force(&at.key))
    }
}

pub(super) fn is_lost(file: &str, views: &Views) -> bool {
    views.get(file).is_some_and(|view| !view.exists)
}
