//! The ledger's file beside a config, and those of the ledgers before it: as a whole, under the lock.
#![expect(
    clippy::disallowed_methods,
    reason = "these are the tool's own files, and nobody else's are renamed over"
)]

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::existing::{Existing, Unread, check_length, is_same};
use super::lock::ConfigLock;
use super::sidecar;
use super::site;
use super::target::Target;
use crate::error::{Code, Error};

const MODE: u32 = 0o600;

/// The ledgers beside a config, as they were read.
#[derive(Debug, Default)]
pub(crate) struct LedgerTexts {
    pub(crate) now: Option<Vec<u8>>,
    /// What a run has found that is under way, or was killed.
    pub(crate) before: Option<Vec<u8>>,
    /// What the last run has found.
    pub(crate) previous: Option<Vec<u8>>,
}

/// The ledger's file beside a config, for whoever holds the lock.
#[derive(Clone, Copy)]
pub(crate) struct LedgerFile<'l> {
    target: &'l Target,
    mode: u32,
    _lock: &'l ConfigLock,
}

/// A ledger that is going to take the place of the one that was read.
#[must_use = "it disappears when this is dropped"]
pub(crate) struct PendingLedger<'l> {
    new: NamedTempFile,
    /// What the run starts from, where that is not what stands there.
    found: Option<NamedTempFile>,
    file: LedgerFile<'l>,
    /// Open, since what keeps it from being opened has to show before anything happens.
    folder: File,
    /// Whether there was one before.
    was_there: bool,
    completes: bool,
}

impl LedgerTexts {
    pub(crate) fn read(config: &Path) -> Result<Self, Error> {
        let read = |path: &Path| match Existing::read(path) {
            Ok(found) => Ok(found.map(|found| found.bytes)),
            Err(Unread::NotAFile(found)) => Err(sidecar::planted(path, found, "the ledger")),
            Err(Unread::Failed(source)) => Err(Error::io(path, "read the ledger", source)),
        };
        Ok(Self {
            now: read(&sidecar::owners(config))?,
            before: read(&sidecar::owners_before(config))?,
            previous: read(&sidecar::owners_previous(config))?,
        })
    }
}

impl<'l> LedgerFile<'l> {
    /// `main`: the config, which may have a stricter mode.
    pub(crate) fn new(lock: &'l ConfigLock, target: &'l Target, main: Option<&Existing>) -> Self {
        Self {
            target,
            mode: main.map_or(MODE, |main| main.metadata.mode() & MODE),
            _lock: lock,
        }
    }

