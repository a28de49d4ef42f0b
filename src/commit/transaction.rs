//! The order of steps of one edit under the lock: lock, read, plan, write beside, replace, note down.

use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::ledger::Found;
use crate::commit::operation_log::{self, LogEntry};
use crate::commit::outcome::Outcome;
use crate::commit::planning::Plan;
use crate::commit::request::Request;
use crate::commit::task::Task;
use crate::disk::ledger_file::LedgerFile;
use crate::disk::lock::{ConfigLock, Patience};
use crate::disk::target::Target;
use crate::disk::{digest, leftovers, site};
use crate::edit::edited::Report;
use crate::error::{Code, Error, Warning};
#[cfg(feature = "cri")]
use crate::ledger::LedgerPair;

/// How often an edit is started anew because somebody who ignores the lock changed the file.
const TRIES: u32 = 10;

/// A config whose lock is held.
pub(crate) struct Locked {
    pub(crate) lock: ConfigLock,
    pub(crate) target: Target,
    /// The config when it was last read.
    read: Option<Vec<u8>>,
    /// The files that this run has changed.
    done: Vec<FileChange>,
    /// What was to be done with them.
    planned: Report,
}

impl Editor {
    /// Works a request out. Takes no lock and writes nothing: the config is only ever replaced as a
    /// whole, so that reading it is safe.
    ///
    /// # Errors
    ///
    /// [`Error`] if the config can't be found, read or parsed, if the change is refused, or if
    /// a containerd release would do worse with the result. [`Code::NotUndone`] if there is no change to
    /// take back, [`Code::NotRestored`] if no kept text parses and serves. Of a whole text
    /// [`Code::NotToml`] if it is none, [`Code::ServesNowhere`] if no containerd release serves CRI with
    /// it, and [`Code::ChangedMeanwhile`] if the file holds something else by now.
    pub fn plan(&self, request: impl Into<Request>) -> Result<Outcome, Error> {
        self.worked_out(&self.task(request.into())?)
    }

    /// Carries a request out, under the lock.
    ///
    /// If nothing is to be changed, the file is left alone: same bytes, inode and times.
    ///
    /// # Errors
    ///
    /// As [`Editor::plan`], and [`Code::LockBusy`], [`Code::KeptChanging`], [`Code::Interrupted`],
    /// or [`Code::Io`]. After any of them the config is as it was. Only after [`Code::NotDurable`]
    /// it has changed, without the certainty that this survives a power cut, after
    /// [`Code::NotPutBack`] another program's text stands beside it, and after
    /// [`Code::NotFinished`] some files have changed and others have not.
    pub fn commit(&self, request: impl Into<Request>) -> Result<Outcome, Error> {
        let request = request.into();
        let owner = request.owner().map(ToString::to_string);
        match self.task(request) {
            Ok(task) => self.carried_out(&task),
            Err(refused) => {
                self.note_refused(owner, &refused);
                Err(refused)
            }
        }
    }

    /// Notes down what was refused before the lock was needed, if that is free.
    fn note_refused(&self, owner: Option<String>, refused: &Error) {
        let at_once = Patience {
            timeout: Duration::ZERO,
            on_wait: &|_, _| {},
            interrupted: &|| self.is_interrupted(),
        };
        if let Ok((target, main)) = self.begin()
            && let Ok(lock) = ConfigLock::acquire(&target.path, &self.command, &at_once)
        {
            let entry = self.entry(owner, refused.code().as_str(), main.bytes());
            self.append(&lock, &target, &entry);
        }
    }

    /// Takes a change back with which containerd has not come back.
    #[cfg(feature = "cri")]
    pub(crate) fn roll_back(&self, made: &LedgerPair) -> Result<Outcome, Error> {
        self.carried_out(&Task::TakeBack {
            made: Box::new(made.clone()),
            is_rollback: true,
        })
    }

