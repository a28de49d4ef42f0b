//! k0s, MicroK8s and a watched folder: drop-ins, and strings of others.

use std::fs;

use crate::tool::{Run, drop_comments};

use super::{DROP_INS, Tree};

#[test]
fn an_unmanaged_k0s_config_is_said() {
    let tree = Tree::of("k0s-unmanaged");
    let run = tree.run(&["add", "gvisor"]).exits(0);
    assert!(
        run.stderr.contains("k0s does not manage this config"),
        "{run:#?}"
    );
}

/// `/run/k0s` is not mounted, or k0s has not been started yet.
#[test]
fn what_k0s_imports_may_be_out_of_sight() {
    let tree = Tree::of("k0s");
    fs::remove_dir_all(tree.host().join("run")).expect("removes");
    let before = tree.files();
    for wanted in ["default = 'nope'", "[debug]\nlevel = 'loud'"] {
        let run = Run::of(&mut tree.apply("x", wanted)).exits(78);
        assert!(run.stderr.contains("mount the host's /run/k0s"), "{run:#?}");
        assert_eq!(tree.files(), before);
    }
    let run = Run::of(&mut tree.apply("x", "[handlers.crun]")).exits(0);
    assert!(run.stderr.contains("mount the host's /run/k0s"), "{run:#?}");
}

