//! The daemon that runs before a restart, and its end.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Why;
use crate::commit::editor::Editor;
use crate::daemon::cri::{CriClient, CriError};
use crate::daemon::running::{Drift, Running};
use crate::daemon::service::process::Process;
use crate::disk::HostRoot;

/// A file's time and a process's are taken by different clocks.
const MARGIN: Duration = Duration::from_secs(1);

/// The daemon before a restart, if there is one.
#[derive(Debug)]
pub(super) enum Old {
    /// None answers.
    None,
    /// One runs.
    Daemon {
        /// What it says; `None`: it says nothing, or not yet.
        running: Option<Running>,
        client: Box<CriClient>,
        /// `None`: it can't be seen from this PID namespace.
        process: Option<Process>,
    },
}

impl Old {
    /// Looks who serves at a socket of the host.
    ///
    /// # Errors
    ///
    /// [`CriError`] if that can't be told: the path is wrong, or this user may not connect.
    pub(super) fn look(
        root: &HostRoot,
        endpoint: &Path,
        limit: Duration,
    ) -> Result<Self, CriError> {
        let client = match CriClient::connect_on(root, endpoint, limit) {
            Ok(client) => client,
            Err(
                CriError::NoSocket { .. }
                | CriError::NobodyListens { .. }
                | CriError::HungUp { .. },
            ) => return Ok(Self::None),
            Err(error) => return Err(error),
        };
        let process = client.daemon_pid().and_then(Process::of);
        // It answers after its process was looked at: so that is its own.
        let running = match Running::over(&client) {
            Ok(running) => Some(running),
            Err(CriError::HungUp { .. }) => return Ok(Self::None),
            Err(error @ CriError::Unexpected { .. }) => return Err(error),
            Err(_) => None,
        };
        Ok(Self::Daemon {
            running,
            client: Box::new(client),
            process,
        })
    }

    pub(super) fn is_there(&self) -> bool {
        matches!(self, Self::Daemon { .. })
    }

    /// Whether it serves CRI.
    pub(super) fn serves(&self) -> bool {
        self.running().is_some_and(|running| running.cri.is_some())
    }

    /// How long it has been running; `None`: that can't be seen.
    pub(super) fn age(&self) -> Option<Duration> {
        match self {
            Self::Daemon { process, .. } => process.as_ref()?.age(),
            Self::None => None,
        }
    }

    /// Whether it was started before the config was changed last, as far as that can be seen.
    pub(super) fn is_older_than_change(&self, editor: &Editor) -> bool {
        let since = editor.changed_at();
        let since = since.and_then(|at| SystemTime::now().duration_since(at).ok());
        match (self.age(), since) {
            (Some(age), Some(since)) => age + MARGIN >= since,
            (None, Some(_)) => self.is_there(),
            (_, None) => false,
        }
    }

    pub(super) fn running(&self) -> Option<&Running> {
        match self {
            Self::Daemon { running, .. } => running.as_ref(),
            Self::None => None,
        }
    }

    pub(super) fn into_running(self) -> Option<Running> {
        match self {
            Self::Daemon { running, .. } => running,
            Self::None => None,
        }
    }

    /// Why it has to be restarted although this run has changed nothing: `drift` is in what it
    /// differs from what the run is about, `others` in what else from its config.
    pub(super) fn why(&self, drift: Vec<Drift>, others: &[Drift], editor: &Editor) -> Option<Why> {
        if !self.is_there() {
            return Some(Why::NotRunning);
        }
        if self.running().is_none() {
            return Some(Why::Silent);
        }
        if !self.serves() {
            return Some(Why::Drift(vec![Drift::NoCri]));
        }
        // What a restart with the same files has not mended, another one will not.
        let is_mendable = !others.is_empty() && self.is_older_than_change(editor);
        let drift = if drift.is_empty() && is_mendable {
            others.to_vec()
        } else {
            drift
        };
        (!drift.is_empty()).then_some(Why::Drift(drift))
    }

    /// Its process, in words.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Daemon {
                process: Some(process),
                ..
            } => format!(" (process {})", process.id()),
            _ => String::new(),
        }
    }

    /// Waits until it has ended, but not longer than this. Returns whether it has.
    pub(super) fn ends_within(&self, limit: Duration) -> bool {
        match self {
            Self::None => true,
            Self::Daemon {
                process: Some(process),
                ..
            } => process.ends_within(limit),
            // The connection ends with the daemon that has accepted it.
            Self::Daemon { client, .. } => {
                let is_gone = matches!(client.version(), Err(CriError::HungUp { .. }));
                if !is_gone {
                    std::thread::sleep(limit);
                }
                is_gone
            }
        }
    }
}