    fn task(&self, request: Request) -> Result<Task, Error> {
        match request {
            Request::Change(change) => Ok(Task::Change(change)),
            Request::Undo(owner) => self.undo_task(owner.as_ref()),
            Request::Restore(from) => self.restore_task(from),
            Request::Replace(replacement) => Ok(Task::Replace {
                texts: [replacement]
                    .into_iter()
                    .filter(|it| it.change.is_change())
                    .collect(),
                restored: None,
            }),
        }
    }

    fn work_out_task(&self, found: &Found, task: &Task) -> Result<Plan, Error> {
        match task {
            Task::Change(change) => self.work_out(found, change),
            Task::TakeBack { made, is_rollback } => self.work_out_undo(found, made, *is_rollback),
            Task::Replace { texts, restored } => {
                self.work_out_replacement(found, texts, restored.as_ref())
            }
        }
    }

    /// Works out what a task would do, and whether it could be carried out.
    fn worked_out(&self, task: &Task) -> Result<Outcome, Error> {
        let (target, main) = self.begin()?;
        let found = self.read_ledger_for(&target, main, task)?;
        let work = self.work_out_task(&found, task)?;
        work.check_sites()?;
        Ok(work.outcome)
    }

    fn carried_out(&self, task: &Task) -> Result<Outcome, Error> {
        let (target, _) = self.begin()?;
        let mut locked = match self.lock(target) {
            Ok(locked) => locked,
            Err(error) if is_read_only(&error) => {
                // Nobody can write there, so that nothing to do is nothing to lock for.
                let plan = self.worked_out(task)?;
                return Some(plan).filter(|it| !it.is_change()).ok_or(error);
            }
            Err(error) => return Err(error),
        };
        let mut result = self.edit(&mut locked, task);
        if let Some(notice) = self.note(&locked, task, &result)
            && let Ok(plan) = &mut result
        {
            plan.report.warnings.push(notice);
        }
        result
    }

    pub(crate) fn lock(&self, target: Target) -> Result<Locked, Error> {
        let patience = Patience {
            timeout: self.lock_timeout,
            on_wait: &*self.on_wait,
            interrupted: &|| self.is_interrupted(),
        };
        Ok(Locked {
            lock: ConfigLock::acquire(&target.path, &self.command, &patience)?,
            target,
            read: None,
            planned: Report::default(),
            done: Vec::new(),
        })
    }

