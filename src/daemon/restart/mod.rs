//! A restart of containerd that ends with a serving daemon: only when it is needed, waited for,
//! verified over CRI.

mod attempt;
mod cause;
mod daemon;
mod disagreement;
mod expected;
mod failure;
mod run;
mod scene;
mod started;
mod turn;
mod verdicts;
mod wait;
mod why;

use std::path::PathBuf;
use std::time::Duration;

pub use self::attempt::{Phases, Restarted};
pub use self::cause::Cause;
pub use self::daemon::changed_since_start;
pub use self::disagreement::Disagreement;
pub use self::failure::{ChangeFate, RestartFailure};
use self::run::Run;
use self::scene::Scene;
pub use self::why::Why;
use crate::commit::editor::Editor;
use crate::commit::outcome::Outcome;
use crate::commit::request::Request;
use crate::daemon::service::Service;
use crate::error::Error;

/// How long containerd may take to come back unless told otherwise.
pub const DEFAULT_READY_TIMEOUT: Duration = Duration::from_secs(60);

/// Restarts containerd where that is needed, and verifies that it serves what its config says.
///
/// # Examples
///
/// ```no_run
/// use containerd_edit::{Change, Editor, Handler};
/// use containerd_edit::cri::{CriClient, Restart, Service};
///
/// let change = Change::new().ensure(Handler::new("spin".parse()?, "io.containerd.spin.v2"));
/// let editor = Editor::new("/etc/containerd/config.toml");
/// let restart = Restart::new(Service::of(None), CriClient::DEFAULT_ENDPOINT);
/// let (plan, restarted) = restart.edit(&editor, &change)?;
/// println!("changed: {}, restarted: {}", plan.is_change(), restarted.why.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Restart {
    service: Service,
    endpoint: PathBuf,
    ready_timeout: Duration,
    always: bool,
    on_progress: Box<dyn Fn(&str)>,
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
    pub fn ready_timeout(mut self, timeout: Duration) -> Self {
        self.ready_timeout = timeout;
        self
    }

    /// Sets whether containerd is restarted although that is not needed.
    pub fn always(mut self, always: bool) -> Self {
        self.always = always;
        self
    }

    /// Sets what is called with a clause for each phase as it begins.
    pub fn on_progress(mut self, tell: impl Fn(&str) + 'static) -> Self {
        self.on_progress = Box::new(tell);
        self
    }

    /// Carries a request out, as [`Editor::commit`], and has that loaded. The lock is held for the edit
    /// only; then runs that overlap restart containerd one after the other, and one restart may load
    /// the edits of several. A text that was restored is not taken out again where containerd does not
    /// serve with it.
    ///
    /// Where the edit finds nothing to do, containerd is still restarted if it has not loaded its
    /// config as it is: an earlier run may have been killed in between.
    ///
    /// # Errors
    ///
    /// An error that says what the state is then; of a restart that failed, a [`RestartFailure`] is
    /// the [detail](Error::detail).
    pub fn edit(
        &self,
        editor: &Editor,
        request: impl Into<Request>,
    ) -> Result<(Outcome, Restarted), Error> {
        let run = self.begin(editor)?;
        let request = request.into();
        let mut outcome = editor.commit(request.clone())?;
        let restarted = run.load_edit(&request, &outcome)?;
        let disagreement = restarted.disagreement.clone();
        outcome.report.warnings.extend(disagreement);
        Ok((outcome, restarted))
    }

    /// Restarts containerd if it is not what its config says. No change is taken back where that
    /// fails: [`Request::Undo`] does it.
    ///
    /// # Errors
    ///
    /// An error that says what the state is then; of a restart that failed, a [`RestartFailure`] is
    /// the [detail](Error::detail).
    pub fn run(&self, editor: &Editor) -> Result<Restarted, Error> {
        self.begin(editor)?.load()
    }

    /// What has to be known before anything is changed.
    fn begin<'a>(&'a self, editor: &'a Editor) -> Result<Run<'a>, Error> {
        let service = self.service.prepare(&editor.host_root);
        let scene = Scene {
            editor,
            service: service.map_err(|error| error.at(&editor.path))?,
            endpoint: &self.endpoint,
            limit: self.ready_timeout,
            tell: &*self.on_progress,
        };
        Run::begin(scene, self.always)
    }
}
