//! Errors of system calls: by the reason that the system gives, the next step.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::{Code, Error, NextStep, TOO_LARGE};

impl Error {
    /// A system call failed; the config is as it was. `doing` is what was attempted, as a verb
    /// phrase.
    pub(crate) fn io(path: &Path, doing: &str, source: io::Error) -> Self {
        let code = match source.kind() {
            io::ErrorKind::PermissionDenied => Code::Denied,
            TOO_LARGE => Code::TooLarge,
            _ => Code::Io,
        };
        let hint = hint(&source, path);
        Self::new(code, format!("cannot {doing}"), hint)
            .at(path)
            .caused_by(source)
    }
}

fn hint(error: &io::Error, path: &Path) -> String {
    let shown = path.display();
    // By kind: what tempfile reports carries no number.
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => {
            format!(
                "the filesystem of {shown} is mounted read-only: `findmnt -T {shown}` says which one \
                 that is; run this again once it can be written to"
            )
        }
        io::ErrorKind::StorageFull => {
            format!("free space or inodes on the filesystem of {shown} (df, df -i)")
        }
        io::ErrorKind::QuotaExceeded => {
            format!("a disk quota is used up on the filesystem of {shown}")
        }
        io::ErrorKind::ResourceBusy => format!(
            "{shown} is itself a mount point, so it can't be replaced: mount its folder instead"
        ),
        io::ErrorKind::CrossesDevices => {
            format!("{shown} is on another mount than its folder: mount the folder")
        }
        io::ErrorKind::PermissionDenied => format!(
            "run it as the owner of {shown} or as root; as root: see `lsattr -d {shown}` and the \
             container's security profile"
        ),
        TOO_LARGE => NextStep::SeeBeginning(path).into(),
        _ if Errno::from_io_error(error) == Some(Errno::NAMETOOLONG) => {
            "the files beside a config have names up to 50 bytes longer: give it a shorter one"
                .to_owned()
        }
        _ if Errno::from_io_error(error) == Some(Errno::LOOP) => {
            format!("symbolic links at {shown} lead in a circle")
        }
        _ => "the config is as it was; fix the cause and run the same command again".to_owned(),
    }
}
