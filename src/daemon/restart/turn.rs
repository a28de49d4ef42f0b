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
use super::wait::Pending;
use crate::disk::lock::try_lock_folder;
use crate::disk::target::Target;
use crate::error::Error;

/// Waits until no other run restarts containerd: each has a deadline of its own. This run's turn lasts as
/// long as the lock on the config's folder, which outlives the daemon's; `None`: it can't be locked.
///
/// # Errors
///
/// [`Cause::Interrupted`].
pub(super) fn wait(scene: &Scene<'_>) -> Result<Option<File>, Cause> {
    let target = scene.editor.find().ok();
    let folder = target.as_ref().map(Target::folder);
    loop {
        let free = scene.until(scene.deadline(), |pause| {
            match folder.map(try_lock_folder) {
                Some(Ok(None)) => {
                    thread::sleep(pause);
                    Err(pending("another run to restart containerd"))
                }
                taken => Ok(taken.and_then(Result::ok).flatten()),
            }
        });
        match free {
            Err(Cause::Failed(_)) => {}
            free => return free,
        }
    }
}

/// Waits until nothing starts containerd any more, and looks at it. After as long as a restart may
/// take, it is looked at all the same.
///
/// # Errors
///
/// [`Cause::Interrupted`].
pub(super) fn started(scene: &Scene<'_>) -> Result<Result<Option<Daemon>, Error>, Cause> {
    let daemon = scene.until(scene.deadline(), |pause| {
        let daemon = scene.daemon();
        let answers = matches!(&daemon, Ok(Some(daemon)) if daemon.running.is_some());
        if answers || !scene.service.is_starting() {
            return Ok(daemon);
        }
        thread::sleep(pause);
        Err(pending("containerd to start"))
    });
    match daemon {
        Err(Cause::Failed(_)) => Ok(scene.daemon()),
        daemon => daemon,
    }
}

fn pending(whom: &str) -> Pending {
    Pending {
        progress: format!("waiting for {whom}"),
        cause: format!("waited in vain for {whom}"),
    }
}
