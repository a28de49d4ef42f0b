//! The operation log: what was done to a config and what was refused, one JSON line for each run.

pub(crate) mod file;

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::commit::path_json;
use crate::edit::edited::{Handlers, Keys};

/// Where the runs of an [`Editor`](crate::Editor) are noted down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LogTo {
    /// In `config.toml.log`, beside the config.
    #[default]
    Beside,
    /// In this file of the host.
    File(PathBuf),
    /// Nowhere.
    Nowhere,
}

/// What a run did, or why it did nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When it ended, as in RFC 3339, in UTC.
    pub time: String,
    /// The release of this tool.
    pub version: String,
    /// The command in a few words.
    pub command: String,
    /// The installer on whose behalf it added handlers.
    pub owner: Option<String>,
    /// The handlers that were added, changed and removed: the first hundred of each, and `…` if
    /// there were more.
    #[serde(default)]
    pub handlers: Handlers,
    /// The keys outside of handlers that were set and given back, shortened likewise.
    #[serde(default)]
    pub keys: Keys,
    /// The default handler that it put into effect; `None`: it stayed what it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_default: Option<String>,
    /// The SHA-256 of the config before; `None`: there was none.
    pub before: Option<String>,
    /// The SHA-256 of the config after; `None`: there was none.
    pub after: Option<String>,
    /// `changed`, `undone` or `restored`; `restarted`, or `rolled-back` if the change was taken back; or the code
    /// of the error.
    pub outcome: String,
    /// The drop-ins that were changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop_ins: Vec<LoggedDropIn>,
}

/// A drop-in that a run changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedDropIn {
    /// Its path on the host.
    #[serde(serialize_with = "path_json::path")]
    pub path: PathBuf,
    /// The SHA-256 of its bytes before; `None`: there was no file.
    pub before: Option<String>,
    /// The SHA-256 of its bytes after; `None`: there is none.
    pub after: Option<String>,
}

/// What makes a line a comment, should containerd ever load the log.
const COMMENT: &str = "# ";
/// So many names of handlers that were added, changed or removed are noted down, and of keys.
const MOST_NAMES: usize = 100;

impl LogEntry {
    /// What `outcome` says of a run that changed the config.
    pub const CHANGED: &str = "changed";
    /// What `outcome` says of a change that containerd has loaded, as it said itself.
    pub const RESTARTED: &str = "restarted";
    /// What `outcome` says of a change that was taken back, since containerd did not come back with
    /// it.
    pub const ROLLED_BACK: &str = "rolled-back";
    /// What `outcome` says of a change that was taken back by hand.
    pub const UNDONE: &str = "undone";

    /// What `outcome` says of a run that put a kept text back.
    pub const RESTORED: &str = "restored";

    pub(crate) fn now() -> String {
        humantime::format_rfc3339_millis(SystemTime::now()).to_string()
    }

    /// Whether the config or a drop-in was another one afterwards.
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.before != self.after || self.drop_ins.iter().any(|it| it.before != it.after)
    }

    /// The entry with no more names than a line of the log may have.
    fn shortened(&self) -> Self {
        let mut entry = self.clone();
        let (handlers, keys) = (&mut entry.handlers, &mut entry.keys);
        for names in [
            &mut handlers.added,
            &mut handlers.changed,
            &mut handlers.removed,
            &mut keys.set,
            &mut keys.given_back,
        ] {
            if names.len() > MOST_NAMES {
                names.truncate(MOST_NAMES);
                names.push("…".to_owned());
            }
        }
        entry
    }

    /// The line for a log.
    fn to_line(&self) -> String {
        let entry = serde_json::to_string(&self.shortened()).unwrap_or_default();
        format!("{COMMENT}{entry}\n")
    }

    /// Reads a line of a log. `None`: it is none of this tool's, or was cut short.
    fn from_line(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line.strip_prefix(COMMENT.as_bytes())?).ok()
    }
}
