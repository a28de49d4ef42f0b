//! Why an edit was not made or not loaded, and what the state is then.

use std::path::{Path, PathBuf};

use super::Cause;
use crate::cri::CriError;
use crate::error::{Error, ExitCode};
use crate::service::ServiceError;

/// Why containerd does not serve what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestartError {
    /// The edit was not made, or not for certain; containerd was not restarted.
    #[error(transparent)]
    Edit(#[from] Error),
    /// It can't be told what runs there; nothing was changed.
    #[error(transparent)]
    Daemon(#[from] CriError),
    /// No way was found to restart it; nothing was changed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A signal, or whoever else may stop a run, came before containerd was known to serve.
    #[error("interrupted before containerd was seen to be back")]
    Interrupted {
        /// The config.
        path: PathBuf,
    },
    /// containerd was not restarted, or does not serve what it should.
    #[error("{}", .0.cause)]
    Failed(Box<RestartFailure>),
}

/// A restart that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct RestartFailure {
    /// The config.
    pub path: PathBuf,
    /// What went wrong.
    pub cause: Cause,
    /// The last lines that containerd has logged, or what the command has printed.
    pub log: Option<String>,
    /// The command that was to restart it; `None`: there is none.
    pub command: Option<String>,
}

impl RestartError {
    /// Returns the exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Edit(error) => error.exit_code(),
            Self::Daemon(error) => error.exit_code(),
            Self::Service(error) => error.exit_code(),
            Self::Interrupted { .. } => ExitCode::Interrupted,
            Self::Failed(failure) if failure.cause.is_before_restart() => ExitCode::Refused,
            Self::Failed(_) => ExitCode::NoDaemon,
        }
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Edit(error) => error.code(),
            Self::Daemon(error) => error.code(),
            Self::Service(error) => error.code(),
            Self::Interrupted { .. } => "interrupted",
            Self::Failed(failure) if failure.cause.is_before_restart() => "would-not-serve",
            Self::Failed(_) => "not-serving",
        }
    }

    /// Returns the file or socket that the error is about.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Edit(error) => Some(error.path()),
            Self::Daemon(error) => Some(error.endpoint()),
            Self::Service(_) => None,
            Self::Interrupted { path } => Some(path),
            Self::Failed(failure) => Some(&failure.path),
        }
    }

    /// Returns one next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Edit(error) => error.hint(),
            Self::Daemon(error) => error.hint(),
            Self::Service(error) => error.hint(),
            Self::Interrupted { .. } => {
                "run the same command again: it goes on from there".to_owned()
            }
            Self::Failed(_) => {
                "see why with `containerd-edit check --running` and `journalctl -u containerd`"
                    .to_owned()
            }
        }
    }
}
