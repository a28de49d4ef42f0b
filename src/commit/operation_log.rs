//! The operation log: what was done to a config and what was refused, one JSON line for each run.

pub(crate) mod file;

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Value, json};

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub handlers: Handlers,
    /// The keys outside of handlers that were set and given back, shortened likewise.
    pub keys: Keys,
    /// The SHA-256 of the config before; `None`: there was none.
    pub before: Option<String>,
    /// The SHA-256 of the config after; `None`: there was none.
    pub after: Option<String>,
    /// The drop-ins that were changed.
    pub drop_ins: Vec<LoggedDropIn>,
    /// `changed`, or `undone`; `intended`, before an edit that containerd is restarted for; then
    /// `restarted`, or `rolled-back` if it was taken back; or the code of the error.
    pub outcome: String,
}

/// A drop-in that a run changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedDropIn {
    /// Its path on the host.
    pub path: PathBuf,
    /// The SHA-256 of its bytes before; `None`: there was no file.
    pub before: Option<String>,
    /// The SHA-256 of its bytes after; `None`: there is none.
    pub after: Option<String>,
}

impl LoggedDropIn {
    fn to_json(&self) -> Value {
        json!({
            "path": self.path.to_string_lossy(),
            "before": self.before,
            "after": self.after,
        })
    }

    fn of_json(value: &Value) -> Option<Self> {
        let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
        Some(Self {
            path: text("path")?.into(),
            before: text("before"),
            after: text("after"),
        })
    }
}

/// What makes a line a comment, should containerd ever load the log.
const COMMENT: &str = "# ";
/// So many names of handlers that were added, changed or removed are noted down, and of keys.
const MOST_NAMES: usize = 100;

impl LogEntry {
    /// What `outcome` says of a run that changed the config.
    pub const CHANGED: &str = "changed";
    /// What `outcome` says of a change that was about to be made.
    pub const INTENDED: &str = "intended";
    /// What `outcome` says of a change that containerd has loaded, as it said itself.
    pub const RESTARTED: &str = "restarted";
    /// What `outcome` says of a change that was taken back, since containerd did not come back with
    /// it.
    pub const ROLLED_BACK: &str = "rolled-back";
    /// What `outcome` says of a change that was taken back by hand.
    pub const UNDONE: &str = "undone";

    pub(crate) fn now() -> String {
        humantime::format_rfc3339_millis(SystemTime::now()).to_string()
    }

    /// Whether the config or a drop-in was another one afterwards.
    #[must_use]
    pub fn is_change(&self) -> bool {
        let differs =
            self.before != self.after || self.drop_ins.iter().any(|it| it.before != it.after);
        differs && self.outcome != Self::INTENDED
    }

    /// The entry with no more names than a line of the log shall have.
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

    /// The entry as in the log.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = json!({
            "time": self.time,
            "version": self.version,
            "command": self.command,
            "owner": self.owner,
            "handlers": {
                "added": self.handlers.added,
                "changed": self.handlers.changed,
                "removed": self.handlers.removed,
            },
            "keys": {
                "set": self.keys.set,
                "given_back": self.keys.given_back,
            },
            "before": self.before,
            "after": self.after,
            "outcome": self.outcome,
        });
        if !self.drop_ins.is_empty() {
            let drop_ins = self.drop_ins.iter().map(LoggedDropIn::to_json);
            json["drop_ins"] = drop_ins.collect();
        }
        json
    }

    /// The line for a log.
    fn to_line(&self) -> String {
        format!("{COMMENT}{}\n", self.shortened().to_json())
    }

    /// Reads a line of a log. `None`: it is none of this tool's, or was cut short.
    fn from_line(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(COMMENT.as_bytes())?;
        let line: Value = serde_json::from_slice(line).ok()?;
        let text = |key: &str| line.get(key)?.as_str().map(str::to_owned);
        let names = |of: &str, key: &str| -> Vec<String> {
            let names = line.get(of).and_then(|names| names.get(key));
            let names = names.and_then(Value::as_array).into_iter().flatten();
            names
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect()
        };
        let drop_ins = line.get("drop_ins").and_then(Value::as_array);
        let drop_ins = drop_ins.map(Vec::as_slice).unwrap_or_default();
        Some(Self {
            time: text("time")?,
            version: text("version")?,
            command: text("command")?,
            owner: text("owner"),
            handlers: Handlers {
                added: names("handlers", "added"),
                changed: names("handlers", "changed"),
                removed: names("handlers", "removed"),
            },
            keys: Keys {
                set: names("keys", "set"),
                given_back: names("keys", "given_back"),
                overridden: Vec::new(),
            },
            before: text("before"),
            after: text("after"),
            drop_ins: drop_ins.iter().filter_map(LoggedDropIn::of_json).collect(),
            outcome: text("outcome")?,
        })
    }
}
