//! Reasons to restart containerd.

use std::path::PathBuf;

use super::daemon::Daemon;
use super::started::Started;
use crate::commit::editor::Editor;
use crate::daemon::running::Drift;
use crate::daemon::service::Prepared;

/// Why containerd was restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// This run has changed what it loads.
    Changed,
    /// It differed from its config.
    Drift(Vec<Drift>),
    /// It was started before this was last changed: a file that it loads, or a folder that it imports
    /// from.
    Older(PathBuf),
    /// It did not run.
    NotRunning,
    /// It ran, and gave no answer.
    Silent,
    /// That was asked for in any case.
    Asked,
}

impl Why {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Drift(_) => "drift",
            Self::Older(_) => "older",
            Self::NotRunning => "not-running",
            Self::Silent => "silent",
            Self::Asked => "asked",
        }
    }

    /// Why a restart is due although this run changed nothing. `drift`: differences that the run
    /// answers for; `others`: all the rest.
    pub(super) fn of(
        editor: &Editor,
        service: &Prepared,
        old: Option<&Daemon>,
        mut drift: Vec<Drift>,
        others: &[Drift],
    ) -> Option<Self> {
        let Some(old) = old else {
            return Some(Self::NotRunning);
        };
        let Some(running) = &old.running else {
            return Some(Self::Silent);
        };
        if running.cri.is_none() {
            return Some(Self::Drift(vec![Drift::no_cri()]));
        }
        let start = Started::of(editor, running);
        // Another start with the same files changes nothing.
        if drift.is_empty() && start != Started::After {
            drift.extend_from_slice(others);
        }
        match start {
            _ if !drift.is_empty() => Some(Self::Drift(drift)),
            // Who watches the files knows which of them matter.
            Started::Before(path) if !service.is_by_itself() => Some(Self::Older(path)),
            _ => None,
        }
    }
}
