//! The shims among the processes of a host.
//!
//! containerd starts each as `SHIM -namespace k8s.io -id ID -address SOCKET` in the folder of the
//! sandbox or container that it serves, and notes down there what it has started.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde_json::Value;

use super::{UseUnknown, process_view};
use crate::disk::HostRoot;
use crate::disk::process_stat::Stat;

/// containerd's namespace of what CRI has started.
const NAMESPACE: &[u8] = b"k8s.io";
/// How often a process is looked at again that has become another program meanwhile.
const TRIES: usize = 3;

/// A process that serves a pod's sandbox or one of its containers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shim {
    pub(super) process: u32,
    /// The sandbox's ID.
    pub(super) sandbox: String,
    /// The socket of the daemon that has started it.
    pub(super) address: PathBuf,
    /// The pod's namespace and name; empty if its folder does not tell.
    pub(super) namespace: String,
    pub(super) name: String,
    /// The program that runs.
    pub(super) executable: PathBuf,
    /// The shim that containerd has started, which may be a script that turned into `executable`.
    pub(super) started: Option<PathBuf>,
    /// What runc's shim runs containers with; empty: its default. `None` for other shims.
    pub(super) binary: Option<String>,
}

impl Shim {
    /// The program, for messages.
    pub(super) fn program(&self) -> String {
        let path = self.started.as_deref().unwrap_or(&self.executable);
        path.display().to_string()
    }
}

/// What makes a process this one and no other.
#[derive(PartialEq, Eq)]
struct Identity {
    /// In clock ticks after the boot.
    started: Option<u64>,
    executable: PathBuf,
}

/// Finds the shims of CRI on the host whose files are at `root`.
pub(super) fn scan(root: &HostRoot) -> Result<Vec<Shim>, UseUnknown> {
    of(&process_view::find(root)?)
}

/// Finds the shims that can be seen, whichever `/proc` this is: a sandbox's ID is no other host's.
#[cfg(feature = "cri")]
pub(super) fn seen(root: &HostRoot) -> Vec<Shim> {
    let shims = scan(root).or_else(|_| of(Path::new("/proc")));
    shims.unwrap_or_default()
}

/// Finds the shims of CRI that a `/proc` shows.
pub(super) fn of(proc: &Path) -> Result<Vec<Shim>, UseUnknown> {
    let hidden = |path: PathBuf| move |source| UseUnknown::Hidden { path, source };
    let mut shims = Vec::new();
    for entry in fs::read_dir(proc).map_err(hidden(proc.to_owned()))? {
        let entry = entry.map_err(hidden(proc.to_owned()))?;
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let folder = entry.path();
        match read(&folder, process) {
            Ok(shim) => shims.extend(shim),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(hidden(folder)(error)),
        }
    }
    shims.sort_by_key(|shim| shim.process);
    Ok(shims)
}

/// Reads a process; `None` if it is no shim of this host's CRI.
fn read(folder: &Path, process: u32) -> io::Result<Option<Shim>> {
    for _ in 0..TRIES {
        let arguments = fs::read(folder.join("cmdline"))?;
        let Some((id, address)) = id_and_address(&arguments) else {
            return Ok(None);
        };
        if is_nested(&fs::read_to_string(folder.join("status"))?) {
            return Ok(None);
        }
        let before = identity(folder)?;
        let mut shim = Shim {
            process,
            sandbox: id.to_owned(),
            address: address.to_owned(),
            executable: before.executable.clone(),
            ..Shim::default()
        };
        read_bundle(&folder.join("cwd"), &mut shim)?;
        // A process ID may be another process's by now.
        if identity(folder)? == before {
            return Ok(Some(shim));
        }
    }
    Err(io::Error::other("it keeps becoming another program"))
}

/// The ID that a shim was started for and the socket of its daemon, by its arguments.
fn id_and_address(arguments: &[u8]) -> Option<(&str, &Path)> {
    let arguments: Vec<&[u8]> = arguments.split(|&byte| byte == 0).collect();
    // Flags of Go: with one dash or two.
    let value = |flag: &[u8]| {
        let is_flag = |argument: &&[u8]| {
            let name = argument.strip_prefix(b"-");
            name.is_some_and(|name| name.strip_prefix(b"-").unwrap_or(name) == flag)
        };
        let at = arguments.iter().position(is_flag)?;
        arguments.get(at + 1).copied()
    };
    if value(b"namespace")? != NAMESPACE {
        return None;
    }
    let id = str::from_utf8(value(b"id")?).ok()?;
    let address = Path::new(OsStr::from_bytes(value(b"address")?));
    Some((id, address)).filter(|_| !id.is_empty())
}

/// Whether a process is in a PID namespace below the one that `/proc` shows, as in a node that runs in
/// a container: that one's shims are none of this host's.
fn is_nested(status: &str) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.is_some_and(|ids| ids.split_whitespace().count() > 1)
}

fn identity(folder: &Path) -> io::Result<Identity> {
    let stat = fs::read_to_string(folder.join("stat"))?;
    Ok(Identity {
        started: Stat::parse(&stat).map(|stat| stat.started),
        executable: fs::read_link(folder.join("exe"))?,
    })
}

/// Reads the folder that a shim was started in. What it does not tell stays empty.
fn read_bundle(bundle: &Path, shim: &mut Shim) -> io::Result<()> {
    if let Some(path) = read_if_there(&bundle.join("shim-binary-path"))? {
        shim.started = Some(PathBuf::from(OsStr::from_bytes(path.trim_ascii())));
    }
    if let Some(binary) = read_if_there(&bundle.join("runtime"))? {
        let binary = String::from_utf8_lossy(binary.trim_ascii());
        shim.binary = Some(binary.into_owned());
    }
    let config = read_if_there(&bundle.join("config.json"))?.unwrap_or_default();
    let config: Value = serde_json::from_slice(&config).unwrap_or_default();
    let annotation = |name: &str| {
        let name = format!("io.kubernetes.cri.{name}");
        config["annotations"][name].as_str().map(str::to_owned)
    };
    // Another ID than that of its arguments if it serves one container.
    if let Some(sandbox) = annotation("sandbox-id") {
        shim.sandbox = sandbox;
    }
    shim.namespace = annotation("sandbox-namespace").unwrap_or_default();
    shim.name = annotation("sandbox-name").unwrap_or_default();
    Ok(())
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether there is no such process, or no such file.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || Errno::from_io_error(error) == Some(Errno::SRCH)
}
