//! T8: overlapping runs, a third of them killed and run again, and a reader that never sees half a
//! file.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use containerd_edit::{Document, Inventory};

use crate::command::{PROGRAM, Subject};
use crate::figures::tell;
use crate::folders;
use crate::ledgers::{self, wants};

const WRITERS: usize = 8;
/// Of each writer, for the command as it is.
const ROUNDS: usize = 250;
/// After so many a bug has shown itself, or the rig does not notice it.
const MOST_ROUNDS: usize = 2000;

/// Comments, an odd order, no final newline: what a rewrite would lose.
const CONFIG: &str = "# node-a\nversion = 2\n\n[plugins]\n  \
    [plugins.\"io.containerd.grpc.v1.cri\"]\n    sandbox_image = \"pause\" # pinned\n\
    [timeouts]\n  \"io.containerd.timeout.shim.shutdown\" = \"3s\"";

/// What is left beside a config when nobody works on it.
const NAMES: [&str; 7] = [
    "config.toml",
    "config.toml.last",
    "config.toml.lock",
    "config.toml.log",
    "config.toml.owners",
    "config.toml.owners.prev",
    "config.toml.prev",
];

#[derive(Default)]
struct Soak {
    runs: AtomicUsize,
    kills: AtomicUsize,
    reads: AtomicUsize,
    torn: AtomicUsize,
    lost: AtomicUsize,
    /// What was found, in words.
    bad: Mutex<Vec<String>>,
}

impl Soak {
    /// Lets the writers work on one config, each for so many rounds, or until something is found.
    fn of(subject: Subject, rounds: usize, is_to_find: bool) -> Self {
        let soak = Self::default();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("config.toml");
        std::fs::write(&config, CONFIG).expect("writes");
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    soak.lists(&config, "none");
                    soak.is_owner(&config, "none");
                    soak.reads.fetch_add(1, Ordering::Relaxed);
                }
            });
            let writers: Vec<_> = (0..WRITERS)
                .map(|number| {
                    let writer = Writer {
                        soak: &soak,
                        subject,
                        config: &config,
                        number,
                    };
                    scope.spawn(move || writer.work(rounds, is_to_find))
                })
                .collect();
            for writer in writers {
                writer.join().expect("a writer finds, it does not panic");
            }
            done.store(true, Ordering::Relaxed);
        });
        soak.has_all_owners(&config);
        soak.is_as_before(subject, &config);
        soak
    }

    fn found(&self, what: String) {
        self.bad.lock().expect("nobody panics here").push(what);
    }

    fn has_found(&self) -> bool {
        !self.bad.lock().expect("nobody panics here").is_empty()
    }

    /// Whether the config lists a handler. It must be whole at every instant.
    fn lists(&self, config: &Path, name: &str) -> bool {
        let bytes = std::fs::read(config).unwrap_or_default();
        let Ok(parsed) = Document::parse(&bytes) else {
            self.torn.fetch_add(1, Ordering::Relaxed);
            self.found(format!("torn: {}", String::from_utf8_lossy(&bytes)));
            return false;
        };
        let Ok(inventory) = Inventory::of(&parsed, None) else {
            self.torn.fetch_add(1, Ordering::Relaxed);
            self.found("torn: a version that no writer wrote".to_owned());
            return false;
        };
        let mut handlers = inventory.handlers.iter();
        handlers.any(|handler| handler.name == name)
    }

    /// Whether a ledger names an owner. It must be whole at every instant.
    fn is_owner(&self, config: &Path, name: &str) -> bool {
        // Before the first run there is none.
        let bytes = std::fs::read(ledgers::path(config, "")).unwrap_or_else(|_| b"{}".to_vec());
        if serde_json::from_slice::<serde_json::Value>(&bytes).is_err() {
            self.torn.fetch_add(1, Ordering::Relaxed);
            self.found(format!("torn: {}", String::from_utf8_lossy(&bytes)));
            return false;
        }
        bytes != b"{}" && wants(Some(&bytes)).contains_key(name)
    }

    /// Each writer has added its handler last.
    fn has_all_owners(&self, config: &Path) {
        for number in 0..WRITERS {
            let name = format!("writer-{number}");
            if !self.is_owner(config, &name) {
                self.found(format!("{name} is not in the ledger at the end"));
            }
        }
    }

    /// The last one to work there gives the original back, and leaves nothing of killed runs.
    fn is_as_before(&self, subject: Subject, config: &PathBuf) {
        let owners: Vec<String> = (0..WRITERS)
            .map(|number| format!("writer-{number}"))
            .collect();
        let mut verbs = vec![vec!["add", "last", "--preset", "crun"]];
        verbs.extend(owners.iter().map(|owner| vec!["remove", "--owner", owner]));
        verbs.push(vec!["remove", "last"]);
        for verb in verbs {
            let status = subject
                .run(PROGRAM)
                .arg("--config")
                .arg(config)
                .arg("-q")
                .args(&verb)
                .status();
            if !status.expect("the command starts").success() {
                self.found(format!("{verb:?} at the end fails"));
            }
        }
        let text = std::fs::read_to_string(config).unwrap_or_default();
        if text != CONFIG {
            self.found(format!("not the original at the end: {text}"));
        }
        let folder = config.parent().expect("a folder");
        let mut left = folders::names(folder);
        left.retain(|name| !NAMES.contains(&name.as_str()));
        if !left.is_empty() {
            self.found(format!("left over: {left:?}"));
        }
    }
}

