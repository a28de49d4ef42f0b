//! One restart: the command, the old daemon's end, the new one's answer, and what it has loaded.

use std::thread;
use std::time::{Duration, Instant};

use humantime::format_duration;

use super::config::{self, verdict};
use super::daemon::Daemon;
use super::failure::Cause;
use super::run::Run;
use super::wanted::Wanted;
use super::{Phases, Restarted};
use crate::daemon::cri::CriClient;
use crate::daemon::running::Running;
use crate::error::Error;

/// How long a running daemon may take for each answer. It has them at hand.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// How soon a socket is asked again, at first and at last.
const FIRST_POLL: Duration = Duration::from_millis(10);
const LAST_POLL: Duration = Duration::from_millis(200);
/// How long a wait goes on before progress is reported.
const QUIET: Duration = Duration::from_secs(2);

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

/// What a restart waits for, and why it fails if it waits in vain.
struct Pending {
    progress: String,
    cause: String,
}

/// One restart, to be made.
pub(super) struct Attempt<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) deadline: Instant,
    /// What the command has printed.
    pub(super) printed: String,
}

impl Attempt<'_> {
    /// Restarts the daemon and waits for what is wanted. Returns what was done, but not why.
    pub(super) fn make(
        &mut self,
        old: Option<&Daemon>,
        wanted: &Wanted,
    ) -> Result<Restarted, Stop> {
        let mut phases = Phases::default();
        let mut clock = Instant::now();
        let mut lap = || {
            let now = Instant::now();
            now - std::mem::replace(&mut clock, now)
        };
        self.command()?;
        phases.command = lap();
        if let Some(old) = old {
            self.old_one_gone(old)?;
        }
        phases.gone = lap();
        let running = self.new_one_ready(old)?;
        phases.ready = lap();
        if running.cri.is_none() {
            return Err(Cause::new("containerd came back without CRI").into());
        }
        let verdict = verdict(self.run.editor, &running).map_err(|error| Cause::unread(&error))?;
        let (own, drift) = wanted.held_against(&running, &verdict);
        phases.verified = lap();
        if !own.is_empty() {
            let own: Vec<String> = own.iter().map(ToString::to_string).collect();
            let own = own.join(", ");
            let cause = format!("containerd came back, and is not what its config says: {own}");
            return Err(Cause::new(cause).into());
        }
        Ok(Restarted {
            why: None,
            command: self.run.service.shown(),
            phases,
            running: Some(running),
            drift,
        })
    }

    fn command(&mut self) -> Result<(), Stop> {
        let run = self.run;
        let Some(command) = run.service.shown() else {
            (run.tell)("waiting for k0s to restart containerd");
            return Ok(());
        };
        // A daemon that is started right after an edit could not be told from one that is older.
        thread::sleep(config::DOUBT);
        (run.tell)(&format!("restarting containerd: {command}"));
        let interrupted = || run.editor.is_interrupted();
        match run.service.run(self.deadline, &interrupted) {
            Ok(Some(printed)) => {
                self.printed = printed;
                Ok(())
            }
            Ok(None) => Err(Stop::Interrupted),
            Err(failed) => {
                self.printed = failed.output;
                Err(Cause::new(format!("`{command}` {}", failed.how)).into())
            }
        }
    }

    fn old_one_gone(&self, old: &Daemon) -> Result<(), Stop> {
        let limit = format_duration(self.run.limit);
        self.wait(|pause| {
            if old.ends_within(pause) {
                return Ok(());
            }
            Err(Pending {
                progress: format!("waiting for {old} to end"),
                cause: match self.run.service.shown() {
                    Some(command) => format!(
                        "`{command}` has ended, and {limit} after it was started {old} still runs"
                    ),
                    None => format!("k0s has not restarted containerd by itself within {limit}"),
                },
            })
        })
    }

    /// Waits until a daemon says what it has loaded, or that it runs without CRI.
    fn new_one_ready(&self, old: Option<&Daemon>) -> Result<Running, Stop> {
        let was_ready = old.and_then(Daemon::serving).is_none_or(Running::is_ready);
        let limit = format_duration(self.run.limit);
        self.wait(|pause| {
            let pending = match self.ask() {
                Ok(running) if was_ready && running.cri.is_some() && !running.is_ready() => {
                    Pending {
                        progress: "waiting for containerd: its CRI is not ready yet".to_owned(),
                        cause: format!(
                            "containerd came back, and within {limit} its CRI did not get ready to \
                             run pods"
                        ),
                    }
                }
                Ok(running) => return Ok(running),
                Err(last) => Pending {
                    progress: format!("waiting for containerd: {last}"),
                    cause: format!("containerd did not come back within {limit}: {last}"),
                },
            };
            thread::sleep(pause);
            Err(pending)
        })
    }

    fn ask(&self) -> Result<Running, Error> {
        let limit = self.left().clamp(FIRST_POLL, ANSWER);
        let root = &self.run.editor.host_root;
        Running::over(&CriClient::connect_on(root, self.run.endpoint, limit)?)
    }

    /// Looks again and again, less often with time, and tells what it waits for. `look` is given how
    /// long it may take.
    fn wait<T>(&self, look: impl Fn(Duration) -> Result<T, Pending>) -> Result<T, Stop> {
        let mut poll = FIRST_POLL;
        let mut told = (Instant::now(), String::new());
        loop {
            let Pending { progress, cause } = match look(poll.min(self.left())) {
                Ok(found) => return Ok(found),
                Err(pending) => pending,
            };
            if self.left().is_zero() {
                return Err(Cause::new(cause).into());
            }
            if self.run.editor.is_interrupted() {
                return Err(Stop::Interrupted);
            }
            let (when, last) = &told;
            if when.elapsed() >= QUIET && *last != progress {
                (self.run.tell)(&progress);
                told = (Instant::now(), progress);
            }
            poll = (poll * 2).min(LAST_POLL);
        }
    }

    /// The reason for a failure in the words of others: containerd's, or the command's.
    pub(super) fn log(&self, cause: &Cause) -> Option<String> {
        if cause.is_before_restart() {
            return None;
        }
        let log = self.run.service.log(Instant::now() + ANSWER);
        let log = log.unwrap_or_else(|| self.printed.clone());
        Some(log).filter(|log| !log.trim().is_empty())
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
