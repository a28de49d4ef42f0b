//! Reasons why a restart failed.

use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use super::old::Old;
use crate::daemon::running::Drift;
use crate::daemon::service::Failed;
use crate::error::Error;

/// Why a restart has failed, displayed as a clause.
#[derive(Debug)]
pub struct Cause {
    text: String,
    is_before_restart: bool,
    printed: Option<String>,
}

impl Cause {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_before_restart: false,
            printed: None,
        }
    }

    fn before_restart(text: String) -> Self {
        Self {
            is_before_restart: true,
            ..Self::new(text)
        }
    }

    /// The daemon's release would not serve CRI with this config.
    pub(super) fn would_not_serve(reason: &str) -> Self {
        Self::before_restart(format!(
            "containerd would not serve with this config, so it was not restarted: {reason}"
        ))
    }

    /// The daemon's release would not load a handler that was asked for.
    pub(super) fn would_not_load(handler: &str) -> Self {
        Self::before_restart(format!(
            "the containerd that runs here would not load {handler} from this config, so it was not \
             restarted"
        ))
    }

    /// The command that was to restart containerd has failed, or did not end in time.
    pub(super) fn command(command: &str, failed: Failed) -> Self {
        Self {
            printed: Some(failed.output),
            ..Self::new(format!("`{command}` {}", failed.how))
        }
    }

    /// The old daemon still runs. `command`: what was to restart it; `None`: k0s does it by itself.
    pub(super) fn not_replaced(command: Option<&str>, old: &Old, limit: Duration) -> Self {
        let limit = format_duration(limit);
        Self::new(match command {
            Some(command) => format!(
                "`{command}` has ended, and {limit} after it was started the old containerd{} still \
                 runs",
                old.shown()
            ),
            None => format!("k0s has not restarted containerd by itself within {limit}"),
        })
    }

    /// No daemon has come up in time; `last` is what was wrong in the end.
    pub(super) fn not_back(limit: Duration, last: &Error) -> Self {
        let limit = format_duration(limit);
        Self::new(format!(
            "containerd did not come back within {limit}: {last}"
        ))
    }

    /// A daemon has come up whose CRI never became ready.
    pub(super) fn not_ready(limit: Duration) -> Self {
        let limit = format_duration(limit);
        Self::new(format!(
            "containerd came back, and within {limit} its CRI did not get ready to run pods"
        ))
    }

    /// A daemon has come up that runs without CRI.
    pub(super) fn no_cri() -> Self {
        Self::new("containerd came back without CRI")
    }

    /// A daemon has come up that has not loaded what was wanted.
    pub(super) fn not_loaded(drift: &[Drift]) -> Self {
        let drift: Vec<String> = drift.iter().map(ToString::to_string).collect();
        Self::new(format!(
            "containerd came back, and is not what its config says: {}",
            drift.join(", ")
        ))
    }

    /// The config can't be read any more.
    pub(super) fn unread(error: &Error) -> Self {
        Self::new(format!(
            "the config can't be held against containerd: {error}"
        ))
    }

    /// Returns whether the daemon was left alone.
    #[must_use]
    pub fn is_before_restart(&self) -> bool {
        self.is_before_restart
    }

    /// What the command that failed has printed.
    pub(super) fn printed(&self) -> Option<&str> {
        self.printed.as_deref()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
