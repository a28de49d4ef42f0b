//! T4 and T5: real filesystems that lose what they had not yet written, while the command runs, when
//! it was killed, and right after it has said that it is done.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::command::Build;
use crate::loop_filesystem::{Kind, LoopFilesystem};
use crate::operations::{ADD, Operation, shown};
use crate::syscalls::Call;
use crate::tracer::{Injection, Tracer, placing};

/// How often a run is repeated where only chance could tell one from the other.
const ROUNDS: usize = 10;
const DEADLINE: Duration = Duration::from_secs(20);
/// So many complaints show what is wrong.
const ENOUGH: usize = 20;

/// A filesystem, mounted, and the command that is tried on it.
struct Rig {
    filesystem: LoopFilesystem,
    build: Build,
    report: Report,
}

#[derive(Default)]
struct Report {
    cycles: usize,
    bad: Vec<String>,
}

/// A run that nobody disturbed.
struct Rehearsal {
    calls: Vec<Call>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

impl Rig {
    fn new(kind: Kind, build: Build) -> Self {
        Self {
            filesystem: LoopFilesystem::new(kind),
            build,
            report: Report::default(),
        }
    }

    /// The config's path for the command.
    fn config(&self) -> PathBuf {
        self.filesystem.path().join("etc/config.toml")
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        std::fs::read(self.filesystem.seen("etc/config.toml")).ok()
    }

    fn tracer(&self) -> Tracer {
        Tracer::new(self.build, &self.filesystem.namespace().entering())
    }

    fn run(&self, build: Build, arguments: &[&str]) -> Output {
        let entering = self.filesystem.namespace().entering();
        build
            .run(&entering[0])
            .args(&entering[1..])
            .arg(build.path())
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the command starts")
    }

    /// Puts on the disk what an operation starts from, for certain.
    fn prepare(&self, operation: Operation) {
        let folder = self.filesystem.seen("etc");
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("all of it goes");
        }
        std::fs::create_dir(&folder).expect("a new folder");
        if let Some(config) = operation.config() {
            std::fs::write(folder.join("config.toml"), config).expect("writes");
        }
        if operation.follows_add() {
            let added = self.run(Build::SOUND, &ADD);
            assert!(added.status.success(), "nothing to remove: {added:?}");
        }
        let folder = File::open(folder).expect("it is there");
        rustix::fs::syncfs(folder).expect("synced");
    }

    fn rehearse(&self, operation: Operation) -> Rehearsal {
        self.prepare(operation);
        let old = self.bytes();
        let run = self.tracer().run(&self.config(), operation.arguments());
        assert!(
            run.output.status.success(),
            "{operation:?}: {:?}",
            run.output
        );
        let new = self.bytes();
        assert_ne!(old, new, "{operation:?} changes nothing");
        Rehearsal {
            calls: run.calls,
            old,
            new,
        }
    }

    /// Looks at what a power cut has left of a run, and has the command run on it once more. `what`
    /// tells how it came to that.
    fn look(&mut self, operation: Operation, rehearsal: &Rehearsal, run: &Output, what: &str) {
        self.filesystem.remount();
        self.report.cycles += 1;
        // A run that was killed behind its message has promised just as much.
        let acknowledged =
            run.status.success() || (run.status.code().is_none() && !run.stdout.is_empty());
        let Err(complaint) = self.judge(operation, rehearsal, acknowledged) else {
            return;
        };
        let build = self.build.bug.unwrap_or("sound");
        let (kind, status) = (self.filesystem.kind().name(), run.status);
        self.report.bad.push(format!(
            "{kind}, {build} build, {operation:?}, {what}, {status}: {complaint}"
        ));
    }

    fn judge(
        &self,
        operation: Operation,
        rehearsal: &Rehearsal,
        acknowledged: bool,
    ) -> Result<(), String> {
        let bytes = self.bytes();
        let left = shown(bytes.as_deref(), rehearsal.old.as_deref());
        if bytes != rehearsal.new && (acknowledged || bytes != rehearsal.old) {
            return Err(format!("the disk holds {left}"));
        }
        let again = self.run(self.build, operation.arguments());
        if !again.status.success() || self.bytes() != rehearsal.new {
            return Err(format!("the disk holds {left}; the next run: {again:?}"));
        }
        Ok(())
    }

