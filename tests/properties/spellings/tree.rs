//! What a config holds, whatever its spelling.

use super::{Choices, VERSION_1, VERSION_2, VERSION_3};

pub(super) enum Node {
    /// The text of a value.
    Value(String),
    Table(Vec<(&'static str, Node)>),
}

fn value(text: &str) -> Node {
    Node::Value(text.to_owned())
}

pub(super) fn root(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut root = Vec::new();
    let (version, own) = choices.of(&[
        (Some("2"), VERSION_2),
        (Some("3"), VERSION_3),
        (None, VERSION_1),
        (Some("1"), VERSION_1),
        (Some("4"), VERSION_3),
        (Some("0"), VERSION_1),
        (Some("0x2"), VERSION_2),
    ]);
    if let Some(version) = version {
        root.push(("version", value(version)));
    }
    if choices.rarely(4) {
        root.push(("root", value("'/var/lib/containerd'")));
    }
    let mut plugins = Vec::new();
    if choices.rarely(5) {
        let opt = vec![("path", value("'/opt'"))];
        plugins.push(("io.containerd.internal.v1.opt", Node::Table(opt)));
    }
    for id in [own, VERSION_1, VERSION_2, VERSION_3] {
        let is_there = if id == own {
            !choices.rarely(6)
        } else {
            choices.rarely(9)
        };
        if is_there && !plugins.iter().any(|(known, _)| *known == id) {
            plugins.push((id, Node::Table(plugin(choices))));
        }
    }
    if choices.rarely(5) {
        plugins.push(("zfs", Node::Table(Vec::new())));
    }
    if !plugins.is_empty() || choices.rarely(2) {
        root.push(("plugins", Node::Table(plugins)));
    }
    if choices.rarely(4) {
        let metrics = vec![("address", value("'127.0.0.1:1338'"))];
        root.push(("metrics", Node::Table(metrics)));
    }
    root
}

fn plugin(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut plugin = Vec::new();
    if choices.rarely(3) {
        plugin.push(("sandbox_image", value("\"pause:3.9\"")));
    }
    if choices.rarely(4) {
        let cni = vec![("bin_dir", value("'/opt/cni/bin'"))];
        plugin.push(("cni", Node::Table(cni)));
    }
    if !choices.rarely(5) {
        plugin.push(("containerd", Node::Table(containerd(choices))));
    }
    if choices.rarely(4) {
        let registry = vec![("config_path", value("''"))];
        plugin.push(("registry", Node::Table(registry)));
    }
    plugin
}

fn containerd(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut containerd = Vec::new();
    if choices.rarely(3) {
        containerd.push(("snapshotter", value("'overlayfs'")));
    }
    if choices.rarely(2) {
        let default = choices.of(&[
            "\"runc\"",
            "'runc'",
            "\"r\\u0075nc\"",
            "\"untrusted\"",
            "'''runc'''",
            "\"\"\"runc\"\"\"",
        ]);
        containerd.push(("default_runtime_name", value(default)));
    }
    if !choices.rarely(5) {
        let mut runtimes = Vec::new();
        if !choices.rarely(5) {
            runtimes.push(("runc", Node::Table(handler(choices))));
        }
        for name in ["untrusted", "crun", "a.b", "Upper case", "kata"] {
            if choices.rarely(5) {
                runtimes.push((name, Node::Table(handler(choices))));
            }
        }
        containerd.push(("runtimes", Node::Table(runtimes)));
    }
    if choices.rarely(6) {
        let untrusted = vec![("runtime_type", value("''"))];
        containerd.push(("untrusted_workload_runtime", Node::Table(untrusted)));
    }
    containerd
}

fn handler(choices: &mut Choices<'_>) -> Vec<(&'static str, Node)> {
    let mut handler = Vec::new();
    if !choices.rarely(5) {
        handler.push(("runtime_type", value("\"io.containerd.runc.v2\"")));
    }
    if choices.rarely(5) {
        handler.push(("pod_annotations", value("[\"a\", 'b']")));
    }
    if choices.rarely(2) {
        let mut options = Vec::new();
        if !choices.rarely(4) {
            options.push(("SystemdCgroup", value("true")));
        }
        if choices.rarely(4) {
            options.push(("BinaryName", value("'/usr/bin/runc'")));
        }
        if choices.rarely(7) {
            let deeper = vec![("key", value("1"))];
            options.push(("deeper", Node::Table(deeper)));
        }
        handler.push(("options", Node::Table(options)));
    }
    handler
}
