//! What an edit comes to.

use crate::commit::file_change::FileChange;
use crate::commit::restored::Restored;
use crate::edit::edited::Report;
use crate::error::Warning;
use crate::ledger::LedgerPair;

/// What an edit comes to: worked out, or made.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What becomes of the config, changed or not; its path is as it was given.
    pub main: FileChange,
    /// What becomes of other files: of the one that the edit goes to, changed or not, and of those
    /// that change.
    pub drop_ins: Vec<FileChange>,
    /// What was done, and what people should know.
    pub report: Report,
    /// The config version of the config, 0 if it has none.
    pub config_version: i64,
    /// Whether containerd reads anything else after the edit: comments don't count.
    pub(crate) means_otherwise: bool,
    /// Whether each file is what it was before the change that was taken back, the very bytes.
    pub(crate) is_as_before: bool,
    /// What there was to put back, if this is a [restore](crate::Request::Restore).
    pub restored: Option<Box<Restored>>,
    /// What it takes to take the edit back; `None`: it was not made.
    pub(crate) made: Option<Box<LedgerPair>>,
}

impl Outcome {
    /// Whether the bytes of any file differ.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.main.is_change() || self.drop_ins.iter().any(FileChange::is_change)
    }

    /// Whether containerd reads anything else, and needs a restart for it. An edit may change no
    /// more than comments.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        self.is_change() && self.means_otherwise
    }

    /// Whether no release that reads the config serves CRI with it: a restart would take the node down,
    /// or leave it down.
    #[must_use]
    pub fn serves_nowhere(&self) -> bool {
        self.report.warnings.iter().any(Warning::is_urgent)
    }

    /// The files that change.
    pub fn changes(&self) -> impl Iterator<Item = &FileChange> {
        let files = [&self.main].into_iter().chain(&self.drop_ins);
        files.filter(|file| file.is_change())
    }
}
