//! One restart at a time, and none of a daemon that is starting.
//!
//! containerd that is stopped while it loads its shims takes running containers for ended ones, or
//! forgets them: 1.7 and 2.1 do. So runs that overlap take turns, and a run waits for a start that is
//! not its own.

use std::fs::File;
use std::thread;

use super::cause::Cause;
use super::daemon::Daemon;
use super::scene::Scene;
use super::wait::{Pending, Wait};
use crate::disk::lock::try_lock_folder;
use crate::error::Error;

/// A run's turn to restart containerd, which ends when this is dropped.
pub(super) struct Turn {
    /// The lock on the config's folder: it outlives the daemon's. `None`: it can't be locked.
    _lock: Option<File>,
}

impl Turn {
    /// Waits until no other run restarts containerd: each has a deadline of its own. `None`: a signal
    /// has ended the wait.
    pub(super) fn wait(scene: &Scene<'_>) -> Option<Self> {
        let target = scene.editor.find().ok();
        let folder = target.as_ref().and_then(|target| target.path.parent());
        loop {
            let free = Wait::begin(scene).until(|pause| match folder.map(try_lock_folder) {
                Some(Ok(None)) => {
                    thread::sleep(pause);
                    Err(pending("another run to restart containerd"))
                }
                taken => Ok(taken.and_then(Result::ok).flatten()),
            });
            match free {
                Ok(lock) => return Some(Self { _lock: lock }),
                Err(Cause::Interrupted) => return None,
                Err(_) => {}
            }
        }
    }
}

/// Waits until nothing starts containerd any more, and looks at it. After as long as a restart may
/// take, it is looked at all the same. `None`: a signal has ended the wait.
pub(super) fn started(scene: &Scene<'_>) -> Option<Result<Option<Daemon>, Error>> {
    let daemon = Wait::begin(scene).until(|pause| {
        let daemon = scene.daemon();
        let answers = matches!(&daemon, Ok(Some(daemon)) if daemon.running.is_some());
        if answers || !scene.service.is_starting() {
            return Ok(daemon);
        }
        thread::sleep(pause);
        Err(pending("containerd to start"))
    });
    match daemon {
        Ok(daemon) => Some(daemon),
        Err(Cause::Interrupted) => None,
        Err(_) => Some(scene.daemon()),
    }
}

fn pending(whom: &str) -> Pending {
    Pending {
        progress: format!("waiting for {whom}"),
        cause: format!("waited in vain for {whom}"),
    }
}
