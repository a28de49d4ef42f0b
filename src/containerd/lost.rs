//! Keys that some releases do not read, although they stand where another one looks for them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::Warning;

use super::model::Model;
use super::release::{Release, listed, listed_do};
use super::verdict::Lost;
use crate::toml::value::Place;

/// Keys that are lost, each with its place and the releases that lose it.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    keys: BTreeMap<String, (Place, Cow<'static, str>, Vec<Release>)>,
}

impl Losses {
    /// Notes what a release does not read.
    pub(crate) fn add(&mut self, release: Release, lost: Vec<Lost>) {
        for Lost { key, place, why } in lost {
            let (_, _, releases) = self.keys.entry(key).or_insert((place, why, Vec::new()));
            if releases.last() != Some(&release) {
                releases.push(release);
            }
        }
    }

    /// The keys that are lost here, and no more in `other`.
    pub(crate) fn found_in<'l>(&'l self, other: &'l Self) -> impl Iterator<Item = &'l str> {
        let keys = self.keys.keys().map(String::as_str);
        keys.filter(|key| !other.keys.contains_key(*key))
    }

    /// One warning for each reason, and for the releases to which it applies.
    pub(crate) fn warnings(&self, model: &Model<'_>) -> Vec<Warning> {
        let mut groups: BTreeMap<_, BTreeSet<(Place, &str)>> = BTreeMap::new();
        for (key, (place, why, releases)) in &self.keys {
            let path = model.path(place.text);
            let group = groups.entry((path, releases, why)).or_default();
            group.insert((*place, key));
        }
        let warnings = groups.into_iter().filter_map(|((_, releases, why), keys)| {
            let (first, _) = keys.first()?;
            let keys: Vec<&str> = keys.iter().map(|(_, key)| *key).collect();
            let (does, keys) = (listed_do(releases), keys.join(", "));
            let message = format!("containerd {does} not read {keys}: {why}");
            let (path, at) = model.position(*first);
            Some(Warning::new("key-not-read", message).in_file(path, &at, model.files.main()))
        });
        warnings.collect()
    }
}

/// Releases that are newer than all that are modelled are judged as the newest of these.
pub(crate) fn unknown(releases: &[Release]) -> Option<Warning> {
    let unknown: Vec<Release> = releases
        .iter()
        .copied()
        .filter(|it| it.is_unknown())
        .collect();
    let newest = Release::newest();
    let message = format!(
        "containerd {} is newer than this containerd-edit knows: judged as {newest}; use a newer \
         containerd-edit",
        listed(&unknown)
    );
    (!unknown.is_empty()).then(|| Warning::new("newer-release", message))
}
