//! One run: what is to be loaded, by which daemon, and what becomes of the change if it is not.

use std::path::Path;
use std::time::{Duration, Instant};

use super::attempt::{Attempt, Stop};
use super::config::verdict;
use super::daemon::Daemon;
use super::failure::{Cause, RestartFailure};
use super::wanted::Wanted;
use super::{Phases, Restart, Restarted, Why};
use crate::commit::editor::{Editor, LedgerPair, Outcome};
use crate::commit::operation_log::LogEntry;
use crate::daemon::service::Prepared;
use crate::disk::digest;
use crate::error::{Code, Error};
use crate::want::change::Change;
use crate::want::handler::Owner;

/// A run that has its config loaded.
pub(super) struct Run<'a> {
    pub(super) editor: &'a Editor,
    pub(super) service: Prepared,
    pub(super) endpoint: &'a Path,
    /// How long one restart may take.
    pub(super) limit: Duration,
    pub(super) is_always: bool,
    pub(super) tell: &'a dyn Fn(&str),
    /// The daemon before the restart; `None`: none runs.
    pub(super) old: Option<Daemon>,
    /// What this run has changed of what is loaded; it is taken back if that is not loaded.
    pub(super) made: Option<Box<LedgerPair>>,
    /// What has to be loaded, and what once the change is taken back.
    wanted: Wanted,
    pub(super) without: Wanted,
    owner: Option<String>,
}

impl<'a> Run<'a> {
    /// Finds out what has to be known before anything is changed. Nothing but the whole config is
    /// wanted yet.
    pub(super) fn begin(restart: &'a Restart, editor: &'a Editor) -> Result<Self, Error> {
        let service = restart.service.prepare(&editor.host_root);
        Ok(Self {
            editor,
            service: service.map_err(|error| error.at(&editor.path))?,
            endpoint: &restart.endpoint,
            limit: restart.ready_timeout,
            is_always: restart.always,
            tell: &*restart.on_progress,
            old: Daemon::look(&editor.host_root, &restart.endpoint)?,
            made: None,
            wanted: Wanted::all(),
            without: Wanted::default(),
            owner: None,
        })
    }

    /// Has an edit loaded that was just made.
    pub(super) fn load_edit(
        mut self,
        change: &Change,
        outcome: &Outcome,
        owner: Option<&Owner>,
    ) -> Result<Restarted, Error> {
        self.wanted = Wanted::of(change, outcome);
        self.without = Wanted::without(&outcome.report.handlers);
        self.made = outcome.made.clone().filter(|_| outcome.needs_restart());
        self.owner = owner.map(ToString::to_string);
        // Who waited for the lock may have to do with another daemon by now. k0s may have begun.
        if !self.service.is_by_itself()
            && let Ok(now) = self.look()
        {
            self.old = now;
        }
        self.load()
    }

    /// Has the config loaded as it is now, if it is not.
    pub(super) fn load(self) -> Result<Restarted, Error> {
        // Of a daemon without CRI it isn't known which release it is.
        let serving = self.old.as_ref().and_then(Daemon::serving);
        let verdict = serving.map(|running| verdict(self.editor, running));
        let verdict = verdict.transpose();
        let (drift, others) = match (serving, &verdict) {
            (Some(running), Ok(Some(verdict))) => self.wanted.held_against(running, verdict),
            _ => (Vec::new(), Vec::new()),
        };
        let Some(why) = Why::of(&self, drift, &others) else {
            return Ok(Restarted {
                why: None,
                command: None,
                phases: Phases::default(),
                running: self.old.and_then(|old| old.running),
                drift: others,
            });
        };
        let refused = match &verdict {
            Ok(verdict) => {
                let verdict = verdict.as_ref();
                verdict.and_then(|verdict| self.wanted.refuses(verdict, self.editor))
            }
            Err(error) => Some(Cause::unread(error)),
        };
        let mut attempt = self.attempt();
        let ended = match refused {
            Some(cause) => Err(Stop::Failed(cause)),
            None => attempt.make(self.old.as_ref(), &self.wanted),
        };
        let cause = match ended {
            Ok(restarted) => {
                self.note(LogEntry::RESTARTED);
                return Ok(Restarted {
                    why: Some(why),
                    ..restarted
                });
            }
            Err(Stop::Interrupted) => return Err(self.interrupted()),
            Err(Stop::Failed(cause)) => cause,
        };
        let log = attempt.log(&cause);
        (self.tell)(&cause.to_string());
        // It is finished, whatever asks to end: half a roll-back is worse than none.
        self.editor.finishes.set(true);
        let made = self.made.as_deref();
        let rollback = made.map(|made| self.roll_back(made, &cause));
        self.editor.finishes.set(false);
        let failure = RestartFailure {
            cause,
            log,
            command: self.service.shown(),
            rollback,
        };
        Err(failure.into_error(&self.editor.path))
    }

    /// The daemon that runs now.
    pub(super) fn look(&self) -> Result<Option<Daemon>, Error> {
        Daemon::look(&self.editor.host_root, self.endpoint)
    }

    pub(super) fn attempt(&self) -> Attempt<'_> {
        Attempt {
            run: self,
            deadline: Instant::now() + self.limit,
            printed: String::new(),
        }
    }

    /// Notes down what became of the config as it is now. The log is for people only: a failure
    /// costs nothing.
    pub(super) fn note(&self, outcome: &str) {
        let editor = self.editor;
        let noted = || {
            let locked = editor.lock(editor.find()?)?;
            let now = locked.target.read()?.bytes().map(digest::of);
            let entry = LogEntry {
                before: now.clone(),
                after: now,
                ..editor.entry(self.owner.clone(), outcome)
            };
            editor.append(&locked.lock, &locked.target, &entry);
            Ok::<(), Error>(())
        };
        let _ = noted();
    }

    fn interrupted(&self) -> Error {
        let message = "interrupted before containerd was seen to be back";
        let hint = "run it again, or `containerd-edit restart`, to have the config loaded";
        let error = Error::new(Code::Interrupted, message, hint).at(&self.editor.path);
        match self.made {
            Some(_) => error.after_change(),
            None => error,
        }
    }
}
