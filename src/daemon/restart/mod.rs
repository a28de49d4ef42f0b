//! A restart of containerd that ends with a serving daemon: only when it is needed, waited for,
//! verified over CRI.

mod attempt;
mod cause;
mod config;
mod failure;
mod old;
mod rollback;
mod wanted;
mod why;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use self::attempt::Phases;
use self::attempt::{ANSWER, Attempt, Back, Stop};
pub use self::cause::Cause;
use self::config::verdict;
pub use self::failure::RestartFailure;
use self::old::Old;
pub use self::rollback::{Rollback, RolledBackFiles};
use self::rollback::{note, take_back};
use self::wanted::Wanted;
pub use self::why::Why;
use crate::commit::editor::{Editor, LedgerPair, Outcome};
use crate::commit::operation_log::LogEntry;
use crate::daemon::running::{Drift, Running};
use crate::daemon::service::{Prepared, Service};
use crate::edit::edited::Handlers;
use crate::error::{Code, Error};
use crate::want::change::Change;
use crate::want::handler::Owner;

/// How long containerd may take to come back unless told otherwise.
pub const DEFAULT_READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Restarts containerd where that is needed, and verifies that it serves what its config says.
///
/// # Examples
///
/// ```no_run
/// use containerd_edit::{Change, CriClient, Editor, Handler, Restart, Service};
///
/// let change = Change::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
/// let editor = Editor::new("/etc/containerd/config.toml");
/// let restart = Restart::new(Service::of(None), CriClient::DEFAULT_ENDPOINT);
/// let (plan, restarted) = restart.edit(&editor, &change)?;
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

    /// Sets what is called with a clause for each phase as it begins.
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(&str) + 'static) -> Self {
        self.on_progress = Box::new(tell);
        self
    }

    /// Makes an edit and has it loaded. The lock is held for the edit only.
    ///
    /// Where the edit finds nothing to do, containerd is still restarted if it has not loaded its
    /// config as it is: an earlier run may have been killed in between.
    ///
    /// # Errors
    ///
    /// An error that says what the state is then; of a restart that failed, a [`RestartFailure`] is
    /// the [detail](Error::detail).
    pub fn edit(&self, editor: &Editor, change: &Change) -> Result<(Outcome, Restarted), Error> {
        let begun = self.begin(editor)?;
        let plan = editor.commit(change)?;
        let owner = change.acting_owner();
        let to_load = ToLoad::of(change, &plan, owner);
        let restarted = self.load_edit(editor, begun, &to_load)?;
        Ok((plan, restarted))
    }

    /// Takes the last change back, as [`Editor::undo`], and has that loaded.
    ///
    /// # Errors
    ///
    /// An error that says what the state is then; of a restart that failed, a [`RestartFailure`] is
    /// the [detail](Error::detail).
    pub fn undo(
        &self,
        editor: &Editor,
        owner: Option<&Owner>,
    ) -> Result<(Outcome, Restarted), Error> {
        let begun = self.begin(editor)?;
        let plan = editor.undo(owner)?;
        let to_load = ToLoad::of(&Change::new(), &plan, owner);
        let restarted = self.load_edit(editor, begun, &to_load)?;
        Ok((plan, restarted))
    }

    /// What has to be known before anything is changed.
    fn begin(&self, editor: &Editor) -> Result<Begun, Error> {
        let service = self.service.prepare(&editor.host_root);
        let service = service.map_err(|error| error.at(&editor.path))?;
        let old = self.look(editor)?;
        Ok(Begun { service, old })
    }

    /// Has an edit loaded that was just made.
    fn load_edit(
        &self,
        editor: &Editor,
        begun: Begun,
        to_load: &ToLoad,
    ) -> Result<Restarted, Error> {
        let Begun { service, old } = begun;
        // Who waited for the lock may have to do with another daemon by now. k0s may have begun.
        let old = if service.is_by_itself() {
            old
        } else {
            self.look(editor).unwrap_or(old)
        };
        self.load(editor, &service, old, to_load)
    }

    /// Restarts containerd if it is not what its config says. No change is taken back where that
    /// fails: [`Editor::undo`] does it.
    ///
    /// # Errors
    ///
    /// An error that says what the state is then; of a restart that failed, a [`RestartFailure`] is
    /// the [detail](Error::detail).
    pub fn run(&self, editor: &Editor) -> Result<Restarted, Error> {
        let Begun { service, old } = self.begin(editor)?;
        let to_load = ToLoad {
            wanted: Wanted::all(),
            made: None,
            handlers: Handlers::default(),
            owner: None,
        };
        self.load(editor, &service, old, &to_load)
    }

    fn look(&self, editor: &Editor) -> Result<Old, Error> {
        Old::look(&editor.host_root, &self.endpoint, ANSWER)
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
    ) -> Result<Restarted, Error> {
        // Of a daemon without CRI it isn't known which release it is.
        let serving = old.running().filter(|running| running.cri.is_some());
        let verdict = serving.map(|running| verdict(editor, running));
        let (verdict, unread) = match verdict.transpose() {
            Ok(verdict) => (verdict, None),
            Err(source) => (None, Some(Cause::unread(&source))),
        };
        let wanted = &to_load.wanted;
        let (drift, others) = match (serving, &verdict) {
            (Some(running), Some(verdict)) => wanted.held_against(running, verdict),
            _ => (Vec::new(), Vec::new()),
        };
        let changed = to_load.made.as_ref().map(|_| Why::Changed);
        let asked = self.always.then_some(Why::Asked);
        let not_loaded = || Why::of(editor, service, &old, drift, &others);
        let Some(why) = changed.or_else(not_loaded).or(asked) else {
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
            Some(cause) => Err(Stop::Failed(cause)),
            None => attempt.make(&old, wanted),
        };
        let cause = match ended {
            Ok(Back {
                running,
                drift,
                phases,
            }) => {
                // The log is for people only.
                let _ = note(editor, to_load.owner.clone(), LogEntry::RESTARTED);
                return Ok(Restarted {
                    why: Some(why),
                    command: service.shown(),
                    phases,
                    running: Some(running),
                    drift,
                });
            }
            Err(Stop::Interrupted) => {
                let message = "interrupted before containerd was seen to be back";
                let hint = "run it again, or `containerd-edit restart`, to have the config loaded";
                let error = Error::new(Code::Interrupted, message, hint).at(&editor.path);
                return Err(match to_load.made {
                    Some(_) => error.after_change(),
                    None => error,
                });
            }
            Err(Stop::Failed(cause)) => cause,
        };
        let log = attempt.log(&cause);
        (self.on_progress)(&cause.to_string());
        let rollback = self.roll_back(editor, service, to_load, &old, &cause);
        let failure = RestartFailure {
            cause,
            log,
            command: service.shown(),
            rollback,
        };
        Err(failure.into_error(&editor.path))
    }

    /// Takes a change back and has containerd serve without it. `old` is the daemon that ran before
    /// the restart that has failed.
    fn roll_back(
        &self,
        editor: &Editor,
        service: &Prepared,
        to_load: &ToLoad,
        old: &Old,
        cause: &Cause,
    ) -> Option<Rollback> {
        // It is finished, whatever asks to end: half a roll-back is worse than none.
        editor.finishes.set(true);
        let made = to_load.made.as_deref();
        let rollback =
            made.map(|made| self.serve_without(editor, service, to_load, made, old, cause));
        editor.finishes.set(false);
        rollback
    }

    fn serve_without(
        &self,
        editor: &Editor,
        service: &Prepared,
        to_load: &ToLoad,
        made: &LedgerPair,
        old: &Old,
        cause: &Cause,
    ) -> Rollback {
        (self.on_progress)("rolling back: taking this run's change out of the config");
        let now = self.look(editor).unwrap_or(Old::None);
        let files = take_back(editor, made);
        let mut rollback = Rollback {
            files,
            failed: None,
            running: None,
            phases: Phases::default(),
        };
        if let RolledBackFiles::Stuck { .. } = rollback.files {
            let _ = note(editor, to_load.owner.clone(), "not-rolled-back");
            return rollback;
        }
        let was_left_alone =
            cause.is_before_restart() || old.is_there() && !old.ends_within(Duration::ZERO);
        if was_left_alone && !service.is_by_itself() && now.serves() {
            rollback.running = now.into_running();
            return rollback;
        }
        let wanted = Wanted::without(&to_load.handlers);
        match self.attempt(editor, service).make(&now, &wanted) {
            Ok(back) => {
                rollback.running = Some(back.running);
                rollback.phases = back.phases;
            }
            Err(Stop::Failed(cause)) => rollback.failed = Some(cause),
            // Nobody is asked any more.
            Err(Stop::Interrupted) => {}
        }
        rollback
    }
}

/// What was found before anything is changed.
struct Begun {
    service: Prepared,
    old: Old,
}

/// What a restart is to bring about.
struct ToLoad {
    wanted: Wanted,
    /// What this run has changed of what is loaded; it is taken back if that is not loaded.
    made: Option<Box<LedgerPair>>,
    handlers: Handlers,
    owner: Option<String>,
}

impl ToLoad {
    fn of(change: &Change, plan: &Outcome, owner: Option<&Owner>) -> Self {
        let owner = owner.map(|owner| owner.as_str().to_owned());
        Self {
            wanted: Wanted::of(change, plan),
            made: plan.made.clone().filter(|_| plan.needs_restart()),
            handlers: plan.report.handlers.clone(),
            owner,
        }
    }
}
