//! What a handler asks for that some release does not read or have, and handlers that stand in tables
//! of long ago: `add`, `apply`, `check`, `list` and `show` tell the same.

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
    let wanted = "do not come with a snapshotter nydus";
    assert!(message.contains(wanted), "{message}");
    for kind in ["snapshot", "io.containerd.snapshotter.v1"] {
        let proxy = format!("[proxy_plugins.nydus]\ntype = \"{kind}\"\naddress = \"/run/n\"\n");
        let node = Node::with(format!("{FILE}{proxy}"));
        assert_eq!(told(&add(&node, &set), "no-snapshotter"), None, "{kind}");
    }
    let erofs = add(&Node::with(FILE), &["--set", "snapshotter=erofs"]);
    let message = told(&erofs, "no-snapshotter").expect("a warning");
    assert!(
        message.contains("containerd 2.0 does not come with"),
        "{message}"
    );
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
