//! What the kernel says of a path beyond its metadata: a mount point, or what `chattr(1)` has set.

use std::path::Path;

use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};

/// What the kernel says of a file, by `statx(2)`; nothing if it doesn't.
pub(super) fn attributes(path: &Path) -> StatxAttributes {
    let statx = rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    statx.map_or(StatxAttributes::empty(), |statx| statx.stx_attributes)
}

/// What to mount instead of a path that is itself a mount point. One that is mounted where the host has
/// nothing is a folder.
pub(super) fn instead_of_mount(path: &Path) -> Option<String> {
    let is_mount = attributes(path).contains(StatxAttributes::MOUNT_ROOT);
    let folder = path.parent().filter(|_| is_mount)?.display();
    Some(format!(
        "mount its folder at {folder}, not the file (Kubernetes: no `subPath`)"
    ))
}
