//! What each containerd release makes of a disk, by the model of its loader.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use containerd_edit::Release;
use containerd_edit::model::{ConfigFiles, FileState, Host, Model, Verdict};

use crate::meaning::{Disk, MAIN};

pub(crate) const FOLDER: &str = "/etc/containerd";

/// What a release does, the more the better, and the handlers that it loads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Served {
    rank: u8,
    pub handlers: BTreeSet<String>,
}

/// Judges disks, each once.
#[derive(Default)]
pub(crate) struct Judge {
    known: HashMap<String, BTreeMap<String, Served>>,
}

impl Judge {
    pub(crate) fn of(&mut self, disk: &Disk) -> BTreeMap<String, Served> {
        let id = format!("{disk:?}");
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let main = disk.get(MAIN).cloned().flatten().unwrap_or_default();
        let mut files = ConfigFiles::new(format!("{FOLDER}/{MAIN}"), main.into_bytes());
        for (name, text) in disk.iter().filter(|(name, _)| *name != MAIN) {
            let state = match text {
                Some(text) => FileState::Bytes(text.as_str().into()),
                None => FileState::Missing,
            };
            files.insert(format!("{FOLDER}/{name}"), state);
        }
        let host = Host::default();
        let model = Model::new(&files, &host);
        let judged: BTreeMap<String, Served> = Release::LINES
            .iter()
            .map(|release| {
                let (rank, handlers) = match model.verdict(*release) {
                    Verdict::Serves { handlers, .. } => (2, handlers.into_keys().collect()),
                    Verdict::NoCri { .. } => (1, BTreeSet::new()),
                    Verdict::Exits { .. } => (0, BTreeSet::new()),
                };
                (release.to_string(), Served { rank, handlers })
            })
            .collect();
        if self.known.len() > 20_000 {
            self.known.clear();
        }
        self.known.insert(id, judged.clone());
        judged
    }

    /// How a release is worse off, not counting handlers that may go.
    pub(crate) fn harm(
        &mut self,
        before: &Disk,
        after: &Disk,
        may_go: &BTreeSet<String>,
    ) -> Option<String> {
        self.harm_beyond(None, [before, after], may_go)
    }

    /// The same, not counting what is no worse than with the files `without`.
    pub(crate) fn harm_beyond(
        &mut self,
        without: Option<&Disk>,
        [before, after]: [&Disk; 2],
        may_go: &BTreeSet<String>,
    ) -> Option<String> {
        let mut harms = self.harms(before, after, may_go);
        if let (Some(without), false) = (without, harms.is_empty()) {
            let beyond = self.harms(without, after, may_go);
            harms.retain(|release, _| beyond.contains_key(release));
        }
        let (release, why) = harms.pop_first()?;
        Some(format!("{release} {why}"))
    }

    /// How each release is worse off that is.
    fn harms(
        &mut self,
        before: &Disk,
        after: &Disk,
        may_go: &BTreeSet<String>,
    ) -> BTreeMap<String, String> {
        let (before, after) = (self.of(before), self.of(after));
        let worse = before.into_iter().filter_map(|(release, before)| {
            let after = &after[&release];
            let mut lost = before.handlers.difference(&after.handlers);
            let lost = lost.find(|name| !may_go.contains(*name));
            let why = if after.rank < before.rank {
                format!("falls from {} to {}", before.rank, after.rank)
            } else {
                format!("loses {}", lost?)
            };
            Some((release, why))
        });
        worse.collect()
    }
}
