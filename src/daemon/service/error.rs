//! Why no way was found to restart containerd. Nothing was changed then.

use std::io;

use crate::error::{Code, Error};
use crate::node::Units;

/// There is no systemd here, nor below the host root.
pub(super) fn no_systemd() -> Error {
    let hint = "say how to restart it with --restart-command; in a container, run with the host's \
                PIDs (hostPID) and privileged, or mount the host's / with what is mounted below it \
                and name it with --host-root";
    let message = "cannot restart containerd: there is no systemd here";
    Error::new(Code::NoSystemd, message, hint)
}

/// The host's systemd is seen, and its mount namespace may not be entered.
pub(super) fn may_not_enter(source: io::Error) -> Error {
    let hint = "run privileged (CAP_SYS_ADMIN, CAP_SYS_CHROOT and CAP_SYS_PTRACE), or say how to \
                restart it with --restart-command";
    let message = "cannot restart containerd: the mount namespace of the host may not be entered";
    Error::new(Code::HostDenied, message, hint).caused_by(source)
}

/// Several units may run containerd.
pub(super) fn ambiguous_unit(units: &Units) -> Error {
    let hint = "none or both of them run: start the one that belongs here, or say how to restart it \
                with --restart-command";
    let message = format!("cannot restart containerd: the unit is {units}");
    Error::new(Code::AmbiguousUnit, message, hint)
}
