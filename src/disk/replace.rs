//! Atomic, durable replacement of one file: the only code that renames or unlinks a config.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one home of these calls"
)]

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::{NamedTempFile, TempPath};

use super::displaced::{
    content, displaced, is_unsupported, is_written_to, keep, not_kept, rename_to_free,
};
use super::lock::ConfigLock;
use super::sidecar::{self, Texts};
use super::target::{Existing, Folders, Snapshot, Target};
use super::{attributes, site, target};
use crate::error::{Code, Error, Warning};

/// Mode of a config that did not exist: readable for all, as containerd's packages ship it.
const NEW_FILE_MODE: u32 = 0o644;

/// A file that is going to take the target's place. Dropped before that, it disappears.
#[must_use = "the file disappears when this is dropped"]
pub(crate) struct PendingFile<'a> {
    temporary: NamedTempFile,
    texts: Texts,
    target: &'a Target,
    lock: PhantomData<&'a ConfigLock>,
    notices: Vec<Warning>,
}

/// What this run has done with what it syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Synced {
    Changed,
    Unchanged,
    PutBack,
}

/// Why what was replaced is put back.
const OTHERS: &str = "another program changed the config at the same moment";
const UNREADABLE: &str = "what was replaced can't be compared with what was read";

/// How replacing a file ended, if it did not fail.
#[derive(Debug)]
pub(crate) enum Replaced {
    Done(Vec<Warning>),
    /// Somebody who ignores the lock changed the file in the meantime; what they wrote stands.
    Overtaken,
}

impl<'a> PendingFile<'a> {
    /// Writes `bytes` to a new file, with the owner, mode and extended attributes of `original`, and
    /// syncs it. It stands beside the target, or where the sidecars of the target do.
    pub(crate) fn write(
        _lock: &'a ConfigLock,
        target: &'a Target,
        original: Option<&Existing>,
        bytes: &[u8],
    ) -> Result<Self, Error> {
        let beside = target.beside_folder();
        let mut temporary = sidecar::pending(&sidecar::temporary_prefix(&target.main))
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(beside)
            .map_err(|source| {
                Error::io(beside, "create a temporary file in this folder", source)
            })?;
        let file = temporary.as_file();
        let notice = match original {
            Some(original) => attributes::copy(original, file, &target.path).map_err(|source| {
                let doing = "keep owner, mode and attributes of the config";
                Error::io(&target.path, doing, source)
            })?,
            None => file
                .set_permissions(Permissions::from_mode(NEW_FILE_MODE))
                .map(|()| None)
                .map_err(|source| {
                    Error::io(&target.path, "set the mode of the new config", source)
                })?,
        };
        temporary
            .as_file_mut()
            .write_all(bytes)
            .map_err(|source| Error::io(beside, "write a temporary file in this folder", source))?;
        temporary
            .as_file()
            .sync_all()
            .map_err(|source| Error::io(beside, "sync a temporary file in this folder", source))?;
        Ok(Self {
            temporary,
            texts: Texts::of(original.map(|original| &*original.bytes), Some(bytes)),
            target,
            lock: PhantomData,
            notices: notice.into_iter().collect(),
        })
    }

    /// Puts the file in the target's place and makes that durable.
    pub(crate) fn commit(self, snapshot: &Snapshot, folders: &Folders) -> Result<Replaced, Error> {
        match &snapshot.existing {
            Some(original) => self.replace(original, folders),
            None => self.create(folders),
        }
    }

