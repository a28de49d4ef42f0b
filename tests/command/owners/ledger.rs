//! The ledger says who wants what: without comments, where it alone changes, and when it is cut off.

use std::fs;

use serde_json::json;

use crate::tool::{Node, Run, drop_comments};

use super::{CONFIG, apply, json, node, remove};

/// As a tool does that parses the file and prints it again.
#[test]
fn an_owner_whose_comments_are_gone_is_known_and_leaves_as_ever() {
    let node = node();
    Run::of(&mut apply(&node, "wasm", 1)).exits(0);
    drop_comments(&node.config());

    let status = json(&node.run(&["status", "-o", "json"]).exits(0));
    let handlers = status["handlers"].as_array().expect("handlers");
    let spin = handlers.iter().find(|handler| handler["name"] == "spin");
    assert_eq!(spin.expect("spin")["owner"], "wasm", "{status}");

    let run = Run::of(&mut remove(&node, "wasm")).exits(0);
    assert_eq!(run.stderr, "", "{run:#?}");
    let original = Node::with(CONFIG);
    drop_comments(&original.config());
    assert_eq!(node.text(), original.text());
}

#[test]
fn a_change_of_the_ledger_alone_needs_no_restart() {
    let node = node();
    Run::of(&mut apply(&node, "gpu-operator", 0)).exits(0);
    let run = Run::of(apply(&node, "wasm", 0).args(["-o", "json"])).exits(0);
    assert_eq!(json(&run)["restart_required"], true);
    // Both want CDI: with one of them it is still there.
    let patch = node.folder().join("cdi.patch");
    fs::write(
        &patch,
        "owner = 'cdi'\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
    )
    .expect("writes");
    let patch = patch.to_str().expect("UTF-8");
    let (text, identity) = (node.text(), node.identity());
    let apply = ["apply", patch, "-o", "json", "--exit-code"];
    let report = json(&node.run(&apply).exits(0));
    assert_eq!(
        (&report["changed"], &report["restart_required"]),
        (&json!(false), &json!(false))
    );
    let run = node.run(&["remove", "--owner", "cdi"]).exits(0);
    assert!(run.stdout.contains("recorded"), "{run:#?}");
    assert_eq!((node.text(), node.identity()), (text, identity));
}

#[test]
fn a_ledger_that_is_cut_off_is_an_error_with_its_place_and_a_next_step() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "kata", "--owner", "kata-deploy"])
        .exits(0);
    let whole = fs::read_to_string(node.ledger()).expect("a ledger");
    for (sidecar, next) in [
        (
            ".owners",
            "put the ledger before the last change in its place",
        ),
        (
            ".owners.before",
            "move it away: then the ledger that holds is the",
        ),
    ] {
        let path = node.folder().join(format!("config.toml{sidecar}"));
        for cut in ["", "{\n", &whole[..whole.len() / 2], "\u{0}"] {
            fs::write(&path, cut).expect("writes");
            let before = node.text();
            for verb in [&["add", "crun"][..], &["remove", "--owner", "kata-deploy"]] {
                let run = node.run(verb).exits(65);
                let name = format!("config.toml{sidecar}:");
                assert!(run.stderr.contains(&name), "{cut:?}: {run:#?}");
                let next = format!("hint: {next}");
                assert!(run.stderr.contains(&next), "{run:#?}");
            }
            // All else is known all the same.
            let run = node.run(&["status", "--exit-code"]).exits(10);
            let said = "unknown: the ledger can't be read: ";
            assert!(run.stdout.contains(said), "{run:#?}");
            assert!(run.stdout.contains(next), "{run:#?}");
            let run = node.run(&["list"]).exits(0);
            assert!(run.stderr.contains(next), "{run:#?}");
            assert_eq!(node.text(), before);
        }
        fs::remove_file(&path).expect("removes");
        // What the hint says: then the comments tell.
        node.run(&["add", "crun", "--owner", "ops"]).exits(0);
        node.run(&["remove", "--owner", "ops"]).exits(0);
    }
    node.run(&["remove", "--owner", "kata-deploy"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
}
