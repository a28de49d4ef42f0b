//! What a handler asks for that some release does not read or have, and handlers that stand in tables
//! of long ago: `add`, `apply`, `check`, `list` and `show` tell the same.

use std::fs;

use serde_json::Value;

use crate::tool::{Node, Run};

const FILE: &str = r#"version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"#;

fn warnings(run: &Run) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let warnings = report["warnings"].as_array().expect("warnings").iter();
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    warnings
        .map(|it| (text(&it["code"]), text(&it["message"])))
        .collect()
}

fn told(run: &Run, code: &str) -> Option<String> {
    let mut found = warnings(run).into_iter().filter(|(it, _)| it == code);
    found.next().map(|(_, message)| message)
}

fn add(node: &Node, more: &[&str]) -> Run {
    let add = ["add", "kata", "--dry-run", "-o", "json"];
    node.run(&[&add[..], more].concat()).exits(0)
}

#[test]
fn keys_that_a_release_does_not_read() {
    let node = Node::with(FILE);
    let snapshotter = add(&node, &["--set", "snapshotter=overlayfs"]);
    let wanted = "containerd 1.6 does not read snapshotter of handler kata";
    assert_eq!(told(&snapshotter, "key-not-read").as_deref(), Some(wanted));
    // Of the releases that were named.
    let newer = [
        "--set",
        "snapshotter=overlayfs",
        "--containerd-version",
        "1.7",
    ];
    assert_eq!(told(&add(&node, &newer), "key-not-read"), None);
    let sandboxer = add(&node, &["--set", "sandboxer=shim"]);
    let wanted = "containerd 1.6 and 1.7 do not read sandboxer of handler kata";
    assert_eq!(told(&sandboxer, "key-not-read").as_deref(), Some(wanted));

    node.run(&["add", "kata", "--set", "sandboxer=shim"])
        .exits(0);
    let check = node.run(&["check", "-o", "json"]);
    assert_eq!(told(&check, "key-not-read").as_deref(), Some(wanted));
}

#[test]
fn a_key_of_a_handler_that_no_release_reads_in_this_version_is_refused() {
    let node = Node::with("version = 3\n");
    for (setting, hint) in [
        ("sandbox_mode=podsandbox", "hint: set sandboxer instead"),
        ("runtime_root=/run/x", "hint: leave it out here"),
    ] {
        let run = node.run(&["add", "kata", "--set", setting]).exits(65);
        assert!(run.stderr.contains("in a config of version 3"), "{run:?}");
        assert!(run.stderr.contains(hint), "{run:?}");
        let key = format!("handlers.kata.{setting}");
        let run = node.run(&["set", &key]).exits(65);
        assert!(run.stderr.contains(hint), "{run:?}");
    }
    let patch = node.folder().join("kata.toml");
    let text = "[handlers.kata]\nsandbox_mode = \"podsandbox\"\n";
    std::fs::write(&patch, text).expect("writes");
    let patch = patch.to_str().expect("UTF-8");
    let run = node.run(&["apply", patch]).exits(65);
    assert!(run.stderr.contains(&format!("{patch}:2:1: ")), "{run:?}");
    // 2.x takes it over from a file of version 2.
    Node::with("version = 2\n")
        .run(&["add", "kata", "--set", "sandbox_mode=podsandbox"])
        .exits(0);
    // Nothing is asked for.
    node.run(&["add", "kata", "--set", "runtime_root="])
        .exits(0);
}

#[test]
fn what_comes_with_single_keys_is_looked_at_too() {
    let node = Node::with("version = 3\n");
    let set = ["set", "handlers.kata-stratovirt.options.ConfigPath=/x"];
    let run = node.run(&set).exits(0);
    let [missing] = run.missing.as_slice() else {
        panic!("one warning: {run:?}");
    };
    let wanted = "the shim containerd-shim-kata-stratovirt-v2 of kata-stratovirt";
    assert!(missing.contains(wanted), "{missing}");
}

