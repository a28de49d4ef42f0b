//! Drop-ins on real nodes: not used where the daemon would lose something, loaded where it does not.

use crate::cri::Verdict;
use crate::daemon::Node;
use crate::folders;
use crate::suites::{self, Release};

const VERSION_THREE: &[u8] = br"# node-a
version = 3

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
";

fn drop_ins(node: &Node<'_>) -> Vec<String> {
    let folder = node.etc().join("conf.d");
    if folder.exists() {
        folders::names(&folder)
    } else {
        Vec::new()
    }
}

/// Debian's config has CRI's plugin table, which 1.x takes from one file alone.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn what_1_x_would_lose_with_a_drop_in_stands_in_the_config() {
    for suite in suites::SUITES {
        let release = Release::of(suite);
        let original = suites::debian_shipped_config();
        let node = Node::new(&release, Some(&original));
        let before = node.verdict();
        assert!(matches!(before, Verdict::Serves { .. }), "{before:?}");
        let added = node.tool(&["add", "crun", "--drop-in"]);
        let said = String::from_utf8_lossy(&added.stderr);
        let reason = "written to config.toml, not to conf.d/50-manual.toml: crun; containerd 1.x takes \
                      the section of CRI from one file";
        assert!(said.contains(reason), "{}: {said}", release.name);
        assert!(!node.etc().join("conf.d").exists());
        let expected = Verdict::serves(["crun", "runc"], "runc");
        assert_eq!(node.verdict(), expected, "{}", release.name);
        node.edit(&["remove", "crun"]);
        assert!(node.config().as_ref() == Some(&original));
        assert_eq!(node.verdict(), before, "{}", release.name);
    }
}

/// Where the config says nothing of the plugin, nothing can be lost.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_drop_in_is_loaded_by_every_release_where_the_config_leaves_the_plugin_alone() {
    for suite in suites::SUITES {
        let release = Release::of(suite);
        for original in [Some(&b"version = 2\n"[..]), Some(b"# mine\n"), None] {
            let node = Node::new(&release, original);
            let before = node.verdict();
            node.edit(&["add", "crun", "--drop-in"]);
            assert_eq!(drop_ins(&node), ["50-manual.toml"]);
            let expected = Verdict::serves(["crun", "runc"], "runc");
            let (name, config) = (&release.name, node.shown_config());
            assert_eq!(node.verdict(), expected, "{name}\n{config}");
            node.edit(&["add", "kata", "--drop-in", "--default"]);
            let expected = Verdict::serves(["crun", "kata", "runc"], "kata");
            assert_eq!(node.verdict(), expected, "{name}");
            node.edit(&["remove", "crun", "kata", "--drop-in"]);
            assert_eq!(node.config().as_deref(), original, "{name}");
            assert_eq!(drop_ins(&node), [""; 0]);
            assert_eq!(node.verdict(), before, "{name}");
        }
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn two_owners_have_drop_ins_and_leave_in_either_order() {
    let release = Release::of("forky");
    let listed = b"version = 3\nimports = [\n  '/etc/containerd/conf.d/*.toml',\n]\n";
    for original in [VERSION_THREE, listed] {
        for first in ["ops/a", "b"] {
            let node = Node::new(&release, Some(original));
            let before = node.verdict();
            node.edit(&["add", "crun", "--drop-in", "--owner", "ops/a"]);
            node.edit(&["add", "kata", "--drop-in", "--owner", "b", "--default"]);
            assert_eq!(drop_ins(&node), ["50-b.toml", "50-ops-a.toml"]);
            let expected = Verdict::serves(["crun", "kata", "runc"], "kata");
            assert_eq!(node.verdict(), expected, "{}", node.shown_config());
            let remove_crun = ["remove", "crun", "--owner", "ops/a"];
            let remove_kata = ["remove", "kata", "--owner", "b"];
            if first == "b" {
                node.edit(&remove_kata);
                assert_eq!(node.verdict(), Verdict::serves(["crun", "runc"], "runc"));
                node.edit(&remove_crun);
            } else {
                node.edit(&remove_crun);
                assert_eq!(node.verdict(), Verdict::serves(["kata", "runc"], "kata"));
                node.edit(&remove_kata);
            }
            assert_eq!(node.config().as_deref(), Some(original));
            assert_eq!(node.verdict(), before);
        }
    }
}

/// A default in one file names a handler in another one.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn an_owner_leaves_although_the_others_default_is_its_handler() {
    let release = Release::of("forky");
    for drop_ins in [
        ["--drop-in", "--drop-in"],
        ["--drop-in", "-q"],
        ["-q", "--drop-in"],
    ] {
        let [of_a, of_b] = drop_ins;
        let node = Node::new(&release, Some(VERSION_THREE));
        let before = node.verdict();
        node.edit(&["add", "kata", "--owner", "a", of_a]);
        node.edit(&["add", "crun", "--owner", "b", of_b]);
        node.edit(&["set-default", "kata", "--owner", "b", of_b]);
        let expected = Verdict::serves(["crun", "kata", "runc"], "kata");
        assert_eq!(node.verdict(), expected, "{}", node.shown_config());
        node.edit(&["remove", "--owner", "a"]);
        let expected = Verdict::serves(["crun", "runc"], "runc");
        assert_eq!(node.verdict(), expected, "{}", node.shown_config());
        node.edit(&["remove", "crun", "--owner", "b"]);
        assert_eq!(node.config().as_deref(), Some(VERSION_THREE));
        assert_eq!(node.verdict(), before);
    }
}

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn a_handler_is_taken_over_from_another_file() {
    let release = Release::of("forky");
    let node = Node::new(&release, Some(VERSION_THREE));
    node.edit(&["add", "kata", "--owner", "z", "--drop-in", "--default"]);
    node.edit(&["add", "crun", "--owner", "z", "--drop-in"]);
    node.edit(&["add", "kata", "--owner", "a", "--drop-in", "--take-over"]);
    node.edit(&["remove", "crun", "--owner", "z"]);
    let expected = Verdict::serves(["kata", "runc"], "kata");
    assert_eq!(node.verdict(), expected, "{}", node.shown_config());
    node.edit(&["remove", "--owner", "z"]);
    assert_eq!(node.verdict(), Verdict::serves(["kata", "runc"], "runc"));
    node.edit(&["remove", "--owner", "a"]);
    assert_eq!(node.config().as_deref(), Some(VERSION_THREE));
}
