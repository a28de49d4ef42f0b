//! Lives that went wrong once: what a user did, and what must come of it. They speak of files, exit
//! codes and verdicts only, whatever comments and sidecars look like.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table};

use crate::tool::{Node, Run};

const DEBIAN: &str = r#"version = 2

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd"
"#;

const KUBEADM: &str = r#"version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
"#;

const RUNTIMES: &str = r#"plugins."io.containerd.grpc.v1.cri".containerd.runtimes"#;

fn run(node: &Node, arguments: &[&str], code: i32) -> Run {
    node.run(arguments).exits(code)
}

/// Applies a patch file that comes through a pipe.
fn apply(node: &Node, flags: &[&str], patch: &str) -> Run {
    let mut command = node.command(&[&["apply", "-"], flags].concat());
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(patch.as_bytes()).expect("it is read");
    drop(stdin);
    Run::from(child.wait_with_output().expect("it ends"))
}

fn append(node: &Node, text: &str) {
    fs::write(node.config(), node.text() + text).expect("writes");
}

/// What each release makes of the node, and the handlers that it lists.
fn verdicts(node: &Node) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let run = node.run(&["check", "-o", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let releases = report["releases"].as_array().expect("releases");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let reads = releases.iter().filter(|release| release["reads"] == true);
    let rows = reads.map(|release| {
        let handlers = release["handlers"].as_array();
        let handlers = handlers.into_iter().flatten().map(text).collect();
        let row = (text(&release["verdict"]), handlers);
        (text(&release["containerd"]), row)
    });
    rows.collect()
}

fn serves(node: &Node, release: &str, handlers: &[&str]) {
    let (verdict, listed) = &verdicts(node)[release];
    assert_eq!(verdict, "serves", "{release}: {}", node.text());
    for name in handlers {
        assert!(listed.contains(*name), "{release} lists {listed:?}");
    }
}

fn is(node: &Node, original: &str) {
    let found = node.bytes();
    let shown = found.as_deref().map(String::from_utf8_lossy);
    let original = original.as_bytes();
    assert_eq!(found.as_deref(), Some(original), "{shown:?}");
}

fn parsed(text: &str) -> Value {
    fn value(item: &Item) -> Value {
        match item.as_table_like() {
            Some(table) => table
                .iter()
                .map(|(key, item)| (key.to_owned(), value(item)))
                .collect(),
            None => Value::from(item.to_string().trim()),
        }
    }
    value(text.parse::<DocumentMut>().expect("TOML").as_item())
}

/// The file as a tool writes it that parses TOML and prints it anew: sorted keys, no comments.
fn rewrite(node: &Node) {
    fn print(table: &Table, path: &str, text: &mut String) {
        let mut keys: Vec<(&str, &Item)> = table.iter().collect();
        keys.sort_by_key(|(key, _)| *key);
        for (key, item) in keys.iter().filter(|(_, item)| !item.is_table()) {
            let value = item.as_value().expect("a value").clone();
            let _ = writeln!(text, "\"{key}\" = {}", value.decorated("", ""));
        }
        for (key, item) in keys {
            let Some(table) = item.as_table() else {
                continue;
            };
            let dot = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{dot}\"{key}\"");
            let _ = writeln!(text, "\n[{path}]");
            print(table, &path, text);
        }
    }
    let document: DocumentMut = node.text().parse().expect("TOML");
    let mut text = String::new();
    print(document.as_table(), "", &mut text);
    fs::write(node.config(), text).expect("writes");
}

#[test]
fn two_owners_and_runc() {
    let node = Node::with(DEBIAN);
    run(&node, &["add", "spin", "--owner", "a"], 0);
    let patch = "owner = \"b\"\ndefault = \"runc\"\n[handlers.runc]\n\
                 [handlers.runc.options]\nSystemdCgroup = true\n";
    apply(&node, &["--prune"], patch).exits(0);
    run(&node, &["remove", "--owner", "b"], 0);
    serves(&node, "1.6", &["spin", "runc"]);
    serves(&node, "1.7", &["spin", "runc"]);
    run(&node, &["remove", "--owner", "a"], 0);
    is(&node, DEBIAN);
}