/// One that adds and removes its own handler in turn.
struct Writer<'s> {
    soak: &'s Soak,
    subject: Subject,
    config: &'s PathBuf,
    number: usize,
}

impl Writer<'_> {
    fn work(&self, rounds: usize, is_to_find: bool) {
        let name = format!("handler-{}", self.number);
        let owner = format!("writer-{}", self.number);
        // The last one adds.
        for round in 0..=rounds {
            if is_to_find && self.soak.has_found() {
                return;
            }
            let is_add = round % 2 == 0;
            if is_add {
                self.run(
                    round,
                    &["add", &name, "--preset", "crun", "--owner", &owner],
                );
            } else {
                self.run(round, &["remove", &name, "--owner", &owner]);
            }
            let is_owner = self.soak.is_owner(self.config, &owner);
            if self.soak.lists(self.config, &name) != is_add || is_owner != is_add {
                self.soak.lost.fetch_add(1, Ordering::Relaxed);
                let what = if is_add {
                    "added and is lost"
                } else {
                    "removed and is back"
                };
                self.soak
                    .found(format!("{name} was {what} in round {round}"));
            }
        }
    }

    /// Starts a run; every third one is killed at a moment that differs each time, and run again.
    fn run(&self, round: usize, arguments: &[&str]) {
        self.soak.runs.fetch_add(1, Ordering::Relaxed);
        let command = || {
            let mut command = self.subject.run(PROGRAM);
            command
                .arg("--config")
                .arg(self.config)
                .arg("-q")
                .args(arguments)
                .args(["--lock-timeout", "120s"])
                .stderr(Stdio::piped());
            command
        };
        let turn = self.number * 7 + round;
        if turn.is_multiple_of(3) {
            let mut child = command().spawn().expect("the command starts");
            // No waiting for a state: the point is to hit whatever is going on.
            std::thread::sleep(Duration::from_micros((turn as u64 * 263) % 9000));
            let _ = child.kill();
            child.wait().expect("the killed run is gone");
            self.soak.kills.fetch_add(1, Ordering::Relaxed);
        }
        let ended = command().output().expect("the command starts");
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            self.soak
                .found(format!("{arguments:?}: {}: {said}", ended.status));
        }
    }
}

#[test]
fn eight_writers_lose_nothing_and_leave_nothing() {
    let started = Instant::now();
    let soak = Soak::of(Subject::SOUND, ROUNDS, false);
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    tell(&format!(
        "T8 soak: {} runs of {WRITERS} writers, {} killed and run again, {} reads, {} torn, {} lost, \
         {:.0} s",
        count(&soak.runs),
        count(&soak.kills),
        count(&soak.reads),
        count(&soak.torn),
        count(&soak.lost),
        started.elapsed().as_secs_f32(),
    ));
    let bad = soak.bad.into_inner().expect("nobody panicked");
    assert!(bad.is_empty(), "{:#?}", &bad[..bad.len().min(5)]);
    assert!(count(&soak.reads) > ROUNDS, "the reader read");
}

/// As [`Soak::of`], on a command with a bug.
fn is_noticed(bug: &'static str) {
    let soak = Soak::of(Subject::with(bug), MOST_ROUNDS, true);
    let bad = soak.bad.into_inner().expect("nobody panicked");
    let runs = soak.runs.load(Ordering::Relaxed);
    let first = bad.first();
    let first = first.unwrap_or_else(|| panic!("{bug} is not noticed in {runs} runs"));
    tell(&format!(
        "T8 with {bug}: noticed after {runs} runs: {first}"
    ));
}

#[test]
fn a_missing_lock_is_noticed() {
    is_noticed("NoLock");
}

#[test]
fn a_lock_file_that_is_unlinked_is_noticed() {
    is_noticed("UnlinkedLock");
}
