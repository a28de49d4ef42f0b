//! The changes that one edit makes to files, in an order in which every state between two of them
//! serves.

use std::path::Path;

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::operation_log::{LogEntry, LoggedDropIn};
use crate::commit::parts::Part;
use crate::disk::folder;
use crate::disk::ledger_file::PendingLedger;
use crate::disk::lock::ConfigLock;
use crate::disk::replace::{self, PendingFile, overtaken};
use crate::disk::sync::Synced;
use crate::disk::target::Folders;
use crate::error::{Code, Error, Warning};
use crate::ledger::Digests;

impl Part {
    pub(super) fn is_change(&self) -> bool {
        self.change.is_change()
    }

    /// Writes the new text to a file beside the config.
    fn pending<'a>(&'a self, lock: &'a ConfigLock) -> Result<Option<PendingFile<'a>>, Error> {
        let Some(text) = self.change.after.as_ref().filter(|_| self.is_change()) else {
            return Ok(None);
        };
        let original = self.snapshot.existing.as_ref();
        PendingFile::write(lock, &self.target, original, text.as_bytes()).map(Some)
    }

    /// Changes the file, or syncs what stands there. A folder that was made for it goes again if the
    /// file does not come.
    fn make<'a>(
        &'a self,
        lock: &ConfigLock,
        pending: Option<PendingFile<'_>>,
        folders: Folders<'a>,
    ) -> Result<Vec<Warning>, Error> {
        let makes_folder = folders.lacks_own && pending.is_some();
        let made = self.replace(lock, pending, folders);
        if makes_folder && made.is_err() {
            folder::remove_empty(self.target.folder());
        }
        made
    }

    fn replace<'a>(
        &'a self,
        lock: &ConfigLock,
        pending: Option<PendingFile<'_>>,
        mut folders: Folders<'a>,
    ) -> Result<Vec<Warning>, Error> {
        if folders.lacks_own && pending.is_some() {
            folder::make(&self.target)?;
            folders = self.target.open_folders()?;
        }
        match (pending, &self.snapshot.existing) {
            (Some(pending), _) => pending.commit(&self.snapshot, &folders),
            (None, Some(original)) if self.change.after.is_none() => {
                replace::delete(lock, &folders, original)
            }
            (None, existing) => {
                let file = existing.as_ref().map(|existing| &existing.file);
                folders.sync(file, Synced::Unchanged)?;
                Ok(Vec::new())
            }
        }
    }
}

impl Editor {
    /// Makes the planned changes. What was changed is put into `done`, which is empty.
    pub(super) fn make(
        &self,
        lock: &ConfigLock,
        steps: &[Part],
        ledger: Option<PendingLedger<'_>>,
        done: &mut Vec<FileChange>,
    ) -> Result<Vec<Warning>, Error> {
        let folders = steps.iter().map(|step| step.target.open_folders());
        let folders = folders.collect::<Result<Vec<_>, _>>()?;
        let pending = steps.iter().map(|step| step.pending(lock));
        let pending: Vec<_> = pending.collect::<Result<_, _>>()?;
        if steps.iter().any(Part::is_change) || ledger.is_some() {
            for step in steps {
                // What was read for the edit and what was read to be replaced are two reads.
                let is_as_read = step.snapshot.bytes() == step.change.before.as_deref();
                if !is_as_read || step.target.has_changed(&step.snapshot)? {
                    return Err(overtaken(&step.target.path));
                }
            }
            // The last moment at which nothing has happened.
            if self.is_interrupted() {
                return Err(Error::interrupted(&self.path));
            }
        }
        let is_file = |step: &Part| step.is_change() || step.snapshot.existing.is_some();
        let is_alone = !steps.iter().any(is_file);
        let ledger = ledger.map(|ledger| ledger.commit(is_alone));
        let ledger = ledger.transpose()?;
        let made = replace_all(lock, steps, (pending, folders), done);
        match (ledger, &made) {
            (Some(ledger), Ok(_)) => ledger.finish(),
            // The disk may hold the file of either ledger: the next run looks.
            (_, Err(error)) if error.code() == Code::NotDurable => {}
            // Nothing has happened yet, and nobody is to think so.
            (Some(ledger), _) if done.is_empty() => ledger.take_back(),
            _ => {}
        }
        made
    }
}

/// Replaces the files, one after the other.
fn replace_all(
    lock: &ConfigLock,
    steps: &[Part],
    (pending, folders): (Vec<Option<PendingFile<'_>>>, Vec<Folders<'_>>),
    done: &mut Vec<FileChange>,
) -> Result<Vec<Warning>, Error> {
    let mut notices = Vec::new();
    for ((step, pending), folders) in steps.iter().zip(pending).zip(folders) {
        let made = step.make(lock, pending, folders);
        let is_changed = made
            .as_ref()
            .map_or_else(Error::is_changed, |_| step.is_change());
        if is_changed {
            done.push(step.change.clone());
        }
        notices.extend(made?);
        if is_changed {
            let (original, after) = (step.snapshot.existing.as_ref(), &step.change.after);
            let bytes = after.as_deref().map(str::as_bytes);
            notices.extend(replace::keep_copy(lock, &step.target, original, bytes));
        }
    }
    Ok(notices)
}

/// An error that came when some files were changed and others were not.
pub(super) fn unfinished(error: Error, done: &[FileChange]) -> Error {
    let paths = done.iter().map(|done| done.path.display());
    let changed: Vec<String> = paths.map(|path| path.to_string()).collect();
    // One that tells of the only change itself is enough.
    if changed.is_empty() || error.is_changed() && changed.len() == 1 {
        return error;
    }
    let done = format!(
        "{} was changed, and then this failed",
        changed.join(" and ")
    );
    let hint = "run the same command again, which goes on from there";
    error.after(Code::NotFinished, &done, hint)
}

impl FileChange {
    /// Enters the change in the operation log. `own` is the config's path on the host.
    pub(super) fn enter(&self, entry: &mut LogEntry, own: &Path) {
        let Digests { before, after } = self.digests();
        if self.path == own {
            (entry.before, entry.after) = (before, after);
        } else {
            entry.drop_ins.push(LoggedDropIn {
                path: self.path.clone(),
                before,
                after,
            });
        }
    }
}
