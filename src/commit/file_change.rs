//! What becomes of one file.

use std::path::PathBuf;

use crate::ledger::Digests;

/// What an edit makes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file's path on the host, as imports name it.
    pub path: PathBuf,
    /// The bytes before; `None` if there was no file.
    pub before: Option<Vec<u8>>,
    /// The text after; `None` if the file is removed.
    pub after: Option<String>,
}

impl FileChange {
    /// A file that stays as it is.
    pub(crate) fn unchanged(path: PathBuf, bytes: Option<&[u8]>) -> Self {
        Self {
            path,
            before: bytes.map(<[u8]>::to_vec),
            after: bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// Whether the bytes differ.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.before.as_deref() != self.after.as_ref().map(String::as_bytes)
    }

    /// The SHA-256 of the bytes before and after.
    pub(crate) fn digests(&self) -> Digests {
        Digests::of(self.before.as_deref(), self.after.as_deref())
    }
}
