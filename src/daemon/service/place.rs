//! Where the host's service manager is reached from.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use crate::disk::HostRoot;
use crate::disk::existing::is_same;
use crate::error::{Code, Error};

/// Exists where systemd is the service manager, `sd_booted(3)`.
const BOOTED: &str = "/run/systemd/system";
/// The host's first process, for who sees the host's processes.
const FIRST: &str = "/proc/1";
/// Where a host has its programs. An installer's container has a path of its own, or none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:\
                    /run/current-system/sw/bin";

/// Where a command runs.
#[derive(Debug)]
pub(crate) enum CommandPlace {
    /// Where this process does.
    Here,
    /// In the mount namespace of the host's first process.
    Namespace(File),
    /// With this folder as its root.
    Root(PathBuf),
}

impl CommandPlace {
    /// Finds from where the systemd of a host is reached.
    pub(super) fn of_systemd(root: &HostRoot) -> Result<Self, Error> {
        let is_here = || root.folder().is_none_or(is_own_root) && Path::new(BOOTED).exists();
        let mut denied = None;
        if fs::read_to_string(format!("{FIRST}/comm")).is_ok_and(|name| name.trim() == "systemd") {
            let first = PathBuf::from(format!("{FIRST}/ns/mnt"));
            match (fs::read_link(&first), fs::read_link("/proc/self/ns/mnt")) {
                (Ok(its), Ok(own)) if its == own && is_here() => return Ok(Self::Here),
                (Ok(its), Ok(own)) if its != own => match File::open(&first) {
                    Ok(namespace) => return Ok(Self::Namespace(namespace)),
                    Err(error) => denied = Some(error),
                },
                (Err(error), _) => denied = Some(error),
                _ => {}
            }
        }
        if let Some(folder) = root.folder()
            && root.has(Path::new(BOOTED))
        {
            return Ok(Self::Root(folder.to_owned()));
        }
        if let Some(source) = denied {
            let hint = "run privileged (CAP_SYS_ADMIN, CAP_SYS_CHROOT and CAP_SYS_PTRACE), or say how \
                        to restart it with --restart-command";
            let message =
                "cannot restart containerd: the mount namespace of the host may not be entered";
            return Err(Error::new(Code::HostDenied, message, hint).caused_by(source));
        }
        if is_here() {
            return Ok(Self::Here);
        }
        let hint = "say how to restart it with --restart-command; in a container, run with the \
                    host's PIDs (hostPID) and privileged, or mount the host's / with what is mounted \
                    below it and name it with --host-root";
        let message = "cannot restart containerd: there is no systemd here";
        Err(Error::new(Code::NoSystemd, message, hint))
    }

    /// Starts a command.
    pub(super) fn spawn(&self, mut command: Command) -> io::Result<Child> {
        if matches!(self, Self::Here) {
            return command.spawn();
        }
        command.env("PATH", PATH);
        // A thread may have a root of its own, which the process that it starts inherits.
        thread::scope(|scope| {
            let spawned = scope.spawn(|| {
                unshare(CloneFlags::CLONE_FS)?;
                match self {
                    Self::Here => {}
                    Self::Namespace(namespace) => setns(namespace, CloneFlags::CLONE_NEWNS)?,
                    Self::Root(folder) => {
                        std::os::unix::fs::chroot(folder)?;
                        std::env::set_current_dir("/")?;
                        // systemctl would do nothing in one.
                        command.env("SYSTEMD_IGNORE_CHROOT", "1");
                    }
                }
                command.spawn()
            });
            let ended = "the thread that was to start it has ended";
            spawned
                .join()
                .unwrap_or_else(|_| Err(io::Error::other(ended)))
        })
    }
}

fn is_own_root(folder: &Path) -> bool {
    is_same(folder.metadata(), Path::new("/").metadata())
}