#[test]
fn the_owner_of_runc_leaves_first() {
    let node = Node::with(DEBIAN);
    let driver = "options.SystemdCgroup=true";
    run(
        &node,
        &["add", "runc", "--owner", "tuner", "--set", driver],
        0,
    );
    run(&node, &["add", "nvidia", "--owner", "gpu"], 0);
    run(&node, &["remove", "--owner", "tuner"], 0);
    serves(&node, "1.7", &["nvidia", "runc"]);
    run(&node, &["remove", "--owner", "gpu"], 0);
    is(&node, DEBIAN);
}

#[test]
fn settings_of_others_in_the_implied_runc_stay() {
    let node = Node::with(DEBIAN);
    run(&node, &["add", "spin", "--owner", "a"], 0);
    let setting = "  SystemdCgroup = true # the kubelet uses systemd\n";
    append(&node, &format!("[{RUNTIMES}.runc.options]\n{setting}"));
    run(&node, &["remove", "--owner", "a"], 0);
    let text = node.text();
    assert!(text.contains(setting) && !text.contains("spin"), "{text}");
    serves(&node, "1.7", &["runc"]);
}

#[test]
fn comments_stripped_by_another_tool() {
    let node = Node::with(DEBIAN);
    let patch = "owner = \"kata-deploy\"\ndefault = \"kata-qemu\"\n[handlers.kata-qemu]\n\
                 preset = \"kata\"\n[debug]\nlevel = \"debug\"\n";
    apply(&node, &[], patch).exits(0);
    let text = node.text();
    let lines = text.split_inclusive('\n');
    let kept: String = lines.filter(|line| !line.trim().starts_with('#')).collect();
    fs::write(node.config(), kept).expect("writes");
    run(&node, &["remove", "--owner", "kata-deploy"], 0);
    assert_eq!(parsed(&node.text()), parsed(DEBIAN), "{}", node.text());
    serves(&node, "1.7", &[]);
}

#[test]
fn the_file_rewritten_by_another_tool() {
    let node = Node::with(KUBEADM);
    run(&node, &["add", "nvidia", "--default", "--owner", "gpu"], 0);
    run(&node, &["add", "kata", "--owner", "kata-deploy"], 0);
    rewrite(&node);
    run(&node, &["remove", "--owner", "gpu"], 0);
    serves(&node, "1.7", &["runc", "kata"]);
    run(&node, &["remove", "--owner", "kata-deploy"], 0);
    assert_eq!(parsed(&node.text()), parsed(KUBEADM), "{}", node.text());
}

#[test]
fn adopting_what_an_older_installer_left() {
    let left = format!("[{RUNTIMES}.kata-qemu]\nruntime_type = \"io.containerd.kata-qemu.v2\"\n");
    let node = Node::with(KUBEADM.to_owned() + &left);
    let patch = "owner = \"kata-deploy\"\n[handlers.kata-qemu]\n\
                 runtime_type = \"io.containerd.kata-qemu.v2\"\n";
    apply(&node, &["--prune", "--adopt"], patch).exits(0);
    run(&node, &["remove", "--owner", "kata-deploy"], 0);
    is(&node, KUBEADM);
    serves(&node, "1.7", &["runc"]);
}

/// Whatever each release served before, it serves afterwards.
#[test]
fn take_over_from_a_drop_in_on_1x() {
    let node = Node::with("version = 2\n");
    let both = "owner = \"b\"\n[handlers.spin]\n[handlers.crun]\n";
    apply(&node, &["--drop-in=conf.d/60-z.toml"], both).exits(0);
    apply(&node, &[], "owner = \"b\"\n[handlers.crun]\n").exits(0);
    let before = verdicts(&node);
    assert!(before.values().any(|(verdict, _)| verdict == "serves"));
    run(&node, &["add", "crun", "--owner", "a", "--take-over"], 0);
    let after = verdicts(&node);
    for (release, (verdict, handlers)) in &before {
        if verdict == "serves" {
            let (now, listed) = &after[release];
            assert_eq!(now, "serves", "{release}");
            assert!(
                handlers.is_subset(listed),
                "{release}: {handlers:?} -> {listed:?}"
            );
        }
    }
}

