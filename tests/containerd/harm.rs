//! Edits that a real daemon would not survive: it serves before, the edit is refused, and with the
//! same change made by hand CRI is off.

use std::fs;

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::suites::{self, Release};

/// A handler, so that 2.x reads the snapshotter beside it.
const FILE: &str = "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\n\
                    runtime_type = 'io.containerd.runc.v2'\n";
const CRI: &str = "[plugins.'io.containerd.grpc.v1.cri'.containerd]\n";

fn serves(node: &Node<'_>) -> bool {
    matches!(node.verdict(), Verdict::Serves { .. })
}

/// The exit code of an edit that has CRI use a snapshotter.
fn set_snapshotter(node: &Node<'_>, name: &str, version: &str) -> Option<i32> {
    let patch = format!("owner = 'x'\n{CRI}snapshotter = '{name}'\n");
    fs::write(node.etc().join("patch"), patch).expect("the patch file is written");
    let apply = [
        "apply",
        "/etc/containerd/patch",
        "--containerd-version",
        version,
    ];
    node.tool(&apply).status.code()
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_snapshotter_that_is_not_set_up_is_refused() {
    for release in suites::SUITES.map(Release::of) {
        for name in ["devmapper", "blockfile", "nobodys"] {
            let node = Node::new(&release, Some(FILE.as_bytes()));
            assert!(serves(&node), "{}", release.name);
            let code = set_snapshotter(&node, name, &release.version);
            assert_eq!(code, Some(78), "{} {name}", release.name);
            assert_eq!(node.config().as_deref(), Some(FILE.as_bytes()));
            let by_hand = format!("{FILE}{CRI}snapshotter = '{name}'\n");
            fs::write(node.config_path(), by_hand).expect("the config is written");
            let found = node.verdict();
            let is_off = matches!(found, Verdict::NoCri { .. });
            assert!(is_off, "{} {name}: {found:?}", release.name);
        }
        let scratch = "[plugins.'io.containerd.snapshotter.v1.blockfile']\n\
                       scratch_file = '/etc/containerd/scratch'\n";
        let node = Node::new(&release, Some(format!("{FILE}{scratch}").as_bytes()));
        fs::write(node.etc().join("scratch"), "x").expect("the file is written");
        let has_blockfile = !release.version.starts_with("1.6");
        let code = set_snapshotter(&node, "blockfile", &release.version);
        let wanted = if has_blockfile { 0 } else { 78 };
        assert_eq!(code, Some(wanted), "{}", release.name);
        assert!(serves(&node), "{}", release.name);
    }
}

/// What Debian's builds serve although upstream's would exit.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_config_that_debians_build_serves_is_not_harmed() {
    for (suite, version, line) in [
        (
            "bookworm",
            "1.6",
            "[plugins.'io.containerd.internal.v1.tracing']\nservice_name = 3\n",
        ),
        (
            "forky",
            "2.1",
            "[plugins.'io.containerd.gc.v1.scheduler']\nschedule_delay = 5\n",
        ),
    ] {
        let release = Release::of(suite);
        let node = Node::new(&release, Some(format!("{FILE}{line}").as_bytes()));
        assert!(serves(&node), "{}", release.name);
        for version in [version, &release.version] {
            let code = set_snapshotter(&node, "devmapper", version);
            assert_eq!(code, Some(78), "{}", release.name);
        }
        node.edit(&["add", "kata", "--containerd-version", &release.version]);
        assert!(serves(&node), "{}", release.name);
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_masked_drop_in_is_loaded() {
    for release in suites::SUITES.map(Release::of) {
        let config = format!("imports = ['/dev/null']\n{FILE}");
        let node = Node::new(&release, Some(config.as_bytes()));
        node.edit(&["check", "--containerd-version", &release.version]);
        node.edit(&["add", "kata"]);
        assert!(serves(&node), "{}", release.name);
        node.edit(&["remove", "kata"]);
        assert_eq!(node.config(), Some(config.into_bytes()));
    }
}
