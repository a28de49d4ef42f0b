//! The descriptors of a run: those that it opens, and those that it is given.

use std::fs;
use std::process::Command;

use crate::tool::{Node, Run, tool_path};

use super::CONFIG;

/// A descriptor that a child would inherit keeps the lock: it must not.
#[test]
#[ignore = "needs strace: run ./tests/run"]
fn no_descriptor_outlives_the_run() {
    let node = Node::with(CONFIG);
    let log = node.folder().join("strace");
    let mut command = Command::new("strace");
    command
        .arg("-f")
        .arg("-o")
        .arg(&log)
        .args(["-e", "trace=open,openat,openat2,creat"]);
    command.arg(tool_path()).arg("--config").arg(node.config());
    Run::of(command.args(["add", "crun"])).exits(0);
    let log = fs::read_to_string(log).expect("strace's log");
    let opened: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("config.toml"))
        .collect();
    assert!(opened.len() >= 4, "{log}");
    for line in opened {
        assert!(line.contains("O_CLOEXEC"), "{line}");
    }
}

/// Where the output goes does not matter to an edit.
#[test]
fn a_full_or_closed_stdout_costs_nothing() {
    let node = Node::with(CONFIG);
    for (redirection, arguments) in [
        (">/dev/full", "add crun"),
        (">&-", "remove crun"),
        ("2>&- >&-", "add spin"),
    ] {
        let mut command = Command::new("sh");
        command
            .env("TOOL", tool_path())
            .env("CONFIG", node.config());
        let script = format!("exec $TOOL --config $CONFIG {arguments} {redirection}");
        Run::of(command.args(["-c", &script])).exits(0);
    }
    assert!(node.text().contains("runtimes.spin"));
    assert!(!node.text().contains("runtimes.crun"));
}
