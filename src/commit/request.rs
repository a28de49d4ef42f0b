//! What can be asked of a config.

use std::path::PathBuf;

use crate::commit::file_change::FileChange;
use crate::want::change::Change;
use crate::want::handler::Owner;

/// What is asked of a config, for [`Editor::plan`](crate::Editor::plan) and
/// [`Editor::commit`](crate::Editor::commit).
#[derive(Debug, Clone)]
pub enum Request {
    /// An owner changes what it wants.
    Change(Box<Change>),
    /// The last change is taken back: each file is what it was before, the very bytes. If another
    /// program has changed a file since, only this change is taken out: the wants of its owner become
    /// those from before it.
    ///
    /// Where the last change was taken back already, nothing is done, but for what a killed run had
    /// left to do. With an owner, the last change must be that one's.
    Undo(Option<Owner>),
    /// The text of a file from before others have broken it is put back, and what stands there is kept
    /// as `config.toml.broken-TIME`. Where containerd serves with what is there, nothing is done, unless
    /// the text to put back is named.
    Restore(RestoreFrom),
    /// Replaces a file's whole text, if the file has not changed since it was read. Nobody owns what the
    /// text changes: the ledger takes it as set by hand.
    Replace(Replacement),
}

impl Request {
    /// Returns the owner on whose behalf it is made, if one was named.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Change(change) => change.acting_owner(),
            Self::Undo(owner) => owner.as_ref(),
            Self::Restore(_) | Self::Replace(_) => None,
        }
    }
}

impl From<Change> for Request {
    fn from(change: Change) -> Self {
        Self::Change(Box::new(change))
    }
}

impl From<&Change> for Request {
    fn from(change: &Change) -> Self {
        change.clone().into()
    }
}

/// A whole text for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The file as [`Editor::read_whole`](crate::Editor::read_whole) has read it, and its new text.
    pub change: FileChange,
    /// The file that errors in the new text are reported against.
    pub source: PathBuf,
}

/// Which text a restore puts back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RestoreFrom {
    /// The first kept one that parses and with which containerd serves: the last one that this tool has
    /// written, or else the one from before its last change.
    #[default]
    Serving,
    /// What this tool has written last: `config.toml.last`.
    Last,
    /// What stood there before the last change: `config.toml.prev`.
    Previous,
    /// One of one's own, in the place of the config or of the drop-in that was named.
    Own {
        /// The text.
        text: String,
        /// The file that errors in it are reported against.
        source: PathBuf,
    },
}
