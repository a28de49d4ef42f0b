//! T4 and T5: real filesystems that lose what they had not yet written, while the command runs, when
//! it was killed, and right after it has said that it is done.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::command::{PROGRAM, Subject};
use crate::edits::{DEADLINE, Edit, read};
use crate::ledgers::{self, Ledgers, Recorded};
use crate::loop_filesystem::{Kind, LoopFilesystem};
use crate::process::{Run, finished};
use crate::promise::{Promise, shown_beside};
use crate::report::{Report, Until};
use crate::stopped::Stopping;
use crate::syscalls::Call;
use crate::tracer::{Injection, Tracer, placing};

/// Of a config that was there before: not that of a new one.
const MODE: u32 = 0o640;
/// How often a run is repeated where only chance could tell one from the other.
const ROUNDS: usize = 10;

/// Everything that puts something else in the config's place.
const CHANGES: [Edit; 4] = [Edit::Add, Edit::Remove, Edit::Create, Edit::Delete];
/// And what changes the ledger alone, and what finds there what a killed run has put.
const EDITS: [Edit; 6] = [
    Edit::Add,
    Edit::Remove,
    Edit::Create,
    Edit::Delete,
    Edit::Record,
    Edit::Unchanged,
];

/// A filesystem, mounted, and the command that is tried on it.
struct Rig {
    filesystem: LoopFilesystem,
    subject: Subject,
    report: Report,
}

/// A run that nobody disturbed.
struct Rehearsal {
    calls: Vec<Call>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    ledger: Recorded,
}

impl Rehearsal {
    /// Whether a run has come to its files; one that has none, to the ledger.
    fn has_begun(&self, bytes: Option<&[u8]>, ledgers: &Ledgers) -> bool {
        if self.old == self.new {
            ledgers.now == self.ledger.new
        } else {
            bytes == self.new.as_deref()
        }
    }
}

impl Rig {
    fn new(kind: Kind, subject: Subject) -> Self {
        Self {
            filesystem: LoopFilesystem::new(kind),
            subject,
            report: Self::report(subject),
        }
    }

    fn report(subject: Subject) -> Report {
        Report::begun(match subject.bugs {
            None => Until::End,
            Some(_) => Until::FirstFinding,
        })
    }

    /// What was reported until now.
    fn take_report(&mut self) -> Report {
        std::mem::replace(&mut self.report, Self::report(self.subject))
    }

    /// The config's path for the command.
    fn config(&self) -> PathBuf {
        self.filesystem.path().join("etc/config.toml")
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        read(&self.filesystem.seen("etc/config.toml"))
    }

    fn ledgers(&self) -> Ledgers {
        Ledgers::beside(&self.filesystem.seen("etc/config.toml"))
    }

    fn tracer(&self) -> Tracer {
        Tracer::entering(self.subject, &self.filesystem.namespace().entering())
    }

    fn run(&self, subject: Subject, arguments: &[&str]) -> Run {
        let entering = self.filesystem.namespace().entering();
        let mut command = subject.run(&entering[0]);
        command
            .args(&entering[1..])
            .arg(PROGRAM)
            .arg("--config")
            .arg(self.config())
            .args(arguments);
        finished(&mut command, DEADLINE)
    }

