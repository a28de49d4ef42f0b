//! What a replacement has displaced: renamed, looked at, and kept as the previous config.
#![expect(
    clippy::disallowed_methods,
    reason = "only replace.rs, leftovers.rs and this rename beside a config"
)]

use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::TempPath;

use super::target::{Existing, Target, Unread};
use super::{sidecar, target};
use crate::error::Warning;

/// Renames, but not over anything where the filesystem knows how to tell.
pub(super) fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(error) if is_unsupported(error) => {
            if to.symlink_metadata().is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            std::fs::rename(from, to)
        }
        renamed => Ok(renamed?),
    }
}

/// What `rename(2)` answers where the kernel or the filesystem does not know its flags.
pub(super) fn is_unsupported(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}

/// What stands at `path`, if it is what was read.
pub(super) fn displaced(path: &Path, original: &Existing) -> io::Result<Option<Existing>> {
    match Existing::read(path) {
        Ok(Some(found)) if original.is(&found) => Ok(Some(found)),
        Ok(_) | Err(Unread::NotAFile(_)) => Ok(None),
        Err(Unread::Failed(error)) => Err(error),
    }
}

/// The bytes of the file at `path`, which is no link.
pub(super) fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    target::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether somebody has written to a file since it was looked at. Its times don't tell: they move by
/// the kernel's ticks.
pub(super) fn is_written_to(file: &Existing) -> bool {
    let mut now = Vec::with_capacity(file.bytes.len());
    let mut reader = &file.file;
    let read = reader.rewind().and_then(|()| reader.read_to_end(&mut now));
    read.is_ok() && now != file.bytes
}

/// Makes the file at `path` the previous config. If that fails, the file is needed no more, unless
/// the new config may not outlive a power cut.
pub(super) fn keep(path: TempPath, target: &Target, is_durable: bool) -> Option<Warning> {
    let mut failed = path.persist(sidecar::previous(&target.beside)).err()?;
    failed.path.disable_cleanup(!is_durable);
    Some(not_kept(target, &failed.error))
}

pub(super) fn not_kept(target: &Target, error: &io::Error) -> Warning {
    Warning::new(
        "previous-not-kept",
        format!(
            "the config as it was before could not be kept as {}: {error}",
            sidecar::previous(&target.beside).display()
        ),
    )
}