#[test]
fn microk8s_strings_are_not_touched() {
    let tree = Tree::of("microk8s");
    let path = "var/snap/microk8s/current/args/containerd-template.toml";
    let before = tree.text(path);
    tree.run(&["add", "gvisor", "--default"]).exits(0);
    let after = tree.text(path);
    assert_eq!(
        before.matches("${").count(),
        after.matches("${").count() + 1,
        "one is in the ledger"
    );
    assert!(before.contains("default_runtime_name = \"${RUNTIME}\"\n"));
    assert!(after.contains("default_runtime_name = \"gvisor\"\n"));
    assert!(tree.run(&["check"]).exits(0).stdout.contains("serves"));
    tree.run(&["remove", "gvisor"]).exits(0);
    assert_eq!(tree.text(path), before);
    // What is filled in is in force.
    let own = "plugins.'io.containerd.internal.v1.opt'.path=${SNAP}/x";
    let run = tree.run(&["set", own]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn what_can_not_be_edited_is_refused_with_what_to_do_there() {
    for (fixture, exit, word) in [
        ("bottlerocket", 78, "settings"),
        ("talos", 78, "machine config"),
        ("gke", 78, "GKE Sandbox"),
        ("ambiguous", 66, "--distribution containerd|k3s"),
    ] {
        let tree = Tree::of(fixture);
        let before = tree.files();
        let run = tree.run(&["add", "kata"]).exits(exit);
        assert!(run.stderr.contains(word), "{run:#?}");
        let run = tree.run(&["-o", "json", "add", "kata"]).exits(exit);
        assert!(
            run.stdout.starts_with("{\"schema\":1,\"error\":"),
            "{run:#?}"
        );
        assert_eq!(tree.files(), before);
    }
    let tree = Tree::of("ambiguous");
    let run = tree.run(&["--distribution", "k3s", "add", "kata"]).exits(0);
    assert!(run.stdout.contains("restart k3s"), "{run:#?}");
    let run = tree
        .run(&["--distribution", "rke2", "add", "kata"])
        .exits(66);
    assert!(
        run.stderr.contains("this host does not run RKE2"),
        "{run:#?}"
    );
    let run = tree.run(&["--distribution", "rancher", "list"]).exits(2);
    assert!(
        run.stderr.contains("containerd, k3s, rke2, k0s, microk8s"),
        "{run:#?}"
    );
}

/// The lock and what is kept of earlier texts.
#[test]
fn a_watched_folder_sees_nothing_but_the_drop_in() {
    let tree = Tree::of("k0s");
    tree.run(&["add", "kata"]).exits(0);
    tree.run(&["add", "spin"]).exits(0);
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(tree.host().join(folder)).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|it| it.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("etc/k0s/containerd.d"), ["50-manual.toml", "README"]);
    assert_eq!(
        names("etc/k0s"),
        [
            "containerd.d",
            "containerd.d%2F50-manual.toml.last",
            "containerd.d%2F50-manual.toml.prev",
            "containerd.toml",
            "containerd.toml.lock",
            "containerd.toml.log",
            "containerd.toml.owners",
            "containerd.toml.owners.prev"
        ]
    );
}

#[test]
fn an_owner_leaves_whatever_other_owners_have_made_of_its_handlers() {
    for name in DROP_INS {
        for owners in [["a", "b"], ["b", "a"]] {
            let tree = Tree::of(name);
            let original = tree.files();
            let [first, second] = owners;
            let other = "default = 'kata'\n[handlers.spin]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n";
            Run::of(&mut tree.apply(first, "[handlers.kata]\n")).exits(0);
            let installed = tree.files();
            Run::of(&mut tree.apply(second, other)).exits(0);
            let run = tree.run(&["remove", "--owner", first]).exits(0);
            let said = format!("{second} wants kata as the default, which is not listed");
            assert!(run.stderr.contains(&said), "{name}: {run:#?}");
            // It wants it again, and has it once the handler is there.
            let again = Run::of(&mut tree.apply(second, other));
            let again = again.exits(78);
            assert!(again.stderr.contains("kata"), "{again:#?}");
            Run::of(&mut tree.apply(first, "[handlers.kata]\n")).exits(0);
            Run::of(&mut tree.apply(second, other)).exits(0);
            tree.run(&["remove", "--owner", second]).exits(0);
            assert_eq!(tree.files(), installed, "{name}");
            tree.run(&["remove", "--owner", first]).exits(0);
            assert_eq!(tree.files(), original, "{name}");
        }
    }
}

#[test]
fn a_handler_goes_by_name_from_any_drop_in_of_this_tool() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        let original = tree.files();
        Run::of(&mut tree.apply("a", "[handlers.kata]\n")).exits(0);
        let run = tree.run(&["remove", "kata", "--owner", "a"]).exits(0);
        assert!(run.stdout.contains("removed kata"), "{name}: {run:#?}");
        assert_eq!(tree.files(), original, "{name}");
        // The distribution's own stays, and is not said to be gone.
        let run = tree.run(&["remove", "runc"]).exits(0);
        let said = "runc stays listed: the distribution writes ";
        assert!(run.stderr.contains(said), "{run:#?}");
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
        assert_eq!(tree.files(), original, "{name}");
    }
    for name in ["k3s-template", "k3s-no-template"] {
        let tree = Tree::of(name);
        let run = tree.run(&["remove", "runc"]).exits(0);
        assert!(run.stderr.contains("runc stays listed"), "{run:#?}");
        let run = tree.run(&["remove", "kata"]).exits(0);
        assert!(run.stdout.contains("nothing to do"), "{run:#?}");
    }
}

#[test]
fn a_drop_in_whose_comments_are_gone_goes_with_its_owner() {
    for name in DROP_INS {
        for leave in [
            &["remove", "--owner", "a"][..],
            &["remove", "kata", "--owner", "a"],
        ] {
            let tree = Tree::of(name);
            Run::of(&mut tree.apply("b", "[handlers.spin]\n")).exits(0);
            let before = tree.files();
            Run::of(&mut tree.apply(
                "a",
                "[handlers.kata]\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = true\n",
            ))
            .exits(0);
            let mut changed = tree.files().into_keys();
            let drop_in = changed.find(|path| !before.contains_key(path));
            drop_comments(&tree.host().join(drop_in.expect("a drop-in")));
            let run = tree.run(leave).exits(0);
            assert!(run.stdout.contains("removed kata"), "{name}: {run:#?}");
            assert_eq!(run.stderr, "", "{name}");
            tree.run(&["remove", "--owner", "a"]).exits(0);
            assert_eq!(tree.files(), before, "{name}");
        }
    }
}

