//! Handlers that are another owner's or the user's, and have the name of the owner's own.

use serde_json::Value;

use crate::tool::{Node, Run, tool};

use super::{CONFIG, apply, json, node, remove};

#[test]
fn another_owners_handler_is_refused_until_it_is_taken_over() {
    let node = node();
    node.run(&["add", "spin", "--owner", "somebody"]).exits(0);
    let installed = node.text();
    let run = Run::of(&mut apply(&node, "wasm", 0)).exits(78);
    assert!(
        run.stderr.contains("the handler spin belongs to somebody"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("--take-over"), "{run:#?}");
    assert_eq!(node.text(), installed);
    let run = node.run(&["remove", "spin", "--owner", "wasm"]).exits(78);
    assert!(run.stderr.contains("belongs to somebody"), "{run:#?}");

    Run::of(apply(&node, "wasm", 0).arg("--take-over")).exits(0);
    assert_eq!(
        node.run(&["remove", "--owner", "somebody"]).exits(0).stderr,
        ""
    );
    assert!(
        node.text().contains("runtimes.spin]"),
        "it is wasm's by now"
    );
    Run::of(&mut remove(&node, "wasm")).exits(0);
    assert_eq!(node.text(), CONFIG);
}

/// The owner that a variable names is no licence for another owner's handler.
#[test]
fn a_handler_goes_by_name_for_its_owner_only() {
    let node = node();
    node.run(&["add", "spin", "--owner", "somebody"]).exits(0);
    let text = node.text();
    let remove = |owner: &str| {
        let mut command = tool();
        command.env("CONTAINERD_EDIT_OWNER", owner).arg("--config");
        Run::of(command.arg(node.config()).args(["remove", "spin"]))
    };
    let refused = remove("wasm").exits(78);
    let next = node.hinted("remove spin --owner somebody");
    assert!(refused.stderr.contains(&next), "{refused:?}");
    assert_eq!(node.text(), text);
    node.run(&["remove", "spin", "--owner", "somebody"])
        .exits(0);
    assert_eq!(node.text(), CONFIG);
}

/// The user's handler of the same name stays, and nobody has dropped a comment of it.
#[test]
fn what_was_in_a_drop_in_is_not_looked_for_in_the_config() {
    let config = "version = 3\n\
        [plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.mine]\n\
        runtime_type = 'io.containerd.runc.v2'\nsnapshotter = 's'\n";
    let node = Node::with(config);
    node.run(&[
        "add",
        "mine",
        "--preset",
        "crun",
        "--owner",
        "x",
        "--drop-in",
    ])
    .exits(0);
    for said in ["mine was there before x came, and stays", ""] {
        let run = node.run(&["remove", "--owner", "x"]).exits(0);
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(!run.stderr.is_empty() || said.is_empty(), "{run:#?}");
        assert_eq!(node.text(), config);
    }
    let status = json(&node.run(&["status", "-o", "json"]).exits(0));
    assert_eq!(status["handlers"][0]["added_by"], Value::Null, "{status}");
}

/// One handler in two plugin tables of a file: the owner has the one that this tool has written.
#[test]
fn of_two_tables_with_a_handler_one_is_the_owners() {
    let node = Node::with(
        "version = 3\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.kata]\n\
         runtime_type = 'io.containerd.kata.v2'\n",
    );
    node.run(&["add", "kata"]).exits(0);
    let run = node.run(&["list", "-o", "json"]).exits(0);
    let listed: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let owners: Vec<_> = listed["handlers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["owner"])
        .collect();
    assert_eq!(
        owners,
        [
            &serde_json::Value::Null,
            &"manual".into(),
            &serde_json::Value::Null
        ],
        "{listed}"
    );
}

/// Nor does one who only unsets a key of it have the rest.
#[test]
fn a_key_of_another_owners_handler_is_not_unset_by_adding_it() {
    let node = Node::with("version = 3\n");
    let path = "options.ConfigPath=/opt/k.toml";
    node.run(&["add", "kata", "--owner", "k", "--set", path])
        .exits(0);
    let text = node.text();
    for key in ["options.ConfigPath", "snapshotter"] {
        let run = node
            .run(&["add", "kata", "--owner", "m", "--unset", key])
            .exits(78);
        assert!(run.stderr.contains("belongs to k"), "{run:#?}");
        assert_eq!(node.text(), text);
    }
}
