//! Whose change is taken back, and what the ledger says of its owner then.

use serde_json::Value;

use crate::tool::Node;

use super::{CONFIG, refused, says, undo};

#[test]
fn an_owner_undoes_its_own_change_only() {
    let node = Node::with(CONFIG);
    node.run(&["add", "crun", "--owner", "ops"]).exits(0);
    node.run(&["add", "spin", "--owner", "others"]).exits(0);
    let error = refused(&node, &["--owner", "ops"]);
    says(
        &error,
        "message",
        "others made it, not ops (`add spin` at 2",
    );
    says(&error, "hint", &node.hinted("remove --owner ops"));
    // The log is for people, and decides nothing.
    std::fs::remove_file(node.folder().join("config.toml.log")).expect("it is there");
    says(
        &refused(&node, &["--owner", "ops"]),
        "message",
        "others made it, not ops",
    );
    undo(&node, &["--owner", "others"]).exits(0);
    assert!(!node.text().contains("spin") && node.text().contains("crun"));
}

/// Otherwise a later report would name them as somebody's.
#[test]
fn keys_that_are_taken_back_are_reported_and_noted_down() {
    let node = Node::with("version = 2\n");
    let patch = node.folder().join("patch.toml");
    std::fs::write(&patch, "owner = \"a\"\n[debug]\nlevel = \"debug\"\n").expect("writes");
    node.run(&["apply", patch.to_str().expect("a path")])
        .exits(0);
    let run = undo(&node, &["-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        report["keys"],
        serde_json::json!(["debug.level"]),
        "{report}"
    );
    // A person's own, now.
    std::fs::write(node.config(), "version = 2\n[debug]\nlevel = \"info\"\n").expect("writes");
    let own = node.text();
    let run = node.run(&["remove", "--owner", "a"]).exits(0);
    assert!(run.stdout.contains("nothing to do"), "{run:?}");
    assert_eq!((node.text(), run.stderr), (own, String::new()));
}

/// A change of the ledger alone is a change: it is what is taken back, and nothing older.
#[test]
fn what_was_only_recorded_is_taken_back_alone() {
    let bin = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\nbin_dir = \"/cni\"\n";
    let node = Node::with(bin);
    let patch = |owner: &str, text: &str| {
        let path = node.folder().join(format!("{owner}.patch"));
        std::fs::write(&path, format!("owner = \"{owner}\"\n{text}")).expect("writes");
        path.to_str().expect("UTF-8").to_owned()
    };
    let recorded = patch(
        "b",
        "[plugins.'io.containerd.grpc.v1.cri'.cni]\nbin_dir = \"/cni\"\n",
    );
    let level = patch("c", "[debug]\nlevel = \"debug\"\n");
    // Without numbers and digests: who wants what, and what was there before.
    let ledger = || {
        let text = std::fs::read_to_string(node.ledger()).unwrap_or("{}".to_owned());
        let ledger: Value = serde_json::from_str(&text).expect("JSON");
        let owners = ledger["owners"].as_object().cloned().unwrap_or_default();
        let entries = ledger["entries"].as_array().cloned().unwrap_or_default();
        (owners, entries)
    };
    let takes_back = |before, text: &str| {
        let other = undo(&node, &["--owner", "other"]).exits(78);
        assert!(other.stderr.contains("b made it, not other\n"), "{other:?}");
        let run = undo(&node, &["--owner", "b"]).exits(0);
        assert!(run.stdout.contains(": recorded, and nothing"), "{run:?}");
        assert_eq!((ledger(), node.text().as_str()), (before, text));
        let run = undo(&node, &["--owner", "b"]).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:?}");
    };
    // The first run of all.
    let before = ledger();
    node.run(&["apply", &recorded]).exits(0);
    takes_back(before, bin);
    node.run(&["apply", &level]).exits(0);
    let (before, text) = (ledger(), node.text());
    node.run(&["apply", &recorded]).exits(0);
    takes_back(before, &text);
    // After a removal.
    node.run(&["remove", "--owner", "c"]).exits(0);
    let before = ledger();
    node.run(&["apply", &recorded]).exits(0);
    takes_back(before, bin);
    // And what changes a file is taken back as ever.
    node.run(&["apply", &recorded]).exits(0);
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    undo(&node, &["--owner", "a"]).exits(0);
    assert_eq!(node.text(), bin);
}

#[test]
fn a_recorded_take_over_is_taken_back() {
    let node = Node::with(CONFIG);
    node.run(&["add", "kata", "--owner", "a"]).exits(0);
    let text = node.text();
    let take_over = ["add", "kata", "--owner", "b", "--take-over"];
    node.run(&take_over).exits(0);
    undo(&node, &[]).exits(0);
    assert_eq!(node.text(), text);
    node.run(&["remove", "kata", "--owner", "b"]).exits(78);
    node.run(&["remove", "kata", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), CONFIG);
}

/// The owner has wanted the handler before, and still does: it is as somebody had left it.
#[test]
fn an_owner_that_has_put_its_handler_back_can_undo_that() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    std::fs::write(node.config(), "version = 3\n").expect("writes");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    undo(&node, &["--exit-code"]).exits(10);
    assert_eq!(node.text(), "version = 3\n");
    node.run(&["add", "crun", "--owner", "a"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}
