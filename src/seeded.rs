//! Bugs that a test build can be given, so that each rig in `tests/crash` shows that it would notice
//! them. Only a debug build with `--cfg seeded_bugs` has them; in every other one this is `false`.

#[cfg(all(seeded_bugs, not(debug_assertions)))]
compile_error!("seeded bugs are for test builds: a release build can't have them");

/// What names the bugs of a test build, by their names here, with commas between them.
#[cfg(seeded_bugs)]
const VARIABLE: &str = "CONTAINERD_EDIT_SEEDED_BUG";

/// A step of the transaction that is left out or done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// No sync before the rename.
    NoFileSync,
    /// A sync that fails passes for one that did not.
    IgnoredSync,
    /// The rename is not made durable.
    NoFolderSync,
    /// The file is not synced once more after its folder.
    NoLastSync,
    /// "Nothing to do" is said of what an earlier run may have left unsynced.
    UnsyncedUnchanged,
    /// The config is overwritten, not replaced.
    InPlace,
    /// One write, however much of it the kernel took.
    SingleWrite,
    /// The lock is not taken.
    NoLock,
    /// The lock file is unlinked at the end, and nobody looks whether theirs is still the one.
    UnlinkedLock,
    /// A run that fails leaves its temporary file behind.
    LeftTemporary,
    /// What killed runs left is not swept.
    NoSweep,
}

/// Whether this build was given the bug.
#[cfg(not(seeded_bugs))]
pub(crate) const fn has(_bug: Bug) -> bool {
    false
}

/// Whether this build was given the bug.
#[cfg(seeded_bugs)]
pub(crate) fn has(bug: Bug) -> bool {
    let name = format!("{bug:?}");
    std::env::var(VARIABLE).is_ok_and(|names| names.split(',').any(|one| one == name))
}

/// Takes a step, unless this build was given the bug of leaving it out.
pub(crate) fn unless<E>(bug: Bug, step: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    if has(bug) { Ok(()) } else { step() }
}
