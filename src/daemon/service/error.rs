//! Why containerd can't be restarted from here.

use std::io;

use crate::error::ExitCode;
use crate::node::Units;

/// Why no way was found to restart containerd. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// There is no systemd here, nor below the host root.
    #[error("cannot restart containerd: there is no systemd here")]
    NoSystemd,
    /// The host's systemd is seen, and its mount namespace may not be entered.
    #[error(
        "cannot restart containerd: the mount namespace of the host may not be entered: {source}"
    )]
    MayNotEnter {
        /// The system's reason.
        source: io::Error,
    },
    /// It can't be told which unit runs containerd.
    #[error("cannot restart containerd: the unit is {units}")]
    AmbiguousUnit {
        /// Those that it may be.
        units: Units,
    },
}

impl ServiceError {
    /// Returns the exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::MayNotEnter { .. } => ExitCode::Permission,
            _ => ExitCode::NoDaemon,
        }
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSystemd => "no-systemd",
            Self::MayNotEnter { .. } => "host-denied",
            Self::AmbiguousUnit { .. } => "ambiguous-unit",
        }
    }

    /// Returns one next step.
    #[must_use]
    pub fn hint(&self) -> String {
        let text = match self {
            Self::NoSystemd => {
                "say how to restart it with --restart-command; in a container, run with the host's \
                 PIDs (hostPID) and privileged, or mount the host's / with what is mounted below it \
                 and name it with --host-root"
            }
            Self::MayNotEnter { .. } => {
                "run privileged (CAP_SYS_ADMIN, CAP_SYS_CHROOT and CAP_SYS_PTRACE), or say how to \
                 restart it with --restart-command"
            }
            Self::AmbiguousUnit { .. } => {
                "none or both of them run: start the one that belongs here, or say how to restart \
                 it with --restart-command"
            }
        };
        text.to_owned()
    }
}
