//! The cgroup driver of a new handler: that of the handlers which the node has.

use std::fs;

use serde_json::Value;

use crate::tool::{Node, Run};

use super::{KUBEADM, RUNTIMES, run, version_3};

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
