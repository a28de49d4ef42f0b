//! The order of steps of one edit under the lock: lock, read, plan, write beside, replace, note down.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::editor::{Editor, Plan};
use crate::error::Error;
use crate::file::lock::{ConfigLock, Patience};
use crate::file::target::Target;
use crate::file::{Notice, digest, leftovers, site};
use crate::operation_log::{self, LogEntry};
use crate::ownership;
use crate::patch::{Handlers, Keys, Patch, Warning};

use self::steps::{Done, Step};

/// How often an edit is started anew because somebody who ignores the lock changed the file.
const TRIES: u32 = 10;

/// A config whose lock is held.
struct Locked {
    lock: ConfigLock,
    target: Target,
    /// The digest of the config when it was last read.
    read: Option<String>,
    /// What was about to be done to its handlers then.
    planned: Handlers,
    /// And to keys outside of handlers.
    keys: Keys,
    /// The files that this run has changed, in whichever of its tries.
    done: Vec<Done>,
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
    /// it has changed, without the certainty that this survives a power cut, after
    /// [`Error::NotPutBack`] another program's text stands beside it, and after
    /// [`Error::NotFinished`] some files have changed and others have not.
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
        let result = self.edit(&mut locked, patch);
        let mut result = result.map_err(|error| steps::unfinished(error, &locked.done));
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
            planned: Handlers::default(),
            keys: Keys::default(),
            done: Vec::new(),
        })
    }

    /// The steps under the lock. What they work on at last, and what they have done, is left in
    /// `locked`.
    fn edit(&self, locked: &mut Locked, patch: &Patch) -> Result<Plan, Error> {
        for _ in 0..TRIES {
            // A link may have been turned to another file while this run waited.
            let now = self.find()?;
            if now.path != locked.target.path {
                let done = std::mem::take(&mut locked.done);
                *locked = self
                    .lock(now)
                    .map_err(|error| steps::unfinished(error, &done))?;
                locked.done = done;
                continue;
            }
            let Locked {
                lock,
                target,
                read,
                planned,
                keys,
                done,
            } = &mut *locked;
            let snapshot = target.read()?;
            *read = snapshot.bytes().map(digest::of);
            let mut notices = leftovers::sweep(lock, target, snapshot.bytes());
            let mut work = self.work_out(target, &snapshot, patch)?;
            for part in &work.parts {
                notices.extend(leftovers::sweep(lock, &part.target, part.snapshot.bytes()));
            }
            if done.is_empty() {
                *planned = work.plan.edited.handlers.clone();
                keys.clone_from(&work.plan.edited.keys);
            }
            let steps = Step::of(&work, target, &snapshot);
            match self.make(lock, &steps, done)? {
                Some(made) => notices.extend(made),
                None => continue,
            }
            for step in steps.iter().filter(|step| step.is_main || step.is_change()) {
                notices.extend(site::notices(step.target, step.snapshot.existing.as_ref()));
            }
            steps::take_in(&mut work.plan, done, planned);
            work.plan
                .edited
                .warnings
                .extend(self.left_behind(target, patch, &work.plan));
            let warnings = notices.into_iter().map(Warning::from);
            work.plan.edited.warnings.extend(warnings);
            return Ok(work.plan);
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
        let mut entry = LogEntry {
            time: LogEntry::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            owner: patch.acting_owner().map(|owner| owner.as_str().to_owned()),
            handlers: Handlers::default(),
            keys: Keys::default(),
            before: locked.read.clone(),
            after: locked.read.clone(),
            drop_ins: Vec::new(),
            outcome: outcome.to_owned(),
        };
        if is_changed {
            entry.handlers = locked.planned.clone();
            entry.keys = locked.keys.clone();
            for done in &locked.done {
                done.enter(&mut entry);
            }
        }
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
mod drop_in_tests;
mod steps;
#[cfg(test)]
mod tests;
