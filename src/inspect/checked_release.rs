//! A row of a check.

use crate::containerd::{Release, Verdict};

/// What one release makes of a config.
#[derive(Debug, Clone)]
pub struct CheckedRelease {
    /// The release.
    pub release: Release,
    /// Whether it reads files of this config version at all.
    pub reads: bool,
    /// What becomes of the daemon; `None` if the release does not count. One that was asked for
    /// alone does, whatever it reads.
    pub verdict: Option<Verdict>,
}

impl CheckedRelease {
    /// Whether it serves; `None` if it does not count.
    pub(super) fn serves(&self) -> Option<bool> {
        self.verdict.as_ref().map(Verdict::serves)
    }
}

/// The releases of which something is true.
pub(super) fn releases_of<'r>(
    rows: impl IntoIterator<Item = &'r CheckedRelease>,
    is_true: impl Fn(&CheckedRelease) -> bool,
) -> Vec<Release> {
    let rows = rows.into_iter().filter(|row| is_true(row));
    rows.map(|row| row.release).collect()
}
