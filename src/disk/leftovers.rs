//! What killed runs have left beside a config: swept, put where it belongs, or kept and told of.
#![expect(
    clippy::disallowed_methods,
    reason = "only disk/{replace,displaced,leftovers}.rs rename and unlink beside a config"
)]

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::existing::Existing;
use super::lock::ConfigLock;
use super::sidecar::{self, Temporary, Texts};
use super::target::Target;
use crate::error::Warning;

/// So many texts are kept that restores have replaced.
const MOST_BROKEN: usize = 5;

/// Sweeps the temporary files of killed runs. Nobody else can have one: the lock is held. What
/// can't be removed is left for the next run.
///
/// A run that was killed right after its exchange has left the former config under a temporary
/// name; that becomes the previous one, or a broken one if that run has put a kept text back. If it is
/// not what that run had read, then another program's change was displaced: it is kept, and told of in
/// a notice.
pub(crate) fn sweep(_lock: &ConfigLock, target: &Target, now: Option<&[u8]>) -> Vec<Warning> {
    let mut notices = Vec::new();
    for (path, left) in left(target) {
        match left {
            Left::Old(texts) if texts.is_after(now) => {
                // What a restore has put back was kept before.
                let last = Existing::read(&sidecar::last(&target.beside));
                let is_restored = last.is_ok_and(|last| last.map(|it| it.bytes).as_deref() == now);
                let kept = if is_restored {
                    sidecar::broken_now(&target.beside)
                } else {
                    sidecar::previous(&target.beside)
                };
                let _ = std::fs::rename(&path, &kept);
                forget_broken(target, &kept);
            }
            Left::New | Left::Old(_) => remove_file(&path),
            Left::Foreign => notices.push(displaced(target, &path)),
        }
    }
    notices
}

/// Removes all but the newest of the texts that restores have replaced, and `kept`: it is the newest,
/// whatever the clock says.
pub(super) fn forget_broken(target: &Target, kept: &Path) {
    let mut broken = sidecar::broken(&target.beside);
    broken.sort_by_key(|path| path != kept);
    let old = broken.into_iter().skip(MOST_BROKEN);
    old.for_each(|path| remove_file(&path));
}

/// What never was ours under the temporary names beside a config, for reading.
pub(crate) fn foreign(target: &Target) -> Vec<PathBuf> {
    let foreign = left(target).filter(|(_, left)| matches!(left, Left::Foreign));
    foreign.map(|(path, _)| path).collect()
}

/// What a killed run has left under a temporary name.
enum Left {
    /// What it wrote: it never got to the exchange.
    New,
    /// What it had read.
    Old(Texts),
    /// Neither: another program's.
    Foreign,
}

/// What killed runs have left beside a config.
fn left(target: &Target) -> impl Iterator<Item = (PathBuf, Left)> {
    let prefix = sidecar::temporary_prefix(&target.beside);
    all(target.beside_folder(), prefix).map(|(path, temporary)| {
        let left = match temporary {
            Temporary::Pending => Left::New,
            Temporary::Exchanged(texts) => match Existing::read_any(&path) {
                Ok(Some(found)) if texts.is_after(Some(&found.bytes)) => Left::New,
                Ok(Some(found)) if texts.is_before(Some(&found.bytes)) => Left::Old(texts),
                _ => Left::Foreign,
            },
        };
        (path, left)
    })
}

/// Removes files in a folder that were being written by a run that was killed.
pub(crate) fn sweep_pending(folder: &Path, prefix: OsString) {
    let pending = all(folder, prefix).filter(|(_, it)| *it == Temporary::Pending);
    pending.for_each(|(path, _)| remove_file(&path));
}

fn all(folder: &Path, prefix: OsString) -> impl Iterator<Item = (PathBuf, Temporary)> {
    let begins = |name: &[u8]| name.starts_with(prefix.as_bytes());
    let names = sidecar::names_in(folder, begins).into_iter();
    names.filter_map(move |name| {
        let temporary = sidecar::temporary(&name, &prefix)?;
        Some((folder.join(name), temporary))
    })
}

/// Removes what is a file, if that is possible.
fn remove_file(path: &Path) {
    if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        let _ = std::fs::remove_file(path);
    }
}

fn displaced(target: &Target, path: &Path) -> Warning {
    Warning::new(
        "displaced",
        format!(
            "another program changed the config while a run of this tool was killed; its text is \
             kept in {0}: see `diff {0} {1}`, take over what is missing, then delete it",
            path.display(),
            target.path.display()
        ),
    )
}