/// Two owners want it then, where it stands.
#[test]
fn a_handler_is_taken_over_from_another_drop_in() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        let original = tree.files();
        Run::of(&mut tree.apply("z-old", "[handlers.kata]\nsnapshotter = 'old'\n")).exits(0);
        let run = Run::of(&mut tree.apply("b", "[handlers.kata]\n")).exits(78);
        assert!(run.stderr.contains("kata belongs to z-old"), "{run:#?}");
        let wanted = "[handlers.kata]\nsnapshotter = 'new'\n";
        let run = Run::of(tree.apply("b", wanted).arg("--take-over")).exits(0);
        assert!(run.stdout.contains("changed kata"), "{name}: {run:#?}");
        let files = tree.files();
        let mut changed = files
            .iter()
            .filter(|(path, _)| !original.contains_key(*path));
        let (path, text) = changed.next().expect("a drop-in");
        assert!(path.ends_with("50-z-old.toml"), "{}", path.display());
        assert!(String::from_utf8_lossy(text).contains("snapshotter = \"new\""));
        assert!(changed.next().is_none());
        tree.run(&["remove", "--owner", "z-old"]).exits(0);
        assert!(tree.files()[path] != *text, "it is b's alone");
        tree.run(&["remove", "--owner", "b"]).exits(0);
        assert_eq!(tree.files(), original, "{name}");
    }
}

#[test]
fn what_another_drop_in_says_instead_is_told() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        let older = "default = 'kata'\n[handlers.kata]\n";
        Run::of(&mut tree.apply("z", older)).exits(0);
        let newer = "default = 'spin'\n[handlers.spin]\n";
        let run = Run::of(&mut tree.apply("a", newer)).exits(0);
        assert!(
            run.stdout.contains("the default handler is now spin"),
            "{name}: {run:#?}"
        );
        for _ in 0..2 {
            let run = Run::of(tree.apply("z", older).arg("--exit-code")).exits(0);
            let said = "default_runtime_name stays \"spin\", not \"kata\"";
            assert!(run.stderr.contains(said), "{name}: {run:#?}");
            assert!(!run.stdout.contains("default handler"), "{name}: {run:#?}");
        }
    }
}

#[test]
fn a_default_that_the_distribution_writes_stays() {
    let tree = Tree::of("k3s-drop-in");
    let generated = tree.host().join(super::K3S).join("config.toml");
    let default = "[plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
                   default_runtime_name = 'kata'\n";
    let text = fs::read_to_string(&generated).expect("readable");
    fs::write(&generated, text + default).expect("writes");
    let original = tree.files();
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let run = tree.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(tree.files(), original);
    let said = "this config does not serve CRI";
    assert!(run.stderr.contains(said), "{run:#?}");
}

const K0S_MERGED: &str = "run/k0s/containerd-cri.toml";

/// k0s takes seconds to write its config anew, an upgrade does not.
#[test]
fn what_k0s_has_merged_of_a_drop_in_that_is_gone_is_written_again() {
    let cdi = "plugins.'io.containerd.cri.v1.runtime'.enable_cdi";
    for (wanted, merged) in [
        (
            "[handlers.kata]\n",
            "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\n\
             runtime_type = 'io.containerd.kata.v2'\nprivileged_without_host_devices = true\n\
             pod_annotations = ['io.katacontainers.*']\n",
        ),
        (
            &format!("{cdi} = true\n"),
            "[plugins.'io.containerd.cri.v1.runtime']\nenable_cdi = true\n",
        ),
    ] {
        let tree = Tree::of("k0s-v3");
        Run::of(&mut tree.apply("a", wanted)).exits(0);
        let installed = tree.files();
        let text = tree.text(K0S_MERGED) + merged;
        fs::write(tree.host().join(K0S_MERGED), text).expect("writes");
        tree.run(&["remove", "--owner", "a"]).exits(0);
        for owner in ["b", "a"] {
            let run = Run::of(&mut tree.apply(owner, wanted)).exits(0);
            assert!(run.stdout.contains("created "), "{run:#?}");
            if owner == "b" {
                tree.run(&["remove", "--owner", owner]).exits(0);
            }
        }
        let drop_in = std::path::Path::new("etc/k0s/containerd.d/50-a.toml");
        assert_eq!(tree.files()[drop_in], installed[drop_in]);
    }
}