    /// Puts on the disk what an edit starts from, for certain.
    fn prepare(&self, edit: Edit) {
        let folder = self.filesystem.seen("etc");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("all of it goes");
        }
        std::fs::create_dir(&folder).expect("a new folder");
        if let Some(config) = edit.first_config() {
            let path = folder.join("config.toml");
            std::fs::write(&path, config).expect("writes");
            std::fs::set_permissions(path, Permissions::from_mode(MODE)).expect("chmod");
        }
        if let Some(arguments) = edit.first_run() {
            let first = self.run(Subject::SOUND, arguments);
            assert_eq!(first.code(), Some(0), "nothing to go on from: {first:?}");
        }
        let folder = File::open(folder).expect("it is there");
        rustix::fs::syncfs(folder).expect("synced");
    }

    fn rehearse(&self, edit: Edit) -> Rehearsal {
        self.prepare(edit);
        let (old, old_ledger) = (self.bytes(), self.ledgers().now);
        let traced = self.tracer().run(&self.config(), edit.arguments());
        assert_eq!(traced.run.code(), Some(0), "{edit:?}: {traced:?}");
        let new = self.bytes();
        let ledger = Recorded {
            old: old_ledger,
            new: self.ledgers().now,
        };
        assert_ne!(ledger.old, ledger.new, "{edit:?} changes nothing");
        Rehearsal {
            calls: traced.calls(),
            old,
            new,
            ledger,
        }
    }

    /// Looks at what a power cut has left of a run, and has the command run on it once more. `what`
    /// tells how it came to that.
    fn look(&mut self, edit: Edit, rehearsal: &Rehearsal, run: &Run, what: &str) {
        self.filesystem.remount();
        let promise = match run.code() {
            Some(code) => Promise::of(code),
            None if run.stdout.is_empty() => Promise::None,
            // It was killed behind its message.
            None => Promise::Done,
        };
        let complaint = self.judge(edit, rehearsal, promise).err();
        self.report
            .add(complaint.map(|complaint| format!("{edit:?}, {what}: {complaint}; {run:?}")));
    }

    fn judge(&self, edit: Edit, rehearsal: &Rehearsal, promise: Promise) -> Result<(), String> {
        let bytes = self.bytes();
        let (old, new) = (rehearsal.old.as_deref(), rehearsal.new.as_deref());
        let left = shown_beside(bytes.as_deref(), old);
        if !promise.allows(bytes.as_deref(), old, new) {
            return Err(format!("{promise:?}, and the disk holds {left}"));
        }
        let ledgers = self.ledgers();
        let has_begun = rehearsal.has_begun(bytes.as_deref(), &ledgers);
        if let Some(wrong) = rehearsal.ledger.wrong(&ledgers, has_begun, promise) {
            return Err(format!("{promise:?}, and {wrong}"));
        }
        if bytes.is_some() && edit.first_config().is_some() {
            let metadata = self.filesystem.seen("etc/config.toml").metadata();
            let mode = metadata.expect("it is there").permissions().mode() & 0o7777;
            if mode != MODE {
                return Err(format!("its mode is {mode:o}, not {MODE:o}"));
            }
        }
        let again = self.run(Subject::SOUND, edit.arguments());
        if again.code() != Some(0) || self.bytes() != rehearsal.new {
            return Err(format!("the disk holds {left}; the next run: {again:?}"));
        }
        let ledgers = self.ledgers();
        if ledgers.now != rehearsal.ledger.new || ledgers.before.is_some() {
            return Err(format!("after the next run, the ledger: {ledgers:?}"));
        }
        Ok(())
    }

    /// SIGKILL before each call from the first one that creates a file on, and then a power cut.
    fn kill_everywhere(&mut self, edit: Edit) {
        let rehearsal = self.rehearse(edit);
        let first = first_change(&rehearsal.calls, &self.config());
        for call in &rehearsal.calls[first..] {
            if !self.report.goes_on() {
                return;
            }
            self.prepare(edit);
            let kill = Injection::at("signal=KILL", call);
            let tracer = self.tracer().inject(&kill);
            let run = tracer.run(&self.config(), edit.arguments()).run;
            self.filesystem.shut_down();
            assert_eq!(run.signal(), Some(9), "not killed at {kill}");
            self.look(edit, &rehearsal, &run, &kill.to_string());
        }
    }

    /// A power cut while the command stands still between two calls, from when it has replaced the
    /// ledger until it has synced for the last time; then it goes on. The disk will take nothing
    /// any more, and the command must not claim that it has.
    fn stop_around_syncs(&mut self, edit: Edit) {
        let rehearsal = self.rehearse(edit);
        let calls = &rehearsal.calls;
        let ledger = ledgers::path(&self.config(), "");
        let replaced = placing(calls, &ledger).expect("it replaces the ledger");
        let synced = calls.iter().rposition(Call::is_sync).expect("it syncs");
        for call in &calls[replaced..=synced] {
            if !self.report.goes_on() {
                return;
            }
            self.prepare(edit);
            let stop = Injection::at("signal=STOP", call);
            let tracer = self.tracer().inject(&stop);
            let mut stopping = Stopping::start(tracer, &self.config(), edit.arguments());
            assert!(stopping.has_stopped(), "{edit:?}: not at {stop}");
            self.filesystem.shut_down();
            stopping.go_on();
            let run = stopping.end().run;
            self.look(edit, &rehearsal, &run, &stop.to_string());
        }
    }

    /// A power cut right after the command has said that it is done.
    fn acknowledged(&mut self, edit: Edit) {
        let rehearsal = self.rehearse(edit);
        for round in 0..ROUNDS {
            if !self.report.goes_on() {
                return;
            }
            self.prepare(edit);
            if edit == Edit::Unchanged {
                // What it finds there is what a killed run had not yet synced.
                let kill = Injection::when_replaced(&rehearsal.calls, &self.config());
                let run = self.tracer().inject(&kill);
                let run = run.run(&self.config(), edit.arguments());
                assert_eq!(run.run.signal(), Some(9), "not killed at {kill}");
                assert_eq!(self.bytes(), rehearsal.new, "not yet replaced at {kill}");
            }
            let run = self.run(self.subject, edit.arguments());
            self.filesystem.shut_down();
            assert_eq!(run.code(), Some(0), "{edit:?}: {run:?}");
            self.look(edit, &rehearsal, &run, &format!("round {round}"));
        }
    }
}