    /// Takes the name, if it is still free.
    fn create(self, folders: &Folders) -> Result<Replaced, Error> {
        let target = self.target;
        let file = match self.temporary.persist_noclobber(&target.path) {
            Ok(file) => file,
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok(Replaced::Overtaken);
            }
            Err(error) => return Err(not_replaced(target, error.error)),
        };
        sync(target, folders, Some(&file), Synced::Changed)?;
        Ok(Replaced::Done(self.notices))
    }

    /// Takes the place of what was read, and keeps that as the previous config.
    ///
    /// The two are exchanged, so that what was really replaced can be looked at: another program may
    /// have written a moment ago. Then they are exchanged back.
    fn replace(mut self, original: &Existing, folders: &Folders) -> Result<Replaced, Error> {
        let target = self.target;
        self.temporary = renamed(self.temporary, target, &self.texts)
            .map_err(|source| not_replaced(target, source))?;
        let temporary = self.temporary.path();
        match renameat_with(CWD, temporary, CWD, &target.path, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Replaced::Overtaken),
            Err(error) if is_unsupported(error) => return self.overwrite(original, folders),
            Err(error) => return Err(not_replaced(target, error.into())),
        }
        let replaced = match displaced(temporary, original) {
            Ok(replaced) => replaced,
            Err(source) => {
                self.put_back(UNREADABLE, folders)?;
                let doing = "compare what was replaced with what was read";
                return Err(Error::io(&target.path, doing, source));
            }
        };
        let Some(replaced) = replaced else {
            self.put_back(OTHERS, folders)?;
            return Ok(Replaced::Overtaken);
        };
        let written = Some(self.temporary.as_file());
        let durable = sync(target, folders, written, Synced::Changed);
        // Whoever had the old file open may still have written to it.
        if durable.is_ok() && is_written_to(&replaced) {
            self.put_back(OTHERS, folders)?;
            return Ok(Replaced::Overtaken);
        }
        let (_, temporary) = self.temporary.into_parts();
        self.notices
            .extend(keep(temporary, target, durable.is_ok()));
        durable.map(|()| Replaced::Done(self.notices))
    }

    /// Gives the target back what the exchange took from it, and the pending file its name.
    fn put_back(&mut self, reason: &'static str, folders: &Folders) -> Result<(), Error> {
        let target = self.target;
        let temporary = self.temporary.path().to_owned();
        let exchange = || renameat_with(CWD, &temporary, CWD, &target.path, RenameFlags::EXCHANGE);
        let failed = |source| not_put_back(target, reason, &temporary, source);
        // What stands there until it is known to be ours is not to disappear.
        self.temporary.disable_cleanup(true);
        match exchange() {
            Ok(()) => {}
            // Somebody has removed the new config.
            Err(Errno::NOENT) => return put_away_back(&temporary, target, folders, reason),
            Err(error) => return Err(failed(error.into())),
        }
        match content(&temporary) {
            Ok(bytes) if self.texts.is_after(Some(&bytes)) => {
                self.temporary.disable_cleanup(false);
            }
            // Meanwhile somebody has replaced or overwritten the new config: theirs is the latest.
            // The one before it stays beside it.
            Ok(_) => exchange().map_err(|error| failed(error.into()))?,
            // What can't be looked at stays as well: the next run tells whose it is.
            Err(_) => {}
        }
        sync_put_back(target, folders)
    }

    /// As [`Self::replace`] on a filesystem that can't exchange: what is written between the last
    /// comparison and the rename is lost.
    fn overwrite(mut self, original: &Existing, folders: &Folders) -> Result<Replaced, Error> {
        let target = self.target;
        let file = self
            .temporary
            .persist(&target.path)
            .map_err(|error| not_replaced(target, error.error))?;
        let durable = sync(target, folders, Some(&file), Synced::Changed);
        match copied(target, original) {
            Ok(copy) => self.notices.extend(keep(copy, target, true)),
            Err(error) => self.notices.push(not_kept(target, &error)),
        }
        durable.map(|()| Replaced::Done(self.notices))
    }
}

/// Removes the target for good; it stays as the previous config.
///
/// It is renamed first, so that what was really removed can be looked at.
pub(crate) fn delete(
    _lock: &ConfigLock,
    target: &Target,
    folders: &Folders,
    original: &Existing,
) -> Result<Replaced, Error> {
    let failed = |source| not_moved(target, "remove the config", source);
    let texts = Texts::of(Some(&original.bytes), None);
    let away = sidecar::named(
        &sidecar::temporary_prefix(&target.beside),
        &sidecar::exchange_suffix(&texts),
    )
    .make_in(target.beside_folder(), |path| {
        rename_to_free(&target.path, path)
    });
    let mut away = match away {
        Ok(away) => away.into_temp_path(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Replaced::Overtaken),
        Err(error) => return Err(failed(error)),
    };
    // What stands there until it is known to be what was read is not to disappear.
    away.disable_cleanup(true);
    let replaced = displaced(&away, original);
    let Ok(Some(replaced)) = replaced else {
        let reason = if replaced.is_ok() { OTHERS } else { UNREADABLE };
        put_away_back(&away, target, folders, reason)?;
        return replaced.map(|_| Replaced::Overtaken).map_err(failed);
    };
    let durable = sync(target, folders, Some(&original.file), Synced::Changed);
    // Whoever had the file open may still have written to it.
    if durable.is_ok() && is_written_to(&replaced) {
        put_away_back(&away, target, folders, OTHERS)?;
        return Ok(Replaced::Overtaken);
    }
    away.disable_cleanup(false);
    let notices = keep(away, target, durable.is_ok());
    durable.map(|()| Replaced::Done(notices.into_iter().collect()))
}

