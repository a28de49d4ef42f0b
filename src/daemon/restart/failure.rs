//! A restart that failed, and what the state is then.

use super::attempt::Restarted;
use super::cause::Cause;
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
    /// What has become of this run's change.
    pub change: ChangeFate,
}

/// What has become of a change with which containerd does not serve.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChangeFate {
    /// There was none: the run has changed nothing.
    Nothing,
    /// It stays, as that of a restore does, and one that leaves a config with which no release serves.
    Kept,
    /// It stays, since it could not be taken back.
    Stuck(Error),
    /// The files are without it.
    TakenBack {
        /// Whether they are as they were before, the very bytes. Otherwise others have changed them
        /// meanwhile: only what the run had changed was taken out.
        is_as_before: bool,
        /// The daemon that serves with them, if it was asked, or why it does not serve either.
        now: Result<Box<Restarted>, Cause>,
    },
}

impl RestartFailure {
    /// The error that tells of the failure.
    pub(super) fn into_error(self) -> Error {
        let (code, state, hint) = self.change.told();
        let (code, hint) = match (&self.cause, &self.change) {
            (Cause::LeftAlone { .. }, ChangeFate::Nothing) => {
                (Code::WouldNotServe, NextStep::SeeWhyNotServing)
            }
            (Cause::LeftAlone { .. }, ChangeFate::Kept) => (code, NextStep::SeeWhyNotServing),
            (Cause::NoCommand(_), _) if code != Code::NotRolledBack => {
                (code, NextStep::NameRestartCommand)
            }
            _ => (code, hint),
        };
        let mut error = Error::new(code, format!("{}; {state}", self.cause), hint);
        if let ChangeFate::Kept | ChangeFate::Stuck(_) = self.change {
            error = error.after_change();
        }
        if let ChangeFate::Nothing | ChangeFate::Kept = self.change
            && let Cause::LeftAlone {
                at: Some((path, at)),
                ..
            } = &self.cause
        {
            error = error.moved_to(path, at.clone());
        }
        error.with_detail(self)
    }
}

impl ChangeFate {
    /// What the state is now, in a sentence, and what to do then.
    fn told(&self) -> (Code, String, NextStep<'_>) {
        let (is_as_before, now) = match self {
            Self::Nothing => {
                let state = "this run has changed nothing, so nothing was taken back";
                return (Code::RestartFailed, state.into(), NextStep::SeeWhyGone);
            }
            Self::Kept => {
                let state = "what this run has put in place stays";
                return (Code::RestartFailed, state.into(), NextStep::SeeWhyStillGone);
            }
            Self::Stuck(error) => {
                let state = format!(
                    "the config still holds this run's change: it could not be taken back: {error}"
                );
                let hint = NextStep::UndoAfter(error.hint());
                return (Code::NotRolledBack, state, hint);
            }
            Self::TakenBack { is_as_before, now } => (is_as_before, now),
        };
        let files = if *is_as_before {
            "the config is as it was before"
        } else {
            "others have changed the config since: this run's part was taken out of it"
        };
        let restarted = match now {
            Err(cause) => {
                let state = format!("{files}, and containerd does not serve with it: {cause}");
                return (Code::NotRolledBack, state, NextStep::SeeWhyStillGone);
            }
            Ok(restarted) => restarted,
        };
        let state = restarted.running.as_ref().map(|running| {
            let version = running.cri.as_ref().map(|cri| format!(" {}", cri.version));
            let version = version.unwrap_or_default();
            // Who has not been restarted may have loaded another text.
            let serves = match restarted.command {
                Some(_) => "serves with it",
                None => "still serves",
            };
            format!("rolled back: {files}, and containerd{version} {serves}")
        });
        let state = state.unwrap_or_else(|| files.to_owned());
        (Code::RolledBack, state, NextStep::SeeWhyRolledBack)
    }
}
