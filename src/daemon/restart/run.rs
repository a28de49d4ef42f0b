//! One run: what is to be loaded, by which daemon, and what becomes of the change if it is not.

use std::time::Duration;

use super::attempt::Restarted;
use super::cause::Cause;
use super::daemon::Daemon;
use super::disagreement::Disagreement;
use super::expected::Expected;
use super::failure::{ChangeFate, RestartFailure};
use super::scene::Scene;
use super::turn;
use super::verdicts::verdicts;
use super::why::Why;
use crate::commit::operation_log::LogEntry;
use crate::commit::outcome::Outcome;
use crate::commit::request::Request;
use crate::containerd::Verdict;
use crate::error::{Code, Error, NextStep, Warning};
use crate::ledger::LedgerPair;
use crate::want::change::Change;

/// What a run has changed of what is loaded.
enum Made {
    Nothing,
    /// It stays, whether it is loaded or not.
    Kept,
    /// It is taken back if it is not loaded; then this has to be loaded.
    Change(Box<LedgerPair>, Expected),
}

/// A run that has its config loaded.
pub(super) struct Run<'a> {
    scene: Scene<'a>,
    is_always: bool,
    /// The daemon before the restart; `None`: none runs.
    old: Option<Daemon>,
    made: Made,
    /// What has to be loaded.
    expected: Expected,
    owner: Option<String>,
    /// Where the model is wrong about the daemon before the restart.
    disagreement: Option<Warning>,
    /// Whether the config would not have served before the edit.
    was_broken: bool,
}

impl<'a> Run<'a> {
    /// Looks at the daemon before anything is changed. The whole config is wanted as yet.
    pub(super) fn begin(scene: Scene<'a>, is_always: bool) -> Result<Self, Error> {
        let old = scene.daemon()?;
        let mut run = Self {
            is_always,
            old: None,
            disagreement: None,
            made: Made::Nothing,
            expected: Expected::all(),
            owner: None,
            was_broken: false,
            scene,
        };
        run.set_old(old);
        let serving = run.old.as_ref().and_then(Daemon::serving);
        let verdicts = verdicts(run.scene.editor, serving).unwrap_or_default();
        run.was_broken = !verdicts.is_empty() && !verdicts.iter().any(Verdict::serves);
        Ok(run)
    }

    /// Takes this daemon for the one before the restart. Where it serves what the model does not, it is
    /// right.
    fn set_old(&mut self, old: Option<Daemon>) {
        let editor = self.scene.editor;
        let serving = old.as_ref().and_then(Daemon::serving);
        let disagreement = serving.map(|old| Disagreement::with(editor, old));
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
        // A removal or a repair is not to blame for what it leaves.
        let is_repair = outcome.restored.is_some() || self.was_broken;
        let stays = is_repair || outcome.serves_nowhere();
        self.made = match outcome.made.clone() {
            _ if stays && outcome.is_change() => Made::Kept,
            Some(made) if outcome.needs_restart() => {
                Made::Change(made, Expected::without(&outcome.report.handlers))
            }
            _ => Made::Nothing,
        };
        self.owner = request.owner().map(ToString::to_string);
        self.load()
    }

    /// Has the config loaded as it is now, if it is not.
    pub(super) fn load(mut self) -> Result<Restarted, Error> {
        // What k0s does has begun with the edit, and nobody takes turns with it.
        if self.scene.service.is_by_itself() {
            return self.load_now();
        }
        let interrupted = |_| self.interrupted();
        let _turn = turn::wait(&self.scene).map_err(interrupted)?;
        // Who has waited may have to do with another daemon by now.
        if let Ok(now) = turn::started(&self.scene).map_err(interrupted)? {
            self.set_old(now);
        }
        self.load_now()
    }

