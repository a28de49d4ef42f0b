//! A restart of containerd that ends with a serving daemon: only when it is needed, waited for,
//! verified over CRI.

mod attempt;
mod error;
mod old;
mod rollback;
mod wanted;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use self::attempt::{Attempt, Ended};
pub use self::attempt::{Cause, Phases};
pub use self::error::{RestartError, RestartFailure};
use self::old::Old;
use self::rollback::Own;
pub use self::rollback::{Rollback, RolledBackFiles};
use self::wanted::Wanted;
use crate::commit::editor::{Editor, Outcome};
use crate::commit::operation_log::LogEntry;
use crate::containerd::{Release, Verdict};
use crate::daemon::running::{Drift, Running};
use crate::daemon::service::{Prepared, Service};
use crate::error::Error;
use crate::want::handler::Owner;
use crate::want::patch::Patch;

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
    /// An earlier run of the same command has changed what it loads, and was killed before it saw
    /// that loaded.
    Unfinished,
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
            Self::Unfinished => "unfinished",
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
    pub fn edit(
        &self,
        editor: &Editor,
        patch: &Patch,
    ) -> Result<(Outcome, Restarted), RestartError> {
        let begun = self.begin(editor)?;
        let plan = editor.commit(patch)?;
        let mut wanted = Wanted::of(patch, &plan);
        let owner = patch.acting_owner().map(|owner| owner.as_str().to_owned());
        // What a killed run of the same owner has changed, and has not seen loaded.
        let is_unseen = !plan.needs_restart() && begun.1.is_older_than_change(editor);
        let unfinished = is_unseen.then(|| Own::unfinished(editor, owner.as_deref()));
        let unfinished = unfinished.flatten();
        if let Some(own) = &unfinished {
            wanted.take_in(&own.handlers);
        }
        let restarted = self.load_edit(editor, begun, &plan, (wanted, owner, unfinished))?;
        Ok((plan, restarted))
    }

    /// Takes the last change back, as [`Editor::undo`], and has that loaded.
    ///
    /// # Errors
    ///
    /// [`RestartError`], which says what the state is then.
    pub fn undo(
        &self,
        editor: &Editor,
        owner: Option<&Owner>,
    ) -> Result<(Outcome, Restarted), RestartError> {
        let begun = self.begin(editor)?;
        let plan = editor.undo(owner)?;
        let wanted = Wanted::of(&Patch::new(), &plan);
        let owner = owner.map(|owner| owner.as_str().to_owned());
        let restarted = self.load_edit(editor, begun, &plan, (wanted, owner, None))?;
        Ok((plan, restarted))
    }

    /// What has to be known before anything is changed.
    fn begin(&self, editor: &Editor) -> Result<(Prepared, Old), RestartError> {
        let service = self.service.prepare(&editor.host_root)?;
        Ok((service, self.look(editor)?))
    }

    /// Has an edit loaded that was just made.
    fn load_edit(
        &self,
        editor: &Editor,
        (service, old): (Prepared, Old),
        plan: &Outcome,
        (wanted, owner, unfinished): (Wanted, Option<String>, Option<Own>),
    ) -> Result<Restarted, RestartError> {
        // Who waited for the lock may have to do with another daemon by now. k0s may have begun.
        let old = if service.is_by_itself() {
            old
        } else {
            self.look(editor).unwrap_or(old)
        };
        let (own, why) = match unfinished {
            _ if plan.needs_restart() => (Own::of(plan), Some(Why::Changed)),
            Some(own) => (Some(own), Some(Why::Unfinished)),
            None => (None, None),
        };
        let to_load = ToLoad {
            wanted,
            own,
            why,
            owner,
        };
        self.load(editor, &service, old, &to_load)
    }

    /// Restarts containerd if it is not what its config says. No change is taken back where that
    /// fails: [`Editor::undo`] does it.
    ///
    /// # Errors
    ///
    /// [`RestartError`], which says what the state is then.
    pub fn run(&self, editor: &Editor) -> Result<Restarted, RestartError> {
        let (service, old) = self.begin(editor)?;
        let to_load = ToLoad {
            wanted: Wanted::all(),
            own: None,
            why: None,
            owner: None,
        };
        self.load(editor, &service, old, &to_load)
    }

    fn look(&self, editor: &Editor) -> Result<Old, RestartError> {
        Ok(Old::look(&editor.host_root, &self.endpoint, ANSWER)?)
    }

    fn attempt<'a>(&'a self, editor: &'a Editor, service: &'a Prepared) -> Attempt<'a> {
        Attempt {
            editor,
            service,
            endpoint: &self.endpoint,
            deadline: Instant::now() + self.ready_timeout,
            limit: self.ready_timeout,
            tell: &*self.on_progress,
            printed: RefCell::default(),
        }
    }

    /// Has the config loaded as it is now, if it is not.
    fn load(
        &self,
        editor: &Editor,
        service: &Prepared,
        old: Old,
        to_load: &ToLoad,
    ) -> Result<Restarted, RestartError> {
        // Of a daemon without CRI it isn't known which release it is.
        let serving = old.running().filter(|running| running.cri.is_some());
        let verdict = serving.map(|running| verdict(editor, running));
        let (verdict, unread) = match verdict.transpose() {
            Ok(verdict) => (verdict, None),
            Err(source) => (None, Some(Cause::unread(source))),
        };
        let wanted = &to_load.wanted;
        let (drift, others) = match (serving, &verdict) {
            (Some(running), Some(verdict)) => wanted.held_against(running, verdict),
            _ => (Vec::new(), Vec::new()),
        };
        let why = to_load
            .why
            .clone()
            .or_else(|| old.why(drift, &others, editor));
        let asked = self.always.then_some(Why::Asked);
        let Some(why) = why.or(asked) else {
            return Ok(Restarted {
                why: None,
                command: None,
                phases: Phases::default(),
                running: old.into_running(),
                drift: others,
            });
        };
        let attempt = self.attempt(editor, service);
        let refused = || wanted.refuses(verdict.as_ref()?, editor);
        let ended = match unread.or_else(refused) {
            Some(cause) => Ended::Failed(cause),
            None => attempt.make(&old, wanted),
        };
        let cause = match ended {
            Ended::Back {
                running,
                drift,
                phases,
            } => {
                // If it is not noted down, the next run may restart once more.
                let _ = editor.note_later(to_load.owner.clone(), LogEntry::RESTARTED);
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
        };
        let log = attempt.log(&cause);
        (self.on_progress)(&cause.to_string());
        let own = to_load.own.as_ref();
        let rollback = own.map(|own| self.roll_back(editor, service, own, &old, &cause));
        Err(RestartError::Failed(Box::new(RestartFailure {
            path: editor.path.clone(),
            cause,
            log,
            command: service.shown(),
            rollback,
        })))
    }
}

/// What a restart is to bring about.
struct ToLoad {
    wanted: Wanted,
    /// The change that is taken back if it does not.
    own: Option<Own>,
    /// Why it is needed whatever the daemon says.
    why: Option<Why>,
    owner: Option<String>,
}

/// What a running daemon's release makes of its config as it is now. For one that is not modelled,
/// the newest that is stands in.
fn verdict(editor: &Editor, running: &Running) -> Result<Verdict, Error> {
    let newest = Release::LINES[Release::LINES.len() - 1];
    let release = running.release().ok().flatten().unwrap_or(newest);
    editor.verdict(release)
}