    /// Whether to go on: one complaint is enough of a build that has a bug.
    fn goes_on(&self) -> bool {
        self.build.bug.is_none() || self.report.bad.is_empty()
    }

    /// SIGKILL before each call from the first one that creates a file on, and then a power cut.
    fn kill_everywhere(&mut self, operation: Operation) {
        let rehearsal = self.rehearse(operation);
        for index in first_change(&rehearsal.calls, &self.config())..rehearsal.calls.len() {
            if !self.goes_on() {
                return;
            }
            self.prepare(operation);
            let kill = Injection::at("KILL", &rehearsal.calls, index);
            let tracer = self.tracer().inject(&kill);
            let run = tracer.run(&self.config(), operation.arguments());
            self.filesystem.shut_down();
            assert!(!run.output.status.success(), "not killed at {kill}");
            self.look(operation, &rehearsal, &run.output, &kill.to_string());
        }
    }

    /// A power cut while the command stands still between two calls, from when it has replaced the
    /// config until it has synced for the last time; then it goes on. The disk will take nothing
    /// any more, and the command must not claim that it has.
    fn stop_around_syncs(&mut self, operation: Operation) {
        let rehearsal = self.rehearse(operation);
        let calls = &rehearsal.calls;
        let replaced = placing(calls, &self.config()).expect("it replaces the config");
        let is_sync = |call: &Call| call.name == "fsync" || call.name == "fdatasync";
        let synced = calls.iter().rposition(is_sync).expect("it syncs");
        for index in replaced..=synced {
            if !self.goes_on() {
                return;
            }
            self.prepare(operation);
            let stop = Injection::at("STOP", calls, index);
            let run = Stopped::at(self, operation, &stop);
            self.filesystem.shut_down();
            let output = run.go_on();
            self.look(operation, &rehearsal, &output, &stop.to_string());
        }
    }

    /// A power cut right after the command has said that it is done.
    fn acknowledged(&mut self, operation: Operation) {
        let rehearsal = self.rehearse(operation);
        for round in 0..ROUNDS {
            if !self.goes_on() {
                return;
            }
            self.prepare(operation);
            if operation == Operation::UnchangedAfterKill {
                let kill = Injection::when_replaced(&rehearsal.calls, &self.config());
                let run = self.tracer().inject(&kill);
                let run = run.run(&self.config(), operation.arguments());
                assert!(!run.output.status.success(), "not killed at {kill}");
                assert_eq!(self.bytes(), rehearsal.new, "not yet replaced at {kill}");
            }
            let run = self.run(self.build, operation.arguments());
            self.filesystem.shut_down();
            assert!(run.status.success(), "{operation:?}: {run:?}");
            self.look(operation, &rehearsal, &run, &format!("round {round}"));
        }
    }
}

/// The first call that creates something beside the config: before that, a run only reads.
fn first_change(calls: &[Call], config: &std::path::Path) -> usize {
    let folder = config.parent().expect("it lies in a folder");
    let folder = folder.as_os_str().as_encoded_bytes();
    let creates = |call: &Call| {
        let flags = call.other(2).unwrap_or_default();
        let path = call.text(1).unwrap_or_default();
        call.name == "openat" && flags.contains("O_CREAT") && path.starts_with(folder)
    };
    calls.iter().position(creates).expect("it takes a lock")
}

/// A run that stands still, or is about to. Dropped, it is killed.
struct Stopped {
    strace: Option<Child>,
    command: Option<Pid>,
    tracer: Tracer,
}

