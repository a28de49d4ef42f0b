//! What a restore has found: kept texts, and which of them is put back.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

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
    /// Why it can't be put back; `None`: it is whole, and valid TOML.
    pub problem: Option<String>,
    /// Whether it is put back.
    #[serde(rename = "chosen")]
    pub is_chosen: bool,
    /// What puts it back.
    #[serde(skip)]
    pub(crate) replacement: Replacement,
}

fn words<S: Serializer>(releases: &[Release], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(releases.iter().map(ToString::to_string))
}
