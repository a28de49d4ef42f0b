//! Which owner the keys of a text from before belong to, once it is put back.

use std::fs;

use crate::tool::Node;

use super::{SERVES, beside};

/// A config from which the owner `x` has had its keys removed, and its text from before that.
fn left() -> (Node, String) {
    let node = Node::with(SERVES);
    node.run(&["add", "crun", "--owner", "x"]).exits(0);
    node.run(&["set", "debug.level=debug", "--owner", "x"])
        .exits(0);
    let text = node.text();
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), SERVES);
    (node, text)
}

/// The text comes back with the keys of `x`, which takes them out again.
fn belongs_to_x(node: &Node, text: &str) {
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), text);
    let list = node.run(&["list", "-o", "json"]).exits(0).stdout;
    assert!(list.contains("\"owner\":\"x\""), "{list}");
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), SERVES);
}

/// An edit that leaves the file alone leaves the text from before it alone, too.
#[test]
fn a_text_that_comes_back_after_an_edit_of_the_ledger_alone_has_its_owners() {
    let (node, text) = left();
    let adopt = ["add", "runc", "--owner", "y", "--adopt"];
    let recorded = node.run(&adopt).exits(0);
    assert!(recorded.stdout.contains("recorded"), "{recorded:#?}");
    belongs_to_x(&node, &text);
    let ledger = fs::read_to_string(node.ledger()).expect("a ledger");
    assert!(ledger.contains("\"y\": {"), "what y wants stays: {ledger}");
}

/// What another owner wants, too, stays when one leaves, and is both owners' once that one is back.
#[test]
fn a_key_that_another_owner_has_kept_is_both_owners_again() {
    let node = Node::with(SERVES);
    for owner in ["x", "y"] {
        let level = ["set", "debug.level=debug", "--take-over", "--owner"];
        node.run(&[&level[..], &[owner]].concat()).exits(0);
    }
    node.run(&["add", "crun", "--owner", "x"]).exits(0);
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert!(node.text().contains("level"), "y wants it: {}", node.text());
    node.run(&["add", "runc", "--owner", "z", "--adopt"])
        .exits(0);
    node.run(&["restore", "--from", "prev"]).exits(0);
    node.run(&["remove", "--owner", "y"]).exits(0);
    assert!(node.text().contains("level"), "x does: {}", node.text());
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), SERVES);
}

/// Whoever has come with the change wants nothing once the text from before it is back.
#[test]
fn a_text_that_comes_back_has_no_owner_that_came_later() {
    let node = Node::with(SERVES);
    node.run(&["add", "crun", "--owner", "x"]).exits(0);
    let text = node.text();
    node.run(&["add", "kata", "--owner", "z"]).exits(0);
    node.run(&["add", "runc", "--owner", "y", "--adopt"])
        .exits(0);
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), text);
    let leaves = node.run(&["remove", "--owner", "z"]).exits(0);
    assert!(leaves.stdout.contains("nothing to do"), "{leaves:#?}");
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), SERVES);
}

#[test]
fn a_text_that_comes_back_after_an_edit_of_another_file_has_its_owners() {
    let node = Node::with(SERVES);
    node.run(&["set", "grpc.uid=1", "--owner", "x"]).exits(0);
    let with_import = |text: &str| format!("imports = ['conf.d/*.toml']\n{text}");
    fs::create_dir(node.folder().join("conf.d")).expect("creates");
    let with_uid = with_import(&node.text());
    fs::write(node.config(), &with_uid).expect("writes");
    node.run(&["remove", "--owner", "x"]).exits(0);
    node.run(&["set", "debug.level=warn", "--owner", "z"])
        .exits(0);
    assert_eq!(
        node.text(),
        with_import(SERVES),
        "the drop-in alone has changed"
    );
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), with_uid);
    node.run(&["remove", "--owner", "x"]).exits(0);
    assert_eq!(node.text(), with_import(SERVES));
}

/// A restore keeps no other text as the one from before.
#[test]
fn a_text_that_comes_back_after_another_restore_has_its_owners() {
    let node = Node::with(SERVES);
    for (handler, owner) in [("crun", "x"), ("kata", "y")] {
        node.run(&["add", handler, "--owner", owner]).exits(0);
    }
    let with_x = fs::read_to_string(beside(&node, "prev")).expect("a text");
    let own = node.folder().join("own.toml");
    fs::write(&own, SERVES).expect("writes");
    node.run(&["restore", "--from", own.to_str().expect("UTF-8")])
        .exits(0);
    belongs_to_x(&node, &with_x);
}

/// A run that was killed before it came to the file has kept no other text of it.
#[test]
fn a_text_that_comes_back_after_a_killed_run_has_its_owners() {
    for comes_between in [false, true] {
        let (node, text) = left();
        let mut untouched = vec![node.config(), beside(&node, "prev"), beside(&node, "last")];
        untouched.push(beside(&node, "owners.prev"));
        let before: Vec<_> = untouched.iter().map(|path| fs::read(path).ok()).collect();
        let ledger = fs::read(node.ledger()).expect("a ledger");
        node.run(&["add", "spin", "--owner", "z"]).exits(0);
        for (path, bytes) in untouched.iter().zip(before) {
            fs::write(path, bytes.expect("a file")).expect("writes");
        }
        fs::write(beside(&node, "owners.before"), ledger).expect("writes");
        if comes_between {
            node.run(&["remove", "--owner", "nobody"]).exits(0);
            node.run(&["add", "runc", "--owner", "y", "--adopt"])
                .exits(0);
        }
        belongs_to_x(&node, &text);
    }
}

/// An owner misses what a text does not say, also after that text has come, gone and come again.
#[test]
fn who_misses_something_beside_a_text_misses_it_again() {
    let node = Node::with(SERVES);
    let text = node.folder().join("text");
    fs::write(&text, SERVES).expect("writes");
    let text = text.to_string_lossy().into_owned();
    node.run(&["add", "kata", "--owner", "k"]).exits(0);
    node.run(&["add", "spin", "--owner", "s"]).exits(0);
    for _ in 0..2 {
        node.run(&["restore", "--from", &text]).exits(0);
        let status = node.run(&["status", "--exit-code"]).exits(10);
        for handler in ["kata", "spin"] {
            assert!(status.stdout.contains(handler), "{status:#?}");
        }
        node.run(&["undo"]).exits(0);
        node.run(&["status", "--exit-code"]).exits(0);
    }
    for owner in ["k", "s"] {
        node.run(&["remove", "--owner", owner]).exits(0);
    }
    assert_eq!(node.text(), SERVES);
}
