//! What a daemon does with a config.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Position;
use crate::toml::value::Place;

/// What a containerd daemon does with a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The daemon boots and CRI answers.
    Serves {
        /// The handlers that CRI has loaded.
        handlers: BTreeMap<String, LoadedHandler>,
        /// The name of the default handler.
        default: String,
    },
    /// The daemon boots, but its CRI plugin is off: the node goes NotReady.
    NoCri {
        /// Why.
        reason: Reason,
    },
    /// The daemon refuses to start, or panics.
    Exits {
        /// Why.
        reason: Reason,
    },
}

/// What a release makes of a config.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    /// What it does not read of it.
    pub(crate) lost: Vec<Lost>,
    /// CRI's own snapshotter, where the release serves.
    pub(crate) snapshotter: Option<String>,
}

/// A key that a migration leaves behind, and why.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) why: Cow<'static, str>,
}

/// What is wrong, and where if it stands in a file.
pub(super) type Finding = (String, Option<Place>);

/// A handler that CRI has loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedHandler {
    /// The shim that runs its pods; empty if none is set, so that no pod can run.
    pub runtime_type: String,
    /// Where it comes from; `None` for containerd's built-in `runc`.
    pub(crate) place: Option<Place>,
}

impl Verdict {
    /// Whether CRI answers.
    #[must_use]
    pub fn serves(&self) -> bool {
        matches!(self, Self::Serves { .. })
    }

    /// Why it does not.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Serves { .. } => None,
            Self::NoCri { reason } | Self::Exits { reason } => Some(reason),
        }
    }

    /// The same with the path of the file that the one at `made` is made of. No line there is one of
    /// its own.
    pub(crate) fn blaming(mut self, made: &Path, of: &Path) -> Self {
        if let Self::NoCri { reason } | Self::Exits { reason } = &mut self
            && reason.at.as_ref().is_some_and(|(path, _)| path == made)
        {
            reason.at = Some((of.to_owned(), None));
        }
        self
    }
}

/// Why a daemon does not serve, as near to containerd's own words as they are of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A sentence.
    pub message: String,
    /// The file that is to blame, and where in it.
    pub at: Option<(PathBuf, Option<Position>)>,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
