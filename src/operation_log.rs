//! The operation log: what was done to a config and what was refused, one JSON line for each run.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::OFlags;
use serde_json::{Value, json};

use crate::error::REGULAR;
use crate::file::lock::ConfigLock;
use crate::file::{leftovers, sidecar, target};
use crate::patch::Handlers;

/// A log does not grow beyond this, in bytes: then its older half goes.
const MOST_BYTES: u64 = 256 * 1024;

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
/// So many names of handlers that were added, changed or removed are noted down.
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
        let handlers = &mut entry.handlers;
        for names in [
            &mut handlers.added,
            &mut handlers.changed,
            &mut handlers.removed,
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

    /// Reads a line of a log. `None`: it is none of this tool's, or was cut short.
    fn from_line(line: &[u8]) -> Option<Self> {
        let line = line.strip_prefix(COMMENT.as_bytes())?;
        let line: Value = serde_json::from_slice(line).ok()?;
        let text = |key: &str| line.get(key)?.as_str().map(str::to_owned);
        let names = |key: &str| -> Vec<String> {
            let names = line.get("handlers").and_then(|handlers| handlers.get(key));
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
                added: names("added"),
                changed: names("changed"),
                removed: names("removed"),
            },
            before: text("before"),
            after: text("after"),
            drop_ins: drop_ins.iter().filter_map(LoggedDropIn::of_json).collect(),
            outcome: text("outcome")?,
        })
    }
}

/// Adds an entry to the log at `path`. The lock keeps others from doing the same.
pub(crate) fn append(_lock: &ConfigLock, path: &Path, entry: &LogEntry) -> io::Result<()> {
    let mut file = open(path, true)?;
    let length = file.metadata()?.len();
    let line = format!("{COMMENT}{}\n", entry.shortened().to_json());
    if length + line.len() as u64 > MOST_BYTES {
        return shorten(file, path, &line);
    }
    // A run that was killed while it wrote has left half a line.
    let whole = length == 0 || ends_a_line(&file, length)?;
    let line = if whole { line } else { format!("\n{line}") };
    file.write_all(line.as_bytes())
}

/// The entries of the log at `path`, the oldest first. Of one that others have made larger than a
/// log gets, the newest.
///
/// # Errors
///
/// If there is a log that can't be read.
pub(crate) fn read(path: &Path) -> io::Result<Vec<LogEntry>> {
    let mut bytes = Vec::new();
    match open(path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => {
            let mut log = opened?;
            newest(&mut log, MOST_BYTES)?.read_to_end(&mut bytes)?
        }
    };
    let lines = bytes.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(LogEntry::from_line).collect())
}

/// Opens a log, which must be a file with no other name: what is added to it must not get into
/// somebody else's file.
fn open(path: &Path, to_append: bool) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .append(to_append)
        .create(to_append)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let planted = |found: &str| io::Error::other(format!("{found} stands in its place"));
    let file = opened.map_err(|error| match target::kind_at(path) {
        Some(found) if found != REGULAR => planted(found),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(planted(target::kind(metadata.file_type())));
    }
    if to_append && metadata.nlink() > 1 {
        return Err(planted("a hard link to another file"));
    }
    Ok(file)
}

fn ends_a_line(file: &File, length: u64) -> io::Result<bool> {
    use std::os::unix::fs::FileExt as _;
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1)?;
    Ok(last == *b"\n")
}

/// The last bytes of a log, from the beginning of a line on.
fn newest(log: &mut File, most: u64) -> io::Result<BufReader<&mut File>> {
    let from = log.metadata()?.len().saturating_sub(most);
    log.seek(SeekFrom::Start(from))?;
    let mut newest = BufReader::new(log);
    if from > 0 {
        newest.skip_until(b'\n')?;
    }
    Ok(newest)
}

