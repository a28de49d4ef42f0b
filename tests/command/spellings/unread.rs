//! Keys that no release reads there, or that nobody knows.

use crate::tool::Node;

use super::{apply, config};

#[test]
fn a_key_that_no_release_reads_there_is_an_error_at_its_place() {
    let cri = "plugins.'io.containerd.grpc.v1.cri'";
    for (version, patch, place) in [
        (3, format!("[{cri}]\n  systemd_cgroup = true"), ":3:3: "),
        (
            4,
            "[debug]\naddress = '/d.sock'\n[plugins.'io.containerd.runtime.v1.linux']\nshim = 'x'"
                .to_owned(),
            ":5:1: ",
        ),
        (
            3,
            format!("[{cri}.registry.configs.x.tls]\nca_file = '/ca'"),
            ":3:1: ",
        ),
    ] {
        let text = config(version, "");
        let node = Node::with(&text);
        let run = apply(&node, &patch).exits(65);
        assert!(
            run.stderr.contains(&format!("patch{place}")),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(" not read "), "{}", run.stderr);
        assert_eq!(node.text(), text);
    }
}

#[test]
fn what_is_not_known_is_written_with_a_warning_that_has_a_place() {
    let node = Node::with(config(3, ""));
    let run = apply(
        &node,
        "[plugins.'io.containerd.nydus.v1.x']\nanything = [{ a = 1 }]",
    )
    .exits(0);
    assert!(run.stderr.contains("patch:3:1"), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("no containerd release is known to have a plugin"),
        "{}",
        run.stderr
    );
}
