//! A change that a run has made, and that may be taken back.

use crate::commit::editor::FileChange;
use crate::edit::patch::{Handlers, Keys};

/// A change that was made.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) main: FileChange,
    /// The drop-ins that were changed.
    pub(crate) drop_ins: Vec<FileChange>,
    pub(crate) handlers: Handlers,
    /// The installer for whom that was.
    pub(crate) owner: Option<String>,
    /// Keys outside of handlers that were changed, as far as that is known.
    pub(crate) keys: Keys,
}

/// A change that is taken back.
#[derive(Debug)]
pub(crate) struct Back {
    pub(crate) change: Change,
    /// Whether it is held against the model of each release, as other edits are.
    pub(crate) is_judged: bool,
    /// What the operation log says of it.
    pub(crate) outcome: &'static str,
}
