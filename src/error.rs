//! What can go wrong around an edit, each with a hint and an exit code.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;

use crate::containerd::version::VersionError;
use crate::document::{ParseError, Position};
use crate::patch::PatchError;
use crate::target;

/// Why an edit was not made, or not for certain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The config is no TOML.
    #[error("{source}")]
    Parse {
        /// The config file.
        path: PathBuf,
        /// What is wrong, and where.
        source: ParseError,
    },
    /// The patch can't be applied to this config.
    #[error("{source}")]
    Patch {
        /// The config file.
        path: PathBuf,
        /// What stands in the way.
        source: PatchError,
    },
    /// Some containerd release would do worse with the result than with the config as it is.
    #[error("{what}")]
    Harmful {
        /// The config file.
        path: PathBuf,
        /// Which releases, and containerd's reason.
        what: String,
    },
    /// An import of the config would load the files that stand beside it during an edit.
    #[error("the import {} matches {}", pattern.display(), sidecar.display())]
    ImportedSidecar {
        /// The config file.
        path: PathBuf,
        /// The glob pattern of the import.
        pattern: PathBuf,
        /// The file that it would load.
        sidecar: PathBuf,
    },
    /// There is no config file to read.
    #[error("there is no such file")]
    NoFile {
        /// The config file.
        path: PathBuf,
    },
    /// The folder of the config file does not exist.
    #[error("the folder {} does not exist", folder.display())]
    NoFolder {
        /// The config file.
        path: PathBuf,
        /// The missing folder.
        folder: PathBuf,
    },
    /// The path goes on behind something that is no folder.
    #[error("{} is no folder", file.display())]
    FileAsFolder {
        /// The config file.
        path: PathBuf,
        /// What stands where a folder belongs.
        file: PathBuf,
    },
    /// The path is a symbolic link to nothing.
    #[error("this is a symbolic link to {}, which does not exist", target.display())]
    DanglingLink {
        /// The config file.
        path: PathBuf,
        /// What the link says.
        target: PathBuf,
    },
    /// Something that is no regular file stands at a path.
    #[error("this is {found}, not a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// Something that is no regular file stands at the name of the lock file.
    #[error("{found} stands in the place of the lock file")]
    PlantedLock {
        /// The path of the lock file.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
    },
    /// The lock file belongs to an untrusted user, who could hold it for ever.
    #[error("the lock file belongs to user {owner}, who could hold it for ever")]
    ForeignLock {
        /// The lock file.
        path: PathBuf,
        /// The user ID of its owner.
        owner: u32,
    },
    /// Somebody else holds the lock.
    #[error("the lock is busy{}{}", waited_text(*waited), holder_text(holder.as_deref()))]
    LockBusy {
        /// The lock file.
        path: PathBuf,
        /// How long this run waited.
        waited: Duration,
        /// What the lock file says of its holder.
        holder: Option<String>,
    },
    /// A writer that ignores the lock changed the file again and again.
    #[error("the file was changed by another program during each of {tries} tries")]
    KeptChanging {
        /// The config file.
        path: PathBuf,
        /// How often the edit was started.
        tries: u32,
    },
    /// A system call failed. The config is as it was.
    #[error("cannot {doing}")]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// What was attempted, as a verb phrase.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The config is as it should be, but the system did not confirm that this survives a power cut.
    #[error("{}, but the disk did not confirm it", durable_text(*changed))]
    NotDurable {
        /// The config file.
        path: PathBuf,
        /// Whether this run has changed it; otherwise an earlier one may have.
        changed: bool,
        /// The system's reason.
        source: io::Error,
    },
}

fn durable_text(changed: bool) -> &'static str {
    if changed {
        "the config was changed"
    } else {
        "nothing was left to change"
    }
}

fn waited_text(waited: Duration) -> String {
    if waited.is_zero() {
        String::new()
    } else {
        let rounded = Duration::from_millis(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        format!(" after {} of waiting", humantime::format_duration(rounded))
    }
}

fn holder_text(holder: Option<&str>) -> String {
    holder.map_or_else(String::new, |holder| format!(", held by {holder}"))
}

/// The exit code of a run, as in the table of `docs/exit-codes.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Success = 0,
    /// Anything that has no code of its own.
    Other = 1,
    /// The command line can't be understood.
    Usage = 2,
    /// Something changed, or would change (only with `--exit-code`).
    Changed = 10,
    /// The existing config can't be read as TOML or as a containerd config.
    Unreadable = 65,
    /// The file or its folder is missing.
    Missing = 66,
    /// A system call failed; the config is untouched.
    Io = 74,
    /// The lock is busy, or the file kept changing: try again.
    TryAgain = 75,
    /// The config was replaced, but its durability is not confirmed.
    NotDurable = 76,
    /// Permission was denied.
    Permission = 77,
    /// The result would break containerd.
    Refused = 78,
}

