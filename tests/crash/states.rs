//! T3: after a crash at any moment, whatever the disk may hold then, the config is the old one or the
//! new one; once a run has said that it is done, the new one; and a next run gets there.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use crate::command::Build;
use crate::disk::{Disk, Effect, Node, State};
use crate::operations::{ADD, Operation, shown};
use crate::syscalls::Call;
use crate::tracer::{Injection, Tracer};

/// So many complaints show what is wrong.
const ENOUGH: usize = 20;

const OPERATIONS: [Operation; 6] = [
    Operation::Add,
    Operation::Remove,
    Operation::UnchangedAfterKill,
    Operation::FirstCreation,
    Operation::Deletion,
    Operation::AddThroughLink,
];

#[derive(Default)]
struct Report {
    states: usize,
    crash_points: usize,
    reruns: usize,
    bad: Vec<String>,
}

/// Below a temporary folder: `etc` with what containerd is told to read, and `real`, where that may
/// be a link to.
struct Scene {
    root: PathBuf,
    _folder: TempDir,
}

impl Scene {
    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it is there");
        for name in ["etc", "real"] {
            std::fs::create_dir(root.join(name)).expect("a new folder");
        }
        Self {
            root,
            _folder: folder,
        }
    }

    fn before(operation: Operation) -> Self {
        let scene = Self::empty();
        let mut config = scene.named();
        if operation == Operation::AddThroughLink {
            std::os::unix::fs::symlink("../real/config.toml", &config).expect("a new link");
            config = scene.root.join("real/config.toml");
        }
        if let Some(bytes) = operation.config() {
            std::fs::write(config, bytes).expect("writes");
        }
        if operation.follows_add() {
            let said = scene.run(Build::SOUND, &ADD);
            assert_eq!(said, Ok(()), "{operation:?}: nothing to remove");
        }
        scene
    }

    /// The path that the command is given.
    fn named(&self) -> PathBuf {
        self.root.join("etc/config.toml")
    }

    /// The file that it leads to.
    fn config(&self) -> PathBuf {
        let named = self.named();
        named.canonicalize().unwrap_or(named)
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        std::fs::read(self.named()).ok()
    }

    fn temporaries(&self) -> Vec<PathBuf> {
        let folders = ["etc", "real"].map(|name| self.root.join(name).read_dir());
        let entries = folders
            .into_iter()
            .flat_map(|entries| entries.expect("it is there"));
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths
            .filter(|path| path.extension().is_some_and(|end| end == "tmp"))
            .collect()
    }

    /// Runs the command untraced. `Err`: how it failed.
    fn run(&self, build: Build, arguments: &[&str]) -> Result<(), String> {
        let output = build
            .run(build.path())
            .arg("--config")
            .arg(self.named())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the command starts");
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}, {}", output.status, said.trim()))
    }
}

/// What was traced: the disk before it, the calls, and what the config held before and after.
struct History {
    scene: Scene,
    disk: Disk,
    config: PathBuf,
    /// One list for each run. Only the last one came to its end.
    runs: Vec<Vec<Call>>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

impl History {
    fn of(operation: Operation, build: Build) -> Self {
        let scene = Scene::before(operation);
        let disk = Disk::with_all_of(&scene.root);
        let (old, config) = (scene.bytes(), scene.config());
        let mut runs = Vec::new();
        if operation == Operation::UnchangedAfterKill {
            runs.push(killed_after_replacing(build, &scene));
            assert_ne!(scene.bytes(), old, "{operation:?}: not yet replaced");
        }
        let run = Tracer::new(build, &[]).run(&scene.named(), operation.arguments());
        assert!(
            run.output.status.success(),
            "{operation:?}: {:?}",
            run.output
        );
        runs.push(run.calls);
        let new = scene.bytes();
        assert_ne!(old, new, "{operation:?} changes nothing");
        Self {
            scene,
            disk,
            config,
            runs,
            old,
            new,
        }
    }
}

/// The calls of a run that is killed when it has replaced the config, and has not done anything
/// else since.
fn killed_after_replacing(build: Build, scene: &Scene) -> Vec<Call> {
    let rehearsal = Scene::before(Operation::Add);
    let calls = Tracer::new(build, &[]).run(&rehearsal.named(), &ADD).calls;
    let kill = Injection::when_replaced(&calls, &rehearsal.named());
    let killed = Tracer::new(build, &[])
        .inject(&kill)
        .run(&scene.named(), &ADD);
    assert!(!killed.output.status.success(), "not killed at {kill}");
    killed.calls
}

impl Report {
    /// Enumerates the states after a crash at any moment of a history. Those that are not bad are
    /// returned, each once.
    fn enumerate(&mut self, operation: Operation, history: &mut History) -> Vec<State> {
        let mut distinct = BTreeSet::new();
        let mut acknowledged = false;
        let last = history.runs.len() - 1;
        self.crash(operation, history, "nothing", acknowledged, &mut distinct);
        for (index, calls) in std::mem::take(&mut history.runs).iter().enumerate() {
            history.disk.close_all();
            for call in calls {
                let effect = history.disk.apply(call);
                match effect.unwrap_or_else(|said| panic!("{operation:?}: {said}")) {
                    Effect::None => continue,
                    Effect::Changed => {}
                    Effect::Acknowledged if index < last => continue,
                    Effect::Acknowledged => acknowledged = true,
                }
                let moment = call.shown();
                self.crash(operation, history, &moment, acknowledged, &mut distinct);
            }
        }
        assert!(acknowledged, "{operation:?} never said that it is done");
        distinct.into_iter().collect()
    }