    /// The steps under the lock. What they work on at last, and what they have done, is left in
    /// `locked`.
    fn edit(&self, locked: &mut Locked, task: &Task) -> Result<Outcome, Error> {
        let mut begun = None;
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
                done,
            } = &mut *locked;
            let main = target.read_any()?;
            *read = main.bytes().map(<[u8]>::to_vec);
            let mut notices = leftovers::sweep(lock, target, main.bytes());
            let mut found = self.read_ledger_for(target, main, task)?;
            for drop_in in self.last_drop_ins(&found) {
                if let Ok(read) = drop_in.read() {
                    notices.extend(leftovers::sweep(lock, &drop_in, read.bytes()));
                }
            }
            if found.is_of_a_killed_run() {
                // What is refused leaves all as it is.
                self.work_out_task(&found, task)?;
                self.end_killed_run(lock, &found)?;
                begun = begun.or_else(|| found.begun());
                let killed = found.killed;
                found = self.read_ledger_for(target, found.main, task)?;
                found.killed = killed;
            }
            let mut work = self.work_out_task(&found, task)?;
            let known = notices.clone();
            for part in work.parts.iter().filter(|part| !part.is_main) {
                let more = leftovers::sweep(lock, &part.target, part.snapshot.bytes());
                notices.extend(more.into_iter().filter(|it| !known.contains(it)));
            }
            planned.clone_from(&work.outcome.report);
            work.check_sites()?;
            let file = LedgerFile::new(lock, target, found.main.existing.as_ref());
            let is_other = found.damaged.is_none() && work.ledgers.after != found.ledger;
            let ledger = if is_other {
                let before = work.ledgers.before.to_json();
                let begun = begun.as_ref().filter(|_| task.texts().is_empty());
                let completes = begun.is_some_and(|begun| work.completes(begun, &found.ledger));
                if !task.is_restore() {
                    let lost = work.parts.iter().filter_map(|part| part.lost.as_deref());
                    work.ledgers.remember_replaced(&lost.collect());
                }
                let after = work.ledgers.after.to_json();
                Some(file.write(&found.texts, [&before, &after], completes)?)
            } else {
                None
            };
            match self.make(lock, &work.parts, ledger, done) {
                Err(error) if error.code() == Code::ChangedMeanwhile => continue,
                made => notices.extend(made?),
            }
            let parts = work.parts.iter();
            for part in parts.filter(|part| part.is_main || part.change.is_change()) {
                notices.extend(site::notices(&part.target, part.snapshot.existing.as_ref()));
            }
            self.remove_folders(&work.ledgers);
            work.outcome.report.warnings.extend(notices);
            // What was broken is not to come back, whatever becomes of a restart.
            work.outcome.made = (!task.is_restore()).then(|| Box::new(work.ledgers));
            return Ok(work.outcome);
        }
        let message =
            format!("the file was changed by another program during each of {TRIES} tries");
        let hint = "find the program that rewrites the file without taking the lock, and run this \
                    again";
        Err(Error::new(Code::KeptChanging, message, hint).at(&self.path))
    }

    /// Notes a run down that changed or refused something. That never costs the edit: what keeps it
    /// from being noted comes back as a notice.
    fn note(
        &self,
        locked: &Locked,
        task: &Task,
        result: &Result<Outcome, Error>,
    ) -> Option<Warning> {
        let outcome = match result {
            Ok(plan) if !plan.is_change() => return None,
            Ok(_) => task.logged(),
            // containerd would load the log as well.
            Err(error) if error.code() == Code::ImportedSidecar => return None,
            Err(error) => error.code().as_str(),
        };
        let mut entry = self.entry(task.owner(), outcome, locked.read.as_deref());
        if !locked.done.is_empty() {
            let planned = locked.planned.clone();
            entry.handlers = planned.handlers;
            entry.keys = planned.keys;
            entry.new_default = planned.new_default;
            let own = self.main();
            for done in &locked.done {
                done.enter(&mut entry, &own);
            }
        }
        self.append(&locked.lock, &locked.target, &entry)
    }

    /// An entry of the log without a change of the config, which is `now`.
    pub(crate) fn entry(
        &self,
        owner: Option<String>,
        outcome: &str,
        now: Option<&[u8]>,
    ) -> LogEntry {
        let digest = now.map(digest::of);
        LogEntry {
            time: LogEntry::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            owner,
            outcome: outcome.to_owned(),
            before: digest.clone(),
            after: digest,
            ..LogEntry::default()
        }
    }

    pub(crate) fn append(
        &self,
        lock: &ConfigLock,
        target: &Target,
        entry: &LogEntry,
    ) -> Option<Warning> {
        let appended = self.log_path(target).and_then(|log| match log {
            Some(log) => operation_log::file::append(lock, &log, entry)
                .map_err(|source| Error::io(&log, "write the operation log", source)),
            None => Ok(()),
        });
        appended.err().map(|error| not_logged(&error))
    }
}

fn is_read_only(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    source.and_then(Errno::from_io_error) == Some(Errno::ROFS)
}

fn not_logged(error: &Error) -> Warning {
    let path = error.path().unwrap_or(Path::new("")).display();
    let reason = error.source_text();
    Warning::new(
        "not-logged",
        format!(
            "the operation log {path} could not be written: {reason}; name another place with --log, \
             or --log none"
        ),
    )
}

mod steps;
#[cfg(test)]
mod tests;
