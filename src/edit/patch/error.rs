//! Why a patch can't be applied.

use crate::containerd::version::VersionError;
use crate::error::Position;
use crate::toml::render::{self, Quotes};
use crate::toml::{ParseError, Refused};

/// Why a patch can't be applied to a config. The config is never changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchError {
    /// The config's `version` can't be worked with.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// Something that is no table stands where a table belongs.
    #[error("{key} is {found} where {wanted} belongs")]
    Obstacle {
        /// The dotted key.
        key: String,
        /// What stands there.
        found: &'static str,
        /// What belongs there.
        wanted: &'static str,
        /// Where.
        at: Position,
    },
    /// An inline table that spans several lines.
    #[error("the inline table {key} spans several lines")]
    MultiLineTable {
        /// The dotted key of the table.
        key: String,
        /// Where.
        at: Position,
    },
    /// The value that is to be replaced can't be kept in a comment, since it spans several lines.
    #[error("{key} is a value of several lines, which a comment can't keep")]
    MultiLineValue {
        /// The dotted key.
        key: String,
        /// Where.
        at: Position,
    },
    /// The key stands in an inline table, which has no place for the comment that would say who has
    /// set it and what was there before.
    #[error("{key} is part of an inline table, where no comment can keep what was there before")]
    InlineKey {
        /// The dotted key.
        key: String,
        /// Where.
        at: Position,
    },
    /// A key of CRI's plugin that no release reads there in a config of this version.
    #[error(
        "{key} is a key that no containerd release reads under {plugin:?} in a config of version \
         {version}"
    )]
    NotRead {
        /// The dotted key, below the plugin's table.
        key: String,
        /// The ID of the plugin's table.
        plugin: String,
        /// The config version.
        version: i64,
    },
    /// Another owner has added the handler.
    #[error("the handler {name} belongs to {owner}")]
    ForeignHandler {
        /// The handler's name.
        name: String,
        /// Whose it is.
        owner: String,
        /// Where it stands.
        at: Position,
    },
    /// Two plugin tables hold handlers, and each is read by other containerd releases.
    #[error(
        "handlers stand under both {:?} and {:?}: containerd 1.x reads the first, 2.x the second",
        ids[0], ids[1]
    )]
    AmbiguousPlugin {
        /// The plugin IDs.
        ids: [&'static str; 2],
        /// Where the second one stands.
        at: Position,
    },
    /// The handlers stand where only some releases look in a file of this version. A new table in
    /// the right place would hide them from these.
    #[error(
        "the handlers stand under {found:?}, which only some releases read in a file of this \
         version, and which they stop to read once there is a table {right:?}"
    )]
    MisplacedHandlers {
        /// The plugin ID of the handlers.
        found: &'static str,
        /// The plugin ID that every release reads in a file of this version.
        right: &'static str,
        /// Where the handlers stand.
        at: Position,
    },
    /// The spliced text would mean something else than what was asked for. This is a defect of
    /// the tool; the config is untouched.
    #[error("the edit would also change {key}")]
    Surprise {
        /// The dotted key that would differ.
        key: String,
    },
    /// The spliced text would not be TOML. This is a defect of the tool; the config is untouched.
    #[error("the edit would break the file at line {line}: {message}", line = at.line)]
    Broken {
        /// The parser's message.
        message: String,
        /// Where in the would-be result.
        at: Position,
    },
}

impl From<ParseError> for PatchError {
    fn from(error: ParseError) -> Self {
        Self::Broken {
            message: error.message,
            at: error.at,
        }
    }
}

impl From<Refused> for PatchError {
    fn from(refused: Refused) -> Self {
        let key = |path: &[String]| render::dotted(path, Quotes::Basic);
        match refused {
            Refused::WrongType {
                path,
                found,
                wanted,
                at,
            } => Self::Obstacle {
                key: key(&path),
                found,
                wanted,
                at,
            },
            Refused::MultiLine { path, at } => Self::MultiLineTable {
                key: key(&path),
                at,
            },
            Refused::Removed { path, .. } => Self::Surprise { key: key(&path) },
        }
    }
}

impl PatchError {
    /// Where in the config the problem stands.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::Version(
                VersionError::NotAnInteger { at, .. } | VersionError::Unknown { at, .. },
            )
            | Self::Obstacle { at, .. }
            | Self::MultiLineTable { at, .. }
            | Self::MultiLineValue { at, .. }
            | Self::InlineKey { at, .. }
            | Self::ForeignHandler { at, .. }
            | Self::AmbiguousPlugin { at, .. }
            | Self::MisplacedHandlers { at, .. } => Some(at),
            Self::NotRead { .. } | Self::Surprise { .. } | Self::Broken { .. } => None,
        }
    }
}
