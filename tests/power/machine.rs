//! A machine with one disk: a mount namespace of its own, where a filesystem on the disk is mounted
//! and commands run.
//!
//! The test itself never touches the filesystem: it serves the disk, and a server that waits for its
//! own disk can't even be killed. Commands do, and the test reads what they print.

use std::fmt;
use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use fuser::{BackgroundSession, Session, SessionACL};
use tempfile::TempDir;

use crate::command::{PROGRAM, Subject};
use crate::disk::Disk;
use crate::filesystem::Filesystem;
use crate::image::Image;
use crate::mount_namespace::MountNamespace;
use crate::server::Server;

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Machine {
    pub(crate) filesystem: Filesystem,
    pub(crate) disk: Disk,
    /// Holds the namespace; with its end, or that of the test, all mounts are gone.
    namespace: MountNamespace,
    folder: TempDir,
    _session: BackgroundSession,
}

/// Prints the config.
const READ: &str = "ls -A mounted >/dev/null || exit 1
    [ -e mounted/config.toml ] || exit 102
    cat mounted/config.toml";
const ABSENT: i32 = 102;
const NO_MOUNT: i32 = 103;

/// What a look at the config gave.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Config(Vec<u8>),
    Absent,
    /// It can't be read.
    Unreadable(String),
    /// The filesystem can't be mounted, or not be unmounted.
    NoMount(String),
}

impl Machine {
    /// A machine with a fresh filesystem, not mounted.
    pub(crate) fn with(filesystem: Filesystem) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["fuse", "mounted"] {
            std::fs::create_dir(folder.path().join(name)).expect("creates");
        }
        let namespace = MountNamespace::new();
        let disk = Disk::never_tearing(filesystem.superblock());
        let session = serve(&disk, filesystem, folder.path(), &namespace);
        let machine = Self {
            filesystem,
            disk,
            namespace,
            folder,
            _session: session,
        };
        machine.disk.insert(filesystem.make(machine.folder.path()));
        machine
    }

    /// Where the filesystem is mounted.
    fn mounted(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.mounted().join("config.toml")
    }

    /// Mounts the disk.
    pub(crate) fn mount(&self) {
        self.shell("mount -t $TYPE -o loop fuse/disk mounted", &[]);
    }

    pub(crate) fn unmount(&self) {
        self.shell("umount mounted", &[]);
    }

    /// Writes a config and makes all that there is durable.
    pub(crate) fn write_config(&self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).expect("UTF-8");
        self.shell("printf %s \"$1\" >mounted/config.toml", &[text]);
        self.sync();
    }

    pub(crate) fn sync(&self) {
        self.shell("sync -f mounted", &[]);
    }

    /// A run of the command on the config.
    pub(crate) fn command(&self, subject: Subject, arguments: &[&str]) -> Command {
        let mut command = subject.run("nsenter");
        command
            .args(&self.namespace.entering()[1..])
            .arg(PROGRAM)
            .arg("--config")
            .arg(self.config())
            .arg("-q")
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    /// Reads the config where it is mounted now.
    pub(crate) fn read(&self) -> Found {
        Found::from(&self.output(READ, &[]))
    }

    /// Whether the filesystem that is mounted answers at all.
    pub(crate) fn lives(&self) -> bool {
        self.output("ls -l mounted", &[]).status.success()
    }

    /// Puts an image into the disk, mounts it, reads the config and unmounts it.
    pub(crate) fn boot(&self, image: Image) -> Found {
        self.disk.insert(image);
        let script = format!(
            "mount -t $TYPE -o loop fuse/disk mounted || exit {NO_MOUNT}
            ({READ}); found=$?
            umount mounted || exit {NO_MOUNT}
            exit $found"
        );
        Found::from(&self.output(&script, &[]))
    }

    fn shell(&self, script: &str, arguments: &[&str]) {
        let output = self.output(script, arguments);
        assert!(
            output.status.success(),
            "{script}, {:?}: {}",
            self.filesystem,
            said(&output)
        );
    }

    fn output(&self, script: &str, arguments: &[&str]) -> Output {
        Command::new("nsenter")
            .args(&self.namespace.entering()[1..])
            .args(["sh", "-c", &format!("cd \"$FOLDER\" && {script}"), "sh"])
            .args(arguments)
            .env("FOLDER", self.folder.path())
            .env("TYPE", self.filesystem.name())
            .stdin(Stdio::null())
            .output()
            .expect("nsenter, of Debian's util-linux, starts")
    }
}

impl From<&Output> for Found {
    fn from(output: &Output) -> Self {
        match output.status.code() {
            Some(0) => Self::Config(output.stdout.clone()),
            Some(ABSENT) => Self::Absent,
            Some(NO_MOUNT) => Self::NoMount(said(output)),
            _ => Self::Unreadable(said(output)),
        }
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(bytes) => {
                let start = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
                write!(formatter, "a config of {} bytes, {start:?} …", bytes.len())
            }
            Self::Absent => write!(formatter, "no config"),
            Self::Unreadable(why) => write!(formatter, "no readable config: {why:?}"),
            Self::NoMount(why) => write!(formatter, "no mount or no unmount: {why:?}"),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Faults would keep the filesystem from going in order.
        self.disk.fail(None);
        self.output("! mountpoint -q mounted || umount mounted", &[]);
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// Mounts the FUSE filesystem with the disk inside the namespace, and serves it in a thread.
fn serve(
    disk: &Disk,
    filesystem: Filesystem,
    folder: &Path,
    namespace: &MountNamespace,
) -> BackgroundSession {
    let device = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/fuse")
        .expect("/dev/fuse can be opened: this rig needs root and a kernel with FUSE");
    let device = OwnedFd::from(device);
    let duplicate = || device.try_clone().expect("a descriptor");
    // The descriptor is mount's standard input: nobody else has it, so that the kernel gives up
    // when the test ends, however that is.
    let mut mount = Command::new("nsenter")
        .args(&namespace.entering()[1..])
        .args(["mount", "-i", "-t", "fuse"])
        .args(["-o", "fd=0,rootmode=40000,user_id=0,group_id=0"])
        .arg("power")
        .arg(folder.join("fuse"))
        .stdin(duplicate())
        .spawn()
        .expect("nsenter, of Debian's util-linux, starts");
    let deadline = Instant::now() + PATIENCE;
    let session = loop {
        let server = Server {
            disk: disk.clone(),
            size: filesystem.size(),
        };
        // Not before it is mounted; and mount may not end before it is served.
        let config = fuser::Config::default();
        match Session::from_fd(server, duplicate(), SessionACL::Owner, config) {
            Ok(session) => break session,
            Err(error) => assert!(Instant::now() < deadline, "FUSE is not mounted: {error}"),
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let session = session.spawn().expect("a thread starts");
    let status = mount.wait().expect("mount ends");
    assert!(status.success(), "mount of the FUSE filesystem: {status}");
    session
}
