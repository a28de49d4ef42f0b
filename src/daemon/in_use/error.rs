//! Why it can't be known by the host's processes who uses a handler.

use std::io;
use std::path::PathBuf;

/// Why the host's processes can't be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UseUnknown {
    /// There is no `/proc`, or not the host's.
    #[error("{} does not show the host's processes", proc.display())]
    OtherProcesses {
        /// Where `/proc` was looked for.
        proc: PathBuf,
    },
    /// Something of a process is hidden from this user.
    #[error("cannot read {}", path.display())]
    Hidden {
        /// What can't be read.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl UseUnknown {
    /// Returns one next step.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OtherProcesses { .. } => {
                "start containerd and run this again; or show this process those of the host: with \
                 --host-root, the host's /proc mounted in there (a hostPath of / brings it) or \
                 hostPID: true"
            }
            Self::Hidden { .. } => {
                "run this as root, which may look at all processes (in a container: privileged), or \
                 start containerd and run this again"
            }
        }
    }
}
