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
use crate::error::{Code, Error, NextStep, Warning};
use crate::ledger::Digests;

/// A file of an edit, with what it takes to change it.
struct Prepared<'p> {
    part: &'p Part,
    /// The new text, beside the config.
    pending: Option<PendingFile<'p>>,
    folders: Folders<'p>,
}

impl Part {
    /// Opens the folders, and writes the new text to a file beside the config.
    fn prepared<'p>(&'p self, lock: &'p ConfigLock) -> Result<Prepared<'p>, Error> {
        let folders = self.target.open_folders()?;
        let original = self.snapshot.existing.as_ref();
        let text = self.change.after.as_ref();
        let text = text.filter(|_| self.change.is_change());
        let write =
            |text: &String| PendingFile::write(lock, &self.target, original, text.as_bytes());
        Ok(Prepared {
            part: self,
            pending: text.map(write).transpose()?,
            folders,
        })
    }
}

impl Prepared<'_> {
    /// Changes the file, or syncs what stands there. A folder that was made for it goes again if the
    /// file does not come.
    fn make(self, lock: &ConfigLock) -> Result<Vec<Warning>, Error> {
        let makes_folder = self.folders.lacks_own && self.pending.is_some();
        let folder = self.part.target.folder();
        let made = self.replace(lock, makes_folder);
        if makes_folder && made.is_err() {
            folder::remove_empty(folder);
        }
        made
    }

    fn replace(mut self, lock: &ConfigLock, makes_folder: bool) -> Result<Vec<Warning>, Error> {
        let Part {
            target,
            snapshot,
            change,
            ..
        } = self.part;
        if makes_folder {
            folder::make(target)?;
            self.folders = target.open_folders()?;
        }
        match (self.pending, &snapshot.existing) {
            (Some(pending), _) => pending.commit(snapshot, &self.folders),
            (None, Some(original)) if change.after.is_none() => {
                replace::delete(lock, &self.folders, original)
            }
            (None, existing) => {
                let file = existing.as_ref().map(|existing| &existing.file);
                self.folders.sync(file, Synced::Unchanged)?;
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
        let prepared = steps.iter().map(|step| step.prepared(lock));
        let prepared = prepared.collect::<Result<Vec<_>, _>>()?;
        if steps.iter().any(|step| step.change.is_change()) || ledger.is_some() {
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
        let is_file = |step: &Part| step.change.is_change() || step.snapshot.existing.is_some();
        let is_alone = !steps.iter().any(is_file);
        let change = || replace_all(lock, prepared, done);
        match ledger {
            Some(ledger) => ledger.around(is_alone, change),
            None => change(),
        }
    }
}

/// Replaces the files, one after the other.
fn replace_all(
    lock: &ConfigLock,
    steps: Vec<Prepared<'_>>,
    done: &mut Vec<FileChange>,
) -> Result<Vec<Warning>, Error> {
    let mut notices = Vec::new();
    for step in steps {
        let part = step.part;
        let made = step.make(lock);
        let is_changed = made
            .as_ref()
            .map_or_else(Error::is_changed, |_| part.change.is_change());
        if is_changed {
            done.push(part.change.clone());
        }
        notices.extend(made.map_err(|error| unfinished(error, done))?);
        if is_changed {
            let (original, after) = (part.snapshot.existing.as_ref(), &part.change.after);
            let bytes = after.as_deref().map(str::as_bytes);
            if part.lost.is_some() && replace::keep_last(lock, &part.target, bytes) {
                notices.push(lost(part));
            }
            notices.extend(replace::keep_copy(lock, &part.target, original, bytes));
        }
    }
    Ok(notices)
}

/// Somebody had deleted or emptied a file that the tool had written to.
fn lost(part: &Part) -> Warning {
    let Part { target, change, .. } = part;
    let (path, kept) = (change.path.display(), target.previous.display());
    let mut message = format!(
        "{path} was deleted or emptied since the last change; what it held then is kept in {kept}"
    );
    // A restore has put back what was asked for.
    if !target.keeps_broken() {
        let step = NextStep::RestorePrevious(Some(&*change.path).filter(|_| !part.is_main));
        message = format!("{message}: {step}");
    }
    Warning::new("text-lost", message)
}

/// An error that came when some files were changed and others were not.
fn unfinished(error: Error, done: &[FileChange]) -> Error {
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
