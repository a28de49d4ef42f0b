//! What a run has left that was killed between its two files.

use std::fs;

use crate::folders;
use crate::tool::Node;

use super::undo;

/// A config that imports a folder, and what another owner has put there.
fn node() -> Node {
    let node =
        Node::with("version = 3\nimports = ['conf.d/*.toml']\n[debug]\n  level = \"info\"\n");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    node.run(&["add", "spin", "--owner", "wasm"]).exits(0);
    node
}

/// Runs an edit, and takes the config back as if the run had not come to it.
fn is_killed_before_the_config(node: &Node, edit: &[&str]) {
    is_killed_before(
        node,
        edit,
        &["config.toml", "config.toml.prev", "config.toml.last"],
    );
}

/// Runs an edit, and takes these files back.
fn is_killed_before(node: &Node, edit: &[&str], untouched: &[&str]) {
    let (config, ledger) = (node.bytes(), fs::read(node.ledger()).expect("a ledger"));
    let paths = untouched.iter().map(|name| node.folder().join(name));
    let before = paths.map(|path| (fs::read(&path).ok(), path));
    let before: Vec<_> = before.collect();
    node.run(edit).exits(0);
    assert_ne!(node.bytes(), config, "it changes the config");
    for (bytes, path) in before {
        match bytes {
            Some(bytes) => fs::write(path, bytes).expect("writes"),
            None => fs::remove_file(path).unwrap_or_default(),
        }
    }
    let before = node.folder().join("config.toml.owners.before");
    fs::write(before, ledger).expect("writes");
}

fn drop_ins(node: &Node) -> Vec<String> {
    folders::names(&node.folder().join("conf.d"))
}

/// The edit before it was another owner's, of the config or of a file beside it.
#[test]
fn a_killed_run_is_taken_back_and_no_other() {
    for earlier in [
        &["set", "debug.level=warn", "--owner", "ops"][..],
        &["unset", "debug.level"],
    ] {
        for comes_between in [false, true] {
            let node = node();
            node.run(earlier).exits(0);
            let config = node.bytes();
            let patch = node.folder().join("patch");
            let text = "owner = 'kata'\n[handlers.kata]\n[debug]\nlevel = 'debug'\n";
            fs::write(&patch, text).expect("writes");
            let patch = patch.to_string_lossy();
            is_killed_before_the_config(&node, &["apply", &patch, "--take-over"]);
            if comes_between {
                node.run(&["remove", "--owner", "nobody"]).exits(0);
            }
            let run = undo(&node, &[]).exits(0);
            assert!(run.stdout.contains("removed kata"), "{run:#?}");
            assert_eq!(node.bytes(), config);
            assert_eq!(drop_ins(&node), ["50-wasm.toml"]);
        }
    }
}

/// With the import of a drop-in of its own.
#[test]
fn the_import_of_another_owner_stays() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--owner", "kata", "--drop-in"])
        .exits(0);
    let config = node.bytes();
    is_killed_before_the_config(&node, &["add", "spin", "--owner", "wasm", "--drop-in"]);
    undo(&node, &[]).exits(0);
    assert_eq!(node.bytes(), config);
    assert_eq!(drop_ins(&node), ["50-kata.toml"]);
    assert!(node.run(&["list"]).exits(0).stdout.contains("kata"));
}

/// Its second try does what the first had left.
#[test]
fn an_undo_that_was_killed_is_completed() {
    let node = node();
    let patch = node.folder().join("patch");
    let text = "owner = 'a'\n[handlers.kata]\n[debug]\nlevel = 'debug'\n";
    fs::write(&patch, text).expect("writes");
    let patch = patch.to_string_lossy();
    node.run(&["apply", &patch]).exits(0);
    let installed = node.bytes();
    node.run(&["remove", "--owner", "a"]).exits(0);
    is_killed_before_the_config(&node, &["undo"]);
    assert_ne!(node.bytes(), installed);
    undo(&node, &[]).exits(0);
    assert_eq!(node.bytes(), installed);
    assert_eq!(drop_ins(&node), ["50-a.toml", "50-wasm.toml"]);
    let status = node.run(&["status", "--exit-code"]).exits(0);
    assert!(!status.stdout.contains("by hand"), "{status:#?}");
}

#[test]
fn a_text_that_is_put_back_after_a_killed_run_costs_no_owner() {
    let debian = include_str!("../../../fixtures/golden/debian-add-crun/input.toml");
    for config in ["version = 3\n", debian] {
        let node = Node::with(config);
        node.run(&["add", "youki", "--default", "--owner", "a"])
            .exits(0);
        is_killed_before_the_config(&node, &["remove", "--owner", "a"]);
        node.run(&["restore", "--from", "prev"]).exits(0);
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), config);
    }
}

/// What it was kept of is not what the killed run has left.
#[test]
fn an_older_text_that_is_put_back_after_a_killed_run_costs_no_owner() {
    let debian = include_str!("../../../fixtures/golden/debian-add-crun/input.toml");
    for from in ["last", "prev"] {
        let node = Node::with(debian);
        let add = ["add", "crun", "--owner", "a"];
        node.run(&add).exits(0);
        node.run(&["remove", "--owner", "a"]).exits(0);
        is_killed_before(&node, &add, &["config.toml.prev", "config.toml.last"]);
        node.run(&["restore", "--from", from]);
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), debian);
    }
}

/// A handler that was on its way to a drop-in arrives there, whoever runs next.
#[test]
fn what_a_killed_run_was_to_move_keeps_nobody_from_anything() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--owner", "k"]).exits(0);
    node.run(&["set", "debug.level=debug", "--owner", "o"])
        .exits(0);
    // Once the drop-in was there, before its import was.
    let add = ["add", "kata", "--owner", "k", "--drop-in"];
    is_killed_before(&node, &add, &["config.toml"]);
    node.run(&["remove", "--owner", "o"]).exits(0);
    assert!(node.text().contains("50-k.toml"), "{}", node.text());
    assert!(!node.text().contains("kata"), "{}", node.text());
    let run = node.run(&add).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    node.run(&["remove", "--owner", "k"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

/// The folder that it had made is all that was left of it: the next one makes the same change.
#[test]
fn an_undo_that_was_killed_before_it_wrote_a_file_is_made_again_with_its_owner() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--owner", "k", "--drop-in"])
        .exits(0);
    node.run(&["remove", "--owner", "k"]).exits(0);
    let untouched = ["config.toml", "conf.d/50-k.toml", "config.toml.owners.prev"];
    is_killed_before(&node, &["undo"], &untouched);
    assert_eq!(drop_ins(&node), [""; 0]);
    node.run(&["undo"]).exits(0);
    let list = node.run(&["list", "-o", "json"]).exits(0);
    assert!(list.stdout.contains("\"owner\":\"k\""), "{list:#?}");
    let run = node.run(&["remove", "--owner", "k"]).exits(0);
    assert!(run.stdout.contains("removed kata"), "{run:#?}");
    assert_eq!(node.text(), "version = 3\n");
}
