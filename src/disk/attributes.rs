//! Who may do what with a file: its owner, its mode and its extended attributes.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
use xattr::FileExt as _;

use super::existing::Existing;
use crate::error::Warning;

/// Attributes that belong to the content and not to the file: the kernel computes them anew.
const CONTENT_ATTRIBUTES: [&str; 2] = ["security.ima", "security.evm"];
/// What `chattr(1)` sets to say how the file is kept: `A`, `S`, `d`, `c`, `C` and `t`.
const KEPT_FLAGS: IFlags = IFlags::NOATIME
    .union(IFlags::SYNC)
    .union(IFlags::NODUMP)
    .union(IFlags::COMPRESSED)
    .union(IFlags::NOCOW)
    .union(IFlags::NOTAIL);
const SELINUX: &str = "security.selinux";

/// Gives `file` the owner, mode and extended attributes of `original`: in this order, since
/// changing the owner clears mode bits and attributes. `file` is empty still: some flags can't come
/// later. What can be done without comes back as notices about the config at `path`.
pub(super) fn copy(original: &Existing, file: &File, path: &Path) -> io::Result<Vec<Warning>> {
    let metadata = file.metadata()?;
    let (uid, gid) = (original.metadata.uid(), original.metadata.gid());
    if (uid, gid) != (metadata.uid(), metadata.gid()) {
        std::os::unix::fs::fchown(file, Some(uid), Some(gid))?;
    }
    file.set_permissions(Permissions::from_mode(original.metadata.mode() & 0o7777))?;
    let mut notices = Vec::new();
    if let Err(error) = copy_flags(&original.file, file) {
        notices.push(no_flags(path, &error));
    }
    let names = match original.file.list_xattr() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(notices),
        names => names?,
    };
    for name in names {
        if CONTENT_ATTRIBUTES.iter().any(|content| name == *content) {
            continue;
        }
        let Some(value) = original.file.get_xattr(&name)? else {
            continue;
        };
        if file.get_xattr(&name).ok().flatten().as_deref() == Some(&value) {
            continue;
        }
        match file.set_xattr(&name, &value) {
            // The policy's own label for a new file in this folder is the next best.
            Err(error) if name == SELINUX => notices.push(no_label(path, &value, &error)),
            other => other?,
        }
    }
    Ok(notices)
}

fn copy_flags(original: &File, file: &File) -> io::Result<()> {
    // Many filesystems have none.
    let (Ok(wanted), Ok(now)) = (ioctl_getflags(original), ioctl_getflags(file)) else {
        return Ok(());
    };
    let wanted = now | (wanted & KEPT_FLAGS);
    if wanted != now {
        ioctl_setflags(file, wanted)?;
    }
    Ok(())
}

fn no_flags(path: &Path, error: &io::Error) -> Warning {
    let path = path.display();
    let message = format!(
        "the attributes of chattr(1) could not be given to the new file ({error}): compare `lsattr \
         {path}` with `lsattr {path}.prev`"
    );
    Warning::new("no-flags", message)
}

fn no_label(path: &Path, label: &[u8], error: &io::Error) -> Warning {
    let label = String::from_utf8_lossy(label);
    let label = label.trim_end_matches('\0');
    Warning::new(
        "no-label",
        format!(
            "the SELinux label {label} could not be given to the new file ({error}): if containerd \
             can't read it, run `restorecon {}`",
            path.display()
        ),
    )
}
