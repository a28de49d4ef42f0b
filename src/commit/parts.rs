//! The files of an edit, each as it was read and as it is to be.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::ledger::Found;
use crate::commit::reading::Reading;
use crate::config::Config;
use crate::containerd::absolute;
use crate::disk::target::{Snapshot, Target};
use crate::disk::{digest, folder};
use crate::error::Error;
use crate::ledger::{Ledger, LedgerPair};

/// A file of an edit, as it was read and as it is to be.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) target: Target,
    pub(crate) snapshot: Rc<Snapshot>,
    pub(crate) change: FileChange,
    pub(crate) is_main: bool,
    /// Its name in the ledger, if somebody has deleted or emptied what the tool had written.
    pub(crate) lost: Option<String>,
}

impl Editor {
    /// The files that an edit is about: those that stay as they are, and then those that change, in
    /// their order.
    pub(crate) fn parts(
        &self,
        found: &Found,
        reading: &Reading,
        ledger: &Ledger,
        changes: Vec<FileChange>,
    ) -> Result<Vec<Part>, Error> {
        let own = self.main();
        let names = ledger.files();
        let listed = names.iter().map(|name| reading.config.path_of(name));
        let others = listed.chain(reading.chosen.clone());
        let others = others.filter(|path| {
            let name = reading.config.name_of(path);
            reading.config.is_writable(&name)
        });
        let mut paths: BTreeSet<PathBuf> = [own.clone()].into_iter().chain(others).collect();
        paths.retain(|path| changes.iter().all(|change| change.path != *path));
        let part = |path: PathBuf, target: Target, change: Option<FileChange>| {
            let is_main = path == own;
            let snapshot = if is_main {
                Rc::clone(&found.main)
            } else {
                target.read_any()?.into()
            };
            let name = reading.config.name_of(&path);
            let written = found.ledger.written.get(&name);
            let had_text = written.is_some_and(|it| it != digest::EMPTY);
            let is_lost = change.is_some() && snapshot.bytes().is_none_or(<[u8]>::is_empty);
            let unchanged = || FileChange::unchanged(path, snapshot.bytes());
            Ok::<Part, Error>(Part {
                change: change.unwrap_or_else(unchanged),
                lost: (is_lost && had_text).then_some(name),
                target,
                snapshot,
                is_main,
            })
        };
        // A folder that is gone holds no file, and of what can't be read there is nothing to sync.
        let unchanged = paths.into_iter().filter_map(|path| {
            let target = self.target_of(&path, &found.target).ok()?;
            part(path, target, None).ok()
        });
        let mut parts: Vec<Part> = unchanged.collect();
        for change in changes {
            let target = match self.as_drop_in(&change.path) {
                Some(path) => self.find_drop_in(path, &found.target)?,
                None => found.target.clone(),
            };
            if change.path != own {
                self.check_beside(&target, reading.files())?;
            }
            parts.push(part(change.path.clone(), target, Some(change))?);
        }
        Ok(parts)
    }

    /// Notes which folders of drop-ins the tool makes; one that it has no file in any more is not its
    /// own.
    pub(super) fn note_folders(
        &self,
        config: &Config,
        changes: &[FileChange],
        ledger: &mut Ledger,
    ) -> Result<(), Error> {
        let new = changes.iter().filter(|change| change.after.is_some());
        let folders = new.filter_map(|change| change.path.parent());
        for folder in folders {
            match self.host_root.resolve(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    ledger.folders.insert(config.name_of(folder));
                }
                Err(error) => return Err(Error::io(folder, "look at the folder", error)),
                Ok(_) => {}
            }
        }
        let used = ledger.files().into_iter();
        let used: Vec<PathBuf> = used.map(|name| config.path_of(name)).collect();
        ledger.folders.retain(|folder| {
            let folder = config.path_of(folder);
            used.iter().any(|path| path.parent() == Some(&folder))
        });
        Ok(())
    }

    /// Removes the folders that the tool has made and has no file in any more, if they are empty.
    pub(super) fn remove_folders(&self, ledgers: &LedgerPair) {
        for name in ledgers.before.folders.difference(&ledgers.after.folders) {
            if let Ok(folder) = self.host_root.entry(&absolute(&self.main(), name)) {
                folder::remove_empty(&folder);
            }
        }
    }
}
