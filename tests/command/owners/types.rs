//! Handlers that have no type of their own once an owner has left.

use std::fs;

use crate::tool::Node;

use super::json;

/// It was not loaded before they came, and its owner leaves all the same.
#[test]
fn keys_leave_a_handler_that_has_no_type_of_its_own() {
    let config = "version = 3\n\
        [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.kata]\n";
    for drop_in in [&[][..], &["--drop-in"]] {
        let node = Node::with(config);
        let patch = node.folder().join("patch.toml");
        fs::write(&patch, "owner = 'a'\n[handlers.kata]\n").expect("writes");
        let patch = patch.to_str().expect("a path");
        node.run(&[&["apply", patch], drop_in].concat()).exits(0);
        let run = node.run(&["remove", "--owner", "a", "-o", "json"]).exits(0);
        assert_eq!(node.text(), config);
        let warnings = &json(&run)["warnings"];
        let said = "kata is left without what its owner had set, and containerd 2.0, 2.1, 2.2, 2.3 \
                    and 2.4 will not load it: it has no runtime_type of its own";
        assert_eq!(warnings[0]["code"], "not-loaded", "{warnings}");
        assert_eq!(warnings[0]["message"], said);
        // And back.
        node.run(&["undo"]).exits(0);
        node.run(&["undo"]).exits(0);
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), config);
    }
}

/// 2.x reads the other table, and loads as much of the handler as before: nothing.
#[test]
fn a_handler_that_a_release_looks_for_elsewhere_does_not_lack_a_type() {
    let [old, new] = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"]
        .map(|id| format!("plugins.\"{id}\".containerd.runtimes"));
    let kind = "runtime_type = 'io.containerd.runc.v2'\n";
    let config = format!("version = 2\n[{old}.runc]\n{kind}[{old}.kata]\n{kind}[{new}.x]\n{kind}");
    let node = Node::with(&config);
    let patch = node.folder().join("patch.toml");
    fs::write(
        &patch,
        "owner = 'a'\n[handlers.kata]\nsnapshotter = 'native'\n",
    )
    .expect("writes");
    let patch = patch.to_str().expect("a path");
    let named = ["--containerd-version", "1.7"];
    node.run(&[&["apply", patch], &named[..]].concat()).exits(0);
    let run = node.run(&["remove", "--owner", "a", "-o", "json"]).exits(0);
    assert_eq!(node.text(), config);
    let warnings = json(&run)["warnings"].clone();
    let codes = warnings.as_array().into_iter().flatten();
    let codes: Vec<&str> = codes.filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(codes, ["was-there"], "{warnings}");
}

/// No pod without a RuntimeClass can start then.
#[test]
fn a_default_that_is_left_without_its_type_is_said_to_be_the_default() {
    let config = "version = 3\n\
        [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.mine]\nsnapshotter = 's'\n";
    let node = Node::with(config);
    node.run(&[
        "add",
        "mine",
        "--preset",
        "crun",
        "--owner",
        "x",
        "--take-over",
    ])
    .exits(0);
    node.run(&["set-default", "mine", "--owner", "y"]).exits(0);
    let run = node.run(&["remove", "--owner", "x"]).exits(0);
    assert!(
        run.stderr
            .contains("it is the default there, and pods without a RuntimeClass can't start"),
        "{run:#?}"
    );
}
