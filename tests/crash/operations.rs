//! What the rigs have the command do to a config, and what is there before.

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
