//! A daemon that serves is stronger than the model.
//!
//! The model's error is planted: it knows nothing of the daemon's flags `--root` and `--state`, which
//! go before the file.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::restart::{Run, run, serves};
use crate::suites::{self, Release};
use crate::supervisor::{Supervised, supervised};

/// By the file alone the daemon would exit.
const CONFIG: &str = "version = 2\nroot = \"/x\"\nstate = \"/x\"\n";

fn each_release(test: impl Fn(&Node, &Supervised)) {
    for release in suites::SUITES.map(Release::of) {
        let node = Node::new(&release, Some(CONFIG.as_bytes()));
        supervised(&node, |supervised| test(&node, supervised));
    }
}

#[track_caller]
fn disagrees(run: Run, code: i32) -> Value {
    let report = run.exits(code).json();
    let warnings = report["warnings"].as_array().expect("warnings");
    let mut told = warnings.iter().filter(|it| it["code"] == "model-disagrees");
    let told = told.next().unwrap_or_else(|| panic!("{report}"));
    let told = told["message"].as_str().expect("a message");
    assert!(
        told.contains("root and state must be different paths"),
        "{told}"
    );
    report
}

/// `check --running`; it restarts nothing.
fn check(node: &Node) -> Run {
    let socket = node.socket();
    let socket = socket.to_str().expect("a path of this test");
    Run::of(
        node,
        &["check", "--running", "-o", "json", "--cri-endpoint", socket],
    )
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn edits_and_restarts_follow_the_daemon() {
    each_release(|node, supervised| {
        let report = disagrees(check(node), 0);
        assert_eq!(report["running"]["in_step"], true, "{report}");

        let add = ["add", "crun", "-o", "json"];
        let report = disagrees(run(node, supervised, &add), 0);
        assert_eq!(report["restart"]["running"]["in_step"], true, "{report}");
        assert_eq!(serves(node), Verdict::serves(["crun", "runc"], "runc"));

        let again = ["restart", "--always", "-o", "json"];
        disagrees(run(node, supervised, &again), 0);
        assert_eq!(serves(node), Verdict::serves(["crun", "runc"], "runc"));
        disagrees(run(node, supervised, &["remove", "crun", "-o", "json"]), 0);
        assert_eq!(serves(node), Verdict::serves(["runc"], "runc"));
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn another_reason_is_refused_there_too() {
    each_release(|node, supervised| {
        let patch = "owner = \"x\"\n[plugins.'io.containerd.grpc.v1.cri']\nstream_server_port = \"99999\"\n";
        std::fs::write(node.etc().join("patch"), patch).expect("writes");
        let apply = ["apply", "/etc/containerd/patch"];
        let refused = run(node, supervised, &apply).exits(78);
        assert!(refused.stderr.contains("99999"), "{}", refused.stderr);
        assert_eq!(node.config().as_deref(), Some(CONFIG.as_bytes()));
    });
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_daemon_of_before_the_last_change_proves_nothing() {
    each_release(|node, supervised| {
        thread::sleep(Duration::from_millis(30));
        node.edit(&["add", "crun", "--allow-not-serving"]);
        let report = check(node).exits(78).json();
        assert_eq!(report["running"]["drift"][0]["code"], "would-not-serve");
        let refused = run(node, supervised, &["restart"]);
        assert_ne!(refused.exit, Some(0), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("was not restarted"),
            "{}",
            refused.stderr
        );
    });
}

/// Where the model is wrong already about what can be loaded, it knows no handlers either.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn check_follows_a_daemon_that_loads_what_the_model_does_not() {
    for release in suites::SUITES.map(Release::of) {
        let node = Node::new(&release, Some(b"version = 2\nroot = 5\n"));
        let other = node.etc().join("other.toml");
        std::fs::write(&other, "version = 2\n").expect("writes");
        thread::sleep(Duration::from_millis(30));
        let other = ["--config", "/etc/containerd/other.toml"];
        let mut daemon = node.start_at(&node.socket(), &other);
        assert!(matches!(daemon.verdict(), Verdict::Serves { .. }));
        let report = check(&node).exits(0).json();
        assert_eq!(report["releases"][0]["verdict"], "serves", "{report}");
        assert_eq!(report["warnings"][0]["code"], "model-disagrees", "{report}");
    }
}
