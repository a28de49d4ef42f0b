//! Do no harm: edits that some containerd release would suffer from are refused, or said.

mod refused;
mod releases;
mod runc;

use crate::tool::Node;

const OLD: &str = "plugins.\"io.containerd.grpc.v1.cri\"";

const RUNC: &str = "runtime_type = \"io.containerd.runc.v2\"\n";

/// Runs an edit that must be refused, and returns what was said.
fn refused(node: &Node, arguments: &[&str]) -> String {
    let before = node.bytes();
    let run = node.run(arguments).exits(78);
    assert_eq!(node.bytes(), before, "the file is untouched");
    run.stderr
}
