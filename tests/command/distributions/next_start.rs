//! k3s and RKE2: what the next start will make of the template.

use std::fs;

use crate::tool::{Run, tool};

use super::{K3S, Tree};

/// k3s would not start, and the whole node be down: a look at the template knows that before.
#[test]
fn what_the_next_start_makes_of_a_template_is_judged() {
    const TABLE: &str = "[plugins.'io.containerd.cri.v1.runtime'.containerd";
    let tree = Tree::of("k3s-no-template");
    tree.run(&["add", "kata"]).exits(0);
    assert!(tree.run(&["check"]).exits(0).stdout.contains("kata, runc"));
    let template = tree.host().join(K3S).join("config-v3.toml.tmpl");
    let good = fs::read_to_string(&template).expect("readable");
    let runc = format!("{TABLE}.runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n");
    let number = format!("{TABLE}.runtimes.x]\nruntime_type = 1\n");
    let directive = "[a]\nb = {{ .C }}\n".to_owned();
    for (added, exit, said) in [
        (
            "\"3s\"\n".to_owned(),
            65,
            "config-v3.toml.tmpl:7:5: not valid TOML",
        ),
        (runc, 78, "k3s's own part has this already"),
        (number, 78, "config-v3.toml.tmpl"),
        // What it becomes only k3s knows: the last start has to do.
        (directive, 0, "config.toml: config version 3"),
    ] {
        fs::write(&template, format!("{good}{added}")).expect("writes");
        let run = tree.run(&["check"]).exits(exit);
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(shown.contains(said), "{shown}");
        #[cfg(feature = "cri")]
        if exit != 0 {
            let touch = tree.host().join("restarted");
            let command = format!("touch {}", touch.display());
            let run = tree.run(&["restart", "--restart-command", &command]);
            let run = run.exits(exit);
            assert!(run.stderr.contains("config-v3.toml.tmpl"), "{run:#?}");
            assert!(!touch.exists(), "{added}");
        }
    }
}

/// A template beside a folder for drop-ins decides over the next start as well.
#[test]
fn a_broken_template_beside_drop_ins_is_seen() {
    let tree = Tree::of("k3s-drop-in");
    let template = tree.host().join(K3S).join("config-v3.toml.tmpl");
    tree.run(&["check"]).exits(0);
    fs::write(&template, "{{ template \"base\" . }}\n[a\n").expect("writes");
    let run = tree.run(&["check"]).exits(65);
    assert!(run.stderr.contains("config-v3.toml.tmpl:2:"), "{run:#?}");
}

/// Whoever stands in its folder may name the config by its name alone.
#[test]
fn the_template_is_to_blame_under_a_relative_path_as_well() {
    let tree = Tree::of("k3s-no-template");
    let folder = tree.host().join(K3S);
    let text = "{{ template \"base\" . }}\n\
                [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.x]\nruntime_type = 1\n";
    fs::write(folder.join("config-v3.toml.tmpl"), text).expect("writes");
    let named = ["--distribution", "k3s", "--config", "config.toml"];
    let mut command = tool();
    command.current_dir(&folder).args(named).arg("check");
    let run = Run::of(&mut command).exits(78);
    assert!(run.stdout.contains("config-v3.toml.tmpl"), "{run:#?}");
    assert!(!run.stdout.contains("/config.toml"), "{run:#?}");
}
