//! The daemon that runs before a restart, and its end.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::started::Started;
use crate::commit::editor::Editor;
use crate::daemon::cri::CriClient;
use crate::daemon::running::Running;
use crate::disk::HostRoot;
use crate::error::{Code, Error};
use crate::node::Layout;

/// A daemon that accepts connections.
pub(super) struct Daemon {
    /// What it says; `None`: it says nothing, or not yet.
    pub(super) running: Option<Running>,
    client: CriClient,
}

impl Daemon {
    /// Looks who serves at a socket of the host; `None`: nobody.
    ///
    /// # Errors
    ///
    /// An error if that can't be told: the path is wrong, or this user may not connect.
    pub(super) fn look(root: &HostRoot, endpoint: &Path) -> Result<Option<Self>, Error> {
        let client = match CriClient::connect_on(root, endpoint, CriClient::ANSWER_LIMIT) {
            Err(error) if is_gone(&error) => return Ok(None),
            connected => connected?,
        };
        let running = match Running::over(root, &client) {
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) if error.code() == Code::NotContainerd => return Err(error),
            answer => answer.ok(),
        };
        Ok(Some(Self { running, client }))
    }

    /// What it says, if it serves CRI.
    pub(super) fn serving(&self) -> Option<&Running> {
        let running = self.running.as_ref();
        running.filter(|running| running.cri.is_some())
    }

    /// Whether what it loads is as it was when its process was started, for certain.
    pub(super) fn has_loaded(&self, editor: &Editor) -> bool {
        let running = self
            .running
            .as_ref()
            .filter(|_| self.client.process().is_some());
        running.is_some_and(|running| Started::of(editor, running) == Started::After)
    }

    /// Waits until it has ended, but not longer than this. Returns whether it has.
    pub(super) fn ends_within(&self, limit: Duration) -> bool {
        if let Some(process) = self.client.process() {
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
        match self.client.daemon_pid() {
            Some(id) => write!(formatter, " (process {id})"),
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
    match Started::of(editor, running) {
        Started::Before(path) if !is_watched => Some(path),
        _ => None,
    }
}

/// Whether nobody is there any more to answer.
fn is_gone(error: &Error) -> bool {
    matches!(error.code(), Code::NoDaemon | Code::HungUp)
}