#[test]
fn snapshotters_that_nobody_provides() {
    const FILE: &str = "version = 3\n";
    let set = ["--set", "snapshotter=nydus"];
    let message = told(&add(&Node::with(FILE), &set), "no-snapshotter").expect("a warning");
    // Another release does not even read the key.
    let of_version_2 = add(&Node::with("version = 2\n"), &set);
    assert!(
        told(&of_version_2, "no-snapshotter").is_some(),
        "{of_version_2:?}"
    );
    assert!(
        told(&of_version_2, "key-not-read").is_some(),
        "{of_version_2:?}"
    );
    let wanted =
        "do not have the snapshotter nydus: no plugin of containerd or of this config provides it";
    assert!(message.contains(wanted), "{message}");
    for kind in ["snapshot", "io.containerd.snapshotter.v1"] {
        let proxy = format!("[proxy_plugins.nydus]\ntype = \"{kind}\"\naddress = \"/run/n\"\n");
        let node = Node::with(format!("{FILE}{proxy}"));
        assert_eq!(told(&add(&node, &set), "no-snapshotter"), None, "{kind}");
    }
    let erofs = add(&Node::with(FILE), &["--set", "snapshotter=erofs"]);
    let message = told(&erofs, "no-snapshotter").expect("a warning");
    assert!(
        message.contains("containerd 2.0 does not have the snapshotter erofs"),
        "{message}"
    );
}

#[test]
fn a_snapshotter_that_is_not_set_up() {
    const FILE: &str = "version = 3\n";
    let set = ["--set", "snapshotter=devmapper"];
    let message = told(&add(&Node::with(FILE), &set), "no-snapshotter").expect("a warning");
    let wanted = "do not have the snapshotter devmapper: its `pool_name` is not set";
    assert!(message.contains(wanted), "{message}");
    let pool = "[plugins.\"io.containerd.snapshotter.v1.devmapper\"]\npool_name = \"x\"\n\
                base_image_size = \"10GB\"\n";
    let node = Node::with(format!("{FILE}{pool}"));
    assert_eq!(told(&add(&node, &set), "no-snapshotter"), None);
    // Both ask the same of a proxy.
    let other = format!("{FILE}[proxy_plugins.nydus]\ntype = \"diff\"\naddress = \"/run/n\"\n");
    let node = Node::with(other);
    let set = ["--set", "snapshotter=nydus"];
    assert!(told(&add(&node, &set), "no-snapshotter").is_some());
    node.run(&["add", "kata", "--set", "snapshotter=nydus"])
        .exits(0);
    let check = node.run(&["check", "-o", "json"]);
    assert!(told(&check, "no-snapshotter").is_some(), "{check:?}");
}

/// Sets CRI's own snapshotter by a patch file.
fn set_snapshotter(config: &str, name: &str, more: &[&str]) -> Run {
    let node = Node::with(config);
    let patch = node.folder().join("patch.toml");
    let text = format!(
        "owner = \"x\"\n[plugins.\"io.containerd.cri.v1.images\"]\nsnapshotter = \"{name}\"\n"
    );
    fs::write(&patch, text).expect("the patch is written");
    let apply = ["apply", patch.to_str().expect("ASCII"), "-o", "json"];
    node.run(&[&apply[..], more].concat())
}

/// Debian builds its 2.1 with a parser that takes what upstream's does not: it serves, so it must not
/// be harmed.
#[test]
fn a_config_that_debians_build_alone_serves_is_not_harmed() {
    let config = "version = 3\nplugins.\"io.containerd.gc.v1.scheduler\".schedule_delay = 5\n";
    let set = |version: &str| {
        let more = ["--containerd-version", version];
        set_snapshotter(config, "devmapper", &more)
    };
    for version in ["2.1", "2.1.9+unknown"] {
        let run = set(version).exits(78);
        assert!(run.stdout.contains("2.1"), "{run:?}");
        assert!(run.stdout.contains("would turn CRI off"), "{run:?}");
    }
    let run = set("2.1.9").exits(78);
    assert!(run.stdout.contains("\"not-serving\""), "{run:?}");
    let more = ["--containerd-version", "2.1.9", "--allow-not-serving"];
    let run = set_snapshotter(config, "devmapper", &more).exits(0);
    let message = told(&run, "serves-nowhere").expect("a warning");
    assert!(message.contains("a duration"), "{message}");
    // The other way round: upstream's takes an empty table for nothing.
    let config = "version = 3\nplugins.\"io.containerd.cri.v1.runtime\".enable_selinux = {}\n";
    let run = set_snapshotter(config, "devmapper", &["--containerd-version", "2.1"]);
    run.exits(78);
}

