//! One restart at a time, and none of a daemon that is starting.
//!
//! containerd that is stopped while it loads its shims takes running containers for ended ones, or
//! forgets them: 1.7 and 2.1 do. So runs that overlap take turns, and a run waits for a start that is
//! not its own.

use std::thread;

use super::daemon::Daemon;
use super::scene::Scene;
use super::wait::{Pending, Wait};
use crate::daemon::cri::socket_path;
use crate::disk::folder_lock::FolderLock;
use crate::error::Error;

/// A run's turn to restart containerd, which ends when this is dropped.
pub(super) struct Turn {
    /// The lock on the folder of the daemon's socket. `None`: the folder can't be locked, or was not
    /// free in time.
    _lock: Option<FolderLock>,
    /// The daemon that runs now.
    pub(super) daemon: Result<Option<Daemon>, Error>,
}

impl Turn {
    /// Waits until no other run restarts containerd, and nothing else starts it. Each wait may be as
    /// long as a restart; then the run goes on all the same. `None`: a signal has ended it.
    pub(super) fn wait(scene: &Scene<'_>) -> Option<Self> {
        let folder = socket_path(scene.endpoint).ok();
        let folder =
            folder.and_then(|socket| scene.editor.host_root.resolve(socket.parent()?).ok());
        let mut wait = Wait::begin(scene);
        let lock = wait.until(
            |pause| match folder.as_deref().map(FolderLock::try_acquire) {
                Some(Ok(None)) => {
                    thread::sleep(pause);
                    Err(pending("another run to restart containerd"))
                }
                free => Ok(free.and_then(Result::ok).flatten()),
            },
        );
        if wait.is_interrupted {
            return None;
        }
        let mut wait = Wait::begin(scene);
        let daemon = wait.until(|pause| {
            let daemon = scene.daemon();
            let answers = matches!(&daemon, Ok(Some(daemon)) if daemon.running.is_some());
            if answers || !scene.service.is_starting() {
                return Ok(daemon);
            }
            thread::sleep(pause);
            Err(pending("containerd to start"))
        });
        if wait.is_interrupted {
            return None;
        }
        Some(Self {
            _lock: lock.unwrap_or_default(),
            daemon: daemon.unwrap_or_else(|_| scene.daemon()),
        })
    }
}

fn pending(whom: &str) -> Pending {
    Pending {
        progress: format!("waiting for {whom}"),
        cause: format!("waited in vain for {whom}"),
    }
}