#[test]
fn what_k0s_has_merged_of_a_drop_in_that_is_gone_is_not_listed() {
    let tree = Tree::of("k0s-v3");
    let text = tree.text(K0S_MERGED).replace(" = 'runc'", " = 'kata'")
        + "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\n\
           runtime_type = 'io.containerd.kata.v2'\n";
    fs::write(tree.host().join(K0S_MERGED), text).expect("writes");
    for remove in [&["remove", "kata"][..], &["remove", "kata", "--adopt"]] {
        let run = tree.run(remove).exits(0);
        assert!(run.stdout.contains("kata is not listed"), "{run:#?}");
        assert_eq!(run.stderr, "");
    }
    let run = tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    assert!(run.stdout.contains("added kata"), "{run:#?}");
    let run = tree.run(&["remove", "--owner", "a"]).exits(0);
    assert!(run.stdout.contains("removed kata"), "{run:#?}");
    assert_eq!(run.stderr, "");
}

/// k0s has containerd import it beside what it has merged.
#[test]
fn what_is_not_cri_comes_into_force_on_k0s() {
    for name in ["k0s", "k0s-v3"] {
        let tree = Tree::of(name);
        let original = tree.files();
        for wanted in [
            "[debug]\nlevel = 'debug'\n",
            "[proxy_plugins.n]\ntype = 'snapshot'\naddress = '/s'\n",
        ] {
            let run = Run::of(&mut tree.apply("a", wanted)).exits(0);
            assert_eq!(run.stderr, "", "{name}");
            tree.run(&["check"]).exits(0);
            tree.run(&["remove", "--owner", "a"]).exits(0);
            assert_eq!(tree.files(), original, "{name}");
        }
    }
}

#[test]
fn status_tells_of_the_drop_ins_and_whose_they_are() {
    for name in DROP_INS {
        let tree = Tree::of(name);
        Run::of(&mut tree.apply("a", "[handlers.kata]\n")).exits(0);
        Run::of(&mut tree.apply("b", "[handlers.spin]\n")).exits(0);
        let status = tree.run(&["status"]).exits(0).stdout;
        let lines: Vec<&str> = status.lines().collect();
        for (owner, handler) in [("a", "kata"), ("b", "spin")] {
            let at = lines.iter().position(|line| {
                line.starts_with("drop-in: ") && line.ends_with(&format!(", created for {owner}"))
            });
            let below = &lines[at.expect(&status) + 1..];
            let told = below.iter().find(|line| line.contains(handler));
            assert!(
                told.expect(&status).ends_with(&format!(" {owner}")),
                "{status}"
            );
        }
        let status = tree.run(&["status", "-o", "json"]).exits(0).stdout;
        let status: serde_json::Value = serde_json::from_str(&status).expect("JSON");
        let drop_ins = status["drop_ins"].as_array().expect("an array");
        assert_eq!(drop_ins.len(), 2, "{status}");
        assert_eq!(drop_ins[1]["created_for"], "b");
        let handlers = drop_ins[1]["handlers"].as_array().expect("an array");
        let last = handlers.last().expect("one");
        assert_eq!(
            (&last["name"], &last["owner"]),
            (&"spin".into(), &"b".into())
        );
    }
    for name in ["k3s-template", "k3s-no-template"] {
        let tree = Tree::of(name);
        tree.run(&["add", "gvisor"]).exits(0);
        let status = tree.run(&["status"]).exits(0).stdout;
        assert!(status.contains("gvisor  manual\n"), "{status}");
    }
}