    /// Writes the ledger `new` beside the config; `found` is what the run starts from. `completes`: the
    /// change began with the run before, and the ledger before that stays the previous one.
    pub(crate) fn write(
        self,
        texts: &LedgerTexts,
        [found, new]: [&str; 2],
        completes: bool,
    ) -> Result<PendingLedger<'l>, Error> {
        let is_there = texts.now.as_deref() == Some(found.as_bytes());
        Ok(PendingLedger {
            new: self.written(new)?,
            found: (!is_there).then(|| self.written(found)).transpose()?,
            file: self,
            folder: self.folder().map_err(|source| self.failed(source))?,
            was_there: texts.now.is_some(),
            completes,
        })
    }

    fn written(self, text: &str) -> Result<NamedTempFile, Error> {
        let write = || {
            let mut file = sidecar::pending(&sidecar::temporary_prefix(&self.target.main))
                .permissions(Permissions::from_mode(self.mode))
                .tempfile_in(self.target.folder())?;
            check_length(text.as_bytes())?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        write().map_err(|source| {
            Error::io(
                self.target.folder(),
                "write the ledger in this folder",
                source,
            )
        })
    }

    /// Ends a killed run, for all of whose files the ledger in place holds, or `merged`.
    pub(crate) fn end(self, merged: Option<&str>) -> Result<(), Error> {
        if let Some(merged) = merged {
            let new = self.written(merged)?;
            let put = new.persist(self.now()).map_err(|it| it.error);
            put.and_then(|_| self.folder()?.sync_all())
                .map_err(|source| self.failed(source))?;
        }
        self.finish().map_err(|source| self.failed(source))
    }

    /// Ends a killed run that has changed nothing. `was_there`: whether it has found a ledger.
    pub(crate) fn end_unchanged(self, was_there: bool) -> Result<(), Error> {
        let folder = self.folder();
        let taken_back = folder.and_then(|folder| self.take_back(&folder, was_there));
        taken_back.map_err(|source| self.failed(source))
    }

    fn finish(self) -> io::Result<()> {
        std::fs::rename(self.before(), sidecar::owners_previous(&self.target.path))
    }

    /// Puts the ledger of before back. Only once that is durable, its other name goes: until then,
    /// the files tell that it holds.
    fn take_back(self, folder: &File, was_there: bool) -> io::Result<()> {
        let (now, before) = (self.now(), self.before());
        if !was_there {
            match std::fs::remove_file(&now) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => folder.sync_all()?,
            }
        } else if !is_same(now.symlink_metadata(), before.symlink_metadata()) {
            let link = |path: &Path| std::fs::hard_link(&before, path);
            let prefix = sidecar::temporary_prefix(&self.target.main);
            match sidecar::pending(&prefix).make_in(self.target.folder(), link) {
                Ok(link) => link.into_temp_path().persist(&now)?,
                // Where there are no links.
                Err(_) => return std::fs::rename(&before, &now),
            }
            folder.sync_all()?;
        }
        std::fs::remove_file(before)
    }

    fn now(self) -> PathBuf {
        sidecar::owners(&self.target.path)
    }

    fn before(self) -> PathBuf {
        sidecar::owners_before(&self.target.path)
    }

    fn folder(self) -> io::Result<File> {
        File::open(self.target.folder())
    }

    fn failed(self, source: io::Error) -> Error {
        let now = self.now();
        let forbidden = site::forbidden(&[&now, self.target.folder()]);
        forbidden.unwrap_or_else(|| Error::io(&now, "replace the ledger", source))
    }
}

impl PendingLedger<'_> {
    /// Puts the new ledger in its place for the files that `change` changes then. The one that was found
    /// is kept as the one before until they are done, and put back if nothing was changed. If any of
    /// that fails, the next run does it: the files tell which of the two holds.
    ///
    /// `is_alone`: no file is changed or synced. After a shutdown, xfs reports a lost rename for the
    /// file alone.
    pub(crate) fn around<T>(
        self,
        is_alone: bool,
        change: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Self {
            new,
            found,
            file,
            folder,
            was_there,
            completes,
        } = self;
        let (now, before) = (file.now(), file.before());
        // What was found is durable under its other name first: a folder's names may come to the disk in
        // any order.
        let put_in_place = || -> io::Result<()> {
            match found {
                Some(found) => drop(found.persist(&before).map_err(|it| it.error)?),
                // A link, so that there is no moment without a ledger; where there are no links, a
                // reader finds the one before.
                None if std::fs::hard_link(&now, &before).is_ok() => {}
                None => std::fs::rename(&now, &before)?,
            }
            folder.sync_all()?;
            let new = new.persist(&now).map_err(|it| it.error)?;
            folder.sync_all()?;
            if is_alone { new.sync_all() } else { Ok(()) }
        };
        let begun = put_in_place().map_err(|source| file.failed(source));
        let made = begun.and_then(|()| change());
        let _ = match &made {
            Ok(_) if completes => std::fs::remove_file(&before),
            Ok(_) => file.finish(),
            // The disk may hold the file of either ledger.
            Err(error) if error.is_changed() || error.code() == Code::NotDurable => Ok(()),
            // Nothing has happened yet, and nobody is to think so.
            Err(_) => file.take_back(&folder, was_there),
        };
        made
    }
}
