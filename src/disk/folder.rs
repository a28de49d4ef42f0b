//! The folder of a drop-in: it comes with the first file in it and goes with the last.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use super::target::Target;
use crate::error::Error;

/// As containerd's packages ship theirs.
const MODE: u32 = 0o755;

/// Makes the folder of a drop-in where it is missing. It is durable once the file in it is.
pub(crate) fn make(target: &Target) -> Result<(), Error> {
    let folder = target.folder();
    let made = DirBuilder::new()
        .mode(MODE)
        .create(folder)
        // Whatever the umask says.
        .and_then(|()| std::fs::set_permissions(folder, Permissions::from_mode(MODE)));
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io(folder, "make the folder of the drop-in", error))
        }
        _ => Ok(()),
    }
}

/// Removes the folder of drop-ins if nothing is in it. One that stays does no harm.
pub(crate) fn remove_empty(folder: &Path) {
    let _ = std::fs::remove_dir(folder);
}
