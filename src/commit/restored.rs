//! What a restore has found: kept texts, and which of them is put back.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::commit::path_json;
use crate::commit::request::Replacement;
use crate::containerd::Release;

/// What there was to put back, and what was done with it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Restored {
    /// What is wrong with the files as they were, or which releases serve with them.
    pub found: String,
    /// The kept texts, those first that are tried first.
    pub kept: Vec<KeptText>,
    /// Where the texts are kept that were replaced.
    #[serde(serialize_with = "path_json::list")]
    pub replaced: Vec<PathBuf>,
}

/// What a text is kept as, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeptAs {
    /// What this tool has written last.
    Last,
    /// What stood there before.
    #[serde(rename = "prev")]
    Previous,
}

impl fmt::Display for KeptAs {
    /// The ending of its name, as in `config.toml.prev`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Last => "last",
            Self::Previous => "prev",
        })
    }
}

/// A text that an edit has kept beside the config.
#[derive(Debug, Clone, Serialize)]
pub struct KeptText {
    /// Where it is kept.
    #[serde(serialize_with = "path_json::path")]
    pub path: PathBuf,
    /// The path on the host of the file that it belongs to.
    #[serde(serialize_with = "path_json::path")]
    pub file: PathBuf,
    /// What it was kept as.
    pub from: KeptAs,
    /// How many seconds ago it was written, if that is known.
    pub age: Option<u64>,
    /// The releases that serve CRI with it.
    pub serves: Vec<Release>,
    /// Why it can't be put back; `None`: it is whole, and valid TOML.
    pub problem: Option<String>,
    /// Whether it is put back.
    #[serde(rename = "chosen")]
    pub is_chosen: bool,
    /// What puts it back.
    #[serde(skip)]
    pub(crate) replacement: Replacement,
}