#[test]
fn a_users_drop_in_is_not_deleted() {
    let node = Node::with("version = 3\n");
    let own = node.folder().join("conf.d/50-x.toml");
    fs::create_dir(node.folder().join("conf.d")).expect("a folder");
    fs::write(&own, "version = 3\n").expect("writes");
    run(&node, &["add", "spin", "--owner", "x", "--drop-in"], 0);
    run(&node, &["remove", "--owner", "x"], 0);
    is(&node, "version = 3\n");
    assert_eq!(fs::read(own).expect("the user's file"), b"version = 3\n");
}

#[test]
fn bare_remove_of_another_owners_handler() {
    let node = Node::with(KUBEADM);
    run(&node, &["add", "kata", "--owner", "kata-deploy"], 0);
    let held = node.bytes();
    let refused = run(&node, &["remove", "kata"], 78);
    let next = node.hinted("remove kata --owner kata-deploy");
    assert!(refused.stderr.contains(&next), "{refused:?}");
    assert_eq!(node.bytes(), held);
    run(&node, &["remove", "kata", "--owner", "kata-deploy"], 0);
    is(&node, KUBEADM);
}

#[test]
fn a_removed_handler_that_was_the_users() {
    let node = Node::with(KUBEADM);
    let refused = run(&node, &["remove", "runc"], 78);
    assert!(
        refused.stderr.contains("runc.options.SystemdCgroup"),
        "{refused:?}"
    );
    is(&node, KUBEADM);
}

#[test]
fn inline_tables_have_owners_too() {
    let text = "version = 3\nplugins = { 'io.containerd.cri.v1.runtime' = { containerd = { \
                runtimes = { runc = { runtime_type = 'io.containerd.runc.v2' } } } } }\n";
    let node = Node::with(text);
    run(&node, &["add", "kata", "--owner", "kata-deploy"], 0);
    assert!(node.text().contains("kata"));
    run(&node, &["remove", "--owner", "kata-deploy"], 0);
    is(&node, text);
}

#[test]
fn a_hundred_handlers_and_undo() {
    let node = Node::with(KUBEADM);
    let mut patch = "owner = \"x\"\n".to_owned();
    for number in 0..120 {
        let _ = writeln!(
            patch,
            "[handlers.h{number}]\nruntime_type = \"io.containerd.runc.v2\""
        );
    }
    apply(&node, &[], &patch).exits(0);
    let held = node.bytes();
    run(&node, &["remove", "--owner", "x"], 0);
    is(&node, KUBEADM);
    run(&node, &["undo"], 0);
    assert_eq!(node.bytes(), held);
}

fn version_3(text: &str) -> String {
    let text = text.replace("grpc.v1.cri", "cri.v1.runtime");
    text.replace("version = 2", "version = 3")
}

/// The cgroup driver of the new handler crun: in the main file, or in the drop-in that has it.
fn driver_of_crun(node: &Node) -> Option<String> {
    let run = run(node, &["show", "crun", "-o", "json"], 0);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let driver = &report["settings"]["options"]["SystemdCgroup"];
    driver.as_bool().map(|driver| driver.to_string())
}

#[track_caller]
fn takes_over(text: &str, driver: Option<&str>) -> Run {
    let node = Node::with(text);
    let added = run(&node, &["add", "crun"], 0);
    assert_eq!(driver_of_crun(&node).as_deref(), driver, "{}", node.text());
    added
}

