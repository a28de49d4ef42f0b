//! A restart of containerd that ends with a serving daemon: only when it is needed, waited for,
//! verified over CRI.

mod attempt;
mod error;
mod old;
mod wanted;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use self::attempt::{Attempt, Ended};
pub use self::attempt::{Cause, Phases};
pub use self::error::{RestartError, RestartFailure};
use self::old::Old;
use self::wanted::Wanted;
use crate::containerd::{Release, Verdict};
use crate::editor::{Editor, Plan};
use crate::error::Error;
use crate::patch::Patch;
use crate::running::{Drift, Running};
use crate::service::{Prepared, Service};

/// How long containerd may take to come back unless told otherwise.
pub const DEFAULT_READY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a running daemon may take for each answer. It has them at hand.
const ANSWER: Duration = Duration::from_secs(5);

/// Restarts containerd where that is needed, and verifies that it serves what its config says.
///
/// # Examples
///
/// ```no_run
/// use containerd_edit::{CriClient, Editor, Handler, Patch, Restart, Service};
///
/// let patch = Patch::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
/// let editor = Editor::new("/etc/containerd/config.toml");
/// let restart = Restart::new(Service::of(None), CriClient::DEFAULT_ENDPOINT);
/// let (plan, restarted) = restart.edit(&editor, &patch)?;
/// println!("changed: {}, restarted: {}", plan.is_change(), restarted.why.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Restart {
    service: Service,
    endpoint: PathBuf,
    ready_timeout: Duration,
    always: bool,
    on_progress: Box<dyn Fn(&str)>,
}

/// Why containerd was restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// This run has changed what it loads.
    Changed,
    /// It was not what its config says.
    Drift(Vec<Drift>),
    /// It did not run.
    NotRunning,
    /// It ran, and gave no answer.
    Silent,
    /// That was asked for in any case.
    Asked,
}

impl Why {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Drift(_) => "drift",
            Self::NotRunning => "not-running",
            Self::Silent => "silent",
            Self::Asked => "asked",
        }
    }
}

/// What was done for a config to be loaded.
#[derive(Debug, Clone)]
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
}

impl Restart {
    /// A restart of the daemon that serves CRI at `endpoint`, a path of the host.
    pub fn new(service: Service, endpoint: impl Into<PathBuf>) -> Self {
        Self {
            service,
            endpoint: endpoint.into(),
            ready_timeout: DEFAULT_READY_TIMEOUT,
            always: false,
            on_progress: Box::new(|_| {}),
        }
    }

    /// Sets how long one restart may take, from the command to the verified answer.
    #[must_use]
    pub fn ready_timeout(mut self, timeout: Duration) -> Self {
        self.ready_timeout = timeout;
        self
    }

    /// Has containerd restarted whether that is needed or not.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Sets what is told, in a clause, of each phase as it begins.
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(&str) + 'static) -> Self {
        self.on_progress = Box::new(tell);
        self
    }

    /// Makes an edit and has it loaded. The lock is held for the edit only.
    ///
    /// Where the edit finds nothing to do, containerd is still restarted if it is not what its
    /// config says: an earlier run may have been killed in between.
    ///
    /// # Errors
    ///
    /// [`RestartError`], which says what the state is then.
    pub fn edit(&self, editor: &Editor, patch: &Patch) -> Result<(Plan, Restarted), RestartError> {
        let service = self.service.prepare(&editor.host_root)?;
        let old = self.look(editor)?;
        let plan = editor.commit(patch)?;
        // Who waited for the lock may have to do with another daemon by now. k0s may have begun.
        let old = if service.is_by_itself() {
            old
        } else {
            self.look(editor)?
        };
        let wanted = Wanted::of(patch, &plan);
        let changed = plan.needs_restart().then_some(Why::Changed);
        let restarted = self.load(editor, &service, old, &wanted, changed)?;
        Ok((plan, restarted))
    }

    /// Restarts containerd if it is not what its config says.
    ///
    /// # Errors
    ///
    /// [`RestartError`], which says what the state is then.
    pub fn run(&self, editor: &Editor) -> Result<Restarted, RestartError> {
        let service = self.service.prepare(&editor.host_root)?;
        let old = self.look(editor)?;
        self.load(editor, &service, old, &Wanted::all(), None)
    }

    fn look(&self, editor: &Editor) -> Result<Old, RestartError> {
        Ok(Old::look(&editor.host_root, &self.endpoint, ANSWER)?)
    }

    /// Has the config loaded as it is now, if it is not.
    fn load(
        &self,
        editor: &Editor,
        service: &Prepared,
        old: Old,
        wanted: &Wanted,
        changed: Option<Why>,
    ) -> Result<Restarted, RestartError> {
        let verdict = old.running().map(|running| verdict(editor, running));
        let verdict = verdict.transpose()?;
        let asked = self.always.then_some(Why::Asked);
        let why = changed.or_else(|| old.why(verdict.as_ref())).or(asked);
        let Some(why) = why else {
            return Ok(Restarted {
                why: None,
                command: None,
                phases: Phases::default(),
                running: old.into_running(),
                drift: Vec::new(),
            });
        };
        let attempt = Attempt {
            editor,
            service,
            endpoint: &self.endpoint,
            deadline: Instant::now() + self.ready_timeout,
            limit: self.ready_timeout,
            tell: &*self.on_progress,
            is_interruptible: true,
        };
        let cause = match verdict
            .as_ref()
            .and_then(|verdict| wanted.refuses(verdict, editor))
        {
            Some(cause) => cause,
            None => match attempt.make(&old, wanted) {
                Ended::Back {
                    running,
                    drift,
                    phases,
                } => {
                    return Ok(Restarted {
                        why: Some(why),
                        command: service.shown(),
                        phases,
                        running: Some(running),
                        drift,
                    });
                }
                Ended::Interrupted => {
                    return Err(RestartError::Interrupted {
                        path: editor.path.clone(),
                    });
                }
                Ended::Failed(cause) => cause,
            },
        };
        Err(RestartError::Failed(Box::new(RestartFailure {
            path: editor.path.clone(),
            log: attempt.log(&cause),
            command: service.shown(),
            cause,
        })))
    }
}

/// What a running daemon's release makes of its config as it is now. For one that is not modelled,
/// the newest that is stands in.
fn verdict(editor: &Editor, running: &Running) -> Result<Verdict, Error> {
    let newest = Release::LINES[Release::LINES.len() - 1];
    let release = running.release().ok().flatten().unwrap_or(newest);
    editor.verdict(release)
}
