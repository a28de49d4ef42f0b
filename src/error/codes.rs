//! What programs are told of an error: the exit code and a stable word.

use std::io;

use super::{Error, ExitCode};
use crate::containerd::version::VersionError;
use crate::edit::patch::PatchError;
use crate::node::TemplateError;

impl Error {
    /// The exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Parse { .. } => ExitCode::Unreadable,
            Self::Patch { source, .. } => patch_exit_code(source),
            Self::Template { source, .. } => match &**source {
                TemplateError::Patch { source } => patch_exit_code(source),
                TemplateError::NotToml { .. } => ExitCode::Unreadable,
                _ => ExitCode::Refused,
            },
            Self::Distribution { source, .. } => source.exit_code(),
            Self::ChangedSince { .. }
            | Self::NotUndone { .. }
            | Self::Harmful { .. }
            | Self::VersionNotRead { .. }
            | Self::DefaultNotListed { .. }
            | Self::OutOfReach { .. }
            | Self::ImportedSidecar { .. }
            | Self::LossyDropIn { .. }
            | Self::DropInVersion { .. } => ExitCode::Refused,
            Self::BadLog { .. } | Self::BadDropIn { .. } => ExitCode::Usage,
            Self::NoFile { .. }
            | Self::NoFolder { .. }
            | Self::FileAsFolder { .. }
            | Self::DanglingLink { .. }
            | Self::NotAFile { .. } => ExitCode::Missing,
            Self::PlantedSidecar { .. } | Self::MountPoint { .. } | Self::OtherMount { .. } => {
                ExitCode::Io
            }
            Self::ForeignLock { .. } | Self::Immutable { .. } => ExitCode::Permission,
            Self::Interrupted { .. } => ExitCode::Interrupted,
            Self::LockBusy { .. } | Self::KeptChanging { .. } => ExitCode::TryAgain,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => ExitCode::Permission,
                _ => ExitCode::Io,
            },
            Self::NotDurable { .. } | Self::NotPutBack { .. } | Self::NotFinished { .. } => {
                ExitCode::NotDurable
            }
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parse { .. } => "not-toml",
            Self::Patch { source, .. } => patch_code(source),
            Self::Template { source, .. } => match &**source {
                TemplateError::Patch { source } => patch_code(source),
                TemplateError::NotToml { .. } => "not-toml",
                TemplateError::Redeclares { .. } => "redeclares",
                _ => "template-directive",
            },
            Self::Distribution { source, .. } => source.code(),
            Self::Harmful { .. } => "harmful",
            Self::VersionNotRead { .. } => "version-not-read",
            Self::DefaultNotListed { .. } => "default-not-listed",
            Self::OutOfReach { .. } => "out-of-reach",
            Self::LossyDropIn { .. } => "lossy-drop-in",
            Self::DropInVersion { .. } => "drop-in-version",
            Self::BadDropIn { .. } => "bad-drop-in",
            Self::OtherMount { .. } => "other-mount",
            Self::NotFinished { .. } => "not-finished",
            Self::BadLog { .. } => "bad-log",
            Self::ImportedSidecar { .. } => "imported-sidecar",
            Self::NoFile { .. } => "no-file",
            Self::NoFolder { .. } => "no-folder",
            Self::FileAsFolder { .. } => "file-as-folder",
            Self::DanglingLink { .. } => "dangling-link",
            Self::NotAFile { .. } => "not-a-file",
            Self::ChangedSince { .. } => "changed-since",
            Self::NotUndone { .. } => "not-undone",
            Self::PlantedSidecar { .. } => "planted-sidecar",
            Self::MountPoint { .. } => "mount-point",
            Self::Immutable { .. } => "immutable",
            Self::Interrupted { .. } => "interrupted",
            Self::ForeignLock { .. } => "foreign-lock",
            Self::LockBusy { .. } => "lock-busy",
            Self::KeptChanging { .. } => "kept-changing",
            Self::Io { .. } => "io",
            Self::NotDurable { .. } => "not-durable",
            Self::NotPutBack { .. } => "not-put-back",
        }
    }
}

fn patch_exit_code(source: &PatchError) -> ExitCode {
    match source {
        PatchError::ForeignHandler { .. }
        | PatchError::AmbiguousPlugin { .. }
        | PatchError::MisplacedHandlers { .. }
        | PatchError::Surprise { .. }
        | PatchError::Broken { .. } => ExitCode::Refused,
        _ => ExitCode::Unreadable,
    }
}

fn patch_code(source: &PatchError) -> &'static str {
    match source {
        PatchError::Version(VersionError::Unknown { .. }) => "unknown-version",
        PatchError::Version(VersionError::NotAnInteger { .. }) | PatchError::Obstacle { .. } => {
            "wrong-type"
        }
        PatchError::MultiLineTable { .. }
        | PatchError::MultiLineValue { .. }
        | PatchError::InlineKey { .. } => "not-editable",
        PatchError::NotRead { .. } => "key-not-read",
        PatchError::ForeignHandler { .. } => "foreign-handler",
        PatchError::AmbiguousPlugin { .. } => "ambiguous-plugin",
        PatchError::MisplacedHandlers { .. } => "misplaced-handlers",
        PatchError::Surprise { .. } | PatchError::Broken { .. } => "defect",
    }
}
