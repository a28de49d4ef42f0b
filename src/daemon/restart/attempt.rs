//! One restart: the command, the old daemon's end, the new one's answer, and what it has loaded.

use std::thread;
use std::time::{Duration, Instant};

use humantime::format_duration;

use super::cause::Cause;
use super::daemon::{ANSWER, Daemon};
use super::disagreement::Disagreement;
use super::expected::Expected;
use super::scene::Scene;
use super::started;
use super::verdicts::verdicts;
use super::wait::{FIRST_POLL, Pending, Wait};
use super::why::Why;
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

/// One restart, to be made.
pub(super) struct Attempt<'a> {
    scene: &'a Scene<'a>,
    /// What the command has printed.
    printed: String,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(scene: &'a Scene<'a>) -> Self {
        Self {
            scene,
            printed: String::new(),
        }
    }

    /// Restarts the daemon and waits for what is wanted. Returns what was done, but not why.
    pub(super) fn make(
        &mut self,
        old: Option<&Daemon>,
        expected: &Expected,
    ) -> Result<Restarted, Cause> {
        let editor = self.scene.editor;
        let unread =
            |error| Cause::Failed(format!("can't compare the config with containerd: {error}"));
        let verdicts_before = verdicts(editor, old.and_then(Daemon::serving)).map_err(unread)?;
        if let Some(cause) = expected.refuses(&verdicts_before, editor) {
            return Err(cause);
        }
        let wait = Wait::begin(self.scene);
        let mut phases = Phases::default();
        let mut clock = Instant::now();
        let mut lap = || {
            let now = Instant::now();
            now - std::mem::replace(&mut clock, now)
        };
        self.command(wait.deadline)?;
        phases.command = lap();
        if let Some(old) = old {
            self.old_one_gone(&wait, old)?;
        }
        phases.gone = lap();
        let running = self.new_one_ready(&wait, old)?;
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
            command: self.scene.service.shown(),
            phases,
            running: Some(running),
            drift,
            disagreement: disagreement.map(|it| it.warning),
        })
    }

    fn command(&mut self, deadline: Instant) -> Result<(), Cause> {
        let scene = self.scene;
        let Some(command) = scene.service.shown() else {
            (scene.tell)("waiting for k0s to restart containerd");
            return Ok(());
        };
        // A daemon that is started right after an edit could not be told from one that is older.
        thread::sleep(started::DOUBT);
        (scene.tell)(&format!("restarting containerd: {command}"));
        let interrupted = || scene.editor.is_interrupted();
        match scene.service.run(deadline, &interrupted) {
            Ok(Some(printed)) => {
                self.printed = printed;
                Ok(())
            }
            Ok(None) => Err(Cause::Interrupted),
            Err(failed) => {
                self.printed = failed.output;
                let how = format!("`{command}` {}", failed.how);
                Err(if failed.is_found {
                    Cause::Failed(how)
                } else {
                    Cause::NoCommand(how)
                })
            }
        }
    }

    fn old_one_gone(&self, wait: &Wait<'_>, old: &Daemon) -> Result<(), Cause> {
        let limit = format_duration(self.scene.limit);
        wait.until(|pause| {
            if old.ends_within(pause) {
                return Ok(());
            }
            Err(Pending {
                progress: format!("waiting for {old} to end"),
                cause: match self.scene.service.shown() {
                    Some(command) => format!(
                        "`{command}` has ended, and {limit} after it was started {old} still runs"
                    ),
                    None => format!("k0s has not restarted containerd by itself within {limit}"),
                },
            })
        })
    }

    /// Waits until a daemon says what it has loaded, or that it runs without CRI.
    fn new_one_ready(&self, wait: &Wait<'_>, old: Option<&Daemon>) -> Result<Running, Cause> {
        let scene = self.scene;
        let was_ready = old.and_then(Daemon::serving).is_none_or(Running::is_ready);
        let limit = format_duration(self.scene.limit);
        wait.until(|pause| {
            let answer = wait.left().clamp(FIRST_POLL, ANSWER);
            let root = &scene.editor.host_root;
            let pending = match Running::ask(root, scene.endpoint, answer) {
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

    /// The reason for a failure in the words of others: containerd's, or the command's.
    pub(super) fn log(&self, cause: &Cause) -> Option<String> {
        if let Cause::LeftAlone { .. } = cause {
            return None;
        }
        let log = self.scene.service.log();
        let log = log.unwrap_or_else(|| self.printed.clone());
        Some(log).filter(|log| !log.trim().is_empty())
    }
}
