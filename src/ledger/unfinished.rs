//! The ledger after a run that was killed: the one from before it, and the one that it has written.
//!
//! A run writes its ledger before the files. Each file tells by its digest which of the two holds for
//! it.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::disk::digest;

use super::file_key::FileKey;
use super::stored::Ledger;

/// Which ledger holds for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The run has not come to it.
    Before,
    /// The run has written it.
    After,
    /// Somebody has edited it since: that is for each key to say.
    Neither,
}

impl Ledger {
    /// Makes one ledger of the one that a killed run has written and of `before`, the one that it
    /// found. As soon as one file is written, the wants are the new ones: nobody completes the run,
    /// and its installer runs again.
    #[must_use]
    pub fn after_a_killed_run(self, mut before: Self, config: &Config) -> Self {
        before.folders.extend(self.folders.iter().cloned());
        let mut config = config.clone();
        self.choose_tables(&mut config);
        let views = self.views_of(&config);
        let states = self.states(&before, &config);
        let state = |file: &str| states.get(file).copied().unwrap_or(State::After);
        let mut made_by_it = false;
        let mut merged = self.clone();
        merged.entries.clear();
        merged.made.clear();
        merged.folders.clone_from(&before.folders);
        merged.full_texts.extend(before.full_texts.clone());
        let keys: BTreeSet<&FileKey> = self.entries.keys().chain(before.entries.keys()).collect();
        for at in keys {
            let (new, old) = (self.entries.get(at), before.entries.get(at));
            let entry = match state(&at.file) {
                State::After => new,
                State::Before => old,
                State::Neither if self.is_in_force(at, &views) => {
                    made_by_it |= old.is_none();
                    new
                }
                State::Neither if before.is_in_force(at, &views) => old,
                State::Neither => new.filter(|_| old.is_some()),
            };
            merged
                .entries
                .extend(entry.map(|entry| (at.clone(), entry.clone())));
        }
        for (ledger, other) in [(&self, State::Before), (&before, State::After)] {
            let made = ledger.made.iter().filter(|made| state(&made.file) != other);
            merged.made.extend(made.cloned());
        }
        let is_written = states.values().any(|state| *state == State::After) || states.is_empty();
        if !is_written && !made_by_it {
            return before;
        }
        // What the run has not come to is no part of the last edit.
        for (name, _) in states.iter().filter(|it| *it.1 == State::Before) {
            merged.files.remove(name);
            merged.note_written(name, before.written.get(name).cloned());
            merged.kept.remove(name);
            let kept = before.kept.remove(name);
            merged.kept.extend(kept.map(|kept| (name.clone(), kept)));
        }
        merged
    }

    /// Which ledger holds for each file that the run has changed or was to change.
    fn states(&self, before: &Self, config: &Config) -> BTreeMap<String, State> {
        let files = self.files.iter();
        // What an earlier run has written says nothing of this one.
        let own = files.filter(|(name, digests)| before.files.get(*name) != Some(digests));
        let states = own.map(|(name, digests)| {
            let text = config.text(&config.path_of(name));
            let now = text.map(|text| digest::of(text.as_bytes()));
            let state = if digests.after == now {
                State::After
            } else if digests.before == now {
                State::Before
            } else {
                State::Neither
            };
            (name.clone(), state)
        });
        states.collect()
    }
}
