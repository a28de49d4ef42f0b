//! Why a daemon does not serve.

use std::fmt;
use std::path::PathBuf;

use crate::error::Position;

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
