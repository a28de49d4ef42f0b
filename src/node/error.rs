//! Why a host's distribution, or the config that it reads, can't be told.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Distribution;
use crate::error::ExitCode;
use crate::error::Position;
use crate::toml::ParseError;

/// Why it can't be said which file to edit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DistributionError {
    /// There are signs of more than one distribution.
    #[error("this host has signs of more than one distribution: {}", listed(found))]
    Ambiguous {
        /// Each with the file or folder that it was found by.
        found: Vec<(Distribution, PathBuf)>,
    },
    /// The operating system writes containerd's config itself.
    #[error(
        "this node runs {system} ({} says so), which writes containerd's config itself: an edit \
         would not last", path.display()
    )]
    Managed {
        /// The operating system.
        system: &'static str,
        /// Where that stands.
        path: PathBuf,
        /// What to do there.
        instead: &'static str,
    },
    /// The distribution that was asked for is not on the host.
    #[error(
        "this is no {} node: it has none of {}", distribution.title(), paths(looked_for)
    )]
    NotThere {
        /// The one that was asked for.
        distribution: Distribution,
        /// What every host of its kind has one of.
        looked_for: Vec<PathBuf>,
    },
    /// The distribution has not yet written the config that says what to edit.
    #[error(
        "{} has not written {} yet, so it can't be said what it reads", distribution.title(),
        path.display()
    )]
    NotStarted {
        /// The distribution.
        distribution: Distribution,
        /// The config that it writes when it starts.
        path: PathBuf,
        /// How to start it.
        start: String,
    },
    /// A template is there that will decide what the distribution reads once it starts anew.
    #[error(
        "{} has not yet been started with {}, which will decide what it reads",
        distribution.title(), template.display()
    )]
    TemplateNotRead {
        /// The distribution.
        distribution: Distribution,
        /// The template.
        template: PathBuf,
        /// How to start it.
        start: String,
    },
    /// A file that says what to edit could not be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
        /// Whether it is one of permissions.
        is_denied: bool,
    },
    /// A file that says what to edit is no TOML.
    #[error("{source}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: ParseError,
    },
}

impl DistributionError {
    /// One next step.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Ambiguous { found } => {
                let names: Vec<&str> = found.iter().map(|(found, _)| found.name()).collect();
                format!(
                    "say which one runs the pods: --distribution {}",
                    names.join("|")
                )
            }
            Self::Managed { instead, .. } => (*instead).to_owned(),
            Self::NotThere { .. } => {
                "check --distribution and --host-root (all of the host's files have to be mounted \
                 there), or name the file with --config"
                    .to_owned()
            }
            Self::NotStarted { start, .. } => {
                format!("start it once, then run this again: {start}")
            }
            Self::TemplateNotRead {
                start, template, ..
            } => format!(
                "restart it, then run this again: {start}; or remove {} if nobody needs it",
                template.display()
            ),
            Self::Unreadable {
                is_denied: true, ..
            } => "run it as root".to_owned(),
            Self::Unreadable { .. } => {
                "mend the cause, or name the file to edit with --config".to_owned()
            }
            Self::NotToml { .. } => {
                "mend this line, or restart the service that writes the file".to_owned()
            }
        }
    }

    /// The exit code for this error.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Ambiguous { .. } | Self::NotThere { .. } | Self::NotStarted { .. } => {
                ExitCode::Missing
            }
            Self::Managed { .. } | Self::TemplateNotRead { .. } => ExitCode::Refused,
            Self::Unreadable {
                is_denied: true, ..
            } => ExitCode::Permission,
            Self::Unreadable { .. } => ExitCode::Io,
            Self::NotToml { .. } => ExitCode::Unreadable,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ambiguous { .. } => "ambiguous-distribution",
            Self::Managed { .. } => "managed-node",
            Self::NotThere { .. } => "not-a-distribution",
            Self::NotStarted { .. } => "not-started",
            Self::TemplateNotRead { .. } => "template-not-read",
            Self::Unreadable { .. } => "io",
            Self::NotToml { .. } => "not-toml",
        }
    }

    /// The file that the error is about, if it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Ambiguous { .. } | Self::NotThere { .. } => None,
            Self::TemplateNotRead { template: path, .. }
            | Self::Managed { path, .. }
            | Self::NotStarted { path, .. }
            | Self::Unreadable { path, .. }
            | Self::NotToml { path, .. } => Some(path),
        }
    }

    /// Where in that file.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::NotToml { source, .. } => Some(&source.at),
            _ => None,
        }
    }
}

fn listed(found: &[(Distribution, PathBuf)]) -> String {
    let mut text = String::new();
    for (distribution, path) in found {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{distribution} ({})", path.display());
    }
    text
}

fn paths(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}
