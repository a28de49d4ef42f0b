//! The order of steps of one edit under the lock: lock, read, plan, write beside, replace, note down.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::commit::editor::{Editor, Outcome};
use crate::commit::ledger::Found;
use crate::commit::operation_log::{self, LogEntry};
use crate::commit::planning::Work;
use crate::commit::undo::Back;
use crate::disk::lock::{ConfigLock, Patience};
use crate::disk::target::{Snapshot, Target};
use crate::disk::{Notice, digest, leftovers, site};
use crate::edit::edited::{Handlers, Keys};
use crate::error::Warning;
use crate::error::{Code, Error};
use crate::ledger::Digests;
use crate::want::patch::Patch;

use self::steps::Done;

/// How often an edit is started anew because somebody who ignores the lock changed the file.
const TRIES: u32 = 10;

/// What is asked for.
#[derive(Clone, Copy)]
enum Request<'r> {
    Patch(&'r Patch),
    /// A change is taken back.
    Back(&'r Back),
}

impl<'r> Request<'r> {
    fn patch(self) -> Option<&'r Patch> {
        match self {
            Self::Patch(patch) => Some(patch),
            Self::Back(_) => None,
        }
    }

    /// The installer on whose behalf it is made.
    fn owner(self) -> Option<String> {
        match self {
            Self::Back(back) => back.made.owners().into_iter().next(),
            Self::Patch(patch) => patch.acting_owner().map(|owner| owner.as_str().to_owned()),
        }
    }

    fn work_out(
        self,
        editor: &Editor,
        target: &Target,
        read: Snapshot,
        found: &Found,
    ) -> Result<Work, Error> {
        match self {
            Self::Patch(patch) => editor.work_out(target, read, found, patch),
            Self::Back(back) => editor.work_out_back(target, read, found, back),
        }
    }
}

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
    /// As [`Editor::plan`], and [`Code::LockBusy`], [`Code::KeptChanging`], [`Code::Interrupted`],
    /// or [`Code::Io`]. After any of them the config is as it was. Only after [`Code::NotDurable`]
    /// it has changed, without the certainty that this survives a power cut, after
    /// [`Code::NotPutBack`] another program's text stands beside it, and after
    /// [`Code::NotFinished`] some files have changed and others have not.
    pub fn commit(&self, patch: &Patch) -> Result<Outcome, Error> {
        self.carry_out(Request::Patch(patch))
    }

    /// Takes a change back, if the files still are what it left.
    pub(crate) fn take_back(&self, back: &Back) -> Result<Outcome, Error> {
        self.carry_out(Request::Back(back))
    }

    fn carry_out(&self, request: Request<'_>) -> Result<Outcome, Error> {
        let target = self.find()?;
        self.check_sidecars(&target, &target.read()?)?;
        let mut locked = match self.lock(target) {
            Ok(locked) => locked,
            Err(error) if is_read_only(&error) => {
                // Nobody can write there, so that nothing to do is nothing to lock for.
                let plan = request.patch().map(|patch| self.plan(patch)).transpose()?;
                return plan.filter(|plan| !plan.is_change()).ok_or(error);
            }
            Err(error) => return Err(error),
        };
        let result = self.edit(&mut locked, request);
        let mut result = result.map_err(|error| steps::unfinished(error, &locked.done));
        if let Some(notice) = self.note(&locked, request, &result)
            && let Ok(plan) = &mut result
        {
            plan.report.warnings.push(notice.into());
        }
        result
    }

    fn lock(&self, target: Target) -> Result<Locked, Error> {
        let patience = Patience {
            timeout: self.lock_timeout,
            on_wait: &*self.on_wait,
            interrupted: &|| self.is_interrupted(),
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
    fn edit(&self, locked: &mut Locked, request: Request<'_>) -> Result<Outcome, Error> {
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
            let found = self.read_ledger(target, &snapshot)?;
            let mut work = request.work_out(self, target, snapshot, &found)?;
            for part in work.parts.iter().filter(|part| !part.is_main) {
                notices.extend(leftovers::sweep(lock, &part.target, part.snapshot.bytes()));
            }
            if done.is_empty() {
                *planned = work.outcome.report.handlers.clone();
                keys.clone_from(&work.outcome.report.keys);
            }
            self.add_earlier(&mut work, done);
            let main = work.parts.iter().find(|part| part.is_main);
            let main = main.and_then(|part| part.snapshot.existing.as_ref());
            let is_new = work.ledger != work.found || found.states.before.is_some();
            let texts = [&work.found, &work.ledger].map(crate::ledger::Ledger::to_json);
            let ledger = is_new.then(|| {
                let [found_text, new] = &texts;
                found.states.write(lock, target, main, [found_text, new])
            });
            let ledger = ledger.transpose()?;
            match self.make(lock, target, &work.parts, ledger, done)? {
                Some(made) => notices.extend(made),
                None => continue,
            }
            let parts = work.parts.iter();
            for part in parts.filter(|part| part.is_main || part.is_change()) {
                notices.extend(site::notices(&part.target, part.snapshot.existing.as_ref()));
            }
            steps::take_in(&mut work.outcome, done, planned);
            let warnings = notices.into_iter().map(Warning::from);
            work.outcome.report.warnings.extend(warnings);
            return Ok(work.outcome);
        }
        let message =
            format!("the file was changed by another program during each of {TRIES} tries");
        let hint = "find the program that rewrites the file without taking the lock, and run this \
                    again";
        Err(Error::new(Code::KeptChanging, message, hint).at(&self.path))
    }

    /// What earlier tries have changed is part of the change that the ledger tells of.
    fn add_earlier(&self, work: &mut Work, done: &[Done]) {
        let own = self.main();
        for done in done {
            let path = if done.is_main {
                &own
            } else {
                &done.change.path
            };
            let folder = own.parent().unwrap_or(Path::new("/"));
            let name = path.strip_prefix(folder).unwrap_or(path);
            let name = name.to_string_lossy().into_owned();
            let before = done.change.before.as_deref().map(digest::of);
            let after = done.change.after.as_ref();
            let after = after.map(|text| digest::of(text.as_bytes()));
            let new = Digests {
                before: before.clone(),
                after,
            };
            work.ledger.files.entry(name).or_insert(new).before = before;
        }
    }

    /// Notes a run down that changed or refused something. That never costs the edit: what keeps it
    /// from being noted comes back as a notice.
    fn note(
        &self,
        locked: &Locked,
        request: Request<'_>,
        result: &Result<Outcome, Error>,
    ) -> Option<Notice> {
        let (is_changed, outcome) = match (result, request) {
            (Ok(plan), _) if !plan.is_change() => return None,
            (Ok(_), Request::Back(back)) => (true, back.outcome),
            (Ok(_), _) => (true, LogEntry::CHANGED),
            // containerd would load the log as well.
            (Err(error), _) if error.code() == Code::ImportedSidecar => return None,
            (Err(error), _) => (error.is_changed(), error.code().as_str()),
        };
        let mut entry = LogEntry {
            before: locked.read.clone(),
            after: locked.read.clone(),
            ..self.entry(request.owner(), outcome)
        };
        if is_changed {
            entry.handlers = locked.planned.clone();
            entry.keys = locked.keys.clone();
            for done in &locked.done {
                done.enter(&mut entry);
            }
        }
        self.append(&locked.lock, &locked.target, &entry)
    }

    /// Notes down what became of the config as it is now, after it was changed.
    #[cfg(feature = "cri")]
    pub(crate) fn note_later(&self, owner: Option<String>, outcome: &str) -> Result<(), Error> {
        let locked = self.lock(self.find()?)?;
        let now = locked.target.read()?.bytes().map(digest::of);
        let entry = LogEntry {
            before: now.clone(),
            after: now,
            ..self.entry(owner, outcome)
        };
        self.append(&locked.lock, &locked.target, &entry);
        Ok(())
    }

    fn entry(&self, owner: Option<String>, outcome: &str) -> LogEntry {
        LogEntry {
            time: LogEntry::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            owner,
            handlers: Handlers::default(),
            keys: Keys::default(),
            before: None,
            after: None,
            drop_ins: Vec::new(),
            outcome: outcome.to_owned(),
        }
    }

    fn append(&self, lock: &ConfigLock, target: &Target, entry: &LogEntry) -> Option<Notice> {
        let log = self.log_path(target)?;
        let appended = operation_log::file::append(lock, &log, entry);
        appended.err().map(|error| not_logged(&log, &error))
    }
}

fn is_read_only(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    source.and_then(Errno::from_io_error) == Some(Errno::ROFS)
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

mod steps;
#[cfg(test)]
mod tests;
