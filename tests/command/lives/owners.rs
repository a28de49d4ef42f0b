//! Owners that come and go among other owners, and on a node whose user has handlers of his own.

use std::fmt::Write as _;
use std::fs;

use crate::tool::Node;

use super::{DEBIAN, KUBEADM, RUNTIMES, apply, is, run, serves};

fn append(node: &Node, text: &str) {
    fs::write(node.config(), node.text() + text).expect("writes");
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

/// The table that nvidia-ctk had made for it would hide the built-in runc of 1.x.
#[test]
fn adopting_the_only_handler() {
    let nvidia = format!(
        "version = 2\n[{}]\n  default_runtime_name = \"nvidia\"\n  [{RUNTIMES}]\n  \
         [{RUNTIMES}.nvidia]\n    runtime_type = \"io.containerd.runc.v2\"\n    \
         [{RUNTIMES}.nvidia.options]\n      BinaryName = \"/usr/bin/nvidia-container-runtime\"\n",
        RUNTIMES.trim_end_matches(".runtimes")
    );
    let add = ["add", "nvidia", "--default", "--owner", "a", "--adopt"];
    for removes in [
        &[&add[..], &["remove", "--owner", "a"]][..],
        &[&["remove", "nvidia", "--adopt"]],
    ] {
        let node = Node::with(&nvidia);
        for arguments in removes {
            run(&node, arguments, 0);
        }
        serves(&node, "1.7", &["runc"]);
    }
}
