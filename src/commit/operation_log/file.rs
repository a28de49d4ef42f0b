//! The operation log as a file: adding a line, reading it, keeping it small.

use std::fs::{File, Permissions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::LogEntry;
use crate::disk::existing::{self, Unread, read_whole};
use crate::disk::lock::ConfigLock;
use crate::disk::{leftovers, sidecar};

/// A log does not grow beyond this, in bytes: then its older half goes.
const MOST_BYTES: u64 = 256 * 1024;

/// Adds an entry to the log at `path`. The lock keeps others from doing the same.
pub(crate) fn append(_lock: &ConfigLock, path: &Path, entry: &LogEntry) -> io::Result<()> {
    let mut file = open(path, true)?;
    let length = file.metadata()?.len();
    let line = entry.to_line();
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
    let bytes = match open(path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => read_whole(newest(&mut opened?, MOST_BYTES)?, MOST_BYTES)?,
    };
    let lines = bytes.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(LogEntry::from_line).collect())
}

/// Opens a log, which must be a file with no other name: what is added to it must not get into
/// somebody else's file.
fn open(path: &Path, to_append: bool) -> io::Result<File> {
    let mut options = existing::no_link();
    options.append(to_append).create(to_append).mode(0o600);
    let (file, metadata) = existing::open_file(path, &options)?;
    if to_append && metadata.nlink() > 1 {
        return Err(Unread::NotAFile("a hard link to another file").into());
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
    // Not a config's prefix: whoever holds that config's lock may be writing such a file now.
    let prefix = sidecar::temporary_prefix(path);
    // Nobody else sweeps what a killed run has left.
    leftovers::sweep_pending(folder, prefix.clone());
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
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::commit::operation_log::LoggedDropIn;
    use crate::disk::lock::Patience;
    use crate::edit::edited::{Handlers, Keys};

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
            keys: Keys {
                set: vec!["debug.level".to_owned()],
                given_back: vec!["proxy_plugins.\"a b\".type".to_owned()],
                overridden: Vec::new(),
            },
            new_default: Some("crun".to_owned()),
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
        let pending = left(".edits.log.aB3dE5gH7j.tmp");
        let others = [
            left(".other.log.aB3dE5gH7j.tmp"),
            left(".edits.log.aB3dE5gH7j.absent.0123456789abcdef.tmp"),
            // What a run is writing that edits the config `edits`.
            left(".edits.aB3dE5gH7j.tmp"),
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
