//! The built-in runc and defaults.

use std::fs;

use crate::tool::Node;

use super::{OLD, RUNC, refused};

/// Another table comes into force, and containerd's own `runc` takes the name of the one that had the
/// node's cgroup driver.
#[test]
fn a_listed_handler_does_not_give_way_to_the_built_in_one() {
    let runc = format!("{RUNC}options.SystemdCgroup = true\n");
    let config = format!("version = 2\n[{OLD}.containerd.runtimes.runc]\n{runc}");
    let node = Node::with(&config);
    let plugin_id = ["--plugin-id", "io.containerd.cri.v1.runtime"];
    let add = ["add", "gvisor", "--containerd-version", "2.1"];
    let stderr = refused(&node, &[&add[..], &plugin_id[..]].concat());
    let said = "2.1 would run runc with its built-in settings, and not with those of this config";
    assert!(stderr.contains(said), "{stderr}");
    // What comes and goes with the tool's own handlers may.
    node.run(&["add", "gvisor"]).exits(0);
    node.run(&["remove", "gvisor"]).exits(0);
    let node = Node::with("version = 2\n");
    node.run(&["add", "gvisor"]).exits(0);
    node.run(&["remove", "gvisor"]).exits(0);
}

/// 2.x takes the drop-in's default: one in the main file would have no say. It is changed where it
/// stands, once that is asked for.
#[test]
fn a_default_that_a_drop_in_overrules_is_said() {
    const NEW: &str = "plugins.\"io.containerd.cri.v1.runtime\"";
    let node = Node::with(format!(
        "version = 3\nimports = ['drop-in.toml']\n[{NEW}.containerd.runtimes.runc]\n{RUNC}"
    ));
    let drop_in = node.folder().join("drop-in.toml");
    let text = format!("version = 3\n[{NEW}.containerd]\ndefault_runtime_name = 'runc'\n");
    fs::write(&drop_in, &text).expect("writes");
    let stderr = refused(&node, &["add", "crun", "--default"]);
    let place = format!("{}:3:1: ", drop_in.display());
    assert!(stderr.contains(&place), "{stderr}");
    assert!(stderr.contains("--take-over"), "a next step: {stderr}");
    let run = node.run(&["add", "kata"]).exits(0);
    assert!(!run.stderr.contains("default_runtime_name"), "{run:#?}");
    let run = node
        .run(&["add", "crun", "--default", "--take-over"])
        .exits(0);
    let said = "the default handler is now crun";
    assert!(run.stdout.contains(said), "{run:#?}");
    node.run(&["remove", "crun"]).exits(0);
    let left = fs::read_to_string(&drop_in).expect("the user's file stays");
    assert_eq!(left, text);
}

/// The place that counts there is named, if there is one.
#[test]
fn a_release_with_another_default_has_it_from_a_place_that_is_named() {
    let node = Node::with(format!(
        "version = 2\n[{OLD}.containerd]\nDefault_runtime_name = 'runc'\n"
    ));
    let run = node.run(&["add", "crun", "--default"]).exits(0);
    let said = "1.6 and 1.7 the default handler is runc, not crun: no key that is read there names";
    assert!(run.stderr.contains(said), "{run:#?}");
    let old =
        format!("[{OLD}.containerd.default_runtime]\nruntime_type = 'io.containerd.kata.v2'\n");
    let node = Node::with(format!("version = 2\n{old}"));
    let run = node.run(&["add", "crun", "--default"]).exits(0);
    let place = format!("not crun: {}:2:", node.config().display());
    assert!(run.stderr.contains(&place), "{run:#?}");
}

