//! Why a daemon did not answer, each with a hint and an exit code.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::ExitCode;

/// Why a running daemon could not be asked, or what was wrong with its answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CriError {
    /// The endpoint is no path of a socket.
    #[error("this is no path of a socket")]
    BadEndpoint {
        /// What was given.
        endpoint: PathBuf,
    },
    /// Nothing stands at the path.
    #[error("no daemon answers: there is no such socket")]
    NoSocket {
        /// The socket.
        endpoint: PathBuf,
    },
    /// Something else than a socket stands at the path.
    #[error("no daemon answers: this is {found}, not a socket")]
    NotASocket {
        /// The path.
        endpoint: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// A socket that a daemon has left behind.
    #[error("no daemon answers: nobody listens at this socket")]
    NobodyListens {
        /// The socket.
        endpoint: PathBuf,
    },
    /// This user may not use the socket.
    #[error("cannot connect to the daemon")]
    Denied {
        /// The socket.
        endpoint: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The socket can't be reached for another reason.
    #[error("cannot connect to the daemon")]
    Unreachable {
        /// The socket.
        endpoint: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Somebody accepts connections and says nothing, or not in time.
    #[error("the daemon gave no answer within {}", humantime::format_duration(*limit))]
    Silent {
        /// The socket.
        endpoint: PathBuf,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The connection broke: the daemon has ended, or is no gRPC server.
    #[error("the daemon hung up without an answer")]
    HungUp {
        /// The socket.
        endpoint: PathBuf,
    },
    /// The daemon runs without CRI.
    #[error("the daemon runs without CRI: its CRI plugin is switched off or has failed")]
    NoCri {
        /// The socket.
        endpoint: PathBuf,
    },
    /// The daemon's CRI is not ready for questions yet.
    #[error("the daemon's CRI is still starting: {message}")]
    Starting {
        /// The socket.
        endpoint: PathBuf,
        /// What the daemon says.
        message: String,
    },
    /// CRI answered with an error.
    #[error("the daemon's CRI failed to answer: {message}")]
    Failed {
        /// The socket.
        endpoint: PathBuf,
        /// What the daemon says.
        message: String,
    },
    /// CRI answered, but not as containerd does.
    #[error("the daemon's answer is not containerd's: {what}")]
    Unexpected {
        /// The socket.
        endpoint: PathBuf,
        /// What is wrong with the answer.
        what: String,
    },
    /// This process could not get ready to ask.
    #[error("cannot get ready to ask the daemon")]
    Setup {
        /// The socket.
        endpoint: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl CriError {
    /// Returns the exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::BadEndpoint { .. } => ExitCode::Usage,
            Self::Denied { .. } => ExitCode::Permission,
            Self::Setup { .. } => ExitCode::Io,
            Self::Failed { .. } | Self::Unexpected { .. } => ExitCode::Other,
            _ => ExitCode::NoDaemon,
        }
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadEndpoint { .. } => "bad-endpoint",
            Self::NoSocket { .. }
            | Self::NotASocket { .. }
            | Self::NobodyListens { .. }
            | Self::Unreachable { .. }
            | Self::HungUp { .. } => "no-daemon",
            Self::Silent { .. } => "daemon-silent",
            Self::NoCri { .. } => "no-cri",
            Self::Starting { .. } => "cri-starting",
            Self::Failed { .. } => "cri-failed",
            Self::Unexpected { .. } => "not-containerd",
            Self::Denied { .. } | Self::Setup { .. } => "io",
        }
    }

    /// Returns the socket that the error is about, as it was named.
    #[must_use]
    pub fn endpoint(&self) -> &Path {
        match self {
            Self::BadEndpoint { endpoint }
            | Self::NoSocket { endpoint }
            | Self::NotASocket { endpoint, .. }
            | Self::NobodyListens { endpoint }
            | Self::Denied { endpoint, .. }
            | Self::Unreachable { endpoint, .. }
            | Self::Silent { endpoint, .. }
            | Self::HungUp { endpoint }
            | Self::NoCri { endpoint }
            | Self::Starting { endpoint, .. }
            | Self::Failed { endpoint, .. }
            | Self::Unexpected { endpoint, .. }
            | Self::Setup { endpoint, .. } => endpoint,
        }
    }

    /// Returns one next step.
    #[must_use]
    pub fn hint(&self) -> String {
        let text = match self {
            Self::BadEndpoint { .. } => {
                "give --cri-endpoint a path, as in /run/containerd/containerd.sock, with or without \
                 unix:// before it"
            }
            Self::NoSocket { .. } | Self::NotASocket { .. } => {
                "see whether containerd runs (`systemctl status containerd`), and name its socket \
                 with --cri-endpoint if it is another one; in a container, mount the socket's folder"
            }
            Self::NobodyListens { .. } | Self::HungUp { .. } => {
                "see why containerd is not running: `systemctl status containerd`, \
                 `journalctl -u containerd`"
            }
            Self::Denied { .. } => "run it as root, or as whoever owns the socket",
            Self::Unreachable { .. } => "check --cri-endpoint and --host-root",
            Self::Silent { .. } => {
                "containerd may be overloaded or hang: `journalctl -u containerd`; or another \
                 program listens there: check --cri-endpoint"
            }
            Self::NoCri { .. } => {
                "`containerd-edit check` says whether the config is the reason, `ctr plugins ls` and \
                 `journalctl -u containerd` why it has failed"
            }
            Self::Starting { .. } => "try again in a moment",
            Self::Failed { .. } => "read containerd's log: `journalctl -u containerd`",
            Self::Unexpected { .. } => {
                "check --cri-endpoint: it wants containerd's socket, not another runtime's"
            }
            Self::Setup { .. } => "see whether this process may open files (`ulimit -n`)",
        };
        text.to_owned()
    }
}
