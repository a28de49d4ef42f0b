//! The order of steps of one edit under the lock: lock, read, plan, write beside, replace, note down.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::editor::{Editor, Plan};
use crate::error::Error;
use crate::file::lock::{ConfigLock, Patience};
use crate::file::replace::{self, PendingFile, Replaced, Synced};
use crate::file::target::{Snapshot, Target};
use crate::file::{Notice, digest, leftovers, site};
use crate::operation_log::{self, LogEntry};
use crate::ownership;
use crate::patch::{Handlers, Patch, Warning};
use crate::seeded::{self, Bug};

/// How often an edit is started anew because somebody who ignores the lock changed the file.
const TRIES: u32 = 10;

/// A config whose lock is held.
struct Locked {
    lock: ConfigLock,
    target: Target,
    /// The digest of the config when it was last read.
    read: Option<String>,
    /// What was about to be done to it then.
    planned: Option<Change>,
}

/// What an edit does to a config: to its handlers, and the digest that it has then.
#[derive(Clone)]
struct Change {
    handlers: Handlers,
    after: Option<String>,
}

impl Editor {
    /// Makes an edit, under the lock.
    ///
    /// If nothing is to be changed, the file is left alone: same bytes, inode and times.
    ///
    /// # Errors
    ///
    /// As [`Editor::plan`], and [`Error::LockBusy`], [`Error::KeptChanging`], [`Error::Interrupted`],
    /// or [`Error::Io`]. After any of them the config is as it was. Only after [`Error::NotDurable`]
    /// it has changed, without the certainty that this survives a power cut, and after
    /// [`Error::NotPutBack`] another program's text stands beside it.
    pub fn commit(&self, patch: &Patch) -> Result<Plan, Error> {
        let target = self.find()?;
        self.check_sidecars(&target, &target.read()?)?;
        let mut locked = match self.lock(target) {
            Ok(locked) => locked,
            Err(error) if is_read_only(&error) => {
                // Nobody can write there, so that nothing to do is nothing to lock for.
                let plan = self.plan(patch)?;
                return if plan.is_change() {
                    Err(error)
                } else {
                    Ok(plan)
                };
            }
            Err(error) => return Err(error),
        };
        let mut result = self.edit(&mut locked, patch);
        if let Some(notice) = self.note(&locked, patch, &result)
            && let Ok(plan) = &mut result
        {
            plan.edited.warnings.push(notice.into());
        }
        result
    }

    fn lock(&self, target: Target) -> Result<Locked, Error> {
        let patience = Patience {
            timeout: self.lock_timeout,
            on_wait: &*self.on_wait,
            interrupted: &*self.interrupted,
        };
        Ok(Locked {
            lock: ConfigLock::acquire(&target.path, &self.command, &patience)?,
            target,
            read: None,
            planned: None,
        })
    }

    /// The steps under the lock. What they work on at last is left in `locked`.
    fn edit(&self, locked: &mut Locked, patch: &Patch) -> Result<Plan, Error> {
        for _ in 0..TRIES {
            // A link may have been turned to another file while this run waited.
            let now = self.find()?;
            if now.path != locked.target.path {
                *locked = self.lock(now)?;
                continue;
            }
            let Locked {
                lock,
                target,
                read,
                planned,
            } = &mut *locked;
            let folder = target.open_folder()?;
            let snapshot = target.read()?;
            let original = snapshot.existing.as_ref();
            let bytes = original.map(|original| &*original.bytes);
            *read = bytes.map(digest::of);
            let mut notices = leftovers::sweep(lock, target, bytes);
            let mut plan = self.plan_from(&snapshot, patch)?;
            if plan.is_change() {
                let text = plan.edited.text.as_ref();
                *planned = Some(Change {
                    handlers: plan.edited.handlers.clone(),
                    after: text.map(|text| digest::of(text.as_bytes())),
                });
                if let Some(done) = self.replace(lock, target, &folder, &snapshot, &plan)? {
                    notices.extend(done);
                } else {
                    continue;
                }
            } else {
                let file = original.map(|existing| &existing.file);
                replace::sync(target, &folder, file, Synced::Unchanged)?;
            }
            notices.extend(site::notices(target, original));
            plan.edited
                .warnings
                .extend(self.left_behind(target, patch, &plan));
            let warnings = notices.into_iter().map(Warning::from);
            plan.edited.warnings.extend(warnings);
            return Ok(plan);
        }
        Err(Error::KeptChanging {
            path: self.path.clone(),
            tries: TRIES,
        })
    }

