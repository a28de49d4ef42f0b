//! The ledger after a run that was killed: the one from before it, and the one that it has written.
//!
//! A run writes its ledger before the files. Each file tells by its digest which of the two holds for
//! it.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::config::view::Views;
use crate::disk::digest;

use super::stored::{Digests, Entry, Ledger};

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
    pub fn after_a_killed_run(self, before: Self, config: &Config) -> Self {
        let mut config = config.clone();
        self.choose_tables(&mut config);
        let views = config.views();
        let files = self.files.iter();
        // What an earlier run has written says nothing of this one.
        let own = files.filter(|(name, digests)| before.files.get(*name) != Some(digests));
        let states = own.map(|(name, digests)| {
            let file = config.file(name);
            let text = file.and_then(|file| file.text.as_ref());
            let now = text.map(|text| digest::of(text.document.text().as_bytes()));
            (name.clone(), state(digests, now.as_ref()))
        });
        let states: BTreeMap<String, State> = states.collect();
        let state = |file: &str| states.get(file).copied().unwrap_or(State::After);
        let mut made_by_it = false;
        let mut merged = self.clone();
        merged.entries.clear();
        merged.made.clear();
        for (ledger, other, is_new) in [(&self, &before, true), (&before, &self, false)] {
            for entry in &ledger.entries {
                let holds = match state(&entry.file) {
                    State::After => is_new,
                    State::Before => !is_new,
                    State::Neither => {
                        let sibling = other.entry(&entry.file, &entry.key);
                        let shown = is_shown(entry, &views);
                        made_by_it |= is_new && shown && sibling.is_none();
                        match sibling {
                            None => shown,
                            Some(sibling) if is_new => shown || !is_shown(sibling, &views),
                            Some(sibling) => shown && !is_shown(sibling, &views),
                        }
                    }
                };
                if holds {
                    merged.entries.push(entry.clone());
                }
            }
            let made = ledger.made.iter().filter(|made| match state(&made.file) {
                State::After => is_new,
                State::Before => !is_new,
                State::Neither => true,
            });
            merged.made.extend(made.cloned());
        }
        merged.sort_entries();
        let is_written = states.values().any(|state| *state == State::After) || states.is_empty();
        if !is_written && !made_by_it {
            return before;
        }
        for (name, digests) in &mut merged.files {
            if states.get(name) == Some(&State::Before) {
                *digests = before.files.get(name).cloned().unwrap_or_default();
            }
        }
        merged
    }
}

fn state(digests: &Digests, now: Option<&String>) -> State {
    if digests.after.as_ref() == now {
        State::After
    } else if digests.before.as_ref() == now {
        State::Before
    } else {
        State::Neither
    }
}

fn is_shown(entry: &Entry, views: &Views) -> bool {
    entry.holds_ours(entry.now(views).as_ref())
}
