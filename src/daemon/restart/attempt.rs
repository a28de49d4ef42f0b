//! One restart: the command, the old daemon's end, the new one's answer, and what it has loaded.

use std::thread;
use std::time::{Duration, Instant};

use humantime::format_duration;

use super::cause::Cause;
use super::daemon::Daemon;
use super::disagreement::Disagreement;
use super::expected::Expected;
use super::scene::Scene;
use super::started;
use super::verdicts::verdicts;
use super::wait::{FIRST_POLL, Pending, left};
use super::why::Why;
use crate::daemon::cri::CriClient;
use crate::daemon::running::{Drift, Running};
use crate::error::Warning;

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

/// What was done for a config to be loaded.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Restarted {
    /// Why containerd was restarted; `None`: that was not needed.
    pub why: Option<Why>,
    /// The command that has restarted it; `None`: none was run.
    pub command: Option<String>,
    /// How long each phase took.
    pub phases: Phases,
    /// The daemon as it runs now.
    pub running: Option<Running>,
    /// In what it is not what its config says, beyond what this run is about.
    pub drift: Vec<Drift>,
    /// Where the model is wrong about the daemon that runs now.
    pub disagreement: Option<Warning>,
}

impl Scene<'_> {
    /// Restarts the daemon and waits for what is wanted. Returns what was done, but not why. `printed`
    /// is given what the command has printed.
    pub(super) fn restart(
        &self,
        old: Option<&Daemon>,
        expected: &Expected,
        printed: &mut String,
    ) -> Result<Restarted, Cause> {
        let editor = self.editor;
        let unread =
            |error| Cause::Failed(format!("can't compare the config with containerd: {error}"));
        let verdicts_before = verdicts(editor, old.and_then(Daemon::serving)).map_err(unread)?;
        if let Some(cause) = expected.refuses(&verdicts_before, editor) {
            return Err(cause);
        }
        let deadline = self.deadline();
        let mut phases = Phases::default();
        let mut clock = Instant::now();
        let mut lap = || {
            let now = Instant::now();
            now - std::mem::replace(&mut clock, now)
        };
        self.command(deadline, printed)?;
        phases.command = lap();
        if let Some(old) = old {
            self.old_one_gone(deadline, old)?;
        }
        phases.gone = lap();
        let running = self.new_one_ready(deadline, old)?;
        phases.ready = lap();
        if running.cri.is_none() {
            return Err(Cause::Failed("containerd came back without CRI".to_owned()));
        }
        // It serves: what the model still says against that is wrong.
        let disagreement = Disagreement::of(editor, &running).map_err(unread)?;
        let disproved = disagreement.as_ref().map(|it| it.disproved.clone());
        editor.disproved.replace(disproved);
        let verdicts = verdicts(editor, Some(&running)).map_err(unread)?;
        let (own, drift) = expected.held_against(&running, verdicts.first());
        phases.verified = lap();
        if !own.is_empty() {
            let own = Drift::listed(&own);
            let cause = format!("containerd came back, and is not what its config says: {own}");
            return Err(Cause::Failed(cause));
        }
        Ok(Restarted {
            why: None,
            command: self.service.shown(),
            phases,
            running: Some(running),
            drift,
            disagreement: disagreement.map(|it| it.warning),
        })
    }

    fn command(&self, deadline: Instant, printed: &mut String) -> Result<(), Cause> {
        let Some(command) = self.service.shown() else {
            (self.tell)("waiting for k0s to restart containerd");
            return Ok(());
        };
        // A daemon that is started right after an edit could not be told from one that is older.
        thread::sleep(started::DOUBT);
        (self.tell)(&format!("restarting containerd: {command}"));
        let interrupted = || self.editor.is_interrupted();
        let ran = self.service.run(deadline, &interrupted).map_err(|failed| {
            *printed = failed.output;
            let how = format!("`{command}` {}", failed.how);
            if failed.is_found {
                Cause::Failed(how)
            } else {
                Cause::NoCommand(how)
            }
        });
        *printed = ran?.ok_or(Cause::Interrupted)?;
        Ok(())
    }

    fn old_one_gone(&self, deadline: Instant, old: &Daemon) -> Result<(), Cause> {
        let limit = format_duration(self.limit);
        self.until(deadline, |pause| {
            if old.ends_within(pause) {
                return Ok(());
            }
            Err(Pending {
                progress: format!("waiting for {old} to end"),
                cause: match self.service.shown() {
                    Some(command) => format!(
                        "`{command}` has ended, and {limit} after it was started {old} still runs"
                    ),
                    None => format!("k0s has not restarted containerd by itself within {limit}"),
                },
            })
        })
    }

    /// Waits until a daemon says what it has loaded, or that it runs without CRI.
    fn new_one_ready(&self, deadline: Instant, old: Option<&Daemon>) -> Result<Running, Cause> {
        let was_ready = old.and_then(Daemon::serving).is_none_or(Running::is_ready);
        let limit = format_duration(self.limit);
        self.until(deadline, |pause| {
            let answer = left(deadline).clamp(FIRST_POLL, CriClient::ANSWER_LIMIT);
            let root = &self.editor.host_root;
            let pending = match Running::ask(root, self.endpoint, answer) {
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
}
