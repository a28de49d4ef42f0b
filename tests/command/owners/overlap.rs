//! Installers that run at the same time, and those that replace what another one has set.

use std::thread;

use crate::tool::Run;

use super::{CONFIG, INSTALLERS, apply, json, node, remove};

#[test]
fn installers_that_overlap_lose_nothing_of_each_other() {
    let node = node();
    thread::scope(|scope| {
        for (owner, _) in INSTALLERS {
            let node = &node;
            scope.spawn(move || {
                for round in 0..8 {
                    Run::of(&mut apply(node, owner, 0)).exits(0);
                    Run::of(&mut apply(node, owner, 1)).exits(0);
                    if round % 2 == 0 {
                        Run::of(&mut remove(node, owner)).exits(0);
                    }
                }
            });
        }
    });
    let listed = json(&node.run(&["list", "-o", "json"]).exits(0));
    let mut names: Vec<&str> = listed["handlers"]
        .as_array()
        .expect("handlers")
        .iter()
        .map(|handler| handler["name"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "kata-clh",
            "kata-fc",
            "nvidia",
            "nvidia-cdi",
            "runc",
            "spin",
            "wasmtime"
        ]
    );
    for (owner, _) in INSTALLERS {
        let code = Run::of(apply(&node, owner, 1).args(["--dry-run", "--exit-code"])).exit;
        assert_eq!(code, Some(0), "{owner} finds all in place");
    }
    thread::scope(|scope| {
        for (owner, _) in INSTALLERS {
            let node = &node;
            scope.spawn(move || Run::of(&mut remove(node, owner)).exits(0));
        }
    });
    assert_eq!(node.text(), CONFIG);
}

#[test]
fn what_an_owner_replaced_comes_back_when_it_leaves() {
    let node = node();
    Run::of(&mut apply(&node, "kata-deploy", 0)).exits(0);
    assert!(node.text().contains("level = \"debug\" # ours"));
    Run::of(&mut apply(&node, "gpu-operator", 1)).exits(0);
    assert!(node.text().contains("level = \"trace\" # ours"));
    // From below: what came later stays.
    Run::of(&mut remove(&node, "kata-deploy")).exits(0);
    assert!(node.text().contains("level = \"trace\" # ours"));
    Run::of(&mut remove(&node, "gpu-operator")).exits(0);
    assert_eq!(node.text(), CONFIG);
}
