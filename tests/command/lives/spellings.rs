//! Configs that are written in another way than most, or are rewritten by another tool.

use std::fmt::Write as _;
use std::fs;

use toml_edit::{DocumentMut, Item, Table};

use crate::tool::Node;

use super::{DEBIAN, KUBEADM, apply, is, parsed, run, serves, version_3};

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

/// A person changes the number alone, or takes it out, and has moved no key: what the tool has written
/// is not loaded any more, and leaves all the same.
#[test]
fn owners_leave_though_the_version_was_changed_by_hand() {
    let registry = "owner = \"a\"\n[handlers.kata]\npreset = \"kata\"\n\
                    [plugins.\"io.containerd.cri.v1.images\".registry]\nconfig_path = \"/etc/certs.d\"\n";
    for (from, to) in [
        (2, "version = 3\n"),
        (2, "version = 1\n"),
        (2, ""),
        (3, "version = 2\n"),
        (3, ""),
    ] {
        let version = format!("version = {from}\n");
        for text in [DEBIAN, KUBEADM] {
            let text = text.replace("version = 2\n", &version);
            let text = match from {
                2 => text,
                _ => text.replace("grpc.v1.cri", "cri.v1.runtime"),
            };
            let node = Node::with(&text);
            apply(&node, &[], registry).exits(0);
            run(&node, &["add", "crun", "--owner", "b", "--default"], 0);
            let changed = |text: &str| text.replacen(&version, to, 1);
            fs::write(node.config(), changed(&node.text())).expect("writes");
            for owner in ["a", "b"] {
                run(&node, &["remove", "--owner", owner], 0);
            }
            assert_eq!(node.text(), changed(&text), "{from} to {to:?}");
        }
    }
}

/// What came beside them would be read instead of them, or be lost.
#[test]
fn nothing_comes_beside_keys_whose_version_was_changed_by_hand() {
    for (from, to) in [(2, "version = 3\n"), (2, ""), (3, "version = 2\n")] {
        let node = Node::with(format!("version = {from}\n"));
        let sandbox = "plugins.'io.containerd.cri.v1.images'.pinned_images.sandbox=/x";
        run(&node, &["set", sandbox, "--owner", "a"], 0);
        run(&node, &["add", "crun", "--owner", "b"], 0);
        let good = node.text();
        let text = good.replacen(&format!("version = {from}\n"), to, 1);
        fs::write(node.config(), &text).expect("writes");
        for refused in [
            &["add", "kata", "--owner", "c"][..],
            &["add", "crun", "--owner", "b"],
            &["set", "debug.level=debug", "--owner", "a"],
            &["remove", "mine", "--adopt"],
        ] {
            let refused = run(&node, refused, 78);
            let hint = format!("give it version {from} again");
            assert!(refused.stderr.contains(&hint), "{refused:#?}");
            is(&node, &text);
        }
        fs::write(node.config(), good).expect("writes");
        run(&node, &["add", "kata", "--owner", "c"], 0);
        for owner in ["a", "b", "c"] {
            run(&node, &["remove", "--owner", owner], 0);
        }
        is(&node, &format!("version = {from}\n"));
    }
}

/// Nobody has changed anything of these files but values, or what stands beside them.
#[test]
fn a_value_that_was_changed_says_nothing_of_the_version() {
    let images = "plugins.'io.containerd.cri.v1.images'.pinned_images";
    let node = Node::with(format!("version = 2\n[{images}]\nsandbox = '/x'\n"));
    run(
        &node,
        &["set", &format!("{images}.sandbox=/x"), "--owner", "a"],
        0,
    );
    let text = node.text().replace("= \"/x\"", "= \"/y\"");
    fs::write(node.config(), text).expect("writes");
    run(&node, &["add", "crun", "--owner", "b"], 0);
    let node = Node::with("version = 3\nimports = ['conf.d/*.toml']\n");
    let folder = node.folder().join("conf.d");
    fs::create_dir(&folder).expect("creates");
    fs::write(folder.join("60.toml"), "[debug]\nlevel = 'info'\n").expect("writes");
    let size = "grpc.max_recv_message_size=1";
    run(
        &node,
        &["set", size, "--owner", "a", "--drop-in=conf.d/60.toml"],
        0,
    );
    fs::write(folder.join("70.toml"), "version = 4\n").expect("writes");
    run(
        &node,
        &[
            "set",
            "proxy_plugins.x.type=snapshot",
            "proxy_plugins.x.address=/r",
            "--owner",
            "b",
            "--drop-in=conf.d/65.toml",
        ],
        0,
    );
}

#[test]
fn keys_of_ones_own_go_by_name_though_the_version_was_changed() {
    let sandbox = "plugins.'io.containerd.cri.v1.images'.pinned_images.sandbox";
    let node = Node::with("version = 2\n");
    run(&node, &["set", &format!("{sandbox}=/x"), "--owner", "a"], 0);
    run(&node, &["set", "debug.level=debug", "--owner", "a"], 0);
    let text = node.text().replacen("version = 2", "version = 3", 1);
    fs::write(node.config(), text).expect("writes");
    run(&node, &["unset", sandbox, "--owner", "a"], 0);
    run(&node, &["unset", "debug.level", "--owner", "a"], 0);
    is(&node, "version = 3\n");
}

#[test]
fn undo_takes_back_what_goes_by_another_version() {
    let node = Node::with("version = 2\n");
    let changed = |text: &str| text.replacen("version = 2", "version = 3", 1);
    run(&node, &["add", "kata", "--owner", "a"], 0);
    let first = node.text();
    run(&node, &["add", "crun", "--owner", "b"], 0);
    fs::write(node.config(), changed(&node.text())).expect("writes");
    let undone = run(&node, &["undo"], 0);
    assert!(undone.stdout.contains("crun"), "{undone:#?}");
    is(&node, &changed(&first));
    run(&node, &["remove", "--owner", "a"], 0);
    is(&node, "version = 3\n");
}

/// A text of somebody's own is put in place whatever version it has.
#[test]
fn owners_leave_though_the_version_was_changed_by_a_whole_text() {
    let node = Node::with(DEBIAN);
    run(&node, &["add", "kata", "--owner", "a"], 0);
    let text = node.text().replacen("version = 2", "version = 3", 1);
    let own = node.folder().join("own");
    fs::write(&own, text).expect("writes");
    run(
        &node,
        &["restore", "--from", own.to_str().expect("UTF-8")],
        0,
    );
    run(&node, &["remove", "--owner", "a"], 0);
    is(&node, &DEBIAN.replacen("version = 2", "version = 3", 1));
}

/// A drop-in is written by its own version.
#[test]
fn owners_leave_a_drop_in_though_its_version_was_changed_by_hand() {
    for to in ["version = 2\n", "version = 1\n", "version = 4\n", ""] {
        let node = Node::with("version = 3\n");
        run(&node, &["add", "kata", "--owner", "a", "--drop-in"], 0);
        run(
            &node,
            &["set", "grpc.max_recv_message_size=1", "--owner", "a"],
            0,
        );
        let drop_in = node.folder().join("conf.d/50-a.toml");
        let text = fs::read_to_string(&drop_in).expect("reads");
        fs::write(&drop_in, text.replacen("version = 3\n", to, 1)).expect("writes");
        run(&node, &["remove", "--owner", "a"], 0);
        is(&node, "version = 3\n");
        assert!(!drop_in.exists(), "{to:?}");
    }
}
