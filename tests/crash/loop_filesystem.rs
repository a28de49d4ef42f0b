//! A filesystem of its own for a test: made in a file, mounted over a loop device in a private mount
//! namespace, and shut down at will as a power cut would.
//!
//! No other namespace sees the mount. One that did would keep the filesystem alive, and what was
//! still in its memory, after it was unmounted here.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::mount_namespace::MountNamespace;

/// How long something that is about to end may take.
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ext4,
    Xfs,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }

    /// How large an image has to be; it is sparse. mkfs.xfs refuses less than 300 MB.
    const fn megabytes(self) -> u64 {
        match self {
            Self::Ext4 => 32,
            Self::Xfs => 320,
        }
    }
}

/// A mounted filesystem. Dropped, it is unmounted and gone.
pub(crate) struct LoopFilesystem {
    kind: Kind,
    // Before the folder, which it lies in: fields are dropped in this order.
    namespace: MountNamespace,
    folder: TempDir,
}

impl LoopFilesystem {
    /// Makes a filesystem and mounts it.
    pub(crate) fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let filesystem = Self {
            kind,
            namespace: MountNamespace::new(),
            folder,
        };
        let image = File::create_new(filesystem.image()).expect("an image");
        image
            .set_len(kind.megabytes() * 1024 * 1024)
            .expect("a sparse file");
        let mkfs = format!("mkfs.{}", kind.name());
        let made = filesystem.namespace.run(&[
            mkfs.as_ref(),
            "-q".as_ref(),
            filesystem.image().as_os_str(),
        ]);
        made.unwrap_or_else(|said| panic!("{mkfs}: {said}"));
        std::fs::create_dir(filesystem.path()).expect("a folder to mount on");
        filesystem.mount();
        filesystem
    }

    pub(crate) fn namespace(&self) -> &MountNamespace {
        &self.namespace
    }

    /// Where it is mounted, for a program inside the namespace.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// A file on it, for this process.
    pub(crate) fn seen(&self, name: &str) -> PathBuf {
        self.namespace.seen(&self.path()).join(name)
    }

    pub(crate) fn mount(&self) {
        let image = self.image();
        let mounted = self.namespace.run(&[
            "mount".as_ref(),
            "-o".as_ref(),
            "loop".as_ref(),
            image.as_os_str(),
            self.path().as_os_str(),
        ]);
        mounted.unwrap_or_else(|said| panic!("mounting {}: {said}", self.kind.name()));
    }

    /// Unmounts it. A process that another thread is just starting may share this one's descriptors
    /// for a moment, so that "busy" is waited out.
    pub(crate) fn unmount(&self) {
        let started = Instant::now();
        loop {
            match self.try_unmount() {
                Ok(()) => return,
                Err(said) if said.contains("busy") && started.elapsed() < DEADLINE => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(said) => panic!("unmounting {}: {said}", self.kind.name()),
            }
        }
    }

    /// Cuts it off from its disk, now: nothing that the disk does not yet hold will reach it, its
    /// log included. All that it is asked for from now on may fail.
    ///
    /// `xfs_io` sends the request (`FS_IOC_SHUTDOWN`) to ext4 as well; its package is needed for
    /// mkfs.xfs anyway, and a call of its own would have to be unsafe.
    pub(crate) fn shut_down(&self) {
        let done = self.namespace.run(&[
            "xfs_io".as_ref(),
            "-x".as_ref(),
            "-c".as_ref(),
            "shutdown".as_ref(),
            self.path().as_os_str(),
        ]);
        done.unwrap_or_else(|said| panic!("shutting {} down: {said}", self.kind.name()));
    }

    /// After a shutdown: what the disk holds, for everybody to see.
    pub(crate) fn remount(&self) {
        self.unmount();
        self.mount();
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn try_unmount(&self) -> Result<(), String> {
        self.namespace
            .run(&["umount".as_ref(), self.path().as_os_str()])
    }
}

impl Drop for LoopFilesystem {
    fn drop(&mut self) {
        // What is left of it goes with the namespace.
        let _ = self.try_unmount();
    }
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_shutdown_loses_what_was_not_synced() {
    for kind in [Kind::Ext4, Kind::Xfs] {
        let filesystem = LoopFilesystem::new(kind);
        let config = filesystem.seen("config");
        std::fs::write(&config, "old").expect("writes");
        rustix::fs::syncfs(File::open(&config).expect("it is there")).expect("synced");
        let temporary = filesystem.seen("temporary");
        std::fs::write(&temporary, "new").expect("writes");
        let file = File::open(&temporary).expect("it is there");
        file.sync_all().expect("synced");
        drop(file);
        std::fs::rename(temporary, &config).expect("renamed");
        let outside = filesystem.path().read_dir().expect("a folder").count();
        assert_eq!(outside, 0, "{kind:?} is seen in another namespace");
        filesystem.shut_down();
        filesystem.remount();
        let left = std::fs::read(&config).expect("it is there");
        assert_eq!(left, b"old", "{kind:?} has not lost the rename");
    }
}
