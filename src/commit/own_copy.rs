//! A copy of the running program on the host, so that uninstalling needs no image.
#![expect(
    clippy::disallowed_methods,
    reason = "what is renamed and unlinked here is a copy of this program, no config"
)]

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::commit::editor::DEFAULT_LOCK_TIMEOUT;
use crate::disk::lock::FolderLock;
use crate::disk::target::{Existing, Unread};
use crate::disk::{HostRoot, leftovers, sidecar};
use crate::error::{Error, FOLDER};

/// What a program may be done with: everybody may run it.
const PROGRAM_MODE: u32 = 0o755;
/// How often a folder is made anew that others remove meanwhile, with the last copy in it.
const TRIES: u32 = 100;
/// What others hold the lock of the folder for.
const PURPOSE: &str = "another run that keeps or removes a copy there";
/// The running program itself, whatever has become of its name.
const RUNNING: &str = "/proc/self/exe";

/// A copy of the running program at a path of the host.
///
/// An installer's image that is made `FROM scratch` has no `cp`, and by the time of uninstalling it
/// may not be there any more. The copy is put in its place as a whole and only then: an older one may
/// be running meanwhile.
///
/// # Examples
///
/// ```
/// use containerd_edit::OwnCopy;
///
/// let folder = tempfile::tempdir()?;
/// let copy = OwnCopy::new(folder.path().join("opt/containerd-edit/containerd-edit"));
/// assert!(copy.keep()?, "it was not there");
/// assert!(!copy.keep()?, "nothing to do");
/// assert!(copy.remove(true)?.folder, "nothing else was in there");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct OwnCopy {
    path: PathBuf,
    host_root: HostRoot,
    lock_timeout: Duration,
    program: PathBuf,
}

/// What [`OwnCopy::remove`] has removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovedCopy {
    /// The copy.
    pub copy: bool,
    /// Its folder.
    pub folder: bool,
}

impl RemovedCopy {
    /// Whether anything was removed.
    #[must_use]
    pub fn is_change(self) -> bool {
        self.copy || self.folder
    }
}

impl OwnCopy {
    /// A copy at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            host_root: HostRoot::default(),
            lock_timeout: DEFAULT_LOCK_TIMEOUT,
            program: PathBuf::from(RUNNING),
        }
    }

    /// Sets where the host's files are, for a container that has them mounted somewhere. The copy's
    /// path then is one of the host.
    #[must_use]
    pub fn host_root(mut self, root: HostRoot) -> Self {
        self.host_root = root;
        self
    }

    /// Sets how long to wait while another run keeps or removes a copy there; zero: don't wait.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Keeps the copy: puts it there, with the folders that are missing, unless the same bytes are
    /// there already. Returns whether anything changed.
    ///
    /// # Errors
    ///
    /// [`Error::NoPlaceForCopy`] if something that is no regular file stands there,
    /// [`Error::LockBusy`] and [`Error::KeptChanging`] if others are at work, [`Error::Io`], and
    /// [`Error::NotDurable`] if the disk did not confirm it.
    pub fn keep(&self) -> Result<bool, Error> {
        let program = self.program()?;
        let (folder, name) = self.place()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let made = match make_folder(&self.host_root, &folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => continue,
                made => made.map_err(failed(&folder, "make the folder of the copy"))?,
            };
            match FolderLock::acquire(&made, self.lock_timeout, PURPOSE)? {
                Some(lock) => return put(&lock, &made, &name, &program),
                None if tries < TRIES => {}
                None => {
                    return Err(Error::KeptChanging {
                        path: self.path.clone(),
                        tries,
                    });
                }
            }
        }
    }

    /// Removes the copy, which may be the one that is running, and `with_folder` its folder too if
    /// nothing else is in there. Nothing to remove is no error.
    ///
    /// # Errors
    ///
    /// [`Error::NotACopy`] if the file there has other bytes than this program,
    /// [`Error::NoPlaceForCopy`] if it is no regular file, and the others of [`Self::keep`].
    pub fn remove(&self, with_folder: bool) -> Result<RemovedCopy, Error> {
        let program = self.program()?;
        let (folder, name) = self.place()?;
        let folder = match self.host_root.resolve(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(RemovedCopy::default());
            }
            resolved => resolved.map_err(failed(&folder, "look at the folder of the copy"))?,
        };
        let Some(lock) = FolderLock::acquire(&folder, self.lock_timeout, PURPOSE)? else {
            return Ok(RemovedCopy::default());
        };
        take_away(&lock, &folder, &name, &program, with_folder)
    }

    fn program(&self) -> Result<Vec<u8>, Error> {
        fs::read(&self.program).map_err(failed(&self.program, "read the program that is running"))
    }

    /// The host's folder for the copy, and the copy's name.
    fn place(&self) -> Result<(PathBuf, OsString), Error> {
        let path = self.host_root.absolute(&self.path);
        let place = path.parent().zip(path.file_name());
        let place = place.map(|(folder, name)| (folder.to_owned(), name.to_owned()));
        place.ok_or(Error::NoPlaceForCopy {
            path,
            found: FOLDER,
        })
    }
}

