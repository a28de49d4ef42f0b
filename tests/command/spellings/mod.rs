//! Any key in any config version: where it is written, who reads it there, and that it leaves no trace.

mod shadowing;
mod traces;
mod unread;
mod versions;

use std::fs;

use crate::tool::{Node, Run};

const RUNC: &str = "runtime_type = \"io.containerd.runc.v2\"\n";

/// A config of this version with handlers where the version has them, and more.
fn config(version: i64, more: &str) -> String {
    let cri = match version {
        1 => "cri",
        2 => "\"io.containerd.grpc.v1.cri\"",
        _ => "\"io.containerd.cri.v1.runtime\"",
    };
    format!("version = {version}\n[plugins.{cri}.containerd.runtimes.runc]\n{RUNC}{more}")
}

fn apply(node: &Node, wanted: &str) -> Run {
    let file = node.folder().join("patch");
    fs::write(&file, format!("owner = 'x'\n{wanted}\n")).expect("writes");
    node.run(&["apply", file.to_str().expect("UTF-8")])
}

/// Applies a patch: the lines that come, and the warnings. Then takes it back to the byte.
fn applied(text: &str, patch: &str) -> (Vec<String>, String) {
    let node = Node::with(text);
    let run = apply(&node, patch).exits(0);
    let after = node.text();
    let old: Vec<&str> = text.lines().collect();
    let new = after.lines().filter(|line| !old.contains(line));
    let new = new.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let new = new.map(str::to_owned).collect();
    apply(&node, patch).exits(0);
    assert_eq!(
        node.text(),
        after,
        "the second time changes nothing: {patch}"
    );
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), text, "{patch}");
    (new, run.stderr)
}
