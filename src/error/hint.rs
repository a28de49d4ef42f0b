//! The next step for each error.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::{Error, FOLDER};
use crate::containerd::release::{self, Release};
use crate::containerd::version::VersionError;
use crate::edit::patch::PatchError;
use crate::node::TemplateError;
use crate::want::handler::Preset;

const HARMFUL: &str = "the file is untouched; `containerd-edit check` shows what each \
                 release makes of it; if other releases never run here, name the one that does \
                 with --containerd-version";
const LOSSY_DROP_IN: &str = "without --drop-in the config itself is changed; if containerd \
                 1.x never runs here, name the release that does with --containerd-version";
const DROP_IN_VERSION: &str = "without --drop-in the config itself is changed; or bring \
                 both files to one version (`containerd config migrate`)";
const NOT_DURABLE: &str = "look at `dmesg` for disk errors; once the disk is well, read the file back after a \
                 reboot or remount before you trust it (a second sync may claim success without \
                 having written anything)";
const BAD_DROP_IN: &str = "name a file of its own with --drop-in=PATH, or --drop-in alone for \
                 conf.d/50-OWNER.toml beside the config";
const CHANGED_SINCE: &str = "see what came since with `containerd-edit log`, and `containerd-edit remove` what \
                 shall go";
const BAD_LOG: &str = "name a file of its own with --log, or --log none; without it, the log is beside the \
                 config";
const KEPT_CHANGING: &str = "find the program that rewrites the file without taking the lock, and run this \
                 again";

impl Error {
    /// One next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Parse { .. } => {
                "mend this line; containerd reads the file only when it starts, so it may still \
                 be running with an older one"
                    .to_owned()
            }
            Self::Patch { source, .. } => patch_hint(source),
            Self::Template { source, .. } => template_hint(source),
            Self::Distribution { source, .. } => source.hint(),
            Self::Harmful { .. } => HARMFUL.to_owned(),
            Self::VersionNotRead { version, .. } => version_hint(*version),
            Self::DefaultNotListed { name, listed, .. } => unlisted_hint(name, listed),
            Self::OutOfReach {
                path,
                handler,
                writer,
                ..
            } => reach_hint(path, handler, *writer),
            Self::LossyDropIn { .. } => LOSSY_DROP_IN.to_owned(),
            Self::DropInVersion { .. } => DROP_IN_VERSION.to_owned(),
            Self::BadDropIn { .. } => BAD_DROP_IN.to_owned(),
            Self::OtherMount { beside, .. } => format!(
                "name a file on the mount of {} with --drop-in=PATH",
                beside.display()
            ),
            Self::NotFinished { source, .. } => {
                format!(
                    "run the same command again, which goes on from there; {}",
                    source.hint()
                )
            }
            Self::ImportedSidecar { pattern, .. } => format!(
                "make the import match what it is meant for, as in {}",
                pattern.with_file_name("*.toml").display()
            ),
            Self::ChangedSince { .. } => CHANGED_SINCE.to_owned(),
            Self::NotUndone { instead, .. } => instead.clone(),
            Self::BadLog { .. } => BAD_LOG.to_owned(),
            Self::NoFile { .. } => {
                "containerd uses its built-in defaults then; `containerd-edit add` creates the file"
                    .to_owned()
            }
            Self::NoFolder { folder, .. } => format!(
                "check the path that was given; if containerd is really configured there: mkdir -p {}",
                folder.display()
            ),
            Self::FileAsFolder { file, .. } => format!(
                "check --config; if {0} is the config: --config {0}",
                file.display()
            ),
            Self::DanglingLink { .. } => {
                "remove the link, or create the file that it leads to in the end".to_owned()
            }
            Self::NotAFile { path, found } if *found == FOLDER => format!(
                "check --config: it wants the file, as in {}",
                path.join("config.toml").display()
            ),
            Self::NotAFile { .. } => "check --config: it wants the path of the config".to_owned(),
            Self::MountPoint { path } => format!(
                "mount its folder at {}, not the file (Kubernetes: no `subPath`)",
                path.parent().unwrap_or(path).display()
            ),
            Self::Immutable { path, attribute } => format!(
                "somebody wants it to stay as it is: find out why; then `chattr -{attribute} {}`",
                path.display()
            ),
            Self::Interrupted { .. } => "run the same command again".to_owned(),
            Self::NotPutBack { path, kept, .. } => format!(
                "look at `dmesg` for disk errors; then compare: diff {} {}",
                kept.display(),
                path.display()
            ),
            Self::PlantedSidecar { path, .. } => format!(
                "find out who put it there, then move it away: mv {0} {0}.away",
                path.display()
            ),
            Self::ForeignLock { path, .. } => format!(
                "see who that is; when no installer of theirs is running: chown 0:0 {}",
                path.display()
            ),
            Self::LockBusy { path, .. } => format!(
                "run it again, with a longer --lock-timeout; `fuser -v {}` shows who has the file \
                 open (removing it does not help: the kernel holds the lock)",
                path.display()
            ),
            Self::KeptChanging { .. } => KEPT_CHANGING.to_owned(),
            Self::Io { source, path, .. } => io_hint(source, path),
            Self::NotDurable { .. } => NOT_DURABLE.to_owned(),
        }
    }
}

