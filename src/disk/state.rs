//! The ledger's file beside a config, and those of the ledgers before it: as a whole, under the lock.
#![expect(
    clippy::disallowed_methods,
    reason = "these are the tool's own files, and nobody else's are renamed over"
)]

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::NamedTempFile;

use super::lock::ConfigLock;
use super::sidecar;
use super::target::{Existing, Target, Unread};
use crate::error::Error;

const MODE: u32 = 0o600;

/// The ledgers beside a config, as they were read.
#[derive(Debug, Default)]
pub(crate) struct States {
    pub(crate) now: Option<Vec<u8>>,
    /// What a run has found that is under way, or was killed.
    pub(crate) before: Option<Vec<u8>>,
    /// What the last run has found.
    pub(crate) previous: Option<Vec<u8>>,
}

/// A ledger that is going to take the place of the one that was read.
#[must_use = "it disappears when this is dropped"]
pub(crate) struct PendingState {
    new: NamedTempFile,
    /// What the run starts from, where that is not what stands there.
    found: Option<NamedTempFile>,
    was_there: bool,
}

/// A ledger that stands there for the files of a run that is under way.
#[must_use = "the run comes to its end, or the ledger is taken back"]
#[derive(Clone, Copy)]
pub(crate) struct StateUnderWay {
    was_there: bool,
}

impl States {
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

    /// Writes the ledger `new` beside the config; `found` is what the run starts from.
    pub(crate) fn write(
        &self,
        _lock: &ConfigLock,
        target: &Target,
        original: Option<&Existing>,
        [found, new]: [&str; 2],
    ) -> Result<PendingState, Error> {
        let mode = original.map_or(MODE, |original| original.metadata.mode() & MODE);
        let written = |text: &str| {
            let file = written(target, text, mode);
            file.map_err(|source| {
                Error::io(&target.folder, "write the ledger in this folder", source)
            })
        };
        let is_there = self.before.is_none() && self.now.as_deref() == Some(found.as_bytes());
        Ok(PendingState {
            new: written(new)?,
            found: (!is_there).then(|| written(found)).transpose()?,
            was_there: self.now.is_some() || self.before.is_some(),
        })
    }
}

impl PendingState {
    /// Keeps the ledger that was found as the one before, and puts the new one in its place. If that
    /// fails, the one that was found is put back.
    ///
    /// `is_alone`: no file is changed or synced after it. After a shutdown, xfs reports a lost rename
    /// for the file alone.
    pub(crate) fn commit(
        self,
        lock: &ConfigLock,
        target: &Target,
        is_alone: bool,
    ) -> Result<StateUnderWay, Error> {
        let failed =
            |source| Error::io(&sidecar::owners(&target.path), "replace the ledger", source);
        let (now, before) = (
            sidecar::owners(&target.path),
            sidecar::owners_before(&target.path),
        );
        match self.found {
            Some(found) => drop(found.persist(&before).map_err(|it| failed(it.error))?),
            // A link, so that there is no moment without a ledger; where there are no links, a reader
            // finds the one before.
            None => std::fs::hard_link(&now, &before)
                .or_else(|_| std::fs::rename(&now, &before))
                .map_err(failed)?,
        }
        let under_way = StateUnderWay {
            was_there: self.was_there,
        };
        let put = self.new.persist(&now).map_err(|it| it.error);
        let durable = put.and_then(|new| {
            File::open(&target.folder)?.sync_all()?;
            if is_alone { new.sync_all() } else { Ok(()) }
        });
        if let Err(source) = durable {
            under_way.take_back(lock, target);
            return Err(failed(source));
        }
        Ok(under_way)
    }
}

impl StateUnderWay {
    /// Says that the run has come to its end: what it found is the previous ledger from now on.
    pub(crate) fn finish(self, _lock: &ConfigLock, target: &Target) {
        let before = sidecar::owners_before(&target.path);
        let _ = std::fs::rename(before, sidecar::owners_previous(&target.path));
    }

    /// Puts back the ledger that was found: no file was changed.
    pub(crate) fn take_back(self, _lock: &ConfigLock, target: &Target) {
        let (now, before) = (
            sidecar::owners(&target.path),
            sidecar::owners_before(&target.path),
        );
        let put_back = if self.was_there {
            std::fs::rename(&before, &now)
        } else {
            std::fs::remove_file(&now)
        };
        let is_back = match put_back {
            Err(error) => error.kind() == io::ErrorKind::NotFound,
            Ok(()) => true,
        };
        // A rename leaves both names of one file as they are.
        if is_back {
            let _ = std::fs::remove_file(before);
        }
    }
}

fn written(target: &Target, text: &str, mode: u32) -> io::Result<NamedTempFile> {
    let mut file = sidecar::pending(&sidecar::temporary_prefix(&target.beside))
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(&target.folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}
