//! Why an edit was not made or not loaded, and what the state is then.

use std::path::{Path, PathBuf};

use super::cause::Cause;
use super::rollback::{Rollback, RolledBackFiles};
use crate::daemon::cri::CriError;
use crate::daemon::service::ServiceError;
use crate::error::{Error, ExitCode};

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
    #[error("{}; {}", .0.cause, .0.state())]
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
    /// What has become of this run's change; `None`: there was none to take back.
    pub rollback: Option<Rollback>,
}

impl RestartFailure {
    fn hint(&self) -> String {
        if let Some(rollback) = &self.rollback
            && let RolledBackFiles::Stuck { instead, .. } = &rollback.files
        {
            return format!("{instead}; then `containerd-edit restart`");
        }
        let hint = match (&self.rollback, &self.cause) {
            (Some(rollback), _) if rollback.is_good() => {
                "see why containerd did not serve (`journalctl -u containerd`, `containerd-edit \
                 check`), and run the same command again"
            }
            (Some(_), _) => {
                "containerd does not come back with the config that it had before: see why with \
                 `journalctl -u containerd`, then `containerd-edit restart`"
            }
            (None, Cause::WouldNotServe { .. } | Cause::WouldNotLoad { .. }) => {
                "`containerd-edit check --running` says what each release makes of the config"
            }
            (None, _) => {
                "see why with `journalctl -u containerd` and `containerd-edit check --running`; \
                 `containerd-edit undo` takes the last change back"
            }
        };
        hint.to_owned()
    }

    /// What the state is now, in a sentence.
    #[must_use]
    pub fn state(&self) -> String {
        let Some(rollback) = &self.rollback else {
            return "this run has changed nothing, so nothing was taken back".to_owned();
        };
        let files = match &rollback.files {
            RolledBackFiles::PutBack => "the config is as it was before".to_owned(),
            RolledBackFiles::TakenOut => {
                "others have changed the config since: this run's part was taken out of it"
                    .to_owned()
            }
            RolledBackFiles::Stuck { why, .. } => {
                return format!("the config still holds this run's change: {why}");
            }
        };
        match (&rollback.failed, &rollback.running) {
            (Some(cause), _) => format!("{files}, and containerd does not serve with it: {cause}"),
            (None, Some(running)) => {
                let version = running.cri.as_ref().map(|cri| format!(" {}", cri.version));
                let version = version.unwrap_or_default();
                format!("rolled back: {files}, and containerd{version} serves with it")
            }
            (None, None) => files,
        }
    }
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
            Self::Failed(failure) => match &failure.rollback {
                None if failure.cause.is_before_restart() => ExitCode::Refused,
                _ => ExitCode::NoDaemon,
            },
        }
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Edit(error) => error.code().as_str(),
            Self::Daemon(error) => error.code(),
            Self::Service(error) => error.code(),
            Self::Interrupted { .. } => "interrupted",
            Self::Failed(failure) => match &failure.rollback {
                None if failure.cause.is_before_restart() => "would-not-serve",
                None => "not-serving",
                Some(rollback) if rollback.is_good() => "rolled-back",
                Some(_) => "not-rolled-back",
            },
        }
    }

    /// Returns the file or socket that the error is about.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Edit(error) => error.path(),
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
            Self::Edit(error) => error.hint().to_owned(),
            Self::Daemon(error) => error.hint(),
            Self::Service(error) => error.hint(),
            Self::Interrupted { .. } => {
                "run the same command again: it goes on from there".to_owned()
            }
            Self::Failed(failure) => failure.hint(),
        }
    }
}
