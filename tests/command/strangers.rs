//! Text and files of others: what they may not do to a terminal, to memory, or to the meaning of a flag.

use std::process::Command;

use serde_json::Value;

use crate::tool::{Node, Run, tool_path};

/// A handler with a name and a type that would colour a terminal and rename its window.
const HOSTILE: &str = r#"version = 3
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes."a\u001b[31mb"]
runtime_type = "io.containerd.runc.v2\u001b]0;x\u0007"
"x\u001b[31mb" = 1
[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "\u001b[31mb"
"#;

#[test]
fn names_and_values_of_a_file_reach_a_terminal_without_control_characters() {
    let node = Node::with(HOSTILE);
    let name = "a\u{1b}[31mb";
    for arguments in [
        &["list"][..],
        &["show", name],
        &["show", "\u{1b}[31mb"],
        &["check"],
        &["status"],
        &["log"],
        &["get", "plugins"],
        &["add", "kata"],
        &["add", "kata", "--dry-run"],
        &["remove", name],
        &["remove", "\u{1b}[31mb"],
        &["set-default", "runc"],
        &["unset", "debug.\"\u{1b}[31mb\""],
        &["undo"],
    ] {
        let run = node.run(&[arguments, &["--color", "always"]].concat());
        let shown = format!("{}{}", run.stdout, run.stderr);
        for control in ["\u{1b}[31mb", "\u{1b}]0", "\u{7}"] {
            assert!(!shown.contains(control), "{arguments:?}: {shown:?}");
        }
    }
}

#[test]
fn releases_are_a_list_and_no_more_than_that() {
    let node = Node::with("version = 2\n");
    let run = node.run(&["check", "--containerd-version", "1.7,2.1,1.7", "-o", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let releases = report["releases"].as_array().expect("releases").iter();
    let names: Vec<&str> = releases
        .filter_map(|it| it["containerd"].as_str())
        .collect();
    assert_eq!(names, ["1.7", "2.1"]);
    for wrong in ["1.7foo", "1.7,", "1.7-1", "seven"] {
        for verb in [&["check"][..], &["add", "kata"], &["list"]] {
            let flag = ["--containerd-version", wrong];
            node.run(&[verb, &flag].concat()).exits(2);
        }
    }
    // Those that were named count, also one of which nothing is published.
    let newer = ["check", "--containerd-version", "2.3,2.4"];
    node.run(&newer).exits(0);
}

/// In a quarter of a gigabyte of address space.
#[test]
fn input_without_an_end_is_an_error() {
    let node = Node::with("version = 2\n");
    let limited = |arguments: &str| {
        let config = node.config();
        let command = format!(
            "ulimit -v 262144; exec '{}' --config '{}' {arguments}",
            tool_path().display(),
            config.display()
        );
        Run::of(Command::new("sh").args(["-c", &command]))
    };
    for arguments in ["apply /dev/zero", "apply - < /dev/zero"] {
        let run = limited(arguments).exits(65);
        assert!(run.stderr.contains("16 MiB"), "{arguments}: {run:#?}");
    }
}
