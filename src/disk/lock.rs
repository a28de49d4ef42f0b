//! The sidecar lock: the only place where a file is locked.
//!
//! The lock is the kernel's `flock(2)` on `config.toml.lock`. It ends with the process, however it
//! ends; a process ID in a file would outlive it and could belong to somebody else after a reboot.
//! What stands in the lock file is for people, and never decides anything.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, pread, retry_on_intr};

use super::existing::{Unread, is_same};
use super::holder::{GRAMMAR, Holder, words};
use super::{existing, sidecar, site};
use crate::error::{Code, Error};

/// How long a busy lock goes unreported.
const QUIET: Duration = Duration::from_millis(500);
/// Even who does not want to wait lets somebody look at the lock, as [`look`] does.
const GRACE: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// As much of a lock file as is read for its holder.
const HOLDER_BYTES: usize = 1024;
const PURPOSE: &str = "the lock file";

/// The exclusive lock on a config, held until it is dropped.
#[must_use = "the lock ends when this is dropped"]
#[derive(Debug)]
pub(crate) struct ConfigLock {
    file: File,
}

/// What to do while the lock is busy.
pub(crate) struct Patience<'p> {
    /// How long to wait; zero: try once.
    pub(crate) timeout: Duration,
    /// Called once, when the wait gets noticeable, with who holds the lock.
    pub(crate) on_wait: &'p dyn Fn(&Path, &str),
    /// Asked in between: whether to give up.
    pub(crate) interrupted: &'p dyn Fn() -> bool,
}