/// The first call that creates something beside the config: before that, a run only reads.
fn first_change(calls: &[Call], config: &Path) -> usize {
    let folder = config.parent().expect("it lies in a folder");
    let folder = folder.as_os_str().as_encoded_bytes();
    let creates = |call: &Call| {
        let flags = call.other(2).unwrap_or_default();
        let path = call.text(1).unwrap_or_default();
        call.name == "openat" && flags.contains("O_CREAT") && path.starts_with(folder)
    };
    calls.iter().position(creates).expect("it takes a lock")
}

/// T4 on one filesystem.
fn killed_or_stopped(kind: Kind) {
    let mut rig = Rig::new(kind, Subject::SOUND);
    for edit in CHANGES {
        rig.kill_everywhere(edit);
    }
    let kind = kind.name();
    rig.take_report()
        .is_clean(&format!("T4 {kind}, killed and shut down"));
    for edit in CHANGES.into_iter().chain([Edit::Record]) {
        rig.stop_around_syncs(edit);
    }
    rig.report
        .is_clean(&format!("T4 {kind}, shut down around syncs"));
}

/// T5 on one filesystem.
fn acknowledged(kind: Kind) {
    let mut rig = Rig::new(kind, Subject::SOUND);
    for edit in EDITS {
        rig.acknowledged(edit);
    }
    rig.report
        .is_clean(&format!("T5 {}, shut down after exit 0", kind.name()));
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn killed_and_shut_down_the_config_is_old_or_new_on_ext4() {
    killed_or_stopped(Kind::Ext4);
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn killed_and_shut_down_the_config_is_old_or_new_on_xfs() {
    killed_or_stopped(Kind::Xfs);
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn what_was_acknowledged_survives_a_shutdown_of_ext4() {
    acknowledged(Kind::Ext4);
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn what_was_acknowledged_survives_a_shutdown_of_xfs() {
    acknowledged(Kind::Xfs);
}

/// Asserts that a bug shows in each of these edits on a filesystem, within [`ROUNDS`]: what a call
/// gets that comes right after a shutdown is up to chance. xfs syncs a folder with success once it has
/// dropped what it had not yet written, and with EIO a moment earlier.
#[track_caller]
fn is_noticed(bug: &'static str, kind: Kind, edits: &[Edit], rig_for: impl Fn(&mut Rig, Edit)) {
    let mut rig = Rig::new(kind, Subject::with(bug));
    for edit in edits {
        for _ in 0..ROUNDS {
            if rig.report.goes_on() {
                rig_for(&mut rig, *edit);
            }
        }
        let noticed_in = format!("{edit:?}, ");
        rig.take_report()
            .has_findings(&format!("Shutdowns of {}", kind.name()), bug, &noticed_in);
    }
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_missing_last_sync_is_noticed_on_xfs() {
    is_noticed("NoLastSync", Kind::Xfs, &CHANGES, Rig::stop_around_syncs);
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn missing_syncs_are_noticed() {
    // One of them is enough for ext4 and xfs as they are: a file's sync takes the rename along.
    // That a folder is not synced is what T3 notices.
    let bugs = "NoFolderSync,NoLastSync";
    for kind in [Kind::Ext4, Kind::Xfs] {
        is_noticed(bugs, kind, &EDITS, Rig::acknowledged);
    }
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_ledger_that_comes_after_the_files_is_noticed() {
    for kind in [Kind::Ext4, Kind::Xfs] {
        let edits = [Edit::Add, Edit::Remove];
        is_noticed("LateLedger", kind, &edits, Rig::stop_around_syncs);
    }
}
