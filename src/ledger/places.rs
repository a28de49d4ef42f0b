//! Where the tool's keys stand in one file.

use std::collections::BTreeMap;

use crate::config::view::View;
use crate::toml::Path;
use crate::want::key::Key;

use super::stored::Ledger;

/// The keys that the tool has written to a file, by where they stand there now: also those that
/// somebody has set by hand since. They are their owner's until it leaves. Those that were removed last
/// stand nowhere.
#[derive(Debug, Default)]
pub(crate) struct Places<'l>(BTreeMap<Path, Vec<&'l Key>>);

impl Ledger {
    /// Where its keys of a file stand.
    pub(crate) fn places(&self, file: &str, view: &View) -> Places<'_> {
        let mut places = Places::default();
        let entries = self.entries.iter().filter(|(at, _)| at.file == file);
        for (at, _) in entries.filter(|(_, entry)| entry.put.first() != Some(&None)) {
            let keys = places.0.entry(view.place(&at.key.path)).or_default();
            keys.push(&at.key);
        }
        places
    }
}

impl<'l> Places<'l> {
    /// The keys at or below a place, each with its own place.
    pub(crate) fn below(&self, place: &[String]) -> impl Iterator<Item = (&Path, &'l Key)> {
        let places = self.0.range(place.to_vec()..);
        let below = places.take_while(move |(at, _)| at.starts_with(place));
        below.flat_map(|(at, keys)| keys.iter().map(move |key| (at, *key)))
    }
}
