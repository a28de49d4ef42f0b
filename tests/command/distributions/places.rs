//! Where something stands, and whose it is, on nodes where containerd reads what a distribution has made
//! of the files that are edited.

use std::fs;

use serde_json::{Value, json};

use crate::tool::{Run, tool};

use super::{K3S, Tree, rendered};

const SNAPSHOTTER: &str = "[handlers.kata]\npreset = 'kata'\nsnapshotter = 'nydus'\n\
                           [proxy_plugins.nydus]\ntype = 'snapshot'\naddress = '/run/nydus.sock'\n";

/// Does what the distribution does at its next start.
fn start(tree: &Tree, edited: &str, generated: &str) {
    let path = tree.host().join(generated);
    let base = fs::read_to_string(&path).expect("readable");
    let text = tree.text(edited);
    let text = if base.contains("by k3s") {
        rendered(&text, &base)
    } else {
        format!("{base}{}", text.replace("version = 2\n", ""))
    };
    fs::write(&path, text).expect("writes");
}

#[test]
fn what_stands_in_a_made_config_has_the_owner_of_what_it_is_made_of() {
    let k3s = format!("{K3S}/config.toml");
    for (name, edited, generated) in [
        (
            "k3s-no-template",
            format!("{K3S}/config-v3.toml.tmpl"),
            &*k3s,
        ),
        (
            "k0s",
            "etc/k0s/containerd.d/50-a.toml".to_owned(),
            "run/k0s/containerd-cri.toml",
        ),
    ] {
        let tree = Tree::of(name);
        tree.run(&["add", "gvisor", "--owner", "a"]).exits(0);
        start(&tree, &edited, generated);
        let list = tree.run(&["list", "-o", "json"]).exits(0);
        let list: Value = serde_json::from_str(&list.stdout).expect("JSON");
        let owners = list["handlers"].as_array().expect("handlers").iter();
        let owners: Vec<Value> = owners.map(|it| json!([it["name"], it["owner"]])).collect();
        let wanted = [json!(["runc", null]), json!(["gvisor", "a"])];
        assert_eq!(owners, wanted, "{name}");
        let show = tree.run(&["show", "gvisor"]).exits(0);
        assert!(show.stdout.contains(", owner a"), "{show:#?}");
        let key = "plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.gvisor.runtime_type";
        let get = tree.run(&["get", key, "-o", "json"]).exits(0);
        assert!(get.stdout.contains("\"owner\":\"a\""), "{get:#?}");
    }
}

/// Whoever stands in its folder may name the config by its name alone.
#[test]
fn what_a_distribution_writes_is_known_under_a_relative_path_as_well() {
    let run = |tree: &Tree, arguments: &[&str]| {
        let mut command = tool();
        let named = ["--distribution", "k3s", "--config", "config.toml"];
        command.current_dir(tree.host().join(K3S));
        Run::of(command.args(named).args(arguments))
    };
    let tree = Tree::of("k3s-no-template");
    run(&tree, &["add", "gvisor", "--owner", "a"]).exits(0);
    let template = format!("{K3S}/config-v3.toml.tmpl");
    start(&tree, &template, &format!("{K3S}/config.toml"));
    let list = run(&tree, &["list", "-o", "json"]).exits(0);
    assert!(list.stdout.contains("\"owner\":\"a\""), "{list:#?}");
    let tree = Tree::of("k3s-drop-in");
    let before = tree.files();
    let own = tree.folder.path().join("own");
    fs::write(&own, "version = 3\n").expect("writes");
    let restore = ["restore", "--from", own.to_str().expect("UTF-8")];
    let refused = run(&tree, &restore).exits(78);
    let said = "the distribution writes this file anew";
    assert!(refused.stderr.contains(said), "{refused:#?}");
    assert_eq!(tree.files(), before);
}