/// CRI's own snapshotter, set by a patch, and by a handler that makes 2.x read what stands there.
#[test]
fn a_snapshotter_that_comes_into_force_has_to_load() {
    let set = |name: &str, more: &[&str]| set_snapshotter("version = 3\n", name, more);
    for (name, why) in [
        ("devmapper", "its `pool_name` is not set"),
        ("blockfile", "its `scratch_file` is not set"),
        (
            "aufs",
            "no plugin of containerd or of this config provides it",
        ),
    ] {
        let run = set(name, &[]).exits(78);
        let wanted = format!("failed to find snapshotter \\\"{name}\\\": {why}");
        assert!(run.stdout.contains(&wanted), "{run:?}");
    }
    let run = set("zfs", &["--containerd-version", "2.3"]).exits(0);
    let message = told(&run, "snapshotter-needs").expect("a warning");
    let wanted = "uses the snapshotter zfs: without it CRI is off, and it loads only if \
                  its `root_path` is on a ZFS filesystem";
    assert!(message.contains(wanted), "{message}");
    assert_eq!(told(&set("native", &[]), "snapshotter-needs"), None);

    let ignored = |name: &str| {
        let cri = "plugins.\"io.containerd.grpc.v1.cri\".containerd";
        Node::with(format!("version = 2\n[{cri}]\nsnapshotter = \"{name}\"\n"))
    };
    let run = ignored("devmapper")
        .run(&["add", "kata", "-o", "json"])
        .exits(78);
    let wanted = "2.3 would turn CRI off: invalid plugin config: failed to find snapshotter";
    assert!(run.stdout.contains(wanted), "{run:?}");
    let run = add(&ignored("btrfs"), &[]);
    let message = told(&run, "snapshotter-needs").expect("a warning");
    let wanted = "from now on CRI of containerd 2.0, 2.1, 2.2, 2.3 and 2.4 uses";
    assert!(message.contains(wanted), "{message}");
    assert!(told(&run, "key-takes-effect").is_some());
}

#[test]
fn list_show_and_check_name_the_same_handlers() {
    let cri = "plugins.\"io.containerd.grpc.v1.cri\".containerd";
    let runc = "runtime_type = \"io.containerd.runc.v2\"\n";
    for (text, name) in [
        (
            format!("version = 2\n[{cri}.untrusted_workload_runtime]\n{runc}"),
            "untrusted",
        ),
        (
            format!("version = 2\n[{cri}.default_runtime]\n{runc}"),
            "default",
        ),
        (
            format!(
                "version = 3\n[Plugins.\"io.containerd.cri.v1.runtime\".Containerd.runtimes.kata]\n{runc}"
            ),
            "kata",
        ),
    ] {
        let node = Node::with(&text);
        let json = |arguments: &[&str]| -> Value {
            let run = node.run(&[arguments, &["-o", "json"]].concat());
            serde_json::from_str(&run.stdout).expect("JSON")
        };
        let check = json(&["check"]);
        let rows = check["releases"].as_array().expect("releases");
        let loads = |row: &&Value| {
            let handlers = row["handlers"].as_array();
            handlers.is_some_and(|handlers| handlers.iter().any(|it| it == name))
        };
        let loading: Vec<&Value> = rows
            .iter()
            .filter(loads)
            .map(|row| &row["containerd"])
            .collect();
        assert!(!loading.is_empty(), "{check}");
        let list = json(&["list"]);
        let listed = list["handlers"].as_array().expect("handlers").iter();
        let listed: Vec<&Value> = listed.filter(|it| it["name"] == name).collect();
        assert_eq!(listed.len(), 1, "{list}");
        let show = json(&["show", name]);
        for report in [listed[0], &show] {
            let releases = report["releases"].as_array().expect("releases");
            assert_eq!(releases.iter().collect::<Vec<_>>(), loading, "{report}");
            assert_eq!(report["runtime_type"], "io.containerd.runc.v2", "{report}");
        }
    }
}
