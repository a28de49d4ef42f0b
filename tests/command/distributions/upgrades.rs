//! Nodes whose distribution has become another release under its owners: it reads other files then.

use std::fs;

use super::{K3S, Tree};

/// Puts what another fixture has over a tree.
fn upgrade(tree: &Tree, fixture: &str, file: &str) {
    let newer = Tree::of(fixture);
    fs::copy(newer.host().join(file), tree.host().join(file)).expect("copies");
}

/// Where k3s, or RKE2, has its config on a fixture's host.
fn folder_of(fixture: &str) -> String {
    let distribution = fixture.split('-').next().expect("a name");
    K3S.replace("k3s", distribution)
}

#[test]
fn owners_of_a_template_keep_it_when_k3s_gains_a_folder() {
    let tree = Tree::of("k3s-no-template");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let config = format!("{K3S}/config.toml");
    upgrade(&tree, "k3s-drop-in", &config);
    let template = tree.text(&format!("{K3S}/config-v3.toml.tmpl"));
    let part = template.split_once('\n').expect("a directive").1;
    let started = format!("{}{part}", tree.text(&config));
    fs::write(tree.host().join(&config), &started).expect("writes");
    tree.run(&["add", "gvisor", "--owner", "b"]).exits(0);
    let template = tree.text(&format!("{K3S}/config-v3.toml.tmpl"));
    assert!(template.contains("gvisor"), "{template}");
    for (owner, handler) in [("a", "kata"), ("b", "gvisor")] {
        let run = tree.run(&["remove", "--owner", owner]).exits(0);
        assert!(
            run.stdout.contains(&format!("removed {handler}")),
            "{run:#?}"
        );
    }
    assert!(!tree.host().join(K3S).join("config-v3.toml.tmpl").exists());
    assert_eq!(tree.text(&config), started);
    // The next one finds the folder.
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let drop_in = tree.text(&format!("{K3S}/config-v3.toml.d/50-a.toml"));
    assert!(drop_in.contains("kata"), "{drop_in}");
}

#[test]
fn owners_of_a_folder_that_is_not_imported_any_more_leave_without_a_trace() {
    let generated = |fixture: &str| Tree::of(fixture).text(&format!("{K3S}/config.toml"));
    for fixture in ["k3s-drop-in", "rke2"] {
        let folder = folder_of(fixture);
        for text in [generated("k3s-no-template"), generated("k3s-template")] {
            let tree = Tree::of(fixture);
            tree.run(&["add", "kata", "--owner", "a"]).exits(0);
            let config = tree.host().join(&folder).join("config.toml");
            fs::write(&config, &text).expect("writes");
            let run = tree.run(&["add", "gvisor", "--owner", "b"]).exits(78);
            assert!(run.stderr.contains("once all are removed"), "{run:#?}");
            let status = tree.run(&["status"]).exits(0);
            assert!(status.stdout.contains("3 not in force"), "{status:#?}");
            tree.run(&["remove", "--owner", "a"]).exits(0);
            let folder = tree.host().join(&folder).join("config-v3.toml.d");
            assert!(!folder.exists(), "{fixture}");
            assert_eq!(fs::read_to_string(&config).expect("readable"), text);
            let run = tree.run(&["add", "gvisor", "--owner", "b"]).exits(0);
            assert!(run.stdout.contains(".tmpl"), "{run:#?}");
        }
    }
}

#[test]
fn what_a_distribution_writes_is_nobodys() {
    for fixture in ["k3s-drop-in", "rke2"] {
        for flags in [&["--adopt"][..], &[]] {
            let tree = Tree::of(fixture);
            let config = tree.host().join(folder_of(fixture)).join("config.toml");
            // As the tool's own template would have it, with the tool's comment.
            let text = fs::read_to_string(&config).expect("readable")
                + "\n# containerd-edit owner=b\n\
                   [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.gvisor]\n\
                   runtime_type = 'io.containerd.runsc.v1'\n";
            fs::write(&config, &text).expect("writes");
            let add = [&["add", "gvisor", "--owner", "a"], flags].concat();
            let remove = |owner: &str| tree.run(&["remove", "--owner", owner]);
            tree.run(&add).exits(0);
            for owner in ["a", "b"] {
                let run = remove(owner).exits(0);
                assert!(!run.stderr.contains("recovered"), "{run:#?}");
                let stays = run.stderr.contains("gvisor stays listed");
                assert_eq!(stays, owner == "a", "{run:#?}");
                assert_eq!(
                    fs::read_to_string(&config).expect("readable"),
                    text,
                    "{flags:?}"
                );
            }
            let remove = [&["remove", "gvisor"], flags].concat();
            let run = tree.run(&remove).exits(0);
            assert_eq!(run.stderr.matches("stays listed").count(), 1, "{run:#?}");
            assert_eq!(
                fs::read_to_string(&config).expect("readable"),
                text,
                "{flags:?}"
            );
        }
    }
}

