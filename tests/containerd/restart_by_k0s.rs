//! `--restart` where k0s restarts containerd by itself: a thread that watches a drop-in.

use std::fs;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::restart::{serves, wait_until_serving};
use crate::suites::{self, Release};
use crate::supervisor::start_without_cri;

const CONFIG: &str =
    "# k0s_managed=true\nversion = 3\nimports = [\"/etc/containerd/containerd.d/*.toml\"]\n";

/// Restarts the daemon whenever the drop-in changes; without CRI, once, where that is asked for.
fn watch(node: &Node, fails: &AtomicBool, ends: &AtomicBool) {
    let drop_in = node.etc().join("containerd.d/50-manual.toml");
    let read = || fs::read(&drop_in).ok();
    let mut last = read();
    let mut daemon = Some(node.start());
    while !ends.load(Ordering::Relaxed) {
        let now = read();
        if now != last {
            last = now;
            drop(daemon.take());
            daemon = Some(if fails.swap(false, Ordering::Relaxed) {
                start_without_cri(node)
            } else {
                node.start()
            });
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn run(node: &Node, verb: &str) -> (Option<i32>, Value) {
    let socket = node.socket();
    let socket = socket.to_str().expect("a path of this test");
    let Output {
        status,
        stdout,
        stderr,
    } = node.tool(&[
        "--distribution",
        "k0s",
        verb,
        "crun",
        "--restart",
        "--ready-timeout",
        "20s",
        "-o",
        "json",
        "--cri-endpoint",
        socket,
    ]);
    let json = serde_json::from_slice(&stdout);
    let json = json.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stderr)));
    (status.code(), json)
}

/// Ends the watcher, after a panic too.
struct End<'e>(&'e AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn what_k0s_restarts_by_itself_is_waited_for_and_rolled_back() {
    let release = Release::of(suites::SUITES[2]);
    let node = Node::new(&release, Some(CONFIG.as_bytes()));
    fs::create_dir(node.etc().join("containerd.d")).expect("the folder is new");
    let (fails, ends) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| watch(&node, &fails, &ends));
        let _end = End(&ends);
        wait_until_serving(&node);
        let with_crun = Verdict::serves(["crun", "runc"], "runc");
        let without = Verdict::serves(["runc"], "runc");

        let (exit, report) = run(&node, "add");
        assert_eq!(exit, Some(0), "{report}");
        let restart = &report["restart"];
        assert_eq!(
            (&restart["done"], &restart["command"]),
            (&true.into(), &Value::Null)
        );
        assert_eq!(serves(&node), with_crun);
        let (exit, report) = run(&node, "add");
        assert_eq!(
            (exit, &report["restart"]["done"]),
            (Some(0), &false.into()),
            "{report}"
        );
        assert_eq!(run(&node, "remove").0, Some(0));
        assert_eq!(serves(&node), without);

        fails.store(true, Ordering::Relaxed);
        let (exit, report) = run(&node, "add");
        assert_eq!(exit, Some(69), "{report}");
        assert_eq!(report["error"]["code"], "rolled-back", "{report}");
        assert_eq!(report["error"]["cause"], "containerd came back without CRI");
        assert_eq!(serves(&node), without);
    });
}
