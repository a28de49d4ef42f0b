//! The default handler is set and given back.

use crate::tool::Node;

use super::node;

/// containerd 1.x reads a handler of that name from a table of its own.
#[test]
fn a_default_in_a_table_of_long_ago_comes_back() {
    let table = "[plugins.\"io.containerd.grpc.v1.cri\".containerd";
    let kind = "runtime_type = \"io.containerd.runc.v2\"";
    let text = format!(
        "version = 2\n{table}]\ndefault_runtime_name = \"untrusted\"\n{table}.runtimes.runc]\n{kind}\n\
         {table}.untrusted_workload_runtime]\n{kind}\n"
    );
    let node = Node::with(&text);
    node.run(&["add", "crun", "--default"]).exits(0);
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.text(), text);
}

#[test]
fn the_default_is_set_and_given_back() {
    let node = node();
    node.run(&["add", "spin"]).exits(0);
    let added = node.text();
    let run = node.run(&["set-default", "spin"]).exits(0);
    assert!(
        run.stdout.contains("the default handler is now spin"),
        "{run:#?}"
    );
    assert_eq!(
        node.run(&["set-default", "spin", "--exit-code"]).exit,
        Some(0)
    );
    let run = node.run(&["set-default", "nothing"]).exits(78);
    assert!(run.stderr.contains("nothing"), "{run:#?}");
    node.run(&["set-default", "--unset", "--owner", "other"])
        .exits(0);
    assert_ne!(node.text(), added, "that is another owner's");
    node.run(&["set-default", "--unset"]).exits(0);
    assert_eq!(node.text(), added);
    node.run(&["set-default", "--unset"]).exits(0);
    assert_eq!(node.text(), added, "the file's own default stays");
}

/// containerd 1.x falls back to no other `runc` once a handler is listed.
#[test]
fn a_default_that_another_one_overrules_stays_listed() {
    let table = "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.mine]";
    let text = format!("version = 2\n{table}\nruntime_type = \"io.containerd.runc.v2\"\n");
    let node = Node::with(&text);
    node.run(&["set-default", "runc", "--owner", "a"]).exits(0);
    let run = node
        .run(&["add", "kata", "--default", "--owner", "b"])
        .exits(0);
    assert!(!run.stderr.contains("runc any more"), "{run:#?}");
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    node.run(&["remove", "--owner", "b"]).exits(0);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), text);
}
