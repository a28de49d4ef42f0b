//! A restart that failed, and what the state is then.

use std::path::Path;

use super::cause::Cause;
use super::rollback::{Rollback, RolledBackFiles};
use crate::error::{Code, Error};

/// A restart that failed: the [detail](Error::detail) of the error that tells of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct RestartFailure {
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
    /// The error that tells of the failure. `config` is the path of the config.
    pub(super) fn into_error(self, config: &Path) -> Error {
        let message = format!("{}; {}", self.cause, self.state());
        let error = Error::new(self.code(), message, self.hint()).at(config);
        let is_stuck = self.stuck().is_some();
        let error = error.with_detail(self);
        if is_stuck {
            error.after_change()
        } else {
            error
        }
    }

    fn code(&self) -> Code {
        match &self.rollback {
            None if self.cause.is_before_restart() => Code::WouldNotServe,
            None => Code::NotServing,
            Some(rollback) if rollback.is_good() => Code::RolledBack,
            Some(_) => Code::NotRolledBack,
        }
    }

    /// What to do first where the change is still in the files.
    fn stuck(&self) -> Option<&str> {
        match &self.rollback.as_ref()?.files {
            RolledBackFiles::Stuck { instead, .. } => Some(instead),
            _ => None,
        }
    }

    fn hint(&self) -> String {
        if let Some(instead) = self.stuck() {
            return format!("{instead}; then `containerd-edit restart`");
        }
        let hint = match self.code() {
            Code::RolledBack => {
                "see why containerd did not serve (`journalctl -u containerd`, `containerd-edit \
                 check`), and run the same command again"
            }
            Code::NotRolledBack => {
                "containerd does not come back with the config that it had before: see why with \
                 `journalctl -u containerd`, then `containerd-edit restart`"
            }
            Code::WouldNotServe => {
                "`containerd-edit check --running` says what each release makes of the config"
            }
            _ => {
                "see why with `journalctl -u containerd` and `containerd-edit check --running`; \
                 `containerd-edit undo` takes the last change back"
            }
        };
        hint.to_owned()
    }

    /// What the state is now, in a sentence.
    fn state(&self) -> String {
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
