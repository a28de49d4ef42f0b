//! Single keys of handlers, and what stands where a handler belongs.

use crate::tool::Node;

#[test]
fn adding_to_a_handler_that_exists_changes_only_what_is_given() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--set", "options.ConfigPath=/a"])
        .exits(0);
    let first = node.text();
    assert!(
        first.contains("runtime_type = \"io.containerd.kata.v2\""),
        "{first}"
    );
    node.run(&["unset", "handlers.kata.pod_annotations"])
        .exits(0);
    node.run(&["add", "kata", "--set", "options.ConfigPath=/b"])
        .exits(0);
    let second = node.text();
    assert!(
        second.contains("/b") && !second.contains("pod_annotations"),
        "{second}"
    );
    let type_of = ["add", "mine", "--set", "runtime_type=io.containerd.runc.v2"];
    node.run(&type_of).exits(0);
    node.run(&["add", "mine", "--set", "options.BinaryName=/x"])
        .exits(0);
    assert!(node.text().contains("BinaryName = \"/x\""));
    let refused = node
        .run(&["add", "other", "--set", "options.BinaryName=/x"])
        .exits(2);
    assert!(
        refused.stderr.contains("other has no runtime_type"),
        "{}",
        refused.stderr
    );
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

#[test]
fn a_handler_that_nothing_runs_is_refused_and_the_error_says_what_is_missing() {
    let node = Node::with("version = 3\n");
    let said = "the handler crn has no runtime_type, and no preset is called so\n\
                hint: did you mean crun? Otherwise set its runtime_type, too\n";
    let set = ["set", "handlers.crn.snapshotter=native"];
    let added = ["add", "crn", "--set", "snapshotter=native"];
    for arguments in [&set[..], &added[..]] {
        let refused = node.run(arguments).exits(2);
        assert!(refused.stderr.ends_with(said), "{}", refused.stderr);
    }
    let file = node.folder().join("patch.toml");
    let table = "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.crn";
    std::fs::write(&file, format!("[{table}]\nsnapshotter = \"native\"\n")).expect("writes");
    let path = file.to_str().expect("UTF-8");
    let refused = node.run(&["apply", path]).exits(65);
    let place = format!("error: {path}:2:1: the handler crn has no runtime_type");
    assert!(refused.stderr.starts_with(&place), "{}", refused.stderr);
    // No verb adds a handler of this name.
    let default = node.run(&["set", "default=Crun"]).exits(78);
    assert!(default.stderr.ends_with(" list`\n"), "{}", default.stderr);
    assert_eq!(node.text(), "version = 3\n");
    node.run(
        &[
            &set[..],
            &["handlers.crn.runtime_type=io.containerd.crn.v1"],
        ]
        .concat(),
    )
    .exits(0);
    node.run(&["apply", path, "--owner", "manual"]).exits(0);
}

#[test]
fn add_takes_single_keys_of_a_handler_away() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--set", "options.ConfigPath=/x"])
        .exits(0);
    let change = [
        "add",
        "kata",
        "--set",
        "cni_conf_dir=/cni",
        "--unset",
        "options.ConfigPath",
    ];
    node.run(&change).exits(0);
    let after = node.text();
    assert!(after.contains("cni_conf_dir = \"/cni\""), "{after}");
    assert!(after.contains("io.containerd.kata.v2"), "{after}");
    assert!(!after.contains("ConfigPath"), "{after}");
    node.run(&["add", "kata", "--unset", "cni_conf_dir"])
        .exits(0);
    assert!(!node.text().contains("cni_conf_dir"), "{}", node.text());
    node.run(&["add", "kata", "--unset", "a..b"]).exits(2);
    let both = [
        "add",
        "kata",
        "--set",
        "snapshotter=x",
        "--unset",
        "snapshotter",
    ];
    let refused = node.run(&both).exits(2);
    assert!(refused.stderr.contains("both set and unset"), "{refused:?}");
    node.run(&["remove", "kata"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}

/// That it is to be gone was said before: nothing of it comes back when it is removed once more.
#[test]
fn what_stood_in_a_handlers_place_and_was_unset_stays_gone() {
    let head = "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes]\n";
    let base = format!("{head}foo = 5\n");
    let node = Node::with(&base);
    let run = node.run(&["check"]).exits(78);
    assert!(run.stderr.contains("foo wants a table\n"), "{run:#?}");
    node.run(&["unset", "handlers.foo"]).exits(0);
    assert_eq!(node.text(), head);
    let run = node.run(&["remove", "foo"]).exits(0);
    assert!(run.stdout.ends_with("nothing to do\n"), "{run:#?}");
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.text(), base);
}
