//! What a way back from a broken config is made of: kept texts, and which of them is put back.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::commit::path_json;
use crate::containerd::Release;

/// Which text [`Editor::restore`](crate::Editor::restore) puts back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RestoreFrom {
    /// The newest kept one that parses and with which containerd serves.
    #[default]
    Newest,
    /// What this tool has written last: `config.toml.last`.
    Last,
    /// What stood there before the last change: `config.toml.prev`.
    Previous,
    /// This one, in the place of the config or of the drop-in that was named.
    Text(String),
}

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

/// A text that an edit has kept beside the config.
#[derive(Debug, Clone, Serialize)]
pub struct KeptText {
    /// Where it is kept.
    #[serde(serialize_with = "path_json::path")]
    pub path: PathBuf,
    /// The path on the host of the file that it belongs to.
    #[serde(serialize_with = "path_json::path")]
    pub file: PathBuf,
    /// `last` or `prev`.
    pub from: &'static str,
    /// How many seconds ago it was written, if that is known.
    pub age: Option<u64>,
    /// The releases that serve CRI with it.
    #[serde(serialize_with = "words")]
    pub serves: Vec<Release>,
    /// The same in a few words.
    #[serde(skip)]
    pub serving: String,
    /// Why it can't be put back; `None`: it is whole, and valid TOML.
    pub problem: Option<String>,
    /// Whether it is put back.
    #[serde(rename = "chosen")]
    pub is_chosen: bool,
}

fn words<S: Serializer>(releases: &[Release], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(releases.iter().map(ToString::to_string))
}
