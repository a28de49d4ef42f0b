//! Which `/proc` shows the host's processes.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::UseUnknown;
use crate::disk::HostRoot;

const PROC: &str = "/proc";
/// The machine's first PID namespace: `PROC_PID_INIT_INO` in the kernel's `include/linux/proc_ns.h`,
/// and `PID_NS_INIT_INO` in `linux/nsfs.h`.
const FIRST_NAMESPACE: &str = "pid:[4026531836]";

/// Finds the `/proc` of the host whose files are at `root`.
///
/// In another PID namespace there would be no shims to see, which must not pass for unused.
pub(super) fn find(root: &HostRoot) -> Result<PathBuf, UseUnknown> {
    find_in(root, Path::new(PROC))
}

pub(super) fn find_in(root: &HostRoot, own: &Path) -> Result<PathBuf, UseUnknown> {
    let Some(folder) = root.folder() else {
        let namespace = fs::read_link(own.join("self/ns/pid"));
        return match namespace {
            Ok(namespace) if namespace == Path::new(FIRST_NAMESPACE) => Ok(own.to_owned()),
            _ => Err(UseUnknown::OtherProcesses {
                proc: own.to_owned(),
            }),
        };
    };
    // Mounted with the host's files it shows the host's processes, whatever namespace this one is in.
    let theirs = root.seen(Path::new(PROC));
    let mut hidden = None;
    for proc in [theirs.as_path(), own] {
        let first = proc.join("1/root");
        match (first.metadata(), folder.metadata()) {
            (Ok(first), Ok(root)) if is_same(&first, &root) => return Ok(proc.to_owned()),
            (Err(source), _) if source.kind() == std::io::ErrorKind::PermissionDenied => {
                hidden = Some(UseUnknown::Hidden {
                    path: first,
                    source,
                });
            }
            _ => {}
        }
    }
    Err(hidden.unwrap_or(UseUnknown::OtherProcesses { proc: theirs }))
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}