impl ConfigLock {
    /// Takes the lock of `config`, whose symbolic links are resolved. `command` tells others what
    /// holds it.
    pub(crate) fn acquire(
        config: &Path,
        command: &str,
        patience: &Patience<'_>,
    ) -> Result<Self, Error> {
        let path = sidecar::lock(config);
        let started = Instant::now();
        let mut is_reported = false;
        let mut pause = FIRST_PAUSE;
        loop {
            let file = open(&path)?;
            // The file may have been unlinked, by whoever did not know better, while it was opened
            // here: then the next run would lock another one.
            let locked = try_lock(&file, FlockOperation::NonBlockingLockExclusive)
                .map_err(|source| Error::io(&path, "lock the lock file", source))?;
            if locked && is_same(file.metadata(), path.symlink_metadata()) {
                let lock = Self { file };
                lock.sign(command);
                return Ok(lock);
            }
            if (patience.interrupted)() {
                return Err(Error::interrupted(&path));
            }
            let waited = started.elapsed();
            if waited >= patience.timeout.max(GRACE) {
                let waited = Some(waited).filter(|_| !patience.timeout.is_zero());
                return Err(busy(&path, waited, &words(holder(&file).as_ref())));
            }
            if waited >= QUIET && !is_reported {
                (patience.on_wait)(&path, &words(holder(&file).as_ref()));
                is_reported = true;
            }
            let left = patience.timeout.max(GRACE).saturating_sub(waited);
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Writes down who holds the lock. Nothing depends on it, so that no error matters.
    fn sign(&self, command: &str) {
        let mut first = [0; GRAMMAR.len()];
        let is_free = match self.file.read_at(&mut first, 0) {
            Ok(length) => length == 0 || first == *GRAMMAR.as_bytes(),
            Err(_) => false,
        };
        if !is_free {
            // Somebody else keeps something in it.
            return;
        }
        let line = Holder::this(command).line();
        if self.file.write_all_at(line.as_bytes(), 0).is_ok() {
            let _ = self.file.set_len(line.len() as u64);
        }
    }
}

/// Opens the lock file, creates it where it is missing, and refuses what could be a trap.
fn open(path: &Path) -> Result<File, Error> {
    let mut options = existing::no_link();
    options.write(true).create(true).truncate(false).mode(0o600);
    let failed = |source| Error::io(path, "open the lock file", source);
    // A FIFO can be locked as well, by whoever put it there.
    let opened = existing::open_file(path, &options).map_err(|error| match error {
        Unread::NotAFile(found) => sidecar::planted(path, found, PURPOSE),
        Unread::Failed(error) => {
            site::forbidden(&[path, path.parent().unwrap_or(path)]).unwrap_or_else(|| failed(error))
        }
    });
    let (file, metadata) = opened?;
    if metadata.nlink() > 1 {
        // What is written here would be written to another file.
        return Err(sidecar::planted(
            path,
            "a hard link to another file",
            PURPOSE,
        ));
    }
    let me = rustix::process::geteuid().as_raw();
    if metadata.uid() != me && metadata.uid() != 0 {
        return Err(foreign(path, metadata.uid()));
    }
    if metadata.mode() & 0o077 != 0 && metadata.uid() == me {
        // flock(1) creates it so that everybody could hold it.
        file.set_permissions(Permissions::from_mode(0o600))
            .map_err(failed)?;
    }
    Ok(file)
}

/// Takes the lock of a folder, which leaves nothing behind there and ends with what is returned;
/// `None`: somebody else holds it.
#[cfg(feature = "cri")]
pub(crate) fn try_lock_folder(folder: &Path) -> io::Result<Option<File>> {
    let folder = File::open(folder)?;
    let is_free = try_lock(&folder, FlockOperation::NonBlockingLockExclusive)?;
    Ok(is_free.then_some(folder))
}

/// Whether the lock was free.
fn try_lock(file: &File, how: FlockOperation) -> io::Result<bool> {
    match retry_on_intr(|| flock(file, how)) {
        Err(Errno::WOULDBLOCK) => Ok(false),
        locked => Ok(locked.map(|()| true)?),
    }
}

/// Somebody else holds the lock. `waited` is how long this run has waited for it, if it has.
fn busy(path: &Path, waited: Option<Duration>, holder: &str) -> Error {
    let waited = waited.map_or_else(String::new, |waited| {
        let rounded = Duration::from_millis(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        format!(" after {} of waiting", humantime::format_duration(rounded))
    });
    let message = format!("the lock is busy{waited}, held by {holder}");
    let hint = format!(
        "run it again, with a longer --lock-timeout; `fuser -v {}` shows who has the file open \
         (removing it does not help: the kernel holds the lock)",
        path.display()
    );
    Error::new(Code::LockBusy, message, hint).at(path)
}

/// The lock file belongs to an untrusted user.
fn foreign(path: &Path, owner: u32) -> Error {
    let message = format!("the lock file belongs to user {owner}, who could hold it for ever");
    let hint = format!(
        "see who that is; when no installer of theirs is running: chown 0:0 {}",
        path.display()
    );
    Error::new(Code::ForeignLock, message, hint).at(path)
}

/// Whether the lock of a config is busy, and what its file says. `None`: the file can't be opened, or
/// not be locked. A free lock is taken for an instant, shared with others who look.
pub(crate) fn look(config: &Path) -> (Option<bool>, Option<Holder>) {
    let file = match existing::open(&sidecar::lock(config)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Some(false), None),
        Err(_) => return (None, None),
    };
    let is_free = try_lock(&file, FlockOperation::NonBlockingLockShared).ok();
    if is_free == Some(true) {
        // Given back at once. If not here, then with its descriptor.
        let _ = flock(&file, FlockOperation::Unlock);
    }
    (is_free.map(|is_free| !is_free), holder(&file))
}

fn holder(file: &File) -> Option<Holder> {
    let mut bytes = [0; HOLDER_BYTES];
    let length = retry_on_intr(|| pread(file, &mut bytes, 0)).ok()?;
    Holder::read(&String::from_utf8_lossy(&bytes[..length]))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const AT_ONCE: Patience<'static> = Patience {
        timeout: Duration::ZERO,
        on_wait: &|_, _| {},
        interrupted: &|| false,
    };

    fn config() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.toml");
        (folder, path)
    }

