//! Handlers in drop-ins, and what is the user's own there.

use std::fs;

use crate::tool::Node;

use super::{RUNTIMES, apply, is, run, serves, verdicts};

/// Whatever each release served before, it serves afterwards.
#[test]
fn take_over_from_a_drop_in_on_1x() {
    let node = Node::with("version = 2\n");
    let both = "owner = \"b\"\n[handlers.spin]\n[handlers.crun]\n";
    apply(&node, &["--drop-in=conf.d/60-z.toml"], both).exits(0);
    apply(&node, &[], "owner = \"b\"\n[handlers.crun]\n").exits(0);
    let before = verdicts(&node);
    assert!(before.values().any(|(verdict, _)| verdict == "serves"));
    run(&node, &["add", "crun", "--owner", "a", "--take-over"], 0);
    let after = verdicts(&node);
    for (release, (verdict, handlers)) in &before {
        if verdict == "serves" {
            let (now, listed) = &after[release];
            assert_eq!(now, "serves", "{release}");
            assert!(
                handlers.is_subset(listed),
                "{release}: {handlers:?} -> {listed:?}"
            );
        }
    }
}

#[test]
fn a_users_drop_in_is_not_deleted() {
    let node = Node::with("version = 3\n");
    let own = node.folder().join("conf.d/50-x.toml");
    fs::create_dir(node.folder().join("conf.d")).expect("a folder");
    fs::write(&own, "version = 3\n").expect("writes");
    run(&node, &["add", "spin", "--owner", "x", "--drop-in"], 0);
    run(&node, &["remove", "--owner", "x"], 0);
    is(&node, "version = 3\n");
    assert_eq!(fs::read(own).expect("the user's file"), b"version = 3\n");
}

/// The main file was deleted, and a later one imports the drop-in again: its handler of nobody's hides
/// the `runc` of 1.x.
#[test]
fn an_owner_leaves_a_drop_in_with_a_handler_of_others() {
    let node = Node::with("version = 2\n");
    let level = ["set", "debug.level=info", "--owner", "a", "--drop-in"];
    run(&node, &level, 0);
    let drop_in = node.folder().join("conf.d/50-a.toml");
    let mine = format!("[{RUNTIMES}.mine]\nruntime_type = \"io.containerd.runc.v2\"\n");
    let text = fs::read_to_string(&drop_in).expect("reads") + &mine;
    fs::write(&drop_in, text).expect("writes");
    fs::remove_file(node.config()).expect("removes");
    let systemd = "handlers.runc.options.SystemdCgroup=true";
    run(&node, &["set", systemd, "--owner", "a"], 0);
    serves(&node, "1.6", &["runc", "mine"]);
    run(&node, &["remove", "--owner", "a"], 0);
    serves(&node, "1.6", &["runc", "mine"]);
    let left = fs::read_to_string(&drop_in).expect("reads");
    assert!(
        !left.contains("owner=a") && !left.contains("debug"),
        "{left}"
    );
    run(&node, &["remove", "--owner", "a"], 0);
    assert_eq!(fs::read_to_string(&drop_in).expect("reads"), left);
}
