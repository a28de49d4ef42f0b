//! Every kind of change is taken back to the byte, where nobody has edited the files since.

use std::fs;

use serde_json::Value;

use crate::tool::Node;

use super::{ALREADY, CONFIG, undo};

#[test]
fn every_kind_of_change_is_taken_back_to_the_byte() {
    let listed = |node: &Node| node.run(&["list"]).stdout;
    for change in [
        &["add", "crun", "--default"][..],
        &[
            "add",
            "kata",
            "--set",
            "snapshotter=other",
            "--owner",
            "ops",
        ],
        &["remove", "kata", "--owner", "ops"],
        &["set-default", "kata", "--owner", "other"],
        &["remove", "--owner", "ops"],
    ] {
        let node = Node::with(CONFIG);
        node.run(&["add", "kata", "--owner", "ops"]).exits(0);
        let (before, handlers) = (node.bytes(), listed(&node));
        node.run(change).exits(0);
        assert_ne!(node.bytes(), before, "{change:?}");
        let run = undo(&node, &["--exit-code"]).exits(10);
        assert_eq!(node.bytes(), before, "{change:?}: {run:?}");
        assert_eq!(listed(&node), handlers, "{change:?}");
        // Once.
        let identity = node.identity();
        let run = undo(&node, &["--exit-code"]).exits(0);
        assert!(run.stdout.ends_with(ALREADY), "{run:?}");
        assert_eq!(node.identity(), identity);
    }
}

#[test]
fn a_created_file_goes_and_a_deleted_one_comes_back() {
    let node = Node::empty();
    node.run(&["add", "crun"]).exits(0);
    let created = node.bytes();
    let run = undo(&node, &[]).exits(0);
    assert!(
        run.stdout.contains("removed crun, deleted the file"),
        "{run:?}"
    );
    assert_eq!(node.bytes(), None);
    node.run(&["add", "crun"]).exits(0);
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.bytes(), None);
    let run = undo(&node, &[]).exits(0);
    assert!(
        run.stdout.contains("added crun, created the file"),
        "{run:?}"
    );
    assert_eq!(node.bytes(), created);
}

#[test]
fn a_drop_in_and_its_import_go_together() {
    let node = Node::with(CONFIG);
    node.run(&["add", "spin", "--drop-in"]).exits(0);
    let drop_in = node.folder().join("conf.d/50-manual.toml");
    let (with, text) = (node.bytes(), std::fs::read(&drop_in).expect("a drop-in"));
    undo(&node, &[]).exits(0);
    assert_eq!(node.text(), CONFIG);
    assert!(!drop_in.parent().expect("a folder").exists());
    node.run(&["add", "spin", "--drop-in"]).exits(0);
    node.run(&["remove", "spin", "--drop-in"]).exits(0);
    undo(&node, &[]).exits(0);
    assert_eq!(node.bytes(), with);
    assert_eq!(std::fs::read(&drop_in).expect("a drop-in"), text);
}

#[test]
fn a_dry_run_shows_what_it_would_be() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun"]).exits(0);
    let (bytes, names) = (node.bytes(), node.names());
    let run = undo(&node, &["--dry-run"]).exits(0);
    assert!(
        run.stdout.contains("# containerd-edit owner=manual"),
        "{run:?}"
    );
    assert!(
        run.stdout.ends_with("dry run: would remove crun\n"),
        "{run:?}"
    );
    let run = undo(&node, &["--dry-run", "-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["handlers"]["removed"][0], "crun");
    assert_eq!((node.bytes(), node.names()), (bytes, names));
}

#[test]
fn the_keys_of_a_drop_in_that_comes_back_are_named() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node.run(&["set", "debug.level=debug", "--owner", "a"])
        .exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    let run = undo(&node, &["-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(report["keys"], serde_json::json!(["debug.level"]));
}

/// It would not serve without the tool's keys either, and the run warns of that.
#[test]
fn what_did_not_serve_before_the_tool_came_is_put_back() {
    let broken = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n\
                  default_runtime_name = \"kata\"\n";
    let node = Node::with(broken);
    node.run(&["add", "kata", "--owner", "ops"]).exits(0);
    let run = undo(&node, &[]).exits(0);
    let said = "this config does not serve CRI on containerd 1.6, 1.7, 2.0, 2.1, 2.2, 2.3 and 2.4";
    assert!(run.stderr.contains(said), "{run:?}");
    let check = node.hinted("check");
    let next = format!("; do not restart containerd before {check} says that its release serves\n");
    assert!(run.stdout.ends_with(&next), "{run:?}");
    assert_eq!(node.text(), broken);
}

#[test]
fn flags_that_mean_nothing_here_are_refused() {
    let node = Node::with(CONFIG);
    for flag in ["--stdout", "--drop-in"] {
        let run = undo(&node, &[flag]).exits(2);
        let unexpected = format!("unexpected argument '{flag}'");
        assert!(run.stderr.contains(&unexpected), "{run:?}");
    }
    let run = undo(&node, &["--restart", "--dry-run"]).exits(2);
    assert!(
        run.stderr
            .contains("'--restart' cannot be used with '--dry-run'"),
        "{run:?}"
    );
}

/// Under the name that it has by now.
#[test]
fn a_renamed_drop_in_goes_or_is_as_before() {
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    let conf_d = node.folder().join("conf.d");
    fs::create_dir(&conf_d).expect("creates");
    let [old, new] = ["50-a.toml", "99-a.toml"].map(|name| conf_d.join(name));
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    fs::rename(&old, &new).expect("renames");
    undo(&node, &[]).exits(0);
    assert!(!new.exists() && !old.exists());

    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    let before = fs::read(&old).expect("it is there");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    fs::rename(&old, &new).expect("renames");
    undo(&node, &[]).exits(0);
    assert_eq!(fs::read(&new).expect("it is there"), before);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!new.exists() && !old.exists());
}
