//! `undo`: the config is what it was before the last change, if nobody has changed it since.

mod killed_runs;
mod others;
mod owners;
mod restoring;
mod whole_changes;

use serde_json::Value;

use crate::tool::{Node, Run};

const CONFIG: &str = "# mine\r\nversion = 2"; // no newline at its end

const LINES: &str = "# mine\nversion = 2\n";

fn undo(node: &Node, more: &[&str]) -> Run {
    node.run(&[&["undo"], more].concat())
}

/// How a second run ends.
const ALREADY: &str = ": nothing to do: the last change is undone already\n";

/// The error, and what was left alone.
fn refused(node: &Node, more: &[&str]) -> Value {
    let bytes = node.bytes();
    let run = undo(node, &[&["-o", "json"], more].concat()).exits(78);
    assert_eq!(node.bytes(), bytes);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["error"]["code"], "not-undone", "{report}");
    report["error"].clone()
}

fn says(error: &Value, key: &str, what: &str) {
    let said = error[key].as_str().expect("a sentence");
    assert!(said.contains(what), "{said}");
}
