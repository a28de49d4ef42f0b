//! A restore of the text before a change is its undo, if it was the only file of that change.

use crate::tool::Node;

use super::{ALREADY, undo};

/// A text from before comes back with its owners, though somebody had deleted the file meanwhile.
#[test]
fn a_restore_of_the_text_before_a_deletion_is_an_undo() {
    let node = Node::empty();
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    let text = node.text();
    std::fs::remove_file(node.config()).expect("removes");
    node.run(&["add", "spin", "--owner", "b"]).exits(0);
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), text);
    let run = undo(&node, &["--exit-code"]).exits(0);
    assert!(run.stdout.ends_with(ALREADY), "{run:?}");
    node.run(&["status", "--exit-code"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!node.config().exists());
}

/// One file of the change is as it was before, and another one is not.
#[test]
fn a_restore_of_one_file_undoes_no_change_of_two() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--owner", "a", "--drop-in"])
        .exits(0);
    let text = node.text();
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
    undo(&node, &["--exit-code"]).exits(10);
    assert_eq!(node.text(), text);
    node.run(&["status", "--exit-code"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}
