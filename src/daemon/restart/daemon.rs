//! The daemon that runs before a restart, and its end.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::started::Started;
use crate::commit::editor::Editor;
use crate::daemon::cri::CriClient;
use crate::daemon::running::{Running, started};
use crate::daemon::service::process::Process;
use crate::disk::HostRoot;
use crate::error::{Code, Error};
use crate::node::Layout;

/// How long a running daemon may take for each answer. It has them at hand.
pub(super) const ANSWER: Duration = Duration::from_secs(5);

/// A daemon that accepts connections.
pub(super) struct Daemon {
    /// What it says; `None`: it says nothing, or not yet.
    pub(super) running: Option<Running>,
    /// When it was started, or a little later where its process can't be seen; `None`: not known.
    pub(super) started: Option<SystemTime>,
    client: CriClient,
    /// `None`: it can't be seen from this PID namespace.
    process: Option<Process>,
}

impl Daemon {
    /// Looks who serves at a socket of the host; `None`: nobody.
    ///
    /// # Errors
    ///
    /// An error if that can't be told: the path is wrong, or this user may not connect.
    pub(super) fn look(root: &HostRoot, endpoint: &Path) -> Result<Option<Self>, Error> {
        let client = match CriClient::connect_on(root, endpoint, ANSWER) {
            Ok(client) => client,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let process = client.daemon_pid().and_then(Process::of);
        let started = started(root, &client, process.as_ref());
        let running = match Running::over(&client, started) {
            Ok(running) => Some(running),
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) if error.code() == Code::NotContainerd => return Err(error),
            Err(_) => None,
        };
        Ok(Some(Self {
            running,
            started,
            client,
            process,
        }))
    }

    /// What it says, if it serves CRI.
    pub(super) fn serving(&self) -> Option<&Running> {
        self.running
            .as_ref()
            .filter(|running| running.cri.is_some())
    }

    /// Whether what it loads is as it was when its process was started, for certain.
    pub(super) fn has_loaded(&self, editor: &Editor) -> bool {
        self.process.is_some() && Started::of(editor, self.started) == Started::After
    }

    /// Waits until it has ended, but not longer than this. Returns whether it has.
    pub(super) fn ends_within(&self, limit: Duration) -> bool {
        if let Some(process) = &self.process {
            return process.ends_within(limit);
        }
        // The connection ends with the daemon that has accepted it.
        let is_gone = self.client.version().is_err_and(|error| is_gone(&error));
        if !is_gone {
            std::thread::sleep(limit);
        }
        is_gone
    }
}

impl fmt::Display for Daemon {
    /// As "the old containerd", with its process if that can be seen.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the old containerd")?;
        match &self.process {
            Some(process) => write!(formatter, " (process {})", process.id()),
            None => Ok(()),
        }
    }
}

/// Returns a file that was changed after the daemon was started, or a folder that its config imports
/// from. `None`: nothing was, its start is not known, or it is restarted after each change anyway.
#[must_use]
pub fn changed_since_start(editor: &Editor, running: &Running) -> Option<PathBuf> {
    let layout = editor.layout.as_ref();
    let is_watched = layout.is_some_and(Layout::restarts_by_itself);
    match Started::of(editor, running.started) {
        Started::Before(path) if !is_watched => Some(path),
        _ => None,
    }
}

/// Whether nobody is there any more to answer.
fn is_gone(error: &Error) -> bool {
    matches!(error.code(), Code::NoDaemon | Code::HungUp)
}