#[test]
fn cgroup_driver_whatever_its_case() {
    takes_over(
        &version_3(KUBEADM).replace("SystemdCgroup", "systemdCgroup"),
        Some("true"),
    );
    takes_over(
        &KUBEADM.replace("SystemdCgroup", "SYSTEMDCGROUP"),
        Some("true"),
    );
    takes_over(
        &version_3(KUBEADM).replace(".options", ".Options"),
        Some("true"),
    );
}

#[test]
fn cgroup_driver_of_the_default_handler() {
    let only = version_3(KUBEADM).replace("runtimes.runc", "runtimes.nvidia");
    takes_over(&only.replace("\"runc\"", "\"nvidia\""), Some("true"));
    // Before there was a map of handlers.
    let old = KUBEADM.replace("runtimes.runc", "default_runtime");
    takes_over(
        &old.replace("  default_runtime_name = \"runc\"\n", ""),
        Some("true"),
    );
    // Another shim has no such driver.
    let kata = format!("[{RUNTIMES}.kata]\nruntime_type = \"io.containerd.kata.v2\"\n");
    let text = KUBEADM.replace("_name = \"runc\"", "_name = \"kata\"") + &kata;
    takes_over(&text, Some("true"));
}

#[test]
fn cgroup_drivers_that_differ() {
    let nvidia = format!("[{RUNTIMES}.nvidia]\nruntime_type = \"io.containerd.runc.v2\"\n");
    let text = KUBEADM.replace("_name = \"runc\"", "_name = \"nvidia\"") + &nvidia;
    let added = takes_over(&text, None);
    let wanted =
        "the default handler nvidia uses the cgroup driver cgroupfs, and runc uses systemd";
    assert!(added.stderr.contains(wanted), "{added:?}");
    let same = format!("{text}[{RUNTIMES}.nvidia.options]\nsystemdCgroup = true\n");
    let added = takes_over(&same, Some("true"));
    assert!(!added.stderr.contains("cgroup driver"), "{added:?}");
}

/// The new default would be found to have another driver than the one that it took over.
#[test]
fn a_second_run_keeps_the_cgroup_driver_of_the_first() {
    let runtimes = "plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes";
    let node = Node::with(format!(
        "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n\
         default_runtime_name = \"nvidia\"\n[{runtimes}.nvidia]\n\
         runtime_type = \"io.containerd.runc.v2\"\n[{runtimes}.runc]\n\
         runtime_type = \"io.containerd.runc.v2\"\n[{runtimes}.runc.options]\n\
         SystemdCgroup = true\n"
    ));
    let add = ["add", "crun", "--default", "--exit-code"];
    node.run(&add).exits(10);
    let first = node.text();
    node.run(&add).exits(0);
    assert_eq!(node.text(), first);
    // Nor does it make the driver its own that somebody else has given the handler.
    let node = Node::with(format!(
        "version = 2\n[{runtimes}.runc]\nruntime_type = \"io.containerd.runc.v2\"\n\
         [{runtimes}.crun.options]\nSystemdCgroup = true\n"
    ));
    node.run(&add).exits(10);
    let ledger = fs::read(node.ledger()).expect("a ledger");
    node.run(&add).exits(0);
    assert_eq!(fs::read(node.ledger()).expect("a ledger"), ledger);
}

#[test]
fn cgroup_driver_of_an_imported_runc() {
    let node = Node::with("version = 3\nimports = [\"imp/*.toml\"]\n");
    fs::create_dir(node.folder().join("imp")).expect("a folder");
    let drop_in = node.folder().join("imp/10-runc.toml");
    fs::write(&drop_in, version_3(KUBEADM)).expect("writes");
    run(&node, &["add", "crun"], 0);
    assert_eq!(driver_of_crun(&node).as_deref(), Some("true"));
    run(&node, &["remove", "crun"], 0);
    // The file that is loaded last decides.
    let last = node.folder().join("imp/20-runc.toml");
    fs::write(&last, version_3(KUBEADM).replace("= true", "= false")).expect("writes");
    run(&node, &["add", "crun"], 0);
    assert_eq!(driver_of_crun(&node).as_deref(), Some("false"));
}

