//! What the rigs have the command do to a config, what is there before, and what it may say of it.

use std::io::ErrorKind;
use std::path::Path;

/// The exit code of a change that the disk has not confirmed.
const NOT_DURABLE: i32 = 76;

/// A config as an administrator writes one.
const CONFIG: &str = "version = 3

[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc]
  runtime_type = \"io.containerd.runc.v2\"
";

pub(crate) const ADD: [&str; 2] = ["add", "crun"];
pub(crate) const REMOVE: [&str; 2] = ["remove", "crun"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Remove,
    /// A run is killed right after it has replaced the config; the next one finds nothing to do.
    UnchangedAfterKill,
    /// There is no config.
    FirstCreation,
    /// Of a config that the tool has created.
    Deletion,
    /// The config is a link into another folder.
    AddThroughLink,
}

impl Operation {
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Remove | Self::Deletion => &REMOVE,
            _ => &ADD,
        }
    }

    /// The config at first.
    pub(crate) fn config(self) -> Option<&'static str> {
        match self {
            Self::FirstCreation | Self::Deletion => None,
            _ => Some(CONFIG),
        }
    }

    /// Whether the tool has added the handler before.
    pub(crate) fn follows_add(self) -> bool {
        matches!(self, Self::Remove | Self::Deletion)
    }
}

/// What the end of a run says of the config; see docs/exit-codes.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    Done,
    Untouched,
    /// It has not ended yet or was killed, or says itself that the disk has not confirmed the change.
    None,
}

impl Promise {
    pub(crate) fn of(exit: i32) -> Self {
        match exit {
            0 => Self::Done,
            NOT_DURABLE => Self::None,
            _ => Self::Untouched,
        }
    }

    /// Whether the disk may hold this, when the config was `old` and is to be `new`.
    pub(crate) fn allows(
        self,
        bytes: Option<&[u8]>,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> bool {
        (self != Self::Done && bytes == old) || (self != Self::Untouched && bytes == new)
    }
}

/// The config's bytes; `None` if there is no such file.
pub(crate) fn read(config: &Path) -> Option<Vec<u8>> {
    match std::fs::read(config) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", config.display()),
    }
}

/// What was found where a config ought to be, to be shown to people.
pub(crate) fn shown(bytes: Option<&[u8]>, old: Option<&[u8]>) -> String {
    match bytes {
        _ if bytes == old => "the old config".to_owned(),
        None => "no config".to_owned(),
        Some(bytes) => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
            format!("{} bytes in the config: {start:?}…", bytes.len())
        }
    }
}