#[test]
fn a_drop_in_from_before_an_upgrade_of_k0s_is_written_anew_as_the_hint_says() {
    let tree = Tree::of("k0s");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    tree.run(&["add", "gvisor", "--owner", "b"]).exits(0);
    for file in ["etc/k0s/containerd.toml", "run/k0s/containerd-cri.toml"] {
        upgrade(&tree, "k0s-v3", file);
    }
    let run = tree.run(&["add", "kata", "--owner", "a"]).exits(78);
    assert!(run.stderr.contains("remove --owner a`, then"), "{run:#?}");
    // Others have to come themselves.
    assert!(!run.stderr.contains("--owner b"), "{run:#?}");
    tree.run(&["remove", "--owner", "a"]).exits(0);
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    assert!(
        tree.text("etc/k0s/containerd.d/50-a.toml")
            .starts_with("version = 3\n")
    );
}

#[test]
fn a_deleted_template_of_microk8s_is_put_back() {
    let tree = Tree::of("microk8s");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let template = "var/snap/microk8s/current/args/containerd-template.toml";
    let text = tree.text(template);
    fs::remove_file(tree.host().join(template)).expect("removes");
    let run = tree.run(&["add", "gvisor", "--owner", "b"]).exits(66);
    assert!(run.stderr.contains("restore`"), "{run:#?}");
    tree.run(&["status"]).exits(0);
    tree.run(&["restore"]).exits(0);
    assert_eq!(tree.text(template), text);
}

/// What will be read after the next start is no reason to keep an owner from leaving.
#[test]
fn an_owner_leaves_though_a_template_waits_for_the_next_start() {
    let tree = Tree::of("k3s-drop-in");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let template = tree.host().join(K3S).join("config.toml.tmpl");
    fs::write(&template, "{{ template \"base\" . }}\n").expect("writes");
    tree.run(&["status"]).exits(0);
    let run = tree.run(&["add", "gvisor", "--owner", "b"]).exits(78);
    assert!(run.stderr.contains("not yet been started with"), "{run:#?}");
    let run = tree.run(&["remove", "--owner", "a"]).exits(0);
    assert!(run.stderr.contains("not yet been started with"), "{run:#?}");
    assert!(!tree.host().join(K3S).join("config-v3.toml.d").exists());
    tree.run(&["remove", "--owner", "a"]).exits(0);
    let run = tree.run(&["add", "kata", "--owner", "a"]).exits(78);
    assert!(run.stderr.contains("not yet been started with"), "{run:#?}");
}

#[test]
fn an_owner_leaves_a_template_though_the_generated_config_was_emptied() {
    let tree = Tree::of("k3s-no-template");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    fs::write(tree.host().join(K3S).join("config.toml"), "").expect("writes");
    tree.run(&["remove", "--owner", "a"]).exits(0);
    assert!(!tree.host().join(K3S).join("config-v3.toml.tmpl").exists());
}

/// There is one ledger for both: the template is made again, whatever k3s imports by then.
#[test]
fn a_template_that_was_moved_away_is_still_its_owners() {
    let tree = Tree::of("k3s-no-template");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let template = tree.host().join(K3S).join("config-v3.toml.tmpl");
    fs::remove_file(&template).expect("removes");
    upgrade(&tree, "k3s-drop-in", &format!("{K3S}/config.toml"));
    tree.run(&["add", "gvisor", "--owner", "b"]).exits(0);
    assert!(
        fs::read_to_string(&template)
            .expect("it is back")
            .contains("gvisor")
    );
    for owner in ["a", "b"] {
        tree.run(&["remove", "--owner", owner]).exits(0);
    }
    assert!(!template.exists());
    assert!(!tree.host().join(K3S).join("config.toml.owners").exists());
}

/// It would make k3s write a config of version 2 again.
#[test]
fn a_template_of_version_2_that_was_deleted_before_an_upgrade_does_not_come_back() {
    let tree = Tree::of("k3s-template");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let template = tree.host().join(K3S).join("config.toml.tmpl");
    fs::remove_file(&template).expect("removes");
    upgrade(&tree, "k3s-drop-in", &format!("{K3S}/config.toml"));
    let run = tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    assert!(
        run.stdout.contains("config-v3.toml.d/50-a.toml"),
        "{run:#?}"
    );
    assert!(!template.exists());
}