/// Puts the newer half of a log and one more line in its place.
#[expect(
    clippy::disallowed_methods,
    reason = "what is open here is a log, and no other file is renamed over it"
)]
fn shorten(mut log: File, path: &Path, line: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    // Of a log beside a config, a temporary file of that config.
    let prefix = sidecar::temporary_prefix(&path.with_extension(""));
    // Elsewhere nobody sweeps what a killed run has left.
    leftovers::sweep_pending(folder, &prefix);
    let mode = log.metadata()?.mode() & 0o777;
    let mut shorter = sidecar::pending(&prefix)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)?;
    io::copy(&mut newest(&mut log, MOST_BYTES / 2)?, &mut shorter)?;
    shorter.write_all(line.as_bytes())?;
    let kept = shorter.into_temp_path().persist(path);
    kept.map_err(|error| error.error)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "others write as they like")]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::file::lock::Patience;

    fn entry(number: usize) -> LogEntry {
        LogEntry {
            time: LogEntry::now(),
            version: "0.1.0".to_owned(),
            command: format!("add handler-{number}"),
            owner: Some("ops".to_owned()),
            handlers: Handlers {
                added: vec![format!("handler-{number}")],
                ..Handlers::default()
            },
            before: None,
            after: Some("0".repeat(64)),
            drop_ins: vec![LoggedDropIn {
                path: "/etc/containerd/conf.d/50-ops.toml".into(),
                before: None,
                after: Some("1".repeat(64)),
            }],
            outcome: LogEntry::CHANGED.to_owned(),
        }
    }

    fn locked() -> (tempfile::TempDir, ConfigLock, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("config.toml");
        let patience = Patience {
            timeout: Duration::ZERO,
            on_wait: &|_, _| {},
            interrupted: &|| false,
        };
        let lock = ConfigLock::acquire(&config, "test", &patience).expect("free");
        (folder, lock, sidecar::log(&config))
    }

    #[test]
    fn entries_are_read_as_they_were_written() {
        let (_folder, lock, log) = locked();
        let entries = [entry(1), entry(2)];
        for entry in &entries {
            append(&lock, &log, entry).expect("appends");
        }
        assert_eq!(read(&log).expect("readable"), entries);
        assert_eq!(fs::metadata(&log).expect("exists").mode() & 0o777, 0o600);
    }

    #[test]
    fn half_a_line_of_a_killed_run_costs_no_other() {
        let (_folder, lock, log) = locked();
        fs::write(&log, "not ours\n# {\"time\":\"2026").expect("writes");
        append(&lock, &log, &entry(1)).expect("appends");
        assert_eq!(read(&log).expect("readable"), [entry_like(&log)]);
        let text = fs::read_to_string(&log).expect("readable");
        assert!(
            text.starts_with("not ours\n# {\"time\":\"2026\n# {\"time\""),
            "{text}"
        );
    }

    /// The entry of `handler-1` with the time that the log has.
    fn entry_like(log: &Path) -> LogEntry {
        let time = read(log).expect("readable")[0].time.clone();
        LogEntry { time, ..entry(1) }
    }

    #[test]
    fn a_log_stays_small_and_keeps_what_is_new() {
        let (folder, lock, log) = locked();
        let mut number = 0;
        let mut longest = 0;
        while number < 3000 {
            append(&lock, &log, &entry(number)).expect("appends");
            longest = longest.max(fs::metadata(&log).expect("exists").len());
            number += 1;
        }
        assert!(
            longest <= MOST_BYTES && longest > MOST_BYTES * 9 / 10,
            "{longest}"
        );
        let kept = read(&log).expect("readable");
        let numbers = kept.iter().map(|entry| entry.command.clone());
        let wanted = (3000 - kept.len()..3000).map(|number| format!("add handler-{number}"));
        assert!(numbers.eq(wanted), "the newest, each of them, in order");
        let names = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 2, "the log and the lock");
    }

    /// Elsewhere than beside a config, nobody else would.
    #[test]
    fn what_a_killed_run_left_of_a_log_goes_with_the_next_shortening() {
        let (folder, lock, _) = locked();
        let log = folder.path().join("edits.log");
        let left = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "half a log").expect("writes");
            path
        };
        let pending = left(".edits.aB3dE5gH7j.tmp");
        let others = [
            left(".other.aB3dE5gH7j.tmp"),
            left(".edits.aB3dE5gH7j.absent.0123456789abcdef.tmp"),
        ];
        let lines = "# x\n".repeat(usize::try_from(MOST_BYTES / 4).expect("small"));
        fs::write(&log, lines).expect("writes");
        append(&lock, &log, &entry(1)).expect("appends");
        assert!(fs::metadata(&log).expect("exists").len() < MOST_BYTES);
        assert!(!pending.exists(), "swept");
        assert!(others.iter().all(|other| other.exists()), "kept");
    }

    #[test]
    fn what_is_no_log_is_not_written_to() {
        let (folder, lock, log) = locked();
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "theirs").expect("writes");
        for plant in ["link", "hard link", "folder", "fifo"] {
            match plant {
                "link" => std::os::unix::fs::symlink(&elsewhere, &log).expect("links"),
                "hard link" => fs::hard_link(&elsewhere, &log).expect("links"),
                "folder" => fs::create_dir(&log).expect("creates"),
                _ => {
                    let mode = rustix::fs::Mode::RWXU;
                    rustix::fs::mkfifoat(rustix::fs::CWD, &log, mode).expect("makes a FIFO");
                }
            }
            let error = append(&lock, &log, &entry(1)).expect_err(plant);
            assert!(
                error.to_string().contains("stands in its place"),
                "{plant}: {error}"
            );
            if plant == "folder" {
                fs::remove_dir(&log).expect("removes");
            } else {
                fs::remove_file(&log).expect("removes");
            }
        }
        assert_eq!(fs::read(&elsewhere).expect("readable"), b"theirs");
    }
}
