//! The daemon that runs before a restart, and its end.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::daemon::cri::CriClient;
use crate::daemon::running::Running;
use crate::daemon::service::process::Process;
use crate::disk::HostRoot;
use crate::error::{Code, Error};

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
        started: Option<SystemTime>,
    },
}

impl Old {
    /// Looks who serves at a socket of the host.
    ///
    /// # Errors
    ///
    /// An error if that can't be told: the path is wrong, or this user may not connect.
    pub(super) fn look(root: &HostRoot, endpoint: &Path, limit: Duration) -> Result<Self, Error> {
        let client = match CriClient::connect_on(root, endpoint, limit) {
            Ok(client) => client,
            Err(error) if is_gone(&error) => return Ok(Self::None),
            Err(error) => return Err(error),
        };
        let process = client.daemon_pid().and_then(Process::of);
        // Each daemon makes its socket anew.
        let socket_made = || {
            let socket = root.resolve(client.endpoint()).and_then(fs::metadata);
            socket.and_then(|socket| socket.modified()).ok()
        };
        let started = process
            .as_ref()
            .map_or_else(socket_made, Process::started_at);
        // It answers after its process was looked at: so that is its own.
        let running = match Running::over(&client) {
            Ok(running) => Some(running),
            Err(error) if is_gone(&error) => return Ok(Self::None),
            Err(error) if error.code() == Code::NotContainerd => return Err(error),
            Err(_) => None,
        };
        Ok(Self::Daemon {
            running,
            client: Box::new(client),
            process,
            started,
        })
    }

    pub(super) fn is_there(&self) -> bool {
        matches!(self, Self::Daemon { .. })
    }

    /// Whether it serves CRI.
    pub(super) fn serves(&self) -> bool {
        self.running().is_some_and(|running| running.cri.is_some())
    }

    /// When it was started, or a little later where its process can't be seen; `None`: not known.
    pub(super) fn started(&self) -> Option<SystemTime> {
        match self {
            Self::Daemon { started, .. } => *started,
            Self::None => None,
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
                let is_gone = client.version().is_err_and(|error| is_gone(&error));
                if !is_gone {
                    std::thread::sleep(limit);
                }
                is_gone
            }
        }
    }
}

/// Whether nobody is there any more to answer.
fn is_gone(error: &Error) -> bool {
    matches!(error.code(), Code::NoDaemon | Code::HungUp)
}
