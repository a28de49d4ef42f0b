//! Atomic, durable replacement of one file. What it displaces is settled in `displaced`.
#![expect(
    clippy::disallowed_methods,
    reason = "only disk/{replace,displaced,leftovers}.rs rename and unlink beside a config"
)]

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::io::Errno;
use tempfile::{NamedTempFile, TempPath};

pub(crate) use super::displaced::overtaken;
use super::displaced::{Displaced, at_exchange_name, is_unsupported, keep, not_kept};
use super::existing::{self, Existing, REGULAR, check_length};
use super::lock::ConfigLock;
use super::sidecar::{self, Texts};
use super::sync::Synced;
use super::target::{Folders, Snapshot, Target};
use super::{attributes, leftovers, site};
use crate::error::{Error, Warning};

/// Mode of a config that did not exist: readable for all, as containerd's packages ship it.
const NEW_FILE_MODE: u32 = 0o644;

/// A file that is going to take the target's place. Dropped before that, it disappears.
#[must_use = "the file disappears when this is dropped"]
pub(crate) struct PendingFile<'a> {
    temporary: NamedTempFile,
    texts: Texts,
    target: &'a Target,
    _lock: &'a ConfigLock,
    notices: Vec<Warning>,
}

impl<'a> PendingFile<'a> {
    /// Writes `bytes` to a new file, with the owner, mode and extended attributes of `original`, and
    /// syncs it. It stands beside the target, or where the sidecars of the target do.
    pub(crate) fn write(
        lock: &'a ConfigLock,
        target: &'a Target,
        original: Option<&Existing>,
        bytes: &[u8],
    ) -> Result<Self, Error> {
        let (temporary, notices) = written(target, original, bytes)?;
        let doing = "sync a temporary file in this folder";
        let synced = temporary.as_file().sync_all();
        synced.map_err(|source| Error::io(target.beside_folder(), doing, source))?;
        Ok(Self {
            temporary,
            texts: Texts::of(original.map(|original| &*original.bytes), Some(bytes)),
            target,
            _lock: lock,
            notices,
        })
    }

    /// Puts the file in the target's place and makes that durable.
    pub(crate) fn commit(
        mut self,
        snapshot: &Snapshot,
        folders: &Folders<'_>,
    ) -> Result<Vec<Warning>, Error> {
        let mut notices = std::mem::take(&mut self.notices);
        match &snapshot.existing {
            Some(original) => notices.extend(self.replace(original, folders)?),
            None => self.create(folders)?,
        }
        Ok(notices)
    }

    /// Takes the name, if it is still free.
    fn create(self, folders: &Folders<'_>) -> Result<(), Error> {
        let target = self.target;
        let file = match self.temporary.persist_noclobber(&target.path) {
            Ok(file) => Ok(file),
            // With a second name for an instant.
            Err(denied) if Errno::from_io_error(&denied.error).is_some_and(is_unsupported) => {
                let (file, path) = denied.file.into_parts();
                std::fs::hard_link(&path, &target.path).map(|()| file)
            }
            Err(error) => Err(error.error),
        };
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => overtaken(&target.path),
            _ => not_replaced(target, error),
        })?;
        folders.sync(Some(&file), Synced::Changed)
    }

    /// Takes the place of what was read, and keeps that as the previous config.
    ///
    /// The two are exchanged, so that what was really replaced can be looked at.
    fn replace(self, original: &Existing, folders: &Folders<'_>) -> Result<Vec<Warning>, Error> {
        let target = self.target;
        let (file, old_name) = self.temporary.into_parts();
        let path = at_exchange_name(&old_name, target, &self.texts);
        let path = path.map_err(|source| not_replaced(target, source))?;
        // The file has been renamed: nothing is left to remove at the old name.
        let _ = old_name.keep();
        let displaced = Displaced {
            folders,
            path,
            texts: Some(&self.texts),
        };
        match displaced.exchange() {
            Ok(()) => displaced.settle(original, &file),
            Err(Errno::NOENT) => Err(overtaken(&target.path)),
            Err(error) if is_unsupported(error) => {
                overwrite(displaced.path, &file, original, folders)
            }
            Err(error) => Err(not_replaced(target, error.into())),
        }
    }
}

/// Replaces a file on a filesystem that can't exchange: what is written between the last comparison
/// and the rename is lost.
fn overwrite(
    new: TempPath,
    file: &File,
    original: &Existing,
    folders: &Folders<'_>,
) -> Result<Vec<Warning>, Error> {
    let target = folders.target;
    // A link, as an exchange keeps the very file.
    let prefix = sidecar::temporary_prefix(&target.main);
    let link = |name: &Path| std::fs::hard_link(&target.path, name);
    let linked = sidecar::pending(&prefix).make_in(target.beside_folder(), link);
    let put = new.persist(&target.path);
    put.map_err(|error| not_replaced(target, error.error))?;
    let durable = folders.sync(Some(file), Synced::Changed);
    let kept = match linked {
        Ok(link) => Ok(link.into_temp_path()),
        // Of what is too large there is no copy.
        Err(error) if original.is_too_large() => Err(not_kept(&target.previous, &error)),
        Err(_) => written(target, Some(original), &original.bytes)
            .map(|(copy, _)| copy.into_temp_path())
            .map_err(|error| not_kept(&target.previous, &error)),
    };
    let notice = kept.map_or_else(Some, |path| keep(path, target, true));
    durable.map(|()| notice.into_iter().collect())
}

