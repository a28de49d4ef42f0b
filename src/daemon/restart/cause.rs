//! Why a restart has failed.

use std::fmt;

use crate::error::Error;

/// Why a restart has failed, displayed as a clause.
#[derive(Debug)]
pub struct Cause {
    text: String,
    is_before_restart: bool,
}

impl Cause {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_before_restart: false,
        }
    }

    /// A cause for which the daemon was left alone.
    pub(super) fn before_restart(text: String) -> Self {
        Self {
            text,
            is_before_restart: true,
        }
    }

    /// The config can't be read any more.
    pub(super) fn unread(error: &Error) -> Self {
        Self::new(format!(
            "the config can't be held against containerd: {error}"
        ))
    }

    /// Returns whether the daemon was left alone.
    #[must_use]
    pub fn is_before_restart(&self) -> bool {
        self.is_before_restart
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
