//! The lock on a folder, which leaves nothing behind there.

use std::fs::File;
use std::io;
use std::path::Path;

use super::lock::try_lock;

/// An exclusive lock on a folder, held until it is dropped.
#[must_use = "the lock ends when this is dropped"]
#[derive(Debug)]
pub(crate) struct FolderLock {
    _folder: File,
}

impl FolderLock {
    /// Takes the lock if it is free; `None`: somebody else holds it.
    pub(crate) fn try_acquire(folder: &Path) -> io::Result<Option<Self>> {
        let folder = File::open(folder)?;
        Ok(try_lock(&folder)?.then_some(Self { _folder: folder }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_by_one_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lock = || FolderLock::try_acquire(folder.path()).expect("it can be locked");
        let first = lock();
        assert!(first.is_some() && lock().is_none());
        drop(first);
        // A child that another test starts may have its descriptor for an instant more.
        while lock().is_none() {
            std::thread::yield_now();
        }
        assert!(FolderLock::try_acquire(&folder.path().join("gone")).is_err());
    }
}
