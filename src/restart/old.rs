//! The daemon that runs before a restart, and its end.

use std::path::Path;
use std::time::Duration;

use super::Why;
use crate::containerd::Verdict;
use crate::cri::{CriClient, CriError};
use crate::file::HostRoot;
use crate::running::Running;
use crate::service::process::Process;

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

    /// Why it has to be restarted although this run has changed nothing. `verdict` is what its
    /// release makes of its config.
    pub(super) fn why(&self, verdict: Option<&Verdict>) -> Option<Why> {
        let Self::Daemon { running, .. } = self else {
            return Some(Why::NotRunning);
        };
        let (Some(running), Some(verdict)) = (running, verdict) else {
            return Some(Why::Silent);
        };
        let drift = running.drift(verdict);
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
