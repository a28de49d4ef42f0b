//! One restart: the command, the old daemon's end, the new one's answer, and what it has loaded.

use std::cell::RefCell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::cause::Cause;
use super::config::{self, verdict};
use super::old::Old;
use super::wanted::Wanted;
use crate::commit::editor::Editor;
use crate::daemon::cri::CriClient;
use crate::daemon::running::{Drift, Running};
use crate::daemon::service::Prepared;
use crate::error::Error;

/// How long a running daemon may take for each answer. It has them at hand.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// How soon a socket is asked again, at first and at last.
const FIRST_POLL: Duration = Duration::from_millis(10);
const LAST_POLL: Duration = Duration::from_millis(200);
/// How long a wait goes on before progress is reported.
const QUIET: Duration = Duration::from_secs(2);

/// How long each phase of a restart took; zero for those that there were none of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Phases {
    /// The command that restarts containerd.
    pub command: Duration,
    /// From its end until the old daemon was gone.
    pub gone: Duration,
    /// From then until the new one said what it has loaded.
    pub ready: Duration,
    /// Holding that against the config.
    pub verified: Duration,
}

impl Phases {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.command + self.gone + self.ready + self.verified
    }
}

/// A daemon that serves what was wanted.
pub(super) struct Back {
    pub(super) running: Running,
    /// In what else it is not what its config says.
    pub(super) drift: Vec<Drift>,
    pub(super) phases: Phases,
}

/// Why a restart did not get to its end.
pub(super) enum Stop {
    Failed(Cause),
    Interrupted,
}

impl From<Cause> for Stop {
    fn from(cause: Cause) -> Self {
        Self::Failed(cause)
    }
}

/// One restart, to be made.
pub(super) struct Attempt<'a> {
    pub(super) editor: &'a Editor,
    pub(super) service: &'a Prepared,
    pub(super) endpoint: &'a Path,
    pub(super) deadline: Instant,
    /// As long as the deadline was away when the attempt was begun.
    pub(super) limit: Duration,
    pub(super) tell: &'a dyn Fn(&str),
    /// What the command has printed.
    pub(super) printed: RefCell<String>,
}

impl Attempt<'_> {
    /// Restarts the daemon and waits for what was wanted.
    pub(super) fn make(&self, old: &Old, wanted: &Wanted) -> Result<Back, Stop> {
        let mut phases = Phases::default();
        let mut clock = Instant::now();
        let mut lap = || {
            let now = Instant::now();
            now - std::mem::replace(&mut clock, now)
        };
        self.command()?;
        phases.command = lap();
        self.old_one_gone(old)?;
        phases.gone = lap();
        let running = self.new_one_ready(old)?;
        phases.ready = lap();
        if running.cri.is_none() {
            return Err(Cause::no_cri().into());
        }
        let verdict = verdict(self.editor, &running).map_err(|error| Cause::unread(&error))?;
        let (own, drift) = wanted.held_against(&running, &verdict);
        phases.verified = lap();
        if !own.is_empty() {
            return Err(Cause::not_loaded(&own).into());
        }
        Ok(Back {
            running,
            drift,
            phases,
        })
    }

    fn command(&self) -> Result<(), Stop> {
        let Some(command) = self.service.shown() else {
            (self.tell)("waiting for k0s to restart containerd");
            return Ok(());
        };
        // A daemon that is started right after an edit could not be told from one that is older.
        thread::sleep(config::DOUBT);
        (self.tell)(&format!("restarting containerd: {command}"));
        match self.service.run(self.deadline, &|| self.is_interrupted()) {
            Ok(Some(printed)) => {
                self.printed.replace(printed);
                Ok(())
            }
            Ok(None) => Err(Stop::Interrupted),
            Err(failed) => Err(Cause::command(&command, failed).into()),
        }
    }

    fn old_one_gone(&self, old: &Old) -> Result<(), Stop> {
        let mut waits = Waits::new(self);
        while !old.ends_within(waits.next().min(self.left())) {
            if self.left().is_zero() {
                let command = self.service.shown();
                return Err(Cause::not_replaced(command.as_deref(), old, self.limit).into());
            }
            self.go_on()?;
            waits.tell(|| format!("waiting for the old containerd{} to end", old.shown()));
        }
        Ok(())
    }

    /// Waits until a daemon says what it has loaded, or that it runs without CRI.
    fn new_one_ready(&self, old: &Old) -> Result<Running, Stop> {
        let was_ready = old.running().and_then(|running| running.cri.as_ref());
        let was_ready = was_ready.is_none_or(|cri| cri.loaded.ready);
        let mut waits = Waits::new(self);
        loop {
            let last = match self.ask() {
                Ok(running) => match &running.cri {
                    Some(cri) if was_ready && !cri.loaded.ready => None,
                    _ => return Ok(running),
                },
                Err(last) => Some(last),
            };
            if self.left().is_zero() {
                let cause = match &last {
                    Some(last) => Cause::not_back(self.limit, last),
                    None => Cause::not_ready(self.limit),
                };
                return Err(cause.into());
            }
            self.go_on()?;
            waits.tell(|| match &last {
                Some(last) => format!("waiting for containerd: {last}"),
                None => "waiting for containerd: its CRI is not ready yet".to_owned(),
            });
            thread::sleep(waits.next().min(self.left()));
        }
    }

    fn ask(&self) -> Result<Running, Error> {
        let limit = self.left().clamp(FIRST_POLL, ANSWER);
        let root = &self.editor.host_root;
        Running::over(&CriClient::connect_on(root, self.endpoint, limit)?)
    }

    /// The reason for a failure in the words of others: containerd's, or the command's.
    pub(super) fn log(&self, cause: &Cause) -> Option<String> {
        if cause.is_before_restart() {
            return None;
        }
        let soon = Instant::now() + ANSWER;
        let printed = match cause.printed() {
            Some(printed) => printed.to_owned(),
            None => self.printed.borrow().clone(),
        };
        let log = self.service.log(soon).or(Some(printed));
        log.filter(|log| !log.trim().is_empty())
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn go_on(&self) -> Result<(), Stop> {
        if self.is_interrupted() {
            return Err(Stop::Interrupted);
        }
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.editor.is_interrupted()
    }
}

/// A wait that looks again and again, less often with time, and tells why it goes on.
struct Waits<'a> {
    attempt: &'a Attempt<'a>,
    poll: Duration,
    told: (Instant, String),
}

impl<'a> Waits<'a> {
    fn new(attempt: &'a Attempt<'a>) -> Self {
        Self {
            attempt,
            poll: FIRST_POLL,
            told: (Instant::now(), String::new()),
        }
    }

    fn next(&mut self) -> Duration {
        let poll = self.poll;
        self.poll = (poll * 2).min(LAST_POLL);
        poll
    }

    fn tell(&mut self, what: impl Fn() -> String) {
        let (when, last) = &self.told;
        if when.elapsed() < QUIET {
            return;
        }
        let what = what();
        if *last != what {
            (self.attempt.tell)(&what);
            self.told = (Instant::now(), what);
        }
    }
}