    #[test]
    fn the_second_one_is_told_who_holds_the_lock() {
        let (_folder, config) = config();
        let first = ConfigLock::acquire(&config, "add kata", &AT_ONCE).expect("free");
        let error = ConfigLock::acquire(&config, "add crun", &AT_ONCE).expect_err("busy");
        assert!(error.to_string().contains("`add kata`, PID"), "{error}");
        drop(first);
        // A child that another test starts may have its descriptor for an instant more.
        let patience = Patience {
            timeout: Duration::from_mins(1),
            ..AT_ONCE
        };
        let again = ConfigLock::acquire(&config, "add crun", &patience);
        assert!(again.is_ok(), "free again: {again:?}");
    }

    #[test]
    fn the_lock_file_is_private_and_stays() {
        let (_folder, config) = config();
        let path = sidecar::lock(&config);
        std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o644)
            .open(&path)
            .expect("creates, as flock(1) does");
        drop(ConfigLock::acquire(&config, "add", &AT_ONCE).expect("free"));
        let mode = std::fs::metadata(&path).expect("it stays").mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_no_file_is_not_locked() {
        for plant in ["folder", "link", "hard link", "fifo"] {
            let (folder, config) = config();
            let path = sidecar::lock(&config);
            match plant {
                "folder" => std::fs::create_dir(&path).expect("creates"),
                "hard link" => {
                    let elsewhere = folder.path().join("elsewhere");
                    std::fs::OpenOptions::new()
                        .create_new(true)
                        .write(true)
                        .open(&elsewhere)
                        .expect("creates");
                    std::fs::hard_link(&elsewhere, &path).expect("links");
                }
                "link" => {
                    let elsewhere = folder.path().join("elsewhere");
                    std::os::unix::fs::symlink(&elsewhere, &path).expect("links");
                }
                _ => {
                    let mode = rustix::fs::Mode::RWXU;
                    rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("makes a FIFO");
                }
            }
            let error = ConfigLock::acquire(&config, "add", &AT_ONCE).expect_err(plant);
            assert!(error.code() == Code::PlantedSidecar, "{plant}: {error}");
        }
    }

    #[test]
    fn what_somebody_else_keeps_in_the_lock_file_stays() {
        let (_folder, config) = config();
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .create_new(true)
            .write(true)
            .open(sidecar::lock(&config));
        let file = file.expect("creates");
        for theirs in ["4711\n", "# deploy note: do not touch\n"] {
            file.set_len(0).expect("truncates");
            file.write_all_at(theirs.as_bytes(), 0).expect("writes");
            let lock = ConfigLock::acquire(&config, "add", &AT_ONCE);
            assert!(lock.is_ok(), "it can be locked: {lock:?}");
            let kept = std::fs::read_to_string(sidecar::lock(&config)).expect("readable");
            assert_eq!(kept, theirs);
        }
    }

    #[cfg(feature = "cri")]
    #[test]
    fn a_folder_is_locked_by_one_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lock = || try_lock_folder(folder.path()).expect("it can be locked");
        let first = lock();
        assert!(first.is_some() && lock().is_none());
        drop(first);
        // A child that another test starts may have its descriptor for an instant more.
        while lock().is_none() {
            std::thread::yield_now();
        }
        assert!(try_lock_folder(&folder.path().join("gone")).is_err());
    }

    #[test]
    fn a_stale_holder_blocks_nobody() {
        let (_folder, config) = config();
        let line =
            "# containerd-edit v1 pid=1 host=other since=2020-01-01T00:00:00Z command=\"x\"\n";
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .create_new(true)
            .write(true)
            .open(sidecar::lock(&config))
            .expect("creates");
        file.write_all_at(line.as_bytes(), 0).expect("writes");
        let lock = ConfigLock::acquire(&config, "add", &AT_ONCE);
        assert!(lock.is_ok(), "nobody holds it: {lock:?}");
    }
}
