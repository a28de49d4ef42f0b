//! What can go wrong around an edit, each with a hint and an exit code.

mod codes;
mod hint;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::containerd::Release;
use crate::containerd::release::do_not_read;
use crate::edit::patch::PatchError;
use crate::node::{DistributionError, TemplateError};
use crate::toml::ParseError;

pub(crate) const REGULAR: &str = "a regular file";
pub(crate) const FOLDER: &str = "a folder";

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
    /// A template can't be edited.
    #[error("{source}")]
    Template {
        /// The template.
        path: PathBuf,
        /// Why, and where.
        source: Box<TemplateError>,
    },
    /// It can't be said which file to edit.
    #[error("{source}")]
    Distribution {
        /// The file that the error is about, or the host's root.
        path: PathBuf,
        /// Why.
        source: Box<DistributionError>,
    },
    /// Some containerd release would do worse with the result than with the config as it is.
    #[error("{what}")]
    Harmful {
        /// The config file.
        path: PathBuf,
        /// Which releases, and containerd's reason.
        what: String,
    },
    /// Something was to be added for releases that read no file of the config's version.
    #[error("{}", do_not_read(releases, *version))]
    VersionNotRead {
        /// The config file.
        path: PathBuf,
        /// Where its version stands, if it stands in this file.
        at: Option<Position>,
        /// The config version.
        version: i64,
        /// The releases that the edit was to be held against.
        releases: Vec<Release>,
    },
    /// The handler that was to become the default is listed nowhere.
    #[error("{name} can't become the default: no handler of that name is listed")]
    DefaultNotListed {
        /// The config file.
        path: PathBuf,
        /// The handler's name.
        name: String,
        /// The handlers that are listed.
        listed: Vec<String>,
    },
    /// A handler that was to go, or to be taken over, stands in a file that this tool has not created.
    #[error("{handler} stands in a file that {}", writer_text(*writer))]
    OutOfReach {
        /// The file.
        path: PathBuf,
        /// The handler's name.
        handler: String,
        /// Where in the file.
        at: Position,
        /// The distribution, if it writes the file anew at every start.
        writer: Option<&'static str>,
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
    /// On containerd 1.x a drop-in replaces what other files say.
    #[error("{what}")]
    LossyDropIn {
        /// The drop-in.
        path: PathBuf,
        /// Which releases lose what.
        what: String,
    },
    /// A drop-in and the config that imports it can't have the same config version.
    #[error("{what}")]
    DropInVersion {
        /// The drop-in, or the config.
        path: PathBuf,
        /// What the versions are.
        what: String,
    },
    /// The drop-in was to be a file that can't be one.
    #[error("this can't be the drop-in: {reason}")]
    BadDropIn {
        /// The path that was given for the drop-in.
        path: PathBuf,
        /// Why it can't.
        reason: &'static str,
    },
    /// A drop-in is on another mount than the main config, beside which its temporary files stand.
    #[error(
        "this is on another mount than {}, where the files are written that take its place",
        beside.display()
    )]
    OtherMount {
        /// The drop-in.
        path: PathBuf,
        /// The folder of the main config.
        beside: PathBuf,
    },
    /// Some files of an edit were changed, and then something failed.
    #[error("{} was changed, and then this failed: {source}", paths_text(changed))]
    NotFinished {
        /// The files that were changed.
        changed: Vec<PathBuf>,
        /// What failed.
        source: Box<Error>,
    },
    /// A change can't be taken back as a whole, since the file is not what it left any more.
    #[error("this is not what the change has left: another run or program has changed it since")]
    ChangedSince {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to undo, or it can't be.
    #[error("cannot undo the last change: {why}")]
    NotUndone {
        /// The config file.
        path: PathBuf,
        /// Why not.
        why: String,
        /// What to do instead.
        instead: String,
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
    #[error("this is a symbolic link to {}, which leads to nothing", target.display())]
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
    /// Something that is no regular file stands at the name of a file that an edit needs.
    #[error("{found} stands in the place of {purpose}")]
    PlantedSidecar {
        /// The path of the sidecar file.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
        /// What should.
        purpose: &'static str,
    },
    /// The config is itself a mount point, so that no other file can take its place.
    #[error("this file is itself a mount point, so it can't be replaced")]
    MountPoint {
        /// The config file.
        path: PathBuf,
    },
    /// The file, or its folder, has an attribute that forbids replacing it.
    #[error("{} and can't be replaced", attribute_text(*attribute))]
    Immutable {
        /// The config file or its folder.
        path: PathBuf,
        /// The attribute's letter, as chattr(1) has it.
        attribute: char,
    },
    /// A signal, or whoever else may stop an edit, came before the config was changed.
    #[error("interrupted before anything was changed")]
    Interrupted {
        /// The lock file that was waited for, or the config file.
        path: PathBuf,
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
    #[error("the lock is busy{}, held by {holder}", waited_text(*waited))]
    LockBusy {
        /// The lock file.
        path: PathBuf,
        /// How long this run waited.
        waited: Duration,
        /// Who holds it, as far as the lock file tells.
        holder: String,
    },
    /// A writer that ignores the lock changed the file again and again.
    #[error("the file was changed by another program during each of {tries} tries")]
    KeptChanging {
        /// The config file.
        path: PathBuf,
        /// How often the edit was started.
        tries: u32,
    },
    /// What this run replaced was not what it had read, and could not be put back.
    #[error(
        "{reason}; what was replaced stands in {}, and putting it back failed", kept.display()
    )]
    NotPutBack {
        /// The config file.
        path: PathBuf,
        /// Why it was to be put back.
        reason: &'static str,
        /// Where it is.
        kept: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The operation log was to be in a file that is used for something else.
    #[error("the operation log can't be {}: {reason}", log.display())]
    BadLog {
        /// The config file.
        path: PathBuf,
        /// The path that was given for the log.
        log: PathBuf,
        /// What it is.
        reason: &'static str,
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
    #[error("{done}, but the disk did not confirm it")]
    NotDurable {
        /// The config file.
        path: PathBuf,
        /// What this run has done, in a clause.
        done: &'static str,
        /// Whether that is a change.
        changed: bool,
        /// The system's reason.
        source: io::Error,
    },
}

/// A place in a file, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text of that line, without its line break.
    pub text: String,
}

impl fmt::Display for Position {
    /// Line and column, as behind the path in `config.toml:3:1`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// What a run has to tell although it went well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A stable word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
    /// Where in the config as it was before.
    pub at: Option<Position>,
}

fn waited_text(waited: Duration) -> String {
    if waited.is_zero() {
        String::new()
    } else {
        let rounded = Duration::from_millis(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        format!(" after {} of waiting", humantime::format_duration(rounded))
    }
}

fn writer_text(writer: Option<&str>) -> String {
    match writer {
        Some(writer) => format!("{writer} writes anew at every start"),
        None => "does not say that this tool has created it".to_owned(),
    }
}

fn paths_text(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(" and ")
}

fn attribute_text(attribute: char) -> &'static str {
    match attribute {
        'a' => "this is append-only (chattr +a)",
        _ => "this is immutable (chattr +i)",
    }
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
    /// The daemon is not there, or did not come back.
    NoDaemon = 69,
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
    /// Interrupted; the config is untouched. The command itself ends by the signal that it got.
    Interrupted = 130,
}

impl Error {
    /// Whether the config is not as it was although the edit failed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        match self {
            Self::NotDurable { changed, .. } => *changed,
            Self::NotPutBack { .. } | Self::NotFinished { .. } => true,
            _ => false,
        }
    }

    /// Why the patch can't be applied, if that is what is wrong.
    #[must_use]
    pub fn patch_error(&self) -> Option<&PatchError> {
        match self {
            Self::Patch { source, .. } => Some(source),
            Self::Template { source, .. } => match &**source {
                TemplateError::Patch { source } => Some(source),
                _ => None,
            },
            _ => None,
        }
    }

    /// The file that the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Parse { path, .. }
            | Self::Patch { path, .. }
            | Self::Template { path, .. }
            | Self::Distribution { path, .. }
            | Self::Harmful { path, .. }
            | Self::VersionNotRead { path, .. }
            | Self::DefaultNotListed { path, .. }
            | Self::LossyDropIn { path, .. }
            | Self::DropInVersion { path, .. }
            | Self::BadDropIn { path, .. }
            | Self::OtherMount { path, .. }
            | Self::BadLog { path, .. }
            | Self::OutOfReach { path, .. }
            | Self::ImportedSidecar { path, .. }
            | Self::NoFile { path }
            | Self::NoFolder { path, .. }
            | Self::FileAsFolder { path, .. }
            | Self::DanglingLink { path, .. }
            | Self::NotAFile { path, .. }
            | Self::ChangedSince { path }
            | Self::NotUndone { path, .. }
            | Self::PlantedSidecar { path, .. }
            | Self::MountPoint { path }
            | Self::Immutable { path, .. }
            | Self::Interrupted { path }
            | Self::ForeignLock { path, .. }
            | Self::LockBusy { path, .. }
            | Self::KeptChanging { path, .. }
            | Self::Io { path, .. }
            | Self::NotPutBack { path, .. }
            | Self::NotDurable { path, .. } => path,
            Self::NotFinished { source, .. } => source.path(),
        }
    }

    /// Where in the file.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::Parse { source, .. } => Some(&source.at),
            Self::Patch { source, .. } => source.position(),
            Self::Template { source, .. } => source.position(),
            Self::Distribution { source, .. } => source.position(),
            Self::OutOfReach { at, .. } => Some(at),
            Self::VersionNotRead { at, .. } => at.as_ref(),
            Self::NotFinished { source, .. } => source.position(),
            _ => None,
        }
    }
}