#[test]
fn a_default_that_made_up_for_a_missing_runc_can_go_again() {
    for config in [
        format!("version = 2\n[{OLD}.containerd.runtimes.kata]\nruntime_type = \"k.v2\"\n"),
        format!("version = 2\n[{OLD}.containerd.runtimes]\n"),
    ] {
        let node = Node::with(&config);
        node.run(&["add", "aa", "--preset", "crun", "--default"])
            .exits(0);
        let run = node.run(&["remove", "aa"]).exits(0);
        assert_eq!(node.bytes().as_deref(), Some(config.as_bytes()));
        assert!(run.stderr.contains("does not serve CRI"), "{run:#?}");
        assert!(
            run.stdout.contains("; do not restart containerd before"),
            "{run:#?}"
        );
        assert!(!run.stdout.contains("to load"), "{run:#?}");
    }
}

#[test]
fn a_runc_that_is_only_implied_can_go_beside_an_old_default_runtime() {
    let config = format!(
        "version = 2\n[{OLD}.containerd.runtimes.a]\nruntime_type = \"x.v2\"\n\
         [{OLD}.containerd.default_runtime]\n{RUNC}"
    );
    let node = Node::with(&config);
    node.run(&["add", "kata"]).exits(0);
    node.run(&["add", "crun", "--default"]).exits(0);
    node.run(&["remove", "kata"]).exits(0);
    node.run(&["remove", "crun"]).exits(0);
    assert_eq!(node.bytes().as_deref(), Some(config.as_bytes()));
}

/// The built-in map was in force before the tool came: whoever is listed by then needs `runc`, which is
/// the file's own once nothing else of the tool is in it.
#[test]
fn a_handler_that_came_later_keeps_the_implied_runc() {
    let node = Node::with("version = 2\n");
    node.run(&["add", "crun"]).exits(0);
    let own = format!("version = 2\n[{OLD}.containerd.runtimes.mine]\n{RUNC}");
    let config = node.text().replacen("version = 2\n", &own, 1);
    fs::write(node.config(), config).expect("writes");
    let run = node.run(&["remove", "crun"]).exits(0);
    assert_eq!(run.stderr, "");
    assert!(node.text().contains("runtimes.runc]"), "{}", node.text());
    assert!(!node.text().contains("containerd-edit"), "{}", node.text());
    let run = node.run(&["check", "--containerd-version", "1.7"]).exits(0);
    assert!(run.stdout.contains("serves"), "{run:#?}");
}

#[test]
fn a_default_that_no_release_loads_is_refused() {
    let kata = "[plugins.cri.containerd.runtimes.kata]\nruntime_type = \"io.containerd.kata.v2\"\n";
    let config = format!("{}{kata}", kata.replace("kata", "runc"));
    let node = Node::with(&config);
    let named = ["--containerd-version", "2.1"];
    let stderr = refused(&node, &[&["set-default", "kata"], &named[..]].concat());
    assert!(stderr.contains("would load kata"), "{stderr}");
    let stderr = refused(&node, &[&["set-default", "nope"], &named[..]].concat());
    assert!(stderr.contains("nope is not listed"), "{stderr}");
    let run = node.run(&["set-default", "kata"]).exits(0);
    let said = "containerd 2.0, 2.1 and 2.2 will not load kata";
    assert!(run.stderr.contains(said), "{run:#?}");
}

/// An owner's handler needs `runc` beside it on containerd 1.x, also once a `runc` that was removed by
/// hand can't come back with the default.
#[test]
fn runc_is_listed_again_when_the_default_falls_back_to_it() {
    const DEBIAN: &str = "version = 2\n\n[plugins]\n  [plugins.\"io.containerd.grpc.v1.cri\"]\n    \
        [plugins.\"io.containerd.grpc.v1.cri\".cni]\n      bin_dir = \"/usr/lib/cni\"\n";
    let node = Node::with(DEBIAN);
    node.run(&["add", "kata", "--default"]).exits(0);
    node.run(&["add", "gvisor", "--owner", "other"]).exits(0);
    node.run(&["remove", "runc"]).exits(0);
    node.run(&["remove", "kata"]).exits(0);
    let run = node.run(&["check", "--containerd-version", "1.7"]).exits(0);
    assert!(run.stdout.contains("serves"), "{run:#?}");
    node.run(&["remove", "--owner", "other"]).exits(0);
    assert_eq!(node.text(), DEBIAN, "the original bytes");
}
