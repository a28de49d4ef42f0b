//! Why a restart has failed.

use std::fmt;

/// Why a restart has failed, displayed as a clause.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The daemon would not serve with its config: it was left alone.
    LeftAlone(String),
    /// It was restarted, and did not come back as its config says.
    Failed(String),
    /// A signal has ended the wait before its time.
    Interrupted,
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftAlone(why) | Self::Failed(why) => formatter.write_str(why),
            Self::Interrupted => formatter.write_str("it was not waited for"),
        }
    }
}