fn failed(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Io {
        path: path.to_owned(),
        doing,
        source,
    }
}

/// What stands at the copy's path.
fn existing(path: &Path) -> Result<Option<Existing>, Error> {
    Existing::read(path).map_err(|error| match error {
        Unread::NotAFile(found) => Error::NoPlaceForCopy {
            path: path.to_owned(),
            found,
        },
        Unread::Failed(source) => failed(path, "read what stands there")(source),
    })
}

/// Puts the program in the folder, which is locked.
fn put(lock: &FolderLock, folder: &Path, name: &OsStr, program: &[u8]) -> Result<bool, Error> {
    let path = &folder.join(name);
    let prefix = sidecar::temporary_prefix(path);
    leftovers::sweep_pending(folder, &prefix);
    let done = |done, changed| {
        move |source| Error::NotDurable {
            path: path.to_owned(),
            done,
            changed,
            source,
        }
    };
    if let Some(there) = existing(path)?
        && is_in_place(&there, program)
    {
        // Whoever put it there may have been killed before it was durable.
        synced(lock.folder(), &there.file).map_err(done("the copy was in place", false))?;
        return Ok(false);
    }
    let failed = failed(folder, "write a copy of this program in this folder");
    let mut temporary = sidecar::pending(&prefix)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(&failed)?;
    let written = temporary.write_all(program).and_then(|()| {
        let mode = Permissions::from_mode(PROGRAM_MODE);
        temporary.as_file().set_permissions(mode)?;
        temporary.as_file().sync_all()
    });
    written.map_err(&failed)?;
    // Closed before it has its name: what is open for writing can't be run.
    let temporary = temporary.into_temp_path();
    temporary
        .persist(path)
        .map_err(|error| failed(error.error))?;
    let durable = File::open(path).and_then(|copy| synced(lock.folder(), &copy));
    durable.map_err(done("the copy was put in its place", true))?;
    Ok(true)
}

fn is_in_place(there: &Existing, program: &[u8]) -> bool {
    let mode = there.metadata.mode() & 0o7777;
    let me = rustix::process::geteuid().as_raw();
    // Another user's could be changed by them.
    there.bytes == program && mode == PROGRAM_MODE && there.metadata.uid() == me
}

/// The folder, and the file again: xfs reports the loss of a rename for the file alone.
fn synced(folder: &File, file: &File) -> io::Result<()> {
    folder.sync_all()?;
    file.sync_all()
}

