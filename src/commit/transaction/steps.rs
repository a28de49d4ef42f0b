//! The changes that one edit makes to files, in an order in which every state between two of them
//! serves.

use std::path::Path;

use crate::commit::editor::{Editor, FileChange, Plan};
use crate::commit::operation_log::{LogEntry, LoggedDropIn};
use crate::commit::planning::{File, Work};
use crate::disk::lock::ConfigLock;
use crate::disk::replace::{self, PendingFile, Replaced, Synced};
use crate::disk::target::{Folders, Snapshot, Target};
use crate::disk::{Notice, digest, folder, site};
use crate::edit::patch::Handlers;
use crate::error::{Code, Error};

/// What becomes of one file.
pub(super) struct Step<'s> {
    pub(super) target: &'s Target,
    pub(super) snapshot: &'s Snapshot,
    pub(super) is_main: bool,
    path: &'s Path,
    after: Option<&'s str>,
    folder_goes: bool,
}

/// A change that was made.
#[derive(Debug, Clone)]
pub(super) struct Done {
    is_main: bool,
    change: FileChange,
}

impl<'s> Step<'s> {
    /// The steps of an edit, in their order. What is not changed is among them, to be synced: a
    /// killed run may have changed it.
    pub(super) fn of(work: &'s Work, target: &'s Target, snapshot: &'s Snapshot) -> Vec<Self> {
        let step = |file: &File| match file {
            File::Main => Self {
                target,
                snapshot,
                is_main: true,
                path: &work.plan.path,
                after: work.plan.edited.text.as_deref(),
                folder_goes: false,
            },
            File::Part(number) => {
                let part = &work.parts[*number];
                Self {
                    target: &part.target,
                    snapshot: &part.snapshot,
                    is_main: false,
                    path: &part.change.path,
                    after: part.change.after.as_deref(),
                    folder_goes: part.folder_goes,
                }
            }
        };
        work.order.iter().map(step).collect()
    }

    pub(super) fn is_change(&self) -> bool {
        self.snapshot.bytes() != self.after.map(str::as_bytes)
    }

    #[cfg(test)]
    pub(super) fn after(&self) -> Option<&str> {
        self.after
    }

    fn done(&self) -> Done {
        Done {
            is_main: self.is_main,
            change: FileChange {
                path: self.path.to_owned(),
                before: self.snapshot.bytes().map(<[u8]>::to_vec),
                after: self.after.map(str::to_owned),
            },
        }
    }

    /// Writes the new text to a file beside the config.
    fn pending<'a>(&self, lock: &'a ConfigLock) -> Result<Option<PendingFile<'a>>, Error>
    where
        's: 'a,
    {
        let Some(text) = self.after.filter(|_| self.is_change()) else {
            return Ok(None);
        };
        let original = self.snapshot.existing.as_ref();
        PendingFile::write(lock, self.target, original, text.as_bytes()).map(Some)
    }

    /// Changes the file, or syncs what stands there.
    fn make(
        &self,
        lock: &ConfigLock,
        pending: Option<PendingFile<'_>>,
        mut folders: Folders,
    ) -> Result<Replaced, Error> {
        if folders.lacks_own && pending.is_some() {
            folder::make(self.target)?;
            folders = self.target.open_folders()?;
        }
        match (pending, &self.snapshot.existing) {
            (Some(pending), _) => pending.commit(self.snapshot, &folders),
            (None, Some(original)) if self.after.is_none() => {
                let replaced = replace::delete(lock, self.target, &folders, original)?;
                if self.folder_goes && matches!(replaced, Replaced::Done(_)) {
                    folder::remove_empty(self.target);
                }
                Ok(replaced)
            }
            (None, existing) => {
                let file = existing.as_ref().map(|existing| &existing.file);
                replace::sync(self.target, &folders, file, Synced::Unchanged)?;
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
        steps: &[Step<'_>],
        done: &mut Vec<Done>,
    ) -> Result<Option<Vec<Notice>>, Error> {
        let mut folders = Vec::with_capacity(steps.len());
        for step in steps {
            if step.is_change() {
                site::check(step.target, step.snapshot.existing.as_ref())?;
            }
            folders.push(step.target.open_folders()?);
        }
        let pending = steps.iter().map(|step| step.pending(lock));
        let pending: Vec<_> = pending.collect::<Result<_, _>>()?;
        if steps.iter().any(Step::is_change) {
            for step in steps {
                if step.target.has_changed(step.snapshot)? {
                    return Ok(None);
                }
            }
            // The last moment at which nothing has happened.
            if done.is_empty() && self.is_interrupted() {
                return Err(Error::interrupted(&self.path));
            }
        }
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

/// Enters what earlier tries have done in the plan of the last one.
pub(super) fn take_in(plan: &mut Plan, done: &[Done], planned: &Handlers) {
    let known = |plan: &Plan, done: &Done| {
        let mut drop_ins = plan.drop_ins.iter();
        drop_ins.position(|known| known.path == done.change.path)
    };
    let mut has_earlier = false;
    for done in done {
        let before = &done.change.before;
        if done.is_main {
            has_earlier |= plan.before != *before;
            plan.before.clone_from(before);
        } else if let Some(known) = known(plan, done) {
            has_earlier |= plan.drop_ins[known].before != *before;
            plan.drop_ins[known].before.clone_from(before);
        } else {
            has_earlier = true;
            plan.drop_ins.push(done.change.clone());
        }
    }
    if has_earlier {
        plan.edited.handlers.clone_from(planned);
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
