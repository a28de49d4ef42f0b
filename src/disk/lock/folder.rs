//! The lock on a folder, for what has no lock file beside it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use super::{FIRST_PAUSE, LONGEST_PAUSE, is_at, try_lock};
use crate::error::Error;

/// The exclusive lock on a folder itself, held until it is dropped. It leaves no file behind.
#[must_use = "the lock ends when this is dropped"]
#[derive(Debug)]
pub(crate) struct FolderLock {
    folder: File,
}

impl FolderLock {
    /// Takes the lock of the folder at `path`, waiting for at most `timeout`; zero: try once. `purpose`
    /// says what others hold it for. `None`: the folder is not there, or not any more.
    pub(crate) fn acquire(
        path: &Path,
        timeout: Duration,
        purpose: &str,
    ) -> Result<Option<Self>, Error> {
        let failed = |doing: &'static str| {
            move |source| Error::Io {
                path: path.to_owned(),
                doing,
                source,
            }
        };
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path);
        let folder = match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed("open this folder"))?,
        };
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        while !try_lock(&folder).map_err(failed("lock this folder"))? {
            let waited = started.elapsed();
            if waited >= timeout {
                return Err(Error::LockBusy {
                    path: path.to_owned(),
                    waited: waited.min(timeout),
                    holder: purpose.to_owned(),
                });
            }
            std::thread::sleep(pause.min(timeout.saturating_sub(waited)));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        // Whoever held it may have removed the folder.
        Ok(is_at(&folder, path).then_some(Self { folder }))
    }

    /// The folder, to be synced.
    pub(crate) fn folder(&self) -> &File {
        &self.folder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;
    const PATIENCE: Duration = Duration::from_mins(1);

    #[test]
    fn one_at_a_time_has_a_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lock = FolderLock::acquire(folder.path(), AT_ONCE, "a test").expect("free");
        let error = FolderLock::acquire(folder.path(), AT_ONCE, "a test").expect_err("busy");
        assert_eq!(error.to_string(), "the lock is busy, held by a test");
        drop(lock);
        // A child that another test starts may have its descriptor for an instant more.
        let again = FolderLock::acquire(folder.path(), PATIENCE, "a test");
        assert!(again.expect("free again").is_some());
    }

    #[test]
    fn a_folder_that_was_removed_meanwhile_is_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("inside");
        std::fs::create_dir(&path).expect("creates");
        let first = FolderLock::acquire(&path, AT_ONCE, "a test").expect("free");
        let second = std::thread::spawn({
            let path = path.clone();
            move || FolderLock::acquire(&path, PATIENCE, "a test")
        });
        // Whether the other thread has begun to wait or not, it finds no folder.
        std::fs::remove_dir(&path).expect("removes");
        drop(first);
        let second = second.join().expect("ends").expect("no error");
        assert!(second.is_none(), "{second:?}");
    }
}