/// Removes the program from the folder, which is locked, and what killed runs have left of others.
fn take_away(
    lock: &FolderLock,
    folder: &Path,
    name: &OsStr,
    program: &[u8],
    with_folder: bool,
) -> Result<RemovedCopy, Error> {
    let path = &folder.join(name);
    let mut removed = RemovedCopy::default();
    if let Some(there) = existing(path)? {
        if there.bytes != program {
            return Err(Error::NotACopy {
                path: path.to_owned(),
            });
        }
        fs::remove_file(path).map_err(failed(path, "remove the copy"))?;
        removed.copy = true;
    }
    leftovers::sweep_pending(folder, &sidecar::temporary_prefix(path));
    if with_folder {
        // With something in it, or as the mount point of a container, it stays and does no harm.
        removed.folder = fs::remove_dir(folder).is_ok();
    }
    let durable = if removed.folder {
        folder.parent().map_or(Ok(()), sync_folder)
    } else {
        lock.folder().sync_all()
    };
    durable.map_err(|source| Error::NotDurable {
        path: path.to_owned(),
        done: "the copy was removed",
        changed: removed.is_change(),
        source,
    })?;
    Ok(removed)
}

/// Makes the host's folder where it is missing, with the folders above it. Returns where this process
/// finds it.
fn make_folder(root: &HostRoot, folder: &Path) -> io::Result<PathBuf> {
    let missing = match root.resolve(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => error,
        resolved => return resolved,
    };
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(missing);
    };
    let above = make_folder(root, above)?;
    match DirBuilder::new().mode(0o755).create(above.join(name)) {
        // Another run was faster, or it is a link to nothing.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => {
            made?;
            sync_folder(&above)?;
        }
    }
    root.resolve(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host below a folder, and two releases of a program.
    struct Node {
        folder: tempfile::TempDir,
    }

    const OLD: &[u8] = b"\x7fELF the old release";
    const NEW: &[u8] = b"\x7fELF the new release";
    const PATH: &str = "/opt/containerd-edit/containerd-edit";
    const PATIENCE: Duration = Duration::from_mins(1);

    impl Node {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::create_dir(folder.path().join("host")).expect("creates");
            fs::write(folder.path().join("old"), OLD).expect("writes");
            fs::write(folder.path().join("new"), NEW).expect("writes");
            Self { folder }
        }

        fn seen(&self, path: &str) -> PathBuf {
            let path = path.trim_start_matches('/');
            self.folder.path().join("host").join(path)
        }

        /// The copy that the program of this name would keep.
        fn of(&self, program: &str) -> OwnCopy {
            OwnCopy {
                path: PathBuf::from(PATH),
                host_root: HostRoot::at(&self.seen("/")).expect("a folder"),
                // A child that another test starts has the lock's descriptor too, until it is a
                // program of its own.
                lock_timeout: PATIENCE,
                program: self.folder.path().join(program),
            }
        }

        /// The names in the copy's folder.
        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.seen("/opt/containerd-edit")).expect("a folder");
            let names = entries.flatten().map(|entry| entry.file_name());
            names.map(|name| name.to_string_lossy().into()).collect()
        }
    }

    #[test]
    fn a_copy_can_be_run_by_everybody_and_is_kept_once() {
        let node = Node::new();
        assert!(node.of("old").keep().expect("kept"));
        let path = node.seen(PATH);
        assert_eq!(fs::read(&path).expect("readable"), OLD);
        let first = fs::metadata(&path).expect("exists");
        assert_eq!(first.mode() & 0o7777, 0o755);
        assert!(!node.of("old").keep().expect("in place"));
        let second = fs::metadata(&path).expect("exists");
        assert_eq!(first.ino(), second.ino(), "nothing was written");
        assert_eq!(node.names(), ["containerd-edit"]);
    }

    #[test]
    fn another_release_or_mode_is_replaced_as_a_whole() {
        let node = Node::new();
        node.of("old").keep().expect("kept");
        let path = node.seen(PATH);
        let open = File::open(&path).expect("opens");
        assert!(node.of("new").keep().expect("kept"));
        assert_eq!(fs::read(&path).expect("readable"), NEW);
        let old = open.metadata().expect("still open").len();
        assert_eq!(old, OLD.len() as u64, "the old one was not written to");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("changes the mode");
        assert!(node.of("new").keep().expect("kept"));
        let mode = fs::metadata(&path).expect("exists").mode();
        assert_eq!(mode & 0o7777, 0o755);
        assert_eq!(node.names(), ["containerd-edit"]);
    }

    #[test]
    fn what_is_no_regular_file_is_neither_replaced_nor_removed() {
        for plant in ["link", "folder", "fifo"] {
            let node = Node::new();
            let path = node.seen(PATH);
            fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
            match plant {
                "link" => std::os::unix::fs::symlink("/etc/passwd", &path).expect("links"),
                "folder" => fs::create_dir(&path).expect("creates"),
                _ => {
                    let mode = rustix::fs::Mode::RWXU;
                    rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("makes a FIFO");
                }
            }
            let kept = node.of("old").keep().expect_err(plant);
            let removed = node.of("old").remove(true).expect_err(plant);
            for error in [kept, removed] {
                let refused = matches!(error, Error::NoPlaceForCopy { .. });
                assert!(refused, "{plant}: {error}");
            }
            assert!(fs::symlink_metadata(&path).is_ok(), "{plant}");
            assert_eq!(node.names(), ["containerd-edit"], "{plant}");
        }
    }

    #[test]
    fn a_copy_goes_with_its_folder_and_what_killed_runs_left() {
        let node = Node::new();
        node.of("old").keep().expect("kept");
        let left = node.seen("/opt/containerd-edit/.containerd-edit.aB3dE5gH7j.tmp");
        fs::write(&left, "half a program").expect("writes");
        let removed = node.of("old").remove(true).expect("removed");
        assert_eq!((removed.copy, removed.folder), (true, true));
        assert!(!node.seen("/opt/containerd-edit").exists());
        assert!(node.seen("/opt").exists());
        let again = node.of("old").remove(true).expect("nothing to do");
        assert!(!again.is_change(), "{again:?}");
    }

    #[test]
    fn a_folder_with_something_else_in_it_stays() {
        let node = Node::new();
        node.of("old").keep().expect("kept");
        let theirs = node.seen("/opt/containerd-edit/theirs");
        fs::write(&theirs, "").expect("writes");
        let removed = node.of("old").remove(true).expect("removed");
        assert_eq!((removed.copy, removed.folder), (true, false));
        assert!(theirs.exists());
    }

    #[test]
    fn what_is_not_a_copy_is_not_removed() {
        let node = Node::new();
        node.of("new").keep().expect("kept");
        let error = node.of("old").remove(true).expect_err("another release");
        assert!(matches!(error, Error::NotACopy { .. }), "{error}");
        assert_eq!(fs::read(node.seen(PATH)).expect("readable"), NEW);
    }

    #[test]
    fn links_in_the_way_stay_on_the_host() {
        let node = Node::new();
        fs::create_dir(node.seen("/data")).expect("creates");
        std::os::unix::fs::symlink("/data", node.seen("/opt")).expect("links");
        node.of("old").keep().expect("kept");
        let copy = node.seen("/data/containerd-edit/containerd-edit");
        assert_eq!(fs::read(copy).expect("readable"), OLD);
        fs::remove_file(node.seen("/opt")).expect("removes");
        std::os::unix::fs::symlink("/nowhere", node.seen("/opt")).expect("links");
        let error = node.of("old").keep().expect_err("a link to nothing");
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        let node = Node::new();
        for path in ["/", "/opt/.."] {
            let mut copy = node.of("old");
            copy.path = PathBuf::from(path);
            let error = copy.keep().expect_err(path);
            let refused = matches!(error, Error::NoPlaceForCopy { .. });
            assert!(refused, "{path}: {error}");
        }
    }

    /// Removing takes the folder from under who waits for it: it is made anew.
    #[test]
    fn keeping_and_removing_at_once_ends_as_one_after_the_other() {
        let node = Node::new();
        let copy = node.of("old");
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..50).for_each(|_| assert!(copy.keep().is_ok())));
                scope.spawn(|| (0..50).for_each(|_| assert!(copy.remove(true).is_ok())));
            }
        });
        copy.keep().expect("kept");
        assert_eq!(fs::read(node.seen(PATH)).expect("readable"), OLD);
        assert_eq!(node.names(), ["containerd-edit"]);
        copy.remove(true).expect("removed");
        assert!(!node.seen("/opt/containerd-edit").exists());
    }
}