    fn load_now(self) -> Result<Restarted, Error> {
        let Scene {
            editor, service, ..
        } = &self.scene;
        let serving = self.old.as_ref().and_then(Daemon::serving);
        let verdicts = match (verdicts(editor, serving), &self.made) {
            (Err(error), Made::Nothing) => return Err(editor.by_its_name(error)),
            (verdicts, _) => verdicts.unwrap_or_default(),
        };
        let (drift, others) = match serving {
            Some(running) => self.expected.held_against(running, verdicts.first()),
            None => (Vec::new(), Vec::new()),
        };
        let not_loaded = Why::of(editor, service, self.old.as_ref(), drift, &others);
        let asked = self.is_always.then_some(Why::Asked);
        let why = match (&self.made, &self.old) {
            // Another run's restart has loaded it along.
            (Made::Change(..), Some(old)) if not_loaded.is_none() && old.has_loaded(editor) => {
                asked
            }
            (Made::Change(..), _) => Some(Why::Changed),
            _ => not_loaded.or(asked),
        };
        let Some(why) = why else {
            return Ok(Restarted {
                running: self.old.and_then(|old| old.running),
                drift: others,
                disagreement: self.disagreement,
                ..Restarted::default()
            });
        };
        let mut printed = String::new();
        let ended = self
            .scene
            .restart(self.old.as_ref(), &self.expected, &mut printed);
        let cause = match ended {
            Ok(restarted) => {
                self.note(LogEntry::RESTARTED);
                return Ok(Restarted {
                    why: Some(why),
                    ..restarted
                });
            }
            Err(Cause::Interrupted) => return Err(self.interrupted()),
            Err(cause) => cause,
        };
        // The reason in the words of others: containerd's, or the command's.
        let log = match cause {
            Cause::LeftAlone { .. } => None,
            _ => service.log().or(Some(printed)),
        };
        // It is finished, whatever asks to end: half a roll-back is worse than none.
        editor.finishes.set(true);
        let change = match &self.made {
            Made::Nothing => ChangeFate::Nothing,
            Made::Kept => ChangeFate::Kept,
            Made::Change(made, without) => self.roll_back(made, without, &cause),
        };
        editor.finishes.set(false);
        let failure = RestartFailure {
            cause,
            log: log.filter(|log| !log.trim().is_empty()),
            command: service.shown(),
            change,
        };
        Err(editor.by_its_name(failure.into_error()))
    }

    /// Takes the change back, as a whole or out of what others have made of the files since, and has
    /// containerd serve `without` it, if it was not left alone. `cause`: why it does not serve with it.
    fn roll_back(&self, made: &LedgerPair, without: &Expected, cause: &Cause) -> ChangeFate {
        (self.scene.tell)(&cause.to_string());
        (self.scene.tell)("rolling back: taking this run's change out of the config");
        // A restart that took too long may go on.
        let now = turn::started(&self.scene).ok().and_then(Result::ok);
        let now = now.flatten();
        let is_as_before = match self.scene.editor.roll_back(made) {
            Ok(outcome) => outcome.is_as_before,
            // What is not durable is in place all the same.
            Err(error) if error.code() == Code::NotDurable => true,
            Err(error) => {
                self.note("not-rolled-back");
                return ChangeFate::Stuck(error);
            }
        };
        let serving = now.as_ref().and_then(Daemon::serving);
        let was_left_alone = matches!(cause, Cause::LeftAlone { .. } | Cause::NoCommand(_));
        let still_runs = |old: &Daemon| !old.ends_within(Duration::ZERO);
        let still_serves = serving.is_some()
            && self.old.as_ref().is_some_and(still_runs)
            && !self.scene.service.is_by_itself();
        let now = if was_left_alone || still_serves {
            Ok(Restarted {
                running: serving.cloned(),
                ..Restarted::default()
            })
        } else {
            self.scene
                .restart(now.as_ref(), without, &mut String::new())
        };
        ChangeFate::TakenBack {
            is_as_before,
            now: now.map(Box::new),
        }
    }

    /// Notes down what became of the config as it is now. The log is for people only: a failure
    /// costs nothing.
    fn note(&self, outcome: &str) {
        let editor = self.scene.editor;
        let noted = || {
            let locked = editor.lock(editor.find()?)?;
            let now = locked.target.read()?;
            let entry = editor.entry(self.owner.clone(), outcome, now.bytes());
            editor.append(&locked.lock, &locked.target, &entry);
            Ok::<(), Error>(())
        };
        let _ = noted();
    }

    fn interrupted(&self) -> Error {
        let message = "interrupted before containerd was seen to be back";
        let hint = NextStep::RestartAgain;
        let error = Error::new(Code::Interrupted, message, hint).at(&self.scene.editor.path);
        match self.made {
            Made::Nothing => error,
            _ => error.after_change(),
        }
    }
}
