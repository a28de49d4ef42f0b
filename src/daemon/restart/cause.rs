//! Why a restart has failed.

use std::time::Duration;

use crate::daemon::cri::CriError;
use crate::daemon::running::Drift;

/// Why a restart has failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The daemon's release would not serve CRI with this config: it was not restarted.
    #[error("containerd would not serve with this config, so it was not restarted: {reason}")]
    WouldNotServe {
        /// containerd's reason.
        reason: String,
    },
    /// The daemon's release would not load a handler that was asked for: it was not restarted.
    #[error(
        "the containerd that runs here would not load {handler} from this config, so it was not \
         restarted"
    )]
    WouldNotLoad {
        /// The handler's name.
        handler: String,
    },
    /// The command that was to restart containerd has failed, or did not end in time.
    #[error("`{command}` {how}")]
    Command {
        /// The command.
        command: String,
        /// What became of it.
        how: String,
        /// The last of what it printed.
        output: String,
    },
    /// The old daemon still runs.
    #[error(
        "`{command}` has ended, and {limit} after it was started the old containerd{process} still \
         runs",
        limit = humantime::format_duration(*limit)
    )]
    NotReplaced {
        /// The command.
        command: String,
        /// The daemon's process, where it is seen, behind a space and in brackets.
        process: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// k0s has not restarted the daemon by itself.
    #[error(
        "k0s has not restarted containerd by itself within {}",
        humantime::format_duration(*limit)
    )]
    NotByItself {
        /// How long it was waited for.
        limit: Duration,
    },
    /// No daemon has come up in time.
    #[error("containerd did not come back within {}: {last}", humantime::format_duration(*limit))]
    NotBack {
        /// How long it was waited for.
        limit: Duration,
        /// What was wrong at last.
        last: CriError,
    },
    /// A daemon has come up whose CRI never became ready.
    #[error(
        "containerd came back, and within {} its CRI did not get ready to run pods",
        humantime::format_duration(*limit)
    )]
    NotReady {
        /// How long it was waited for.
        limit: Duration,
    },
    /// A daemon has come up that runs without CRI.
    #[error("containerd came back without CRI")]
    NoCri,
    /// A daemon has come up that has not loaded what was wanted.
    #[error(
        "containerd came back, and is not what its config says: {}",
        listed(drift)
    )]
    NotLoaded {
        /// In what it differs.
        drift: Vec<Drift>,
    },
    /// The config can't be read any more.
    #[error("the config can't be held against containerd: {source}")]
    Unread {
        /// Why.
        source: Box<crate::error::Error>,
    },
}

fn listed(drift: &[Drift]) -> String {
    let drift: Vec<String> = drift.iter().map(ToString::to_string).collect();
    drift.join(", ")
}

impl Cause {
    pub(super) fn unread(source: crate::error::Error) -> Self {
        let source = Box::new(source);
        Self::Unread { source }
    }

    /// Whether the daemon was left alone.
    #[must_use]
    pub fn is_before_restart(&self) -> bool {
        matches!(self, Self::WouldNotServe { .. } | Self::WouldNotLoad { .. })
    }
}