fn version_hint(version: i64) -> String {
    let reading = release::reading(&Release::LINES, version);
    if reading.is_empty() {
        return "leave --containerd-version away: no release that this one knows reads the file, and \
                the edit is not judged then"
            .to_owned();
    }
    format!(
        "name the release that runs here with --containerd-version, or leave it away: then the edit \
         is judged for {}",
        release::listed(&reading)
    )
}

fn unlisted_hint(name: &str, listed: &[String]) -> String {
    let typed = match Preset::named(name) {
        Some(_) => "",
        None => " --set runtime_type=TYPE",
    };
    let add = format!("`containerd-edit add {name}{typed} --default` adds it");
    if listed.is_empty() {
        return add;
    }
    format!("name one that is listed ({}); {add}", listed.join(", "))
}

fn reach_hint(path: &Path, handler: &str, writer: Option<&str>) -> String {
    match writer {
        Some(writer) => format!("have {writer} itself leave {handler} out"),
        None => format!(
            "whoever has written it should know of this; then: containerd-edit remove {handler} \
             --drop-in={}",
            path.display()
        ),
    }
}

fn foreign_hint(name: &str, owner: &str) -> String {
    format!(
        "if {owner} is gone for good: --take-over; otherwise choose another name than {name}, or \
         remove it with `containerd-edit remove {name}`"
    )
}

fn template_hint(source: &TemplateError) -> String {
    match source {
        TemplateError::Patch { source } => patch_hint(source),
        other => other.hint(),
    }
}

fn patch_hint(error: &PatchError) -> String {
    match error {
        PatchError::Version(VersionError::Unknown { .. }) => {
            "use a newer containerd-edit, or name the plugin table with --plugin-id".to_owned()
        }
        PatchError::Version(VersionError::NotAnInteger { .. }) => {
            "write the version as a plain number, as in `version = 2`".to_owned()
        }
        PatchError::Obstacle { key, wanted, .. } => {
            format!("make {key} {wanted}, or remove it; containerd can't read it as it is")
        }
        PatchError::MultiLineTable { .. } => {
            "write the table on one line or as a [header]: containerd 2.x refuses it as it is"
                .to_owned()
        }
        PatchError::MultiLineValue { .. } => "write the value on one line".to_owned(),
        PatchError::InlineKey { .. } => {
            "write the table as a [header], with its keys on lines of their own".to_owned()
        }
        PatchError::NotRead { .. } => {
            "leave it out for this config: containerd reads it only where \
                                       CRI is one plugin, in a config of version 2 or older"
                .to_owned()
        }
        PatchError::ForeignHandler { name, owner, .. } => foreign_hint(name, owner),
        PatchError::AmbiguousPlugin { ids, .. } => format!(
            "run it once for each: --plugin-id {} and --plugin-id {}",
            ids[0], ids[1]
        ),
        PatchError::MisplacedHandlers { found, right, .. } => format!(
            "rename the plugin table from {found} to {right}, or correct the file's version; or \
             name the table to edit with --plugin-id"
        ),
        PatchError::Surprise { .. } | PatchError::Broken { .. } => {
            "the file is untouched; please report this with the file".to_owned()
        }
    }
}

fn io_hint(error: &io::Error, path: &Path) -> String {
    let shown = path.display();
    // By kind: what tempfile reports carries no number.
    match error.kind() {
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("the filesystem of {shown} is mounted read-only")
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
        _ if Errno::from_io_error(error) == Some(Errno::NAMETOOLONG) => {
            "the files beside a config have names up to 50 bytes longer: give it a shorter one"
                .to_owned()
        }
        _ if Errno::from_io_error(error) == Some(Errno::LOOP) => {
            format!("symbolic links at {shown} lead in a circle")
        }
        _ => "the config is as it was; mend the cause and run the same command again".to_owned(),
    }
}
