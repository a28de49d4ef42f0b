//! One run: what is to be loaded, by which daemon, and what becomes of the change if it is not.

use std::time::Duration;

use super::attempt::{Attempt, Phases, Restarted, Scene, Stop};
use super::cause::Cause;
use super::config::verdicts;
use super::daemon::Daemon;
use super::disagreement::Disagreement;
use super::expected::Expected;
use super::failure::RestartFailure;
use super::rollback::{Rollback, RolledBackFiles, take_back};
use super::why::Why;
use crate::commit::operation_log::LogEntry;
use crate::commit::outcome::Outcome;
use crate::commit::request::Request;
use crate::disk::digest;
use crate::error::{Code, Error, NextStep, Warning};
use crate::ledger::LedgerPair;
use crate::want::change::Change;

/// A run that has its config loaded.
pub(super) struct Run<'a> {
    scene: Scene<'a>,
    is_always: bool,
    /// The daemon before the restart; `None`: none runs.
    old: Option<Daemon>,
    /// What this run has changed of what is loaded; it is taken back if that is not loaded.
    made: Option<Box<LedgerPair>>,
    /// Whether it has changed something that stays.
    is_kept: bool,
    /// What has to be loaded.
    expected: Expected,
    /// What has to be loaded once the change is taken back.
    without: Expected,
    owner: Option<String>,
    /// Where the model is wrong about the daemon before the restart.
    disagreement: Option<Warning>,
}

impl<'a> Run<'a> {
    /// Looks at the daemon before anything is changed. The whole config is wanted as yet.
    pub(super) fn begin(scene: Scene<'a>, is_always: bool) -> Result<Self, Error> {
        let old = scene.daemon()?;
        let mut run = Self {
            is_always,
            old: None,
            disagreement: None,
            made: None,
            is_kept: false,
            expected: Expected::all(),
            without: Expected::default(),
            owner: None,
            scene,
        };
        run.follow(old);
        Ok(run)
    }

    /// Takes this daemon for the one before the restart. Where it serves what the model does not, it is
    /// right.
    fn follow(&mut self, old: Option<Daemon>) {
        let editor = self.scene.editor;
        let disagreement = old.as_ref().map(|old| Disagreement::with(editor, old));
        // A config that can't be read is an error wherever it is needed.
        if let Some(Ok(Some(Disagreement {
            disproved, warning, ..
        }))) = disagreement
        {
            editor.disproved.replace(Some(disproved));
            self.disagreement = Some(warning);
        }
        self.old = old;
    }

    /// Has an edit loaded that was just made.
    pub(super) fn load_edit(
        mut self,
        request: &Request,
        outcome: &Outcome,
    ) -> Result<Restarted, Error> {
        let nothing = Change::new();
        let change = match request {
            Request::Change(change) => change,
            _ => &nothing,
        };
        self.expected = Expected::of(change, outcome);
        self.without = Expected::without(&outcome.report.handlers);
        self.made = outcome.made.clone().filter(|_| outcome.needs_restart());
        self.is_kept = outcome.restored.is_some() && outcome.is_change();
        self.owner = request.owner().map(ToString::to_string);
        // Who waited for the lock may have to do with another daemon by now. k0s may have begun.
        if !self.scene.service.is_by_itself()
            && let Ok(now) = self.scene.daemon()
        {
            self.follow(now);
        }
        self.load()
    }

    /// Has the config loaded as it is now, if it is not.
    pub(super) fn load(self) -> Result<Restarted, Error> {
        let Scene {
            editor, service, ..
        } = &self.scene;
        let serving = self.old.as_ref().and_then(Daemon::serving);
        let verdicts = verdicts(editor, serving);
        let (drift, others) = match (serving, &verdicts) {
            (Some(running), Ok(verdicts)) => self.expected.held_against(running, verdicts.first()),
            _ => (Vec::new(), Vec::new()),
        };
        let changed = self.made.as_ref().map(|_| Why::Changed);
        let not_loaded = || Why::of(editor, service, self.old.as_ref(), drift, &others);
        let asked = self.is_always.then_some(Why::Asked);
        let Some(why) = changed.or_else(not_loaded).or(asked) else {
            return Ok(Restarted {
                why: None,
                command: None,
                phases: Phases::default(),
                running: self.old.and_then(|old| old.running),
                drift: others,
                disagreement: self.disagreement,
            });
        };
        let mut attempt = Attempt::new(&self.scene);
        let ended = attempt.make(self.old.as_ref(), &self.expected);
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
        (self.scene.tell)(&cause.to_string());
        // It is finished, whatever asks to end: half a roll-back is worse than none.
        editor.finishes.set(true);
        let made = self.made.as_deref();
        let rollback = made.map(|made| self.roll_back(made, &cause));
        editor.finishes.set(false);
        let failure = RestartFailure {
            cause,
            log,
            command: service.shown(),
            rollback,
            is_kept: self.is_kept,
        };
        Err(failure.into_error(&editor.path))
    }

    /// Takes the change back, and has containerd serve without it. `cause`: why containerd does not
    /// serve with it.
    fn roll_back(&self, made: &LedgerPair, cause: &Cause) -> Rollback {
        (self.scene.tell)("rolling back: taking this run's change out of the config");
        let now = self.scene.daemon().unwrap_or(None);
        let mut rollback = Rollback {
            files: take_back(self.scene.editor, made),
            failed: None,
            running: None,
            phases: Phases::default(),
        };
        if let RolledBackFiles::Stuck { .. } = rollback.files {
            self.note("not-rolled-back");
            return rollback;
        }
        let still_runs = |old: &Daemon| !old.ends_within(Duration::ZERO);
        let was_left_alone = cause.is_before_restart() || self.old.as_ref().is_some_and(still_runs);
        if was_left_alone
            && !self.scene.service.is_by_itself()
            && let Some(running) = now.as_ref().and_then(Daemon::serving)
        {
            rollback.running = Some(running.clone());
            return rollback;
        }
        match Attempt::new(&self.scene).make(now.as_ref(), &self.without) {
            Ok(restarted) => {
                rollback.running = restarted.running;
                rollback.phases = restarted.phases;
            }
            Err(Stop::Failed(cause)) => rollback.failed = Some(cause),
            // Nobody is asked any more.
            Err(Stop::Interrupted) => {}
        }
        rollback
    }

    /// Notes down what became of the config as it is now. The log is for people only: a failure
    /// costs nothing.
    fn note(&self, outcome: &str) {
        let editor = self.scene.editor;
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
        let hint = NextStep::RestartAgain;
        let error = Error::new(Code::Interrupted, message, hint).at(&self.scene.editor.path);
        if self.made.is_some() || self.is_kept {
            error.after_change()
        } else {
            error
        }
    }
}
