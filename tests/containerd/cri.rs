//! What a daemon has loaded, by the crate's own CRI client.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use containerd_edit::Code;
use containerd_edit::cri::CriClient;

/// A daemon that accepts and then says nothing is asked again.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of a daemon, seen from a kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// CRI answers, with these runtime handlers.
    ///
    /// A handler that was loaded without a runtime type is left out: it is listed, but
    /// no pod can run on it.
    Serves {
        handlers: BTreeSet<String>,
        default: String,
    },
    /// The daemon runs without CRI; the reason is its log on plugins that failed.
    NoCri { reason: String },
    /// The daemon is gone; the reason is its last words.
    Exits { reason: String },
}

impl Verdict {
    pub(crate) fn serves<const N: usize>(handlers: [&str; N], default: &str) -> Self {
        Self::Serves {
            handlers: handlers.map(str::to_owned).into(),
            default: default.to_owned(),
        }
    }
}

/// What a daemon said when it was asked once.
pub(crate) enum Answer {
    Serves {
        handlers: BTreeSet<String>,
        default: String,
    },
    /// The daemon listens and knows no CRI.
    NoCri,
    /// Nobody listens, or CRI is still starting.
    NotYet(String),
}

/// Asks the daemon on the socket what CRI has loaded.
pub(crate) fn ask(socket: &Path) -> Answer {
    let answer = CriClient::connect(socket, PATIENCE).and_then(|daemon| daemon.status());
    match answer {
        Ok(loaded) => Answer::Serves {
            handlers: loaded
                .handlers
                .into_iter()
                .filter(|(_, runtime_type)| !runtime_type.is_empty())
                .map(|(name, _)| name)
                .collect(),
            default: loaded.default,
        },
        Err(error) if error.code() == Code::NoCri => Answer::NoCri,
        Err(error) if error.code() == Code::NotContainerd => panic!("{error}"),
        Err(error) => Answer::NotYet(format!("{error:?}")),
    }
}
