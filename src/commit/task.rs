//! What is to be done, worked out of a request before the lock is taken.

use crate::commit::operation_log::LogEntry;
use crate::commit::request::Replacement;
use crate::commit::restored::Restored;
use crate::ledger::LedgerPair;
use crate::want::change::Change;

/// What a run does to a config.
#[derive(Debug)]
pub(crate) enum Task {
    Change(Box<Change>),
    TakeBack {
        made: Box<LedgerPair>,
        /// Whether containerd did not come back with the change: then nothing is asked of the model,
        /// which has let it pass.
        is_rollback: bool,
    },
    Replace {
        /// None: all is as was asked for.
        texts: Vec<Replacement>,
        /// What a restore has found. What it replaces is kept as broken.
        restored: Option<Restored>,
    },
}

impl Task {
    /// The files that get a whole text.
    pub(super) fn texts(&self) -> &[Replacement] {
        match self {
            Self::Replace { texts, .. } => texts,
            _ => &[],
        }
    }

    pub(super) fn is_restore(&self) -> bool {
        matches!(self, Self::Replace { restored, .. } if restored.is_some())
    }

    /// The installer on whose behalf it is done.
    pub(super) fn owner(&self) -> Option<String> {
        match self {
            Self::Change(change) => change.acting_owner().map(ToString::to_string),
            Self::TakeBack { made, .. } => made.owners().into_iter().next(),
            Self::Replace { .. } => None,
        }
    }

    /// What the operation log says once it is done.
    pub(super) fn logged(&self) -> &'static str {
        match self {
            Self::TakeBack {
                is_rollback: true, ..
            } => LogEntry::ROLLED_BACK,
            Self::TakeBack { .. } => LogEntry::UNDONE,
            _ if self.is_restore() => LogEntry::RESTORED,
            _ => LogEntry::CHANGED,
        }
    }
}
