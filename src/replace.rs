//! Atomic, durable replacement of one file: the only code that renames or unlinks a config.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one home of these calls"
)]

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use xattr::FileExt as _;

use crate::error::Error;
use crate::lock::ConfigLock;
use crate::seeded::{self, Bug};
use crate::target::{Existing, Snapshot, Target};

/// Mode of a config that did not exist: readable for all, as containerd's packages ship it.
const NEW_FILE_MODE: u32 = 0o644;
const RANDOM_CHARACTERS: usize = 10;
const SUFFIX: &str = ".tmp";
/// Attributes that belong to the content and not to the file: the kernel computes them anew.
const CONTENT_ATTRIBUTES: [&str; 2] = ["security.ima", "security.evm"];
const SELINUX: &str = "security.selinux";

/// A file that is going to take the target's place. Dropped before that, it disappears.
#[must_use = "the file disappears when this is dropped"]
pub(crate) struct PendingFile<'a> {
    temporary: NamedTempFile,
    target: &'a Target,
    lock: PhantomData<&'a ConfigLock>,
}

/// Whether this run has changed what it syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Synced {
    Changed,
    Unchanged,
}

/// How replacing a file ended, if it did not fail.
pub(crate) enum Replaced {
    Done,
    /// Somebody who ignores the lock created the file in the meantime.
    Overtaken,
}

impl<'a> PendingFile<'a> {
    /// Writes `bytes` to a new file beside the target, with the owner, mode and extended attributes
    /// of `original`, and syncs it.
    pub(crate) fn write(
        _lock: &'a ConfigLock,
        target: &'a Target,
        original: Option<&Existing>,
        bytes: &[u8],
    ) -> Result<Self, Error> {
        let failed = |path: &Path, doing| {
            let path = path.to_owned();
            move |source| Error::Io {
                path,
                doing,
                source,
            }
        };
        let mut temporary = tempfile::Builder::new()
            .prefix(&prefix(target))
            .suffix(SUFFIX)
            .rand_bytes(RANDOM_CHARACTERS)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(&target.folder)
            .map_err(failed(
                &target.folder,
                "create a temporary file in this folder",
            ))?;
        let file = temporary.as_file();
        match original {
            Some(original) => copy_metadata(original, file).map_err(failed(
                &target.path,
                "keep owner, mode and attributes of the config",
            ))?,
            None => file
                .set_permissions(Permissions::from_mode(NEW_FILE_MODE))
                .map_err(failed(&target.path, "set the mode of the new config"))?,
        }
        if seeded::has(Bug::LeftTemporary) {
            temporary.disable_cleanup(true);
        }
        let written = if seeded::has(Bug::SingleWrite) {
            temporary.as_file_mut().write(bytes).map(drop)
        } else {
            temporary.as_file_mut().write_all(bytes)
        };
        written.map_err(failed(
            &target.folder,
            "write a temporary file in this folder",
        ))?;
        seeded::unless(Bug::NoFileSync, || synced(temporary.as_file())).map_err(failed(
            &target.folder,
            "sync a temporary file in this folder",
        ))?;
        Ok(Self {
            temporary,
            target,
            lock: PhantomData,
        })
    }

    /// Puts the file in the target's place and makes that durable.
    ///
    /// Syncing the folder is not enough: after a shutdown, xfs reports the loss of the rename for
    /// the file alone. A sync that failed is not tried again, since it would then succeed without
    /// having written anything.
    pub(crate) fn commit(self, snapshot: &Snapshot) -> Result<Replaced, Error> {
        let target = self.target;
        if seeded::has(Bug::InPlace) {
            let bytes = std::fs::read(self.temporary.path()).unwrap_or_default();
            let _ = std::fs::write(&target.path, bytes);
            sync(target, None, Synced::Changed)?;
            return Ok(Replaced::Done);
        }
        let persisted = if snapshot.existing.is_some() {
            self.temporary.persist(&target.path)
        } else {
            self.temporary.persist_noclobber(&target.path)
        };
        let file = match persisted {
            Ok(file) => file,
            Err(error)
                if snapshot.existing.is_none()
                    && error.error.kind() == io::ErrorKind::AlreadyExists =>
            {
                return Ok(Replaced::Overtaken);
            }
            Err(error) => {
                return Err(Error::Io {
                    path: target.path.clone(),
                    doing: "put the new config in the place of the old one",
                    source: error.error,
                });
            }
        };
        sync(target, Some(&file), Synced::Changed)?;
        Ok(Replaced::Done)
    }
}

/// Removes the target for good.
pub(crate) fn delete(
    _lock: &ConfigLock,
    target: &Target,
    original: &Existing,
) -> Result<(), Error> {
    std::fs::remove_file(&target.path).map_err(|source| Error::Io {
        path: target.path.clone(),
        doing: "remove the config",
        source,
    })?;
    sync(target, Some(&original.file), Synced::Changed)
}

/// Makes what stands in the folder under the target's name durable, and the file's content.
///
/// Also needed where nothing is left to change: an earlier run may have been killed between its
/// rename and its syncs, and what this run reports must survive a power cut.
pub(crate) fn sync(target: &Target, file: Option<&File>, what: Synced) -> Result<(), Error> {
    if what == Synced::Unchanged && seeded::has(Bug::UnsyncedUnchanged) {
        return Ok(());
    }
    let folder = || File::open(&target.folder).and_then(|folder| synced(&folder));
    let file = || file.map_or(Ok(()), synced);
    seeded::unless(Bug::NoFolderSync, folder)
        .and_then(|()| seeded::unless(Bug::NoLastSync, file))
        .map_err(|source| Error::NotDurable {
            path: target.path.clone(),
            changed: what == Synced::Changed,
            source,
        })
}

fn synced(file: &File) -> io::Result<()> {
    let synced = file.sync_all();
    if seeded::has(Bug::IgnoredSync) {
        return Ok(());
    }
    synced
}

/// Removes the temporary files that killed runs have left. Nobody else can have one: the lock is
/// held. What can't be removed is left for the next run.
pub(crate) fn sweep(_lock: &ConfigLock, target: &Target) {
    if seeded::has(Bug::NoSweep) {
        return;
    }
    let Ok(entries) = std::fs::read_dir(&target.folder) else {
        return;
    };
    let prefix = prefix(target);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(SUFFIX));
        let is_ours = random.is_some_and(|random| {
            random.len() == RANDOM_CHARACTERS
                && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// What a temporary file beside a config may be called.
pub(crate) fn example_path(config: &Path) -> PathBuf {
    let name = config.file_name().unwrap_or_default().to_string_lossy();
    config.with_file_name(format!(".{name}.{}{SUFFIX}", "x".repeat(RANDOM_CHARACTERS)))
}

fn prefix(target: &Target) -> String {
    let name = target.path.file_name().unwrap_or_default();
    format!(".{}.", name.to_string_lossy())
}

/// Gives `file` the owner, mode and extended attributes of `original`: in this order, since
/// changing the owner clears mode bits and attributes.
fn copy_metadata(original: &Existing, file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let (uid, gid) = (original.metadata.uid(), original.metadata.gid());
    if (uid, gid) != (metadata.uid(), metadata.gid()) {
        std::os::unix::fs::fchown(file, Some(uid), Some(gid))?;
    }
    file.set_permissions(Permissions::from_mode(original.metadata.mode() & 0o7777))?;
    let names = match original.file.list_xattr() {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(()),
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
            // The policy's own label for a new file in this folder will do.
            Err(_) if name == SELINUX => {}
            other => other?,
        }
    }
    Ok(())
}