/// Gives the target back what was renamed away, unless there is a newer one.
fn put_away_back(
    away: &Path,
    target: &Target,
    folders: &Folders,
    reason: &'static str,
) -> Result<(), Error> {
    match rename_to_free(away, &target.path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(not_put_back(target, reason, away, error))
        }
        _ => sync_put_back(target, folders),
    }
}

/// Makes it durable that something was put back: the disk may already have it the other way round.
fn sync_put_back(target: &Target, folders: &Folders) -> Result<(), Error> {
    let file = target::open(&target.path).ok();
    sync(target, folders, file.as_ref(), Synced::PutBack)
}

/// Makes what stands in the folder under the target's name durable, and the file's content. Where
/// the sidecars stand in another folder, that comes second: a rename changes both.
///
/// Syncing the folder is not enough: after a shutdown, xfs reports the loss of the rename for the
/// file alone. A sync that failed is not tried again, since it would then succeed without having
/// written anything.
///
/// Also needed where nothing is left to change: an earlier run may have been killed between its
/// rename and its syncs, and what this run reports must survive a power cut.
pub(crate) fn sync(
    target: &Target,
    folders: &Folders,
    file: Option<&File>,
    what: Synced,
) -> Result<(), Error> {
    // The file comes last.
    let mut all = folders.all.iter().chain(file);
    all.try_for_each(File::sync_all)
        .map_err(|source| not_durable(target, what, source))
}

/// Gives a temporary file the name under which its run may be killed: what an exchange leaves there
/// can be told by it.
fn renamed(temporary: NamedTempFile, target: &Target, texts: &Texts) -> io::Result<NamedTempFile> {
    let (file, old) = temporary.into_parts();
    let named = sidecar::named(
        &sidecar::temporary_prefix(&target.beside),
        &sidecar::exchange_suffix(texts),
    )
    .make_in(target.beside_folder(), |new| rename_to_free(&old, new))?;
    // The old name is gone.
    let _ = old.keep();
    Ok(NamedTempFile::from_parts(file, named.into_temp_path()))
}

/// Writes what was read to a temporary file.
fn copied(target: &Target, original: &Existing) -> io::Result<TempPath> {
    let mut copy = sidecar::pending(&sidecar::temporary_prefix(&target.main))
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(target.beside_folder())?;
    attributes::copy(original, copy.as_file(), &target.path)?;
    copy.as_file_mut().write_all(&original.bytes)?;
    Ok(copy.into_temp_path())
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

/// What this run replaced was not what it had read, and could not be put back: it stands at `kept`.
fn not_put_back(target: &Target, reason: &str, kept: &Path, source: io::Error) -> Error {
    let kept = kept.display();
    let message =
        format!("{reason}; what was replaced stands in {kept}, and putting it back failed");
    let hint = format!(
        "look at `dmesg` for disk errors; then compare: diff {kept} {}",
        target.path.display()
    );
    Error::new(Code::NotPutBack, message, hint)
        .at(&target.path)
        .caused_by(source)
        .after_change()
}

/// The config is as it should be, but the system did not confirm that this survives a power cut.
fn not_durable(target: &Target, what: Synced, source: io::Error) -> Error {
    let done = match what {
        Synced::Changed => "the config was changed",
        Synced::Unchanged => "nothing was left to change",
        Synced::PutBack => "the config was put back as it was",
    };
    let message = format!("{done}, but the disk did not confirm it");
    let hint = "look at `dmesg` for disk errors; once the disk is well, read the file back after a \
                reboot or remount before you trust it (a second sync may claim success without \
                having written anything)";
    let error = Error::new(Code::NotDurable, message, hint)
        .at(&target.path)
        .caused_by(source);
    if what == Synced::Changed {
        error.after_change()
    } else {
        error
    }
}
