//! `remove --if-unused` where no daemon answers. Real pods: `tests/containerd/in_use.rs`.

#[cfg(feature = "cri")]
use serde_json::Value;

use crate::tool::{Node, Run};

/// A node on which the owner wasm has added spin.
fn node() -> Node {
    let node = Node::with("version = 3\n");
    node.run(&["add", "spin", "--owner", "wasm"]).exits(0);
    node
}

/// A removal on a node without a daemon.
fn remove(node: &Node, arguments: &[&str]) -> Run {
    let socket = node.folder().join("none.sock").display().to_string();
    node.run(&[&["remove", "--cri-endpoint", &socket], arguments].concat())
}

#[test]
#[cfg(feature = "cri")]
fn where_no_daemon_answers_nothing_is_removed() {
    let node = node();
    let before = node.text();
    let socket = node.folder().join("none.sock");
    let unknown = format!(
        "it is not known whether a pod uses spin: {}: no daemon answers: there is no such socket",
        socket.display()
    );
    let config = node.config().display().to_string();
    for arguments in [
        &["spin", "--owner", "wasm", "--if-unused"][..],
        &["--owner", "wasm", "--if-unused"],
        &["spin", "--owner", "wasm", "--if-unused", "--dry-run"],
        &["spin", "--owner", "wasm", "--if-unused", "-q"],
        &["spin", "--owner", "wasm", "--wait-unused", "0s"],
    ] {
        let run = remove(&node, arguments).exits(75);
        let wanted = format!("error: {config}: {unknown}\nhint: see whether containerd runs");
        assert!(run.stderr.starts_with(&wanted), "{run:#?}");
        assert_eq!((run.stdout, node.text()), (String::new(), before.clone()));
    }
    let run = remove(
        &node,
        &["spin", "--owner", "wasm", "--if-unused", "-o", "json"],
    )
    .exits(75);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let error = &report["error"];
    assert_eq!(
        (&error["code"], &error["message"]),
        (&"use-unknown".into(), &unknown.clone().into())
    );
    assert_eq!((&error["pods"], run.stderr.as_str()), (&Value::Null, ""));
    // A wait is for the daemon, too.
    let run = remove(
        &node,
        &["spin", "--owner", "wasm", "--wait-unused", "700ms"],
    )
    .exits(75);
    let (first, rest) = run.stderr.split_once('\n').expect("two lines");
    assert_eq!(first, format!("waiting: {unknown}"));
    let wanted = format!("error: {config}: after 700ms of waiting, {unknown}");
    assert!(rest.starts_with(&wanted), "{run:#?}");
    let run = remove(
        &node,
        &["spin", "--owner", "wasm", "--wait-unused", "600ms", "-q"],
    )
    .exits(75);
    assert!(run.stderr.starts_with("error: "), "{run:#?}");
    // Whoever does not ask is not told.
    remove(&node, &["spin", "--owner", "wasm"]).exits(0);
    // Nothing goes: nothing is asked.
    let run = remove(&node, &["--owner", "wasm", "--if-unused"]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
#[cfg(not(feature = "cri"))]
fn a_build_that_cannot_ask_says_so() {
    let node = node();
    for flag in ["--if-unused", "--wait-unused=1s"] {
        let run = remove(&node, &["spin", flag]).exits(2);
        assert!(run.stderr.contains("can't ask a daemon"), "{run:#?}");
    }
}

#[test]
#[cfg(feature = "cri")]
fn an_edit_that_fails_anyway_says_so_first() {
    let node = Node::with("\"3s\"\n");
    remove(&node, &["spin", "--owner", "wasm", "--if-unused"]).exits(65);
    remove(&node, &["--if-unused"]).exits(2);
    remove(&node, &["spin", "--owner", "wasm", "--wait-unused", "soon"]).exits(2);
}