    /// Looks at every state that a crash after `moment` may leave.
    fn crash(
        &mut self,
        operation: Operation,
        history: &History,
        moment: &str,
        acknowledged: bool,
        distinct: &mut BTreeSet<State>,
    ) {
        self.crash_points += 1;
        let mut found = HashSet::new();
        for state in history.disk.states(&history.config) {
            self.states += 1;
            let bytes = read(&state, &history.scene.named());
            let is_old = bytes == history.old.as_deref();
            if bytes == history.new.as_deref() || (is_old && !acknowledged) {
                distinct.insert(state);
            } else if found.insert(bytes.map(<[u8]>::to_vec)) {
                let said = if acknowledged { ", acknowledged," } else { "" };
                let left = shown(bytes, history.old.as_deref());
                let complaint =
                    format!("{operation:?}: a crash after {moment}{said} may leave {left}");
                self.bad.push(complaint);
            }
        }
    }

    /// Runs the command once more on each of these states.
    fn rerun(&mut self, operation: Operation, build: Build, history: &History, states: &[State]) {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let rerun = |states: &[State]| -> Vec<String> {
            let failed = states
                .iter()
                .filter_map(|state| converges(operation, build, history, state).err());
            failed.collect()
        };
        std::thread::scope(|scope| {
            let chunks = states.chunks(states.len().div_ceil(threads).max(1));
            let running: Vec<_> = chunks
                .map(|states| scope.spawn(move || rerun(states)))
                .collect();
            for thread in running {
                self.bad.extend(thread.join().expect("it ends"));
            }
        });
        self.reruns += states.len();
    }
}

/// Puts a state on a disk and runs the command on it.
fn converges(
    operation: Operation,
    build: Build,
    history: &History,
    state: &State,
) -> Result<(), String> {
    let scene = Scene::empty();
    for (path, node) in state {
        let path = path.strip_prefix(&history.scene.root).expect("below it");
        let path = scene.root.join(path);
        match node {
            Node::File(bytes) => std::fs::write(path, bytes).expect("writes"),
            Node::Link(target) => {
                std::os::unix::fs::symlink(target, path).expect("a new link");
            }
        }
    }
    let ended = scene.run(build, operation.arguments());
    let bytes = scene.bytes();
    let temporaries = scene.temporaries();
    if ended.is_ok() && bytes == history.new && temporaries.is_empty() {
        return Ok(());
    }
    let left = shown(bytes.as_deref(), history.old.as_deref());
    Err(format!(
        "{operation:?}: the next run ends with {ended:?} and leaves {left} and {temporaries:?}, \
         on {state:#?}"
    ))
}

/// What is read at a path, through links.
fn read<'a>(state: &'a State, path: &Path) -> Option<&'a [u8]> {
    match state.get(path)? {
        Node::File(bytes) => Some(bytes),
        Node::Link(target) => {
            let target = path.parent()?.join(target);
            let mut plain = PathBuf::new();
            for part in target.components() {
                if part == std::path::Component::ParentDir {
                    plain.pop();
                } else {
                    plain.push(part);
                }
            }
            read(state, &plain)
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures of a test run")]
fn every_state_after_a_crash_is_old_or_new() {
    let mut report = Report::default();
    for operation in OPERATIONS {
        let mut history = History::of(operation, Build::SOUND);
        let states = report.enumerate(operation, &mut history);
        report.rerun(operation, Build::SOUND, &history, &states);
    }
    println!(
        "T3 crash states: {} states over {} crash points and {} operations, {} reruns, {} bad",
        report.states,
        report.crash_points,
        OPERATIONS.len(),
        report.reruns,
        report.bad.len()
    );
    let some = &report.bad[..report.bad.len().min(ENOUGH)];
    assert!(some.is_empty(), "{some:#?}");
}

/// Asserts that a bug shows in each of these operations.
#[track_caller]
#[expect(clippy::print_stdout, reason = "the figures of a test run")]
fn is_noticed(bug: &'static str, operations: &[Operation]) {
    for operation in operations {
        let mut report = Report::default();
        let mut history = History::of(*operation, Build::with(bug));
        report.enumerate(*operation, &mut history);
        let (bad, states) = (&report.bad, report.states);
        let first = bad
            .first()
            .unwrap_or_else(|| panic!("{bug} was not noticed in {operation:?}, {states} states"));
        println!("T3 {bug}: {} bad, {first}", bad.len());
    }
}

#[test]
fn a_missing_sync_of_the_file_is_noticed() {
    is_noticed(
        "NoFileSync",
        &[
            Operation::Add,
            Operation::Remove,
            Operation::UnchangedAfterKill,
            Operation::FirstCreation,
            Operation::AddThroughLink,
        ],
    );
}

#[test]
fn a_missing_sync_of_the_folder_is_noticed() {
    is_noticed("NoFolderSync", &OPERATIONS);
}

#[test]
fn overwriting_in_place_is_noticed() {
    is_noticed(
        "InPlace",
        &[
            Operation::Add,
            Operation::Remove,
            Operation::FirstCreation,
            Operation::AddThroughLink,
        ],
    );
}

#[test]
fn nothing_to_do_without_a_sync_is_noticed() {
    is_noticed("UnsyncedUnchanged", &[Operation::UnchangedAfterKill]);
}
