//! Why a restart has failed.

use std::fmt;
use std::path::PathBuf;

use crate::error::Position;

/// Why a restart has failed, displayed as a clause.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The daemon would not serve with its config: it was left alone.
    LeftAlone {
        /// Why, as a clause.
        why: String,
        /// The file that is to blame, and where in it.
        at: Option<(PathBuf, Option<Position>)>,
    },
    /// It was restarted, and did not come back as its config says.
    Failed(String),
    /// There is no such command that would restart it.
    NoCommand(String),
    /// A signal has ended the wait before its time.
    Interrupted,
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftAlone { why, .. } | Self::Failed(why) | Self::NoCommand(why) => {
                formatter.write_str(why)
            }
            Self::Interrupted => formatter.write_str("it was not waited for"),
        }
    }
}
