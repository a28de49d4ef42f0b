//! Taking a change back with which containerd does not serve.

use super::attempt::Phases;
use super::cause::Cause;
use crate::commit::editor::Editor;
use crate::daemon::running::Running;
use crate::error::{Code, NextStep};
use crate::ledger::LedgerPair;

/// What has become of a change with which containerd does not serve.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rollback {
    /// What has become of the files.
    pub files: RolledBackFiles,
    /// Why containerd does not serve with them either; `None`: it does.
    pub failed: Option<Cause>,
    /// The daemon that serves now, as far as one does.
    pub running: Option<Running>,
    /// How long each phase of the second restart took; zero where none was needed.
    pub phases: Phases,
}

/// What has become of the files of a change with which containerd does not serve.
#[derive(Debug)]
#[non_exhaustive]
pub enum RolledBackFiles {
    /// They are as they were before, the very bytes.
    AsBefore,
    /// Others have changed them meanwhile: only what the run had changed was taken out.
    TakenOut,
    /// They still have the change.
    Stuck {
        /// What could not be taken back, and why.
        why: String,
        /// What to do instead.
        instead: String,
    },
}

impl Rollback {
    /// Whether the files are without the change, and containerd serves with them.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failed.is_none() && !matches!(self.files, RolledBackFiles::Stuck { .. })
    }
}

/// Takes a change back, as a whole or out of what others have made of the files since.
pub(super) fn take_back(editor: &Editor, made: &LedgerPair) -> RolledBackFiles {
    match editor.roll_back(made.clone()) {
        Ok(outcome) if outcome.is_as_before => RolledBackFiles::AsBefore,
        Ok(_) => RolledBackFiles::TakenOut,
        // What is not durable is in place all the same.
        Err(error) if error.code() == Code::NotDurable => RolledBackFiles::AsBefore,
        Err(error) => RolledBackFiles::Stuck {
            why: format!("it could not be taken back: {error}"),
            instead: NextStep::UndoAfter(error.hint()).into(),
        },
    }
}