#[test]
fn a_snapshotter_may_come_from_what_is_merged() {
    for name in ["k3s-no-template", "k3s-template", "k0s", "k0s-v3"] {
        let tree = Tree::of(name);
        let run = Run::of(&mut tree.apply("x", SNAPSHOTTER)).exits(0);
        assert!(!run.stderr.contains("no-snapshotter"), "{name}: {run:#?}");
        assert!(!run.stderr.contains("no pod can run"), "{name}: {run:#?}");
        let alone = SNAPSHOTTER.split("[proxy").next().expect("a handler");
        let tree = Tree::of(name);
        let run = Run::of(&mut tree.apply("x", alone)).exits(0);
        assert!(run.stderr.contains("no pod can run"), "{name}: {run:#?}");
    }
}

#[test]
fn a_line_of_a_template_is_counted_from_its_top() {
    let tree = Tree::of("k3s-template");
    let path = tree.host().join(K3S).join("config.toml.tmpl");
    let text = fs::read_to_string(&path).expect("readable");
    let text = format!("{text}\n[proxy_plugins]\n  nydus = 5\n");
    fs::write(&path, &text).expect("writes");
    let line = text.lines().count();
    let run = tree
        .run(&["set", "proxy_plugins.nydus.address=/x"])
        .exits(65);
    let said = format!("config.toml.tmpl:{line}:3: proxy_plugins.nydus is an integer");
    assert!(run.stderr.contains(&said), "{run:#?}");
    assert!(
        run.stderr.contains(&format!("{line} |   nydus = 5")),
        "{run:#?}"
    );
    let broken = tree.folder.path().join("broken");
    fs::write(&broken, format!("{text}\"3s\"\n")).expect("writes");
    let named = broken.to_str().expect("UTF-8");
    let run = tree.run(&["restore", "--from", named]).exits(65);
    assert!(
        run.stderr.contains(&format!("broken:{}:5", line + 1)),
        "{run:#?}"
    );
    let inline = format!("{}  nydus = {{\n  }}\n", text.replace("  nydus = 5\n", ""));
    fs::write(&path, inline).expect("writes");
    let run = tree
        .run(&["set", "proxy_plugins.nydus.address=/x"])
        .exits(65);
    assert!(
        run.stderr.contains(&format!("config.toml.tmpl:{line}:")),
        "{run:#?}"
    );
}

/// A line of what is made of a template is none of the template's.
#[test]
fn a_warning_about_a_template_has_no_line_of_another_file() {
    let tree = Tree::of("k3s-template");
    let path = tree.host().join(K3S).join("config.toml.tmpl");
    let mut text = fs::read_to_string(&path).expect("readable");
    text.push_str(
        "[plugins.'io.containerd.runtime.v2.task']\nsched_core = true\n\
         [plugins.'io.containerd.shim.v1.manager']\nenv = ['A=1']\n",
    );
    fs::write(&path, &text).expect("writes");
    let run = tree.run(&["add", "gvisor", "-o", "json"]).exits(0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let warnings = report["warnings"].as_array().expect("warnings");
    let not_read = |it: &&Value| it["code"] == "key-not-read";
    let warning = warnings.iter().find(not_read).expect("a warning");
    assert_eq!(warning["line"], Value::Null, "{warning}");
    let tree = Tree::of("k3s-no-template");
    let run = tree.run(&["add", "gvisor", "--containerd-version", "1.7"]);
    let run = run.exits(78);
    assert!(run.stderr.contains("config-v3.toml.tmpl: "), "{run:#?}");
}

#[test]
fn a_deleted_template_that_is_put_back_has_its_owner() {
    let tree = Tree::of("k3s-no-template");
    tree.run(&["add", "kata", "--owner", "a"]).exits(0);
    let template = format!("{K3S}/config-v3.toml.tmpl");
    let with = tree.text(&template);
    fs::remove_file(tree.host().join(&template)).expect("removes");
    tree.run(&["add", "youki", "--owner", "b"]).exits(0);
    tree.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(tree.text(&template), with);
    tree.run(&["remove", "--owner", "a"]).exits(0);
    assert!(
        !tree.host().join(&template).exists(),
        "nothing is left in it"
    );
}