    /// What an owner that is taken away leaves behind.
    fn left_behind(&self, target: &Target, patch: &Patch, plan: &Plan) -> Option<Warning> {
        patch.leaving_owner()?;
        let log = self.log_path(target)?;
        let text = plan.edited.text.as_ref()?;
        ownership::left_behind(patch, text, &operation_log::read(&log).ok()?)
    }

    /// Makes the planned change. `None`: another program has changed the file meanwhile.
    fn replace(
        &self,
        lock: &ConfigLock,
        target: &Target,
        folder: &File,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<Option<Vec<Notice>>, Error> {
        let original = snapshot.existing.as_ref();
        site::check(target, original)?;
        let pending = match &plan.edited.text {
            Some(text) => {
                let bytes = text.as_bytes();
                Some(PendingFile::write(lock, target, folder, original, bytes)?)
            }
            None => None,
        };
        if target.has_changed(snapshot)? && !seeded::has(Bug::NoComparison) {
            return Ok(None);
        }
        // The last moment at which nothing has happened.
        if (self.interrupted)() {
            return Err(Error::Interrupted {
                path: self.path.clone(),
            });
        }
        let replaced = match (pending, original) {
            (Some(pending), _) => pending.commit(snapshot)?,
            (None, Some(original)) => replace::delete(lock, target, folder, original)?,
            (None, None) => Replaced::Done(Vec::new()),
        };
        Ok(match replaced {
            Replaced::Done(notices) => Some(notices),
            Replaced::Overtaken => None,
        })
    }

    /// Notes a run down that changed or refused something. That never costs the edit: what keeps it
    /// from being noted comes back as a notice.
    fn note(&self, locked: &Locked, patch: &Patch, result: &Result<Plan, Error>) -> Option<Notice> {
        let log = self.log_path(&locked.target)?;
        let (is_changed, outcome) = match result {
            Ok(plan) if !plan.is_change() => return None,
            Ok(_) => (true, LogEntry::CHANGED),
            // containerd would load the log as well.
            Err(Error::ImportedSidecar { .. }) => return None,
            Err(error) => (error.is_changed(), error.code()),
        };
        let planned = locked.planned.clone().filter(|_| is_changed);
        let change = planned.unwrap_or_else(|| Change {
            handlers: Handlers::default(),
            after: locked.read.clone(),
        });
        let entry = LogEntry {
            time: LogEntry::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            owner: patch.acting_owner().map(|owner| owner.as_str().to_owned()),
            handlers: change.handlers,
            before: locked.read.clone(),
            after: change.after,
            outcome: outcome.to_owned(),
        };
        let appended = operation_log::append(&locked.lock, &log, &entry);
        appended.err().map(|error| not_logged(&log, &error))
    }
}

fn is_read_only(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if Errno::from_io_error(source) == Some(Errno::ROFS))
}

impl From<Notice> for Warning {
    fn from(notice: Notice) -> Self {
        Self {
            code: notice.code,
            message: notice.message,
            at: None,
        }
    }
}

fn not_logged(path: &Path, error: &io::Error) -> Notice {
    Notice {
        code: "not-logged",
        message: format!(
            "the operation log {} could not be written: {error}; name another place with --log, or \
             --log none",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests;