impl Error {
    /// The exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Parse { .. } => ExitCode::Unreadable,
            Self::Patch { source, .. } => match source {
                PatchError::AmbiguousPlugin { .. }
                | PatchError::MisplacedHandlers { .. }
                | PatchError::Surprise { .. }
                | PatchError::Broken { .. } => ExitCode::Refused,
                _ => ExitCode::Unreadable,
            },
            Self::Harmful { .. } | Self::ImportedSidecar { .. } => ExitCode::Refused,
            Self::NoFile { .. }
            | Self::NoFolder { .. }
            | Self::FileAsFolder { .. }
            | Self::DanglingLink { .. }
            | Self::NotAFile { .. } => ExitCode::Missing,
            Self::PlantedLock { .. } => ExitCode::Io,
            Self::ForeignLock { .. } => ExitCode::Permission,
            Self::LockBusy { .. } | Self::KeptChanging { .. } => ExitCode::TryAgain,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => ExitCode::Permission,
                _ => ExitCode::Io,
            },
            Self::NotDurable { .. } => ExitCode::NotDurable,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parse { .. } => "not-toml",
            Self::Patch { source, .. } => match source {
                PatchError::Version(VersionError::Unknown { .. }) => "unknown-version",
                PatchError::Version(VersionError::NotAnInteger { .. })
                | PatchError::Obstacle { .. } => "wrong-type",
                PatchError::MultiLineTable { .. } | PatchError::MultiLineString { .. } => {
                    "not-editable"
                }
                PatchError::AmbiguousPlugin { .. } => "ambiguous-plugin",
                PatchError::MisplacedHandlers { .. } => "misplaced-handlers",
                PatchError::Surprise { .. } | PatchError::Broken { .. } => "defect",
            },
            Self::Harmful { .. } => "harmful",
            Self::ImportedSidecar { .. } => "imported-sidecar",
            Self::NoFile { .. } => "no-file",
            Self::NoFolder { .. } => "no-folder",
            Self::FileAsFolder { .. } => "file-as-folder",
            Self::DanglingLink { .. } => "dangling-link",
            Self::NotAFile { .. } => "not-a-file",
            Self::PlantedLock { .. } => "planted-lock",
            Self::ForeignLock { .. } => "foreign-lock",
            Self::LockBusy { .. } => "lock-busy",
            Self::KeptChanging { .. } => "kept-changing",
            Self::Io { .. } => "io",
            Self::NotDurable { .. } => "not-durable",
        }
    }

    /// The file that the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Parse { path, .. }
            | Self::Patch { path, .. }
            | Self::Harmful { path, .. }
            | Self::ImportedSidecar { path, .. }
            | Self::NoFile { path }
            | Self::NoFolder { path, .. }
            | Self::FileAsFolder { path, .. }
            | Self::DanglingLink { path, .. }
            | Self::NotAFile { path, .. }
            | Self::PlantedLock { path, .. }
            | Self::ForeignLock { path, .. }
            | Self::LockBusy { path, .. }
            | Self::KeptChanging { path, .. }
            | Self::Io { path, .. }
            | Self::NotDurable { path, .. } => path,
        }
    }

    /// Where in the file.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::Parse { source, .. } => Some(&source.at),
            Self::Patch { source, .. } => source.position(),
            _ => None,
        }
    }

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
            Self::Harmful { .. } => "the file is untouched; `containerd-edit check` shows what each \
                 release makes of it; if other releases never run here, name the one that does \
                 with --containerd-version"
                .to_owned(),
            Self::ImportedSidecar { pattern, .. } => format!(
                "make the import match what it is meant for, as in {}",
                pattern.with_file_name("*.toml").display()
            ),
            Self::NoFile { .. } => {
                "containerd uses its built-in defaults then; `containerd-edit add` creates the file"
                    .to_owned()
            }
            Self::NoFolder { folder, .. } => format!(
                "check --config; if containerd is really configured there: mkdir -p {}",
                folder.display()
            ),
            Self::FileAsFolder { file, .. } => format!(
                "check --config; if {0} is the config: --config {0}",
                file.display()
            ),
            Self::DanglingLink { target, .. } => {
                format!("remove the link, or create {}", target.display())
            }
            Self::NotAFile { path, found } if *found == target::FOLDER => format!(
                "check --config: it wants the file, as in {}",
                path.join("config.toml").display()
            ),
            Self::NotAFile { .. } => "check --config: it wants the path of the config".to_owned(),
            Self::PlantedLock { path, .. } => format!(
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
            Self::KeptChanging { .. } => {
                "find the program that rewrites the file without taking the lock, and run this \
                 again"
                    .to_owned()
            }
            Self::Io { source, path, .. } => io_hint(source, path),
            Self::NotDurable { .. } => {
                "look at `dmesg` for disk errors; once the disk is well, read the file back after a \
                 reboot or remount before you trust it (a second sync may claim success without \
                 having written anything)"
                    .to_owned()
            }
        }
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
        PatchError::MultiLineString { .. } => "write the string on one line".to_owned(),
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
            "run it as the owner of {shown} or as root; as root: the file may be immutable \
             (lsattr, chattr -i)"
        ),
        _ if Errno::from_io_error(error) == Some(Errno::LOOP) => {
            format!("symbolic links at {shown} lead in a circle")
        }
        _ => "the config is as it was; mend the cause and run the same command again".to_owned(),
    }
}
