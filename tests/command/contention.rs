//! Overlapping runs, a third of them killed, and a reader that never sees half a file.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use containerd_edit::{Document, Inventory};

use crate::tool::{Node, SIDECARS};

const WRITERS: usize = 8;
const ROUNDS: usize = 50;

/// Comments, an odd order, no final newline: what a rewrite would lose.
const CONFIG: &str = "# node-a\nversion = 2\n\n[plugins]\n  \
    [plugins.\"io.containerd.grpc.v1.cri\"]\n    sandbox_image = \"pause\" # pinned\n\
    [timeouts]\n  \"io.containerd.timeout.shim.shutdown\" = \"3s\"";

/// Starts a run; every third one is killed at a moment that differs each time, and run again.
fn run(node: &Node, arguments: &[&str], kill_after: Option<Duration>) {
    let spawn = || -> Child {
        let mut command = node.command(arguments);
        command
            .args(["-q", "--lock-timeout", "120s"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts")
    };
    if let Some(delay) = kill_after {
        let mut child = spawn();
        // No waiting for a state: the point is to hit whatever is going on.
        std::thread::sleep(delay);
        let _ = child.kill();
        child.wait().expect("the killed run is gone");
    }
    let mut child = spawn();
    let status = child.wait().expect("the run ends");
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut said);
    }
    assert!(status.success(), "{arguments:?}: {said}");
}

/// Adds and removes one handler in turn, and checks that it is there or not after each run.
fn write(node: &Node, name: &str, seed: usize) {
    for round in 0..ROUNDS {
        let kill_after = |half: usize| {
            let turn = seed * 7 + round * 2 + half;
            let micros = u64::try_from(turn * 263 % 6000).expect("small");
            turn.is_multiple_of(3)
                .then(|| Duration::from_micros(micros))
        };
        run(node, &["add", name, "--preset", "crun"], kill_after(0));
        assert!(
            lists(&node.config(), name),
            "{name} was added in round {round} and is lost"
        );
        run(node, &["remove", name], kill_after(1));
        assert!(
            !lists(&node.config(), name),
            "{name} was removed in round {round} and is back"
        );
    }
}

/// Whether the config lists the handler. It must be whole at every instant.
fn lists(config: &PathBuf, name: &str) -> bool {
    let bytes = std::fs::read(config).expect("the config is always there");
    let config = Document::parse(&bytes).expect("the config is always whole");
    let inventory = Inventory::of(&config, None).expect("the version is always there");
    inventory
        .handlers
        .iter()
        .any(|handler| handler.name == name)
}

#[test]
fn eight_writers_lose_nothing_and_leave_nothing() {
    let node = Node::with(CONFIG);
    let done = AtomicBool::new(false);
    let reads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                lists(&node.config(), "none");
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let node = &node;
                scope.spawn(move || write(node, &format!("handler-{number}"), number))
            })
            .collect();
        let ended: Vec<_> = writers
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect();
        done.store(true, Ordering::Relaxed);
        for writer in ended {
            if let Err(panic) = writer {
                std::panic::resume_unwind(panic);
            }
        }
    });
    assert!(reads.load(Ordering::Relaxed) > ROUNDS, "the reader read");
    // A killed run may have left its temporary file after the last change: the next change sweeps.
    node.run(&["add", "last", "--preset", "crun"]).exits(0);
    node.run(&["remove", "last"]).exits(0);
    assert_eq!(node.text(), CONFIG);
    assert_eq!(node.names(), SIDECARS);
}
