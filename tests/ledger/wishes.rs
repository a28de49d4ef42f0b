//! What owners want, by the commands that they have run: no ledger is asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::life::{Command, Wanted, What};
use crate::meaning::{Path, handler};

#[derive(Clone, Default)]
pub(crate) struct Wishes {
    owners: BTreeMap<String, Vec<Wanted>>,
    /// What owners have had removed that they did not want themselves.
    cleared: BTreeMap<String, Vec<Wanted>>,
    /// Handlers that somebody has wanted at some time.
    pub ever: BTreeSet<String>,
}

impl Wishes {
    /// Takes note of a command that was run.
    pub(crate) fn change(&mut self, command: &Command) {
        let wants = self.owners.entry(command.owner.clone()).or_default();
        let is_same = |known: &Wanted, new: &Wanted| {
            let is_it = !new.is_element || known.value == new.value;
            known.path == new.path && is_it
        };
        let cleared = self.cleared.entry(command.owner.clone()).or_default();
        if matches!(command.what, What::All(_) | What::Leave) {
            cleared.clear();
        }
        cleared.retain(|known| !command.wants().iter().any(|new| is_same(known, new)));
        match &command.what {
            What::All(new) => wants.clone_from(new),
            What::Clear(want) => {
                let before = wants.len();
                wants.retain(|known| !is_same(known, want));
                if wants.len() == before {
                    cleared.push(want.clone());
                }
            }
            What::Add(new) => {
                wants.retain(|known| !new.iter().any(|new| is_same(known, new)));
                wants.extend(new.iter().cloned());
            }
            What::Unset(path) => wants.retain(|known| known.path != *path),
            What::Remove(name) => {
                wants.retain(|known| handler(&known.path) != Some(name) && !known.is_default(name));
            }
            What::Leave => wants.clear(),
        }
        self.ever.extend(command.handlers());
    }

    /// Takes note of a command that was killed: by then its owner may want what it wanted before, or
    /// not.
    pub(crate) fn may_change(&mut self, command: &Command) {
        let before = self.owners.get(&command.owner).cloned();
        self.change(command);
        let wants = self.owners.entry(command.owner.clone()).or_default();
        wants.retain(|want| before.iter().flatten().any(|known| known == want));
    }

    /// The handlers that others than this owner want.
    pub(crate) fn of_others(&self, owner: &str) -> BTreeSet<String> {
        let others = self.owners.iter().filter(|(name, _)| *name != owner);
        let names = others.flat_map(|(_, wants)| wants.iter().filter_map(|it| handler(&it.path)));
        names.map(str::to_owned).collect()
    }

    /// Whether another owner than this one has had something removed.
    pub(crate) fn is_cleared_by_others(&self, owner: &str, want: &Wanted) -> bool {
        let mut others = self.cleared.iter().filter(|(name, _)| *name != owner);
        others.any(|(_, cleared)| cleared.iter().any(|it| it.path == want.path))
    }

    /// The values that others than this owner want at a path.
    pub(crate) fn values_of_others(&self, owner: &str, path: &Path) -> Vec<&str> {
        let others = self.owners.iter().filter(|(name, _)| *name != owner);
        let wants = others.flat_map(|(_, wants)| wants);
        let values = wants.filter(|it| it.path == *path);
        values.map(|it| it.value.as_str()).collect()
    }
}
