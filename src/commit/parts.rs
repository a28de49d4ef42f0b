//! The files of an edit, each as it was read and as it is to be.

use std::path::PathBuf;

use crate::commit::editor::{Editor, FileChange, imported_sidecar};
use crate::commit::reading::Reading;
use crate::containerd::ConfigFiles;
use crate::disk::sidecar;
use crate::disk::target::{Snapshot, Target};
use crate::error::Error;
use crate::ledger::Ledger;

/// A file of an edit, as it was read and as it is to be.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) target: Target,
    pub(crate) snapshot: Snapshot,
    pub(crate) change: FileChange,
    pub(crate) is_main: bool,
    /// Its folder goes too, if nothing else is in it.
    pub(crate) folder_goes: bool,
}

impl Editor {
    /// The files that an edit is about: those that stay as they are, and then those that change, in
    /// their order. `main` is the config as it was read.
    pub(crate) fn parts(
        &self,
        target: &Target,
        main: Snapshot,
        reading: &Reading,
        ledger: &Ledger,
        changes: Vec<FileChange>,
    ) -> Result<Vec<Part>, Error> {
        let (own, mut main) = (self.main(), Some(main));
        let names = ledger.files();
        let listed = names.iter().map(|name| reading.config.path_of(name));
        let others = listed.chain(reading.chosen.clone());
        let others = others.filter(|path| reading.config.is_writable(path));
        let mut unchanged: Vec<PathBuf> = Vec::new();
        for path in [own.clone()].into_iter().chain(others) {
            let changes = changes.iter().any(|change| change.path == path);
            if !unchanged.contains(&path) && !changes {
                unchanged.push(path);
            }
        }
        let unchanged = unchanged.into_iter().map(|path| (path, None));
        let edits = changes.into_iter();
        let edits = edits.map(|change| (change.path.clone(), Some(change)));
        let mut parts = Vec::new();
        for (path, change) in unchanged.chain(edits) {
            let is_main = path == own;
            let target = match &change {
                _ if is_main => target.clone(),
                Some(_) => {
                    let target = self.find_drop_in(&path, target)?;
                    self.check_beside(&target, reading.files())?;
                    target
                }
                None => match Target::find_drop_in(&path, &self.host_root, target) {
                    Ok(target) => target,
                    // A folder that is gone holds no file.
                    Err(_) => continue,
                },
            };
            let read = main.take_if(|_| is_main);
            let snapshot = read.map_or_else(|| target.read(), Ok)?;
            let change = change.unwrap_or_else(|| unchanged_file(path, &snapshot));
            parts.push(Part {
                folder_goes: self.folder_goes(&change, &target, reading),
                target,
                snapshot,
                change,
                is_main,
            });
        }
        Ok(parts)
    }

    /// Refuses a drop-in of which a file beside the config would be imported.
    fn check_beside(&self, target: &Target, files: &ConfigFiles) -> Result<(), Error> {
        let named = target.beside.file_name();
        let named = named.map(|name| self.main().with_file_name(name));
        let real = self.host_root.on_host(&target.beside);
        let both = [Some(real), named].into_iter().flatten();
        let mut sidecars = both.flat_map(|name| sidecar::examples_of_drop_in(&name));
        let matched = sidecars.find_map(|sidecar| {
            let pattern = files.pattern_for(&sidecar)?.to_owned();
            Some((pattern, sidecar))
        });
        match matched {
            Some((pattern, sidecar)) => Err(imported_sidecar(&self.path, &pattern, &sidecar)),
            None => Ok(()),
        }
    }

    /// Whether the folder goes with the file: not one that others may look into, nor one that a link
    /// leads to.
    fn folder_goes(&self, change: &FileChange, target: &Target, reading: &Reading) -> bool {
        let goes = change.before.is_some() && change.after.is_none();
        let Some(folder) = change.path.parent().filter(|_| goes) else {
            return false;
        };
        let entry = self.host_root.entry(folder);
        let is_link = entry.is_ok_and(|entry| entry.is_symlink());
        let real = self.host_root.on_host(&target.folder);
        !is_link && !reading.is_looked_into(folder) && !reading.is_looked_into(&real)
    }
}

fn unchanged_file(path: PathBuf, snapshot: &Snapshot) -> FileChange {
    let bytes = snapshot.bytes();
    FileChange {
        path,
        before: bytes.map(<[u8]>::to_vec),
        after: bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
    }
}
