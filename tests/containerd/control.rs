//! Control tests: edits with a known outcome, which show that the rig tells them apart.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use crate::cri::Verdict;
use crate::daemon::{Daemon, Node};
use crate::suites::{self, Release};

const CRUN: &str = r#"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.crun.options]
BinaryName = "/usr/bin/crun"
"#;

const MINIMAL_RUNC: &str = r#"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
"#;

const PARTIAL_RUNC: &str = r#"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = true
"#;

fn debian_and(addition: &str) -> Vec<u8> {
    [&suites::debian_shipped_config(), addition.as_bytes()].concat()
}

/// Starts each release on the config; with a major number, those of that line only.
fn verdicts(major: Option<u32>, config: &[u8]) -> Vec<(String, Verdict)> {
    let verdicts: Vec<_> = suites::SUITES
        .map(Release::of)
        .into_iter()
        .filter(|release| major.is_none_or(|major| release.major == major))
        .map(|release| {
            let verdict = Node::new(&release, Some(config)).verdict();
            (release.name, verdict)
        })
        .collect();
    assert!(!verdicts.is_empty(), "no suite has a release {major:?}.x");
    verdicts
}

#[track_caller]
fn assert_no_cri(verdicts: &[(String, Verdict)], because: &str) {
    for (release, verdict) in verdicts {
        let Verdict::NoCri { reason } = verdict else {
            panic!("{release}: expected a daemon without CRI, got {verdict:?}");
        };
        assert!(
            reason.contains(because),
            "{release}: expected a reason with {because:?}, got {reason:?}"
        );
    }
}

#[track_caller]
fn assert_serve_crun_and_runc(verdicts: &[(String, Verdict)]) {
    for (release, verdict) in verdicts {
        assert_eq!(
            verdict,
            &Verdict::serves(["crun", "runc"], "runc"),
            "{release}"
        );
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_naive_append_to_debians_config_turns_cri_off_on_1_x() {
    assert_no_cri(
        &verdicts(Some(1), &debian_and(CRUN)),
        "no corresponding runtime configured",
    );
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_naive_append_to_debians_config_is_merged_on_2_x() {
    assert_serve_crun_and_runc(&verdicts(Some(2), &debian_and(CRUN)));
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_minimal_runc_beside_the_new_handler_keeps_cri_on_every_release() {
    let config = debian_and(&[MINIMAL_RUNC, CRUN].concat());
    assert_serve_crun_and_runc(&verdicts(None, &config));
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_runc_without_its_type_is_whole_on_2_x() {
    for (release, verdict) in verdicts(Some(2), &debian_and(PARTIAL_RUNC)) {
        assert_eq!(verdict, Verdict::serves(["runc"], "runc"), "{release}");
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_runc_without_its_type_is_lost_on_1_x() {
    for (release, verdict) in verdicts(Some(1), &debian_and(PARTIAL_RUNC)) {
        assert_eq!(verdict, Verdict::serves([], "runc"), "{release}");
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_default_that_names_no_handler_turns_cri_off_on_every_release() {
    let config = br#"version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "nowhere"
"#;
    assert_no_cri(&verdicts(None, config), "nowhere");
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_disabled_cri_plugin_is_no_cri_without_a_failure() {
    let config = b"version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n";
    for (release, verdict) in verdicts(None, config) {
        let reason = String::new();
        assert_eq!(verdict, Verdict::NoCri { reason }, "{release}");
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_stray_line_stops_the_daemon_on_every_release() {
    for (release, verdict) in verdicts(None, &debian_and("\"3s\"\n")) {
        let Verdict::Exits { reason } = &verdict else {
            panic!("{release}: expected the daemon to exit, got {verdict:?}");
        };
        assert!(
            reason.starts_with("containerd: ") && reason.contains("toml"),
            "{release}: expected a complaint about TOML, got {reason:?}"
        );
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn two_daemons_at_a_time_keep_to_their_own_configs() {
    let release = Release::of("bookworm");
    let with_crun = debian_and(&[MINIMAL_RUNC, CRUN].concat());
    // Fixed ports, which one machine could give to one daemon only.
    let ports = b"version = 2
[metrics]
address = \"127.0.0.1:1338\"
[plugins.\"io.containerd.grpc.v1.cri\"]
stream_server_port = \"10010\"
";
    let nodes = [
        Node::new(&release, Some(ports)),
        Node::new(&release, Some(ports)),
        Node::new(&release, Some(&with_crun)),
    ];
    let mut daemons: Vec<_> = nodes.iter().map(Node::start).collect();
    let verdicts: Vec<_> = daemons.iter_mut().map(Daemon::verdict).collect();
    // Asked again, now that all of them run.
    let again: Vec<_> = daemons.iter_mut().map(Daemon::verdict).collect();
    let expected = [
        Verdict::serves(["runc"], "runc"),
        Verdict::serves(["runc"], "runc"),
        Verdict::serves(["crun", "runc"], "runc"),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(again, expected);
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_panic_stops_the_daemon() {
    let release = Release::of("bookworm");
    let node = Node::new(&release, None);
    let mut process_id = 0;
    let panicked = panic::catch_unwind(AssertUnwindSafe(|| {
        let mut daemon = node.start();
        process_id = daemon.process_id();
        assert_eq!(daemon.verdict(), Verdict::serves(["runc"], "runc"));
        // Not `panic!`: a hook that prints would make a passing test look broken.
        panic::resume_unwind(Box::new("a test that fails"));
    }));
    assert!(panicked.is_err());
    let process = format!("/proc/{process_id}");
    assert!(
        !Path::new(&process).exists(),
        "the daemon outlived its guard: {process}"
    );
}