#[test]
fn the_spelling_that_containerd_reads_is_the_one_changed() {
    let text = version_3(KUBEADM).replace("SystemdCgroup", "systemdCgroup");
    let text = text + "      binaryName = \"/usr/local/bin/runc\"\n";
    let node = Node::with(&text);
    let other = "options.BinaryName=/opt/other/runc";
    run(&node, &["add", "runc", "--set", other, "--owner", "x"], 0);
    let changed = text.replace("/usr/local/bin/runc", "/opt/other/runc");
    assert_eq!(parsed(&node.text()), parsed(&changed), "{}", node.text());
    run(&node, &["remove", "--owner", "x"], 0);
    is(&node, &text);
    // `apply` as well, and a table as well as a key.
    let text = text.replace(".options", ".Options");
    let node = Node::with(&text);
    let patch = "owner = \"x\"\n[handlers.runc.options]\nBinaryName = \"/opt/other/runc\"\n";
    apply(&node, &["--take-over"], patch).exits(0);
    let changed = text.replace("/usr/local/bin/runc", "/opt/other/runc");
    assert_eq!(parsed(&node.text()), parsed(&changed), "{}", node.text());
    run(&node, &["remove", "--owner", "x"], 0);
    is(&node, &text);
}

#[test]
fn zero_is_a_duration() {
    for zero in ["0", "+0", "0x0"] {
        let scheduler = "[plugins.\"io.containerd.gc.v1.scheduler\"]\n  schedule_delay = ";
        let node = Node::with(format!("{KUBEADM}{scheduler}{zero}\n"));
        serves(&node, "1.7", &["runc"]);
    }
    let node = Node::with(format!(
        "{KUBEADM}[plugins.\"io.containerd.gc.v1.scheduler\"]\n  schedule_delay = 0\n"
    ));
    // Do no harm holds there too: 1.7 takes no handler with a `runtime_root`.
    let mut flags = vec!["add", "foo", "--set", "runtime_type=io.containerd.runc.v2"];
    flags.extend(["--set", "runtime_root=/run/x"]);
    run(&node, &flags, 78);
}

#[test]
fn proxy_plugin_by_its_full_type() {
    let proxy = "[proxy_plugins.nydus]\n  address = \"/run/n.sock\"\n  type = ";
    let node = Node::with(format!(
        "{KUBEADM}{proxy}\"io.containerd.snapshotter.v1\"\n"
    ));
    for release in ["1.6", "1.7", "2.0", "2.2"] {
        serves(&node, release, &["runc"]);
    }
    run(&node, &["add", "kata", "--set", "snapshotter=nydus"], 0);
}

/// The main file was deleted, and a later one imports the drop-in again: its handler of nobody's hides
/// the `runc` of 1.x.
#[test]
fn an_owner_leaves_a_drop_in_with_a_handler_of_others() {
    let node = Node::with("version = 2\n");
    let level = ["set", "debug.level=info", "--owner", "a", "--drop-in"];
    run(&node, &level, 0);
    let drop_in = node.folder().join("conf.d/50-a.toml");
    let mine = format!("[{RUNTIMES}.mine]\nruntime_type = \"io.containerd.runc.v2\"\n");
    let text = fs::read_to_string(&drop_in).expect("reads") + &mine;
    fs::write(&drop_in, text).expect("writes");
    fs::remove_file(node.config()).expect("removes");
    let systemd = "handlers.runc.options.SystemdCgroup=true";
    run(&node, &["set", systemd, "--owner", "a"], 0);
    serves(&node, "1.6", &["runc", "mine"]);
    run(&node, &["remove", "--owner", "a"], 0);
    serves(&node, "1.6", &["runc", "mine"]);
    let left = fs::read_to_string(&drop_in).expect("reads");
    assert!(
        !left.contains("owner=a") && !left.contains("debug"),
        "{left}"
    );
    run(&node, &["remove", "--owner", "a"], 0);
    assert_eq!(fs::read_to_string(&drop_in).expect("reads"), left);
}
