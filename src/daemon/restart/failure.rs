//! A restart that failed, and what the state is then.

use std::path::Path;

use super::cause::Cause;
use super::rollback::{Rollback, RolledBackFiles};
use crate::error::{Code, Error, NextStep};

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
    /// Whether this run has changed the config, and its change stays: as that of a restore does.
    pub is_kept: bool,
}

impl RestartFailure {
    /// The error that tells of the failure. `config` is the path of the config.
    pub(super) fn into_error(self, config: &Path) -> Error {
        let message = format!("{}; {}", self.cause, self.state());
        let (code, hint) = match &self.rollback {
            None if self.cause.is_before_restart() => {
                (Code::WouldNotServe, NextStep::SeeWhyNotServing)
            }
            None if self.is_kept => (Code::RestartFailed, NextStep::SeeWhyStillGone),
            None => (Code::RestartFailed, NextStep::SeeWhyGone),
            Some(rollback) if rollback.is_good() => (Code::RolledBack, NextStep::SeeWhyRolledBack),
            Some(_) => (Code::NotRolledBack, NextStep::SeeWhyStillGone),
        };
        let stuck = match self.rollback.as_ref().map(|rollback| &rollback.files) {
            Some(RolledBackFiles::Stuck { instead, .. }) => Some(instead.clone()),
            _ => None,
        };
        let is_kept = self.is_kept;
        let error = Error::new(code, message, hint).at(config).with_detail(self);
        match stuck {
            Some(hint) => error.with_hint(hint).after_change(),
            None if is_kept => error.after_change(),
            None => error,
        }
    }

    /// What the state is now, in a sentence.
    fn state(&self) -> String {
        let Some(rollback) = &self.rollback else {
            if self.is_kept {
                return "what this run has put in place stays".to_owned();
            }
            return "this run has changed nothing, so nothing was taken back".to_owned();
        };
        let files = match &rollback.files {
            RolledBackFiles::AsBefore => "the config is as it was before",
            RolledBackFiles::TakenOut => {
                "others have changed the config since: this run's part was taken out of it"
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
            (None, None) => files.to_owned(),
        }
    }
}
