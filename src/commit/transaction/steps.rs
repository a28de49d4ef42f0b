//! The changes that one edit makes to files, in an order in which every state between two of them
//! serves.

use crate::commit::editor::{Editor, FileChange, Outcome};
use crate::commit::operation_log::{LogEntry, LoggedDropIn};
use crate::commit::planning::Part;
use crate::disk::lock::ConfigLock;
use crate::disk::replace::{self, PendingFile, Replaced, Synced};
use crate::disk::state::PendingState;
use crate::disk::target::{Folders, Target};
use crate::disk::{Notice, digest, folder, site};
use crate::edit::edited::Handlers;
use crate::error::{Code, Error};

/// A change that was made.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub(super) is_main: bool,
    pub(super) change: FileChange,
}

impl Part {
    pub(super) fn is_change(&self) -> bool {
        self.change.is_change()
    }

    fn done(&self) -> Done {
        Done {
            is_main: self.is_main,
            change: self.change.clone(),
        }
    }

    /// Writes the new text to a file beside the config.
    fn pending<'a>(&'a self, lock: &'a ConfigLock) -> Result<Option<PendingFile<'a>>, Error> {
        let Some(text) = self.change.after.as_ref().filter(|_| self.is_change()) else {
            return Ok(None);
        };
        let original = self.snapshot.existing.as_ref();
        PendingFile::write(lock, &self.target, original, text.as_bytes()).map(Some)
    }

    /// Changes the file, or syncs what stands there.
    fn make(
        &self,
        lock: &ConfigLock,
        pending: Option<PendingFile<'_>>,
        mut folders: Folders,
    ) -> Result<Replaced, Error> {
        if folders.lacks_own && pending.is_some() {
            folder::make(&self.target)?;
            folders = self.target.open_folders()?;
        }
        match (pending, &self.snapshot.existing) {
            (Some(pending), _) => pending.commit(&self.snapshot, &folders),
            (None, Some(original)) if self.change.after.is_none() => {
                let replaced = replace::delete(lock, &self.target, &folders, original)?;
                if self.folder_goes && matches!(replaced, Replaced::Done(_)) {
                    folder::remove_empty(&self.target);
                }
                Ok(replaced)
            }
            (None, existing) => {
                let file = existing.as_ref().map(|existing| &existing.file);
                replace::sync(&self.target, &folders, file, Synced::Unchanged)?;
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
        main: &Target,
        steps: &[Part],
        ledger: Option<PendingState>,
        done: &mut Vec<Done>,
    ) -> Result<Option<Vec<Notice>>, Error> {
        let mut folders = Vec::with_capacity(steps.len());
        for step in steps {
            if step.is_change() {
                site::check(&step.target, step.snapshot.existing.as_ref())?;
            }
            folders.push(step.target.open_folders()?);
        }
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
        let ledger = ledger.map(|ledger| ledger.commit(lock, main, is_alone));
        let ledger = ledger.transpose()?;
        let made = replaced(lock, steps, (pending, folders), done);
        match (ledger, &made) {
            (Some(ledger), Ok(Some(_))) => ledger.finish(lock, main),
            // Nothing has happened yet, and nobody is to think so.
            (Some(ledger), _) if done.is_empty() => ledger.take_back(lock, main),
            _ => {}
        }
        made
    }
}

/// Replaces the files, one after the other.
fn replaced(
    lock: &ConfigLock,
    steps: &[Part],
    (pending, folders): (Vec<Option<PendingFile<'_>>>, Vec<Folders>),
    done: &mut Vec<Done>,
) -> Result<Option<Vec<Notice>>, Error> {
    let mut notices = Vec::new();
    for ((step, pending), folders) in steps.iter().zip(pending).zip(folders) {
        match step.make(lock, pending, folders) {
            Ok(Replaced::Done(more)) => notices.extend(more),
            Ok(Replaced::Overtaken) => return Ok(None),
            Err(error) => {
                if error.is_changed() {
                    add(done, step.done());
                }
                return Err(error);
            }
        }
        if step.is_change() {
            add(done, step.done());
        }
    }
    Ok(Some(notices))
}

/// Notes a change down. Of a file that an earlier try has changed, what was there first counts.
fn add(done: &mut Vec<Done>, new: Done) {
    let same =
        |known: &&mut Done| known.is_main == new.is_main && known.change.path == new.change.path;
    match done.iter_mut().find(same) {
        Some(known) => known.change.after = new.change.after,
        None => done.push(new),
    }
}

/// Enters what earlier tries have done in the outcome of the last one.
pub(super) fn take_in(outcome: &mut Outcome, done: &[Done], planned: &Handlers) {
    let mut has_earlier = false;
    for done in done {
        let before = &done.change.before;
        let mut drop_ins = outcome.drop_ins.iter_mut();
        let known = if done.is_main {
            Some(&mut outcome.main)
        } else {
            drop_ins.find(|known| known.path == done.change.path)
        };
        match known {
            Some(known) => {
                has_earlier |= known.before != *before;
                known.before.clone_from(before);
            }
            None => {
                has_earlier = true;
                outcome.drop_ins.push(done.change.clone());
            }
        }
    }
    if has_earlier {
        outcome.report.handlers.clone_from(planned);
    }
}

/// An error that came when some files were changed and others were not.
pub(super) fn unfinished(error: Error, done: &[Done]) -> Error {
    let paths = done.iter().map(|done| done.change.path.display());
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

/// A change by its digests, as the operation log has it.
pub(super) fn logged(change: &FileChange) -> LoggedDropIn {
    let text = change.after.as_ref();
    LoggedDropIn {
        path: change.path.clone(),
        before: change.before.as_deref().map(digest::of),
        after: text.map(|text| digest::of(text.as_bytes())),
    }
}

impl Done {
    /// Enters the change in the operation log.
    pub(super) fn enter(&self, entry: &mut LogEntry) {
        let change = logged(&self.change);
        if self.is_main {
            entry.before = change.before;
            entry.after = change.after;
        } else {
            entry.drop_ins.push(change);
        }
    }
}
