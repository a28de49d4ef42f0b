//! What a replacement has displaced: looked at, and then kept as the previous config or put back.
#![expect(
    clippy::disallowed_methods,
    reason = "only disk/{replace,displaced,leftovers}.rs rename and unlink beside a config"
)]

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::TempPath;

use super::existing::{self, Existing, Unread, read_whole};
use super::leftovers;
use super::sidecar::{self, Texts};
use super::sync::Synced;
use super::target::{Folders, Target};
use crate::error::{Code, Error, TOO_LARGE, Warning};

/// Somebody who ignores the lock has changed the file in the meantime; what they wrote stands.
pub(crate) fn overtaken(path: &Path) -> Error {
    let message = "another program has changed the file meanwhile";
    let hint = "look at what it says now, and run this again";
    Error::new(Code::ChangedMeanwhile, message, hint).at(path)
}

/// What stood at the target's path until this run exchanged or renamed it, not yet compared with what
/// was read.
pub(super) struct Displaced<'a> {
    pub(super) folders: &'a Folders<'a>,
    /// Where it stands.
    pub(super) path: TempPath,
    /// What it was exchanged for; `None`: it was renamed away.
    pub(super) texts: Option<&'a Texts>,
}

impl Displaced<'_> {
    /// Exchanges what stands at the path for the target.
    pub(super) fn exchange(&self) -> Result<(), Errno> {
        let target = &self.folders.target.path;
        renameat_with(CWD, &*self.path, CWD, target, RenameFlags::EXCHANGE)
    }

    /// Makes the change durable and keeps what was displaced as the previous config, if that is
    /// `original`. Another program may have written a moment ago: then it is put back.
    ///
    /// `stands`: the file that is synced last.
    pub(super) fn settle(
        mut self,
        original: &Existing,
        stands: &File,
    ) -> Result<Vec<Warning>, Error> {
        // What stands there is not to disappear, as long as it may be anybody's.
        self.path.disable_cleanup(true);
        let found = match Existing::read_any(&self.path) {
            Ok(Some(found)) if original.is(&found) => found,
            Err(Unread::Failed(source)) => {
                self.put_back()?;
                let path = &self.folders.target.path;
                return Err(Error::io(
                    path,
                    "compare what was replaced with what was read",
                    source,
                ));
            }
            _ => return Err(self.put_back()?),
        };
        let durable = self.folders.sync(Some(stands), Synced::Changed);
        // Whoever had the file open may still have written to it.
        if durable.is_ok() && is_written_to(&found) {
            return Err(self.put_back()?);
        }
        self.path.disable_cleanup(false);
        let notice = keep(self.path, self.folders.target, durable.is_ok());
        durable.map(|()| notice.into_iter().collect())
    }

    /// Gives the target back what was displaced. Returns the error that somebody was faster than this
    /// run.
    fn put_back(&mut self) -> Result<Error, Error> {
        let target = &self.folders.target.path;
        let not_put_back = |source| self.not_put_back(source);
        let is_ours = match self.texts.map(|texts| (texts, self.exchange())) {
            Some((texts, Ok(()))) => match content(&self.path) {
                Ok(bytes) if texts.is_after(Some(&bytes)) => true,
                // Meanwhile somebody has replaced or overwritten the new config: theirs is the latest.
                // The one before it stays beside it.
                Ok(_) => {
                    self.exchange()
                        .map_err(|error| not_put_back(error.into()))?;
                    false
                }
                // What can't be looked at stays as well: the next run finds out which text it is.
                Err(_) => false,
            },
            // The target's name is free, or there is a newer one.
            None | Some((_, Err(Errno::NOENT))) => match rename_to_free(&self.path, target) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(not_put_back(error));
                }
                _ => false,
            },
            Some((_, Err(error))) => return Err(not_put_back(error.into())),
        };
        self.path.disable_cleanup(!is_ours);
        // The disk may already have it the other way round.
        let file = existing::open(target).ok();
        self.folders.sync(file.as_ref(), Synced::PutBack)?;
        Ok(overtaken(target))
    }

    /// What this run replaced was not what it had read, and could not be put back.
    fn not_put_back(&self, source: io::Error) -> Error {
        let (kept, path) = (self.path.display(), &self.folders.target.path);
        let message = format!(
            "another program changed the config at the same moment; what was replaced stands in \
             {kept}, and putting it back failed"
        );
        let hint = format!(
            "look at `dmesg` for disk errors; then compare: diff {kept} {}",
            path.display()
        );
        Error::new(Code::NotPutBack, message, hint)
            .at(path)
            .caused_by(source)
            .after_change()
    }
}

/// Renames a file to a free name that says what is exchanged: by it the next run can tell what a
/// killed one has left there.
pub(super) fn at_exchange_name(
    from: &Path,
    target: &Target,
    texts: &Texts,
) -> io::Result<TempPath> {
    let prefix = sidecar::temporary_prefix(&target.beside);
    let suffix = sidecar::exchange_suffix(texts);
    let names = sidecar::named(&prefix, &suffix);
    let renamed = names.make_in(target.beside_folder(), |name| rename_to_free(from, name))?;
    Ok(renamed.into_temp_path())
}

/// Renames, but not over anything where the filesystem knows how to tell.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
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

/// What `renameat2(2)` answers where the kernel or the filesystem does not know its flags, or a
/// container's filter of system calls denies it. What denies any rename denies the one without flags
/// as well.
pub(super) fn is_unsupported(error: Errno) -> bool {
    use Errno as E;
    matches!(error, E::INVAL | E::NOSYS | E::OPNOTSUPP | E::PERM)
}

/// The bytes of the file at `path`, which is no link. What the system says of it is not asked for: that
/// may be what has failed.
fn content(path: &Path) -> io::Result<Vec<u8>> {
    read_whole(existing::open(path)?, 0)
}

/// Whether somebody has written to a file since it was looked at. Its times don't tell: they move by
/// the kernel's ticks.
fn is_written_to(file: &Existing) -> bool {
    if file.is_too_large() {
        return false;
    }
    let mut reader = &file.file;
    let length = file.bytes.len() as u64;
    let now = reader.rewind().and_then(|()| read_whole(reader, length));
    match now {
        Ok(now) => now != file.bytes,
        Err(error) => error.kind() == TOO_LARGE,
    }
}

/// Keeps the file at `path` as the previous config. If that fails, the file is needed no more, unless
/// the new config may not outlive a power cut.
pub(super) fn keep(path: TempPath, target: &Target, is_durable: bool) -> Option<Warning> {
    let Err(mut failed) = path.persist(&target.previous) else {
        if target.keeps_broken() {
            leftovers::forget_broken(target, &target.previous);
        }
        return None;
    };
    failed.path.disable_cleanup(!is_durable);
    Some(not_kept(&target.previous, &failed.error))
}

/// A text that is not needed for the edit could not be kept at `path`.
pub(super) fn not_kept(path: &Path, error: &dyn Display) -> Warning {
    let path = path.display();
    let message = format!("the text could not be kept as {path}: {error}");
    Warning::new("previous-not-kept", message)
}
