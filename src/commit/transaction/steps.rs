//! The changes that one edit makes to files, in an order in which every state between two of them
//! serves.

use std::path::Path;

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::operation_log::{LogEntry, LoggedDropIn};
use crate::commit::outcome::Outcome;
use crate::commit::parts::Part;
use crate::disk::folder;
use crate::disk::ledger_file::PendingLedger;
use crate::disk::lock::ConfigLock;
use crate::disk::replace::{self, PendingFile, Replaced};
use crate::disk::sync::Synced;
use crate::disk::target::Folders;
use crate::edit::edited::Handlers;
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
    ) -> Result<Replaced, Error> {
        let makes_folder = folders.lacks_own && pending.is_some();
        let made = self.replace(lock, pending, folders);
        if makes_folder && !matches!(made, Ok(Replaced::Done(_))) {
            folder::remove_empty(&self.target.folder);
        }
        made
    }

    fn replace<'a>(
        &'a self,
        lock: &ConfigLock,
        pending: Option<PendingFile<'_>>,
        mut folders: Folders<'a>,
    ) -> Result<Replaced, Error> {
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
                Ok(Replaced::Done(Vec::new()))
            }
        }
    }
}

impl Editor {
    /// Makes the planned changes. `None`: another program has changed a file meanwhile.
    pub(super) fn make(
        &self,
        lock: &ConfigLock,
        steps: &[Part],
        ledger: Option<PendingLedger<'_>>,
        done: &mut Vec<FileChange>,
    ) -> Result<Option<Vec<Warning>>, Error> {
        let folders = steps.iter().map(|step| step.target.open_folders());
        let folders = folders.collect::<Result<Vec<_>, _>>()?;
        let pending = steps.iter().map(|step| step.pending(lock));
        let pending: Vec<_> = pending.collect::<Result<_, _>>()?;
        if steps.iter().any(Part::is_change) || ledger.is_some() {
            for step in steps {
                // What was read for the edit and what was read to be replaced are two reads.
                if step.snapshot.bytes() != step.change.before.as_deref() {
                    return Ok(None);
                }
                if step.target.has_changed(&step.snapshot)? {
                    return Ok(None);
                }
            }
            // The last moment at which nothing has happened.
            if done.is_empty() && self.is_interrupted() {
                return Err(Error::interrupted(&self.path));
            }
        }
        let is_file = |step: &Part| step.is_change() || step.snapshot.existing.is_some();
        let is_alone = !steps.iter().any(is_file);
        let ledger = ledger.map(|ledger| ledger.commit(is_alone));
        let ledger = ledger.transpose()?;
        let made = replace_all(lock, steps, (pending, folders), done);
        match (ledger, &made) {
            (Some(ledger), Ok(Some(_))) => ledger.finish(),
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
) -> Result<Option<Vec<Warning>>, Error> {
    let mut notices = Vec::new();
    for ((step, pending), folders) in steps.iter().zip(pending).zip(folders) {
        match step.make(lock, pending, folders) {
            Ok(Replaced::Done(more)) => notices.extend(more),
            Ok(Replaced::Overtaken) => return Ok(None),
            Err(error) => {
                if error.is_changed() {
                    add(done, &step.change);
                }
                return Err(error);
            }
        }
        if step.is_change() {
            add(done, &step.change);
            let (original, after) = (step.snapshot.existing.as_ref(), &step.change.after);
            let bytes = after.as_deref().map(str::as_bytes);
            notices.extend(replace::keep_copy(lock, &step.target, original, bytes));
        }
    }
    Ok(Some(notices))
}

/// Notes a change down. Of a file that an earlier try has changed, what was there first counts.
fn add(done: &mut Vec<FileChange>, new: &FileChange) {
    match done.iter_mut().find(|known| known.path == new.path) {
        Some(known) => known.after.clone_from(&new.after),
        None => done.push(new.clone()),
    }
}

impl Outcome {
    /// Enters what earlier tries have done in the outcome of the last one. `own` is the config's path
    /// on the host.
    pub(super) fn take_in(&mut self, done: &[FileChange], own: &Path, planned: &Handlers) {
        let mut has_earlier = false;
        for done in done {
            let mut drop_ins = self.drop_ins.iter_mut();
            let known = if done.path == own {
                Some(&mut self.main)
            } else {
                drop_ins.find(|known| known.path == done.path)
            };
            if let Some(known) = known {
                has_earlier |= known.before != done.before;
                known.before.clone_from(&done.before);
            } else {
                has_earlier = true;
                self.drop_ins.push(done.clone());
            }
        }
        if has_earlier {
            self.report.handlers.clone_from(planned);
        }
    }
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
