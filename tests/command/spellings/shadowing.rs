//! Several spellings of one key in one file: the one that counts is changed, and all are unset.

use crate::tool::Node;

use super::{applied, config};

/// ⚠: containerd 2.x moves a whole table over the one that is there, or has another one that wins.
#[test]
fn a_key_that_another_spelling_shadows_is_changed_there() {
    let images = "[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/certs'\n";
    let old = "[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '/certs'\n";
    let runtime = "[plugins.'io.containerd.cri.v1.runtime']\nenable_cdi = false\n";
    let headers = "[plugins.'io.containerd.grpc.v1.cri'.registry.headers]\nx = ['y']";
    let cdi = "[plugins.cri]\nenable_cdi = true";
    let cgroups = "[plugins.'io.containerd.monitor.task.v1.cgroups']\n";
    let server = "[plugins.'io.containerd.server.v1.grpc']\nuid = 1\n";
    for (version, there, patch, written, ignoring) in [
        (
            2,
            images,
            headers,
            "[plugins.'io.containerd.cri.v1.images'.registry.headers]|x = [\"y\"]",
            "1.6 and 1.7",
        ),
        (
            3,
            old,
            headers,
            "[plugins.'io.containerd.grpc.v1.cri'.registry.headers]|x = [\"y\"]",
            "2.0, 2.1 and 2.2",
        ),
        (2, runtime, cdi, "enable_cdi = true", "1.6 and 1.7"),
        (
            2,
            cgroups,
            "[plugins.cgroups]\nno_prometheus = true",
            "no_prometheus = true",
            "1.6 and 1.7",
        ),
        (
            3,
            server,
            "[grpc]\nmax_recv_message_size = 5",
            "max_recv_message_size = 5",
            "2.0, 2.1 and 2.2",
        ),
    ] {
        let (lines, warnings) = applied(&config(version, there), patch);
        assert_eq!(lines.join("|"), written, "version {version}: {patch}");
        let told = format!("containerd {ignoring} do not read");
        assert!(
            warnings.contains(&told),
            "version {version}: {patch}: {warnings}"
        );
    }
    // Both are there: each counts for some releases.
    let both = format!("[grpc]\naddress = '/run/a.sock'\n{server}");
    let (lines, warnings) = applied(&config(3, &both), "[grpc]\nmax_recv_message_size = 5");
    assert_eq!(lines, ["max_recv_message_size = 5"; 2]);
    assert!(
        warnings.contains("do not read grpc.address, grpc.max_recv"),
        "{warnings}"
    );
    let both = format!("{server}uid = 2\n").replace("uid = 1\n", "");
    let (lines, warnings) = applied(
        &config(3, &format!("[grpc]\nuid = 1\n{both}")),
        "[grpc]\nuid = 7",
    );
    assert_eq!(lines, ["uid = 7"; 2]);
    assert!(!warnings.contains("another spelling"), "{warnings}");
    let both = format!("{old}{}", images.replace("/certs", "/other"));
    let (lines, warnings) = applied(&config(3, &both), &images.replace("certs", "mine"));
    assert_eq!(lines, ["config_path = \"/mine\""; 2]);
    assert!(!warnings.contains("another spelling"), "{warnings}");
}

#[test]
fn a_key_is_unset_in_every_spelling() {
    let cri = "[plugins.'io.containerd.grpc.v1.cri'";
    for (there, key) in [
        (
            format!("{cri}]\nenable_cdi = true\n"),
            "plugins.'io.containerd.grpc.v1.cri'.enable_cdi",
        ),
        (
            format!(
                "{cri}.registry]\nconfig_path = '/b'\n\
                 [plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/a'\n"
            ),
            "plugins.'io.containerd.cri.v1.images'.registry.config_path",
        ),
        (
            "[grpc]\nuid = 1\n[plugins.'io.containerd.server.v1.grpc']\nuid = 2\n".to_owned(),
            "grpc.uid",
        ),
    ] {
        let text = config(3, &there);
        let node = Node::with(&text);
        node.run(&["get", key]).exits(0);
        node.run(&["unset", key]).exits(0);
        node.run(&["get", key]).exits(1);
        let again = node.run(&["unset", key]).exits(0);
        assert!(again.stdout.contains("nothing to do"), "{again:?}");
        node.run(&["remove", "--owner", "manual"]).exits(0);
        assert_eq!(node.text(), text);
    }
}