/// Removes the file for good; it stays as the previous config.
///
/// It is renamed first, so that what was really removed can be looked at.
pub(crate) fn delete(
    _lock: &ConfigLock,
    folders: &Folders<'_>,
    original: &Existing,
) -> Result<Vec<Warning>, Error> {
    let target = folders.target;
    let texts = Texts::of(Some(&original.bytes), None);
    let renamed = at_exchange_name(&target.path, target, &texts);
    let path = renamed.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => overtaken(&target.path),
        _ => not_moved(target, "remove the config", error),
    })?;
    let displaced = Displaced {
        folders,
        path,
        texts: None,
    };
    displaced.settle(original, &original.file)
}

/// Writes a text to a temporary file with the owner, mode and extended attributes of `original`.
fn written(
    target: &Target,
    original: Option<&Existing>,
    bytes: &[u8],
) -> Result<(NamedTempFile, Vec<Warning>), Error> {
    let beside = target.beside_folder();
    let mut temporary = sidecar::pending(&sidecar::temporary_prefix(&target.main))
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(beside)
        .map_err(|source| Error::io(beside, "create a temporary file in this folder", source))?;
    let notices = fill(temporary.as_file_mut(), target, original, bytes)?;
    Ok((temporary, notices))
}

/// Gives a new file the owner, mode and extended attributes of `original`, and a text.
fn fill(
    file: &mut File,
    target: &Target,
    original: Option<&Existing>,
    bytes: &[u8],
) -> Result<Vec<Warning>, Error> {
    let failed = |path, doing| move |source| Error::io(path, doing, source);
    let notices = if let Some(original) = original {
        let doing = "keep owner, mode and attributes of the config";
        attributes::copy(original, file, &target.path).map_err(failed(&target.path, doing))?
    } else {
        let doing = "set the mode of the new config";
        file.set_permissions(Permissions::from_mode(NEW_FILE_MODE))
            .map_err(failed(&target.path, doing))?;
        Vec::new()
    };
    check_length(bytes).map_err(failed(&target.path, "write the new config"))?;
    let doing = "write a temporary file in this folder";
    let written = file.write_all(bytes);
    written.map_err(failed(target.beside_folder(), doing))?;
    Ok(notices)
}

/// Keeps the copy of what was written last as the previous text, unless that is `bytes`, which is there
/// by now: somebody had deleted or emptied the file. Returns whether it is kept.
pub(crate) fn keep_last(_lock: &ConfigLock, target: &Target, bytes: Option<&[u8]>) -> bool {
    let last = sidecar::last(&target.beside);
    let held = Existing::read(&last).ok().flatten();
    let is_kept = held.is_some_and(|held| Some(&*held.bytes) != bytes)
        && std::fs::rename(&last, &target.previous).is_ok();
    if is_kept {
        leftovers::forget_broken(target, &target.previous);
    }
    is_kept
}

/// Keeps a copy of what was written, a file of its own: others may write to the config in place. The
/// copy is not synced. The ledger has its digest, by which a copy that a power cut has cut short is
/// told from a whole one.
pub(crate) fn keep_copy(
    _lock: &ConfigLock,
    target: &Target,
    original: Option<&Existing>,
    bytes: Option<&[u8]>,
) -> Option<Warning> {
    let last = sidecar::last(&target.beside);
    if let Some(found) = existing::kind_at(&last).filter(|it| *it != REGULAR) {
        let planted = sidecar::planted(&last, found, "the copy of the config");
        let what_to_do = format!("{planted}; {}", planted.hint());
        return Some(not_kept(&last, &what_to_do));
    }
    let _ = std::fs::remove_file(&last);
    // Where the tool itself has removed the file, nothing is to be put back.
    let bytes = bytes?;
    let mut options = OpenOptions::new();
    let created = options.write(true).create_new(true).mode(0o600).open(&last);
    let created = created.map_err(|source| Error::io(&last, "create the file", source));
    let written = created.and_then(|mut file| fill(&mut file, target, original, bytes));
    written.err().map(|error| not_kept(&last, &error))
}

fn not_replaced(target: &Target, source: io::Error) -> Error {
    not_moved(
        target,
        "put the new config in the place of the old one",
        source,
    )
}

/// A rename that failed, perhaps since the sidecars stand on another mount.
fn not_moved(target: &Target, doing: &str, source: io::Error) -> Error {
    if target.is_drop_in() && source.kind() == io::ErrorKind::CrossesDevices {
        return site::other_mount(target);
    }
    Error::io(&target.path, doing, source)
}
