//! Where a config stands, as far as that keeps it from being replaced or makes that less safe.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::StatxAttributes;

use super::existing::{Existing, REGULAR};
use super::statx::{attributes, instead_of_mount};
use super::target::Target;
use super::{existing, sidecar};
use crate::error::{Code, Error, NextStep, Warning};

/// Filesystems that other hosts may write to as well, by `f_type` of `statfs(2)`, with what
/// `flock(2)` says of them or nothing.
const NETWORK: [(u64, &str); 9] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x00c3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
];

/// Refuses what can't be replaced, before anything is written.
pub(crate) fn check(target: &Target, existing: Option<&Existing>) -> Result<(), Error> {
    let previous = &target.previous;
    if let Some(found) = existing::kind_at(previous).filter(|it| *it != REGULAR) {
        return Err(sidecar::planted(previous, found, "the previous config"));
    }
    if is_on_other_device(target) {
        return Err(other_mount(target));
    }
    if existing.is_none() {
        return Ok(());
    }
    if let Some(hint) = instead_of_mount(&target.path) {
        let message = "this file is itself a mount point, so it can't be replaced";
        return Err(Error::new(Code::MountPoint, message, hint).at(&target.path));
    }
    forbidden(&[&target.path, target.folder()]).map_or(Ok(()), Err)
}

/// Whether the sidecars of a drop-in stand on another filesystem, from where nothing can be renamed.
fn is_on_other_device(target: &Target) -> bool {
    let device = |folder: &Path| folder.metadata().ok().map(|metadata| metadata.dev());
    let (own, beside) = (device(target.folder()), device(target.beside_folder()));
    own.is_some() && beside.is_some() && own != beside
}

/// The error of the first of these that must not be changed, by an attribute of `chattr(1)`.
pub(super) fn forbidden(paths: &[&Path]) -> Option<Error> {
    paths.iter().find_map(|path| {
        let attributes = attributes(path);
        let (word, flag) = if attributes.contains(StatxAttributes::IMMUTABLE) {
            ("immutable", 'i')
        } else if attributes.contains(StatxAttributes::APPEND) {
            ("append-only", 'a')
        } else {
            return None;
        };
        let message = format!("this is {word} (chattr +{flag}) and can't be replaced");
        let hint = format!(
            "somebody wants it to stay as it is: find out why; then `chattr -{flag} {}`",
            NextStep::word(&path.to_string_lossy())
        );
        Some(Error::new(Code::Immutable, message, hint).at(*path))
    })
}

/// The drop-in is on another mount than its temporary files.
pub(super) fn other_mount(target: &Target) -> Error {
    let beside = target.beside_folder().display();
    let message = format!(
        "this is on another mount than {beside}, where the files are written that take its place"
    );
    let hint = format!("name a file on the mount of {beside} with --drop-in=PATH");
    Error::new(Code::OtherMount, message, hint).at(&target.path)
}

/// What is less safe here than elsewhere.
pub(crate) fn notices(target: &Target, existing: Option<&Existing>) -> Vec<Warning> {
    let mut notices = Vec::new();
    let links = existing.map_or(1, |existing| existing.metadata.nlink());
    if links > 1 {
        notices.push(Warning::new("hard-link", format!(
                "the config has {links} names (hard links), and only {0} is changed: the others keep \
                 the old text; find them with `find / -xdev -samefile {1}` and make them symbolic \
                 links",
                target.path.display(),
                target.previous.display()
            )));
    }
    if let Some(name) = network(target.folder()) {
        notices.push(Warning::new(
            "network-filesystem",
            format!(
                "{} is on a network filesystem ({name}): there a lock may hang, or not exclude \
                 other hosts; edit the config on a local disk",
                target.folder().display()
            ),
        ));
    }
    notices
}

/// The name of the network filesystem that a folder is on, if it is.
fn network(folder: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(folder).ok()?.f_type;
    // Signed or not, and of 32 bits or 64, by architecture: the constants have 32.
    #[expect(clippy::cast_sign_loss, reason = "a magic number has no sign")]
    let found = found as u64 & 0xffff_ffff;
    let known = NETWORK.iter().find(|(magic, _)| *magic == found);
    known.map(|(_, name)| *name)
}