impl Stopped {
    fn at(rig: &Rig, operation: Operation, stop: &Injection) -> Self {
        let mut tracer = rig.tracer().inject(stop);
        let strace = tracer
            .command(&rig.config(), operation.arguments())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut run = Self {
            strace: Some(strace.expect("strace starts: install Debian's package strace")),
            command: None,
            tracer,
        };
        let started = Instant::now();
        loop {
            let log = run.tracer.log();
            let stopped = log
                .lines()
                .find_map(|line| line.strip_suffix(" --- stopped by SIGSTOP ---"));
            if let Some(process) = stopped {
                run.command = process.trim().parse().ok().and_then(Pid::from_raw);
                return run;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "it does not stop at {stop}: {log}"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn go_on(mut self) -> Output {
        let command = self.command.expect("it stands still");
        kill_process(command, Signal::CONT).expect("it is there");
        let strace = self.strace.take().expect("it goes on once");
        strace.wait_with_output().expect("it ends")
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let Some(mut strace) = self.strace.take() else {
            return;
        };
        if let Some(command) = self.command {
            let _ = kill_process(command, Signal::KILL);
        }
        let _ = strace.kill();
        let _ = strace.wait();
    }
}

/// T4 on one filesystem.
fn killed_or_stopped(kind: Kind, build: Build) -> (Report, Report) {
    let mut rig = Rig::new(kind, build);
    for operation in [Operation::Add, Operation::Remove] {
        rig.kill_everywhere(operation);
    }
    let killed = std::mem::take(&mut rig.report);
    for operation in [Operation::Add, Operation::Remove, Operation::FirstCreation] {
        rig.stop_around_syncs(operation);
    }
    (killed, rig.report)
}

/// T5 on one filesystem.
fn acknowledged(kind: Kind, build: Build) -> Report {
    let mut rig = Rig::new(kind, build);
    for operation in [
        Operation::Add,
        Operation::Remove,
        Operation::UnchangedAfterKill,
        Operation::FirstCreation,
        Operation::Deletion,
    ] {
        rig.acknowledged(operation);
    }
    rig.report
}

#[track_caller]
fn has_none(report: &Report) {
    let some = &report.bad[..report.bad.len().min(ENOUGH)];
    assert!(some.is_empty(), "{some:#?}");
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
#[expect(clippy::print_stdout, reason = "the figures of a test run")]
fn killed_and_shut_down_the_config_is_old_or_new() {
    for kind in [Kind::Ext4, Kind::Xfs] {
        let (killed, stopped) = killed_or_stopped(kind, Build::SOUND);
        println!(
            "T4 {}: {} kills and shutdowns, {} bad; {} shutdowns around syncs, {} bad",
            kind.name(),
            killed.cycles,
            killed.bad.len(),
            stopped.cycles,
            stopped.bad.len()
        );
        has_none(&killed);
        has_none(&stopped);
    }
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
#[expect(clippy::print_stdout, reason = "the figures of a test run")]
fn what_was_acknowledged_survives_a_shutdown() {
    for kind in [Kind::Ext4, Kind::Xfs] {
        let report = acknowledged(kind, Build::SOUND);
        println!(
            "T5 {}: {} shutdowns after exit 0, {} lost",
            kind.name(),
            report.cycles,
            report.bad.len()
        );
        has_none(&report);
    }
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "the figures of a test run")]
fn is_noticed(bug: &str, report: &Report) {
    assert!(!report.bad.is_empty(), "{bug} was not noticed");
    println!("{bug}: {}", report.bad[0]);
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_missing_last_sync_is_noticed_on_xfs() {
    let bug = "NoLastSync";
    let mut rig = Rig::new(Kind::Xfs, Build::with(bug));
    rig.stop_around_syncs(Operation::Add);
    is_noticed(bug, &rig.report);
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn missing_syncs_are_noticed() {
    // One of them is enough for ext4 and xfs as they are: a file's sync takes the rename along.
    // That a folder is not synced is what T3 notices.
    let bug = "NoFolderSync,NoLastSync";
    for kind in [Kind::Ext4, Kind::Xfs] {
        is_noticed(bug, &acknowledged(kind, Build::with(bug)));
    }
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn nothing_to_do_without_a_sync_is_noticed() {
    let bug = "UnsyncedUnchanged";
    for kind in [Kind::Ext4, Kind::Xfs] {
        is_noticed(bug, &acknowledged(kind, Build::with(bug)));
    }
}
