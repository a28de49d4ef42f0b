//! `containerd config migrate` over a config in which an owner has keys: they are known in what it prints.

use crate::daemon::{Node, told};
use crate::suites::Release;

const PLAIN: &str = "version = 2\n";

/// Keys that the migration prints in another way than they were put.
const SETS: [&str; 3] = [
    "plugins.\"io.containerd.grpc.v1.cri\".cni.bin_dir=/x",
    "plugins.\"io.containerd.runtime.v2.task\".sched_core=true",
    "plugins.\"io.containerd.transfer.v1.local\".unpack_config=\
     [{platform=\"linux/amd64\",snapshotter=\"overlayfs\"}]",
];

#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn what_was_migrated_leaves_with_its_owner() {
    let release = Release::of("forky");
    let plain = Node::new(&release, Some(PLAIN.as_bytes()));
    plain.migrate();
    for set in SETS {
        let node = Node::new(&release, Some(PLAIN.as_bytes()));
        node.edit(&["set", set, "--owner", "a"]);
        node.migrate();
        let again = node.tool(&["set", set, "--owner", "a", "--exit-code"]);
        assert_eq!(again.status.code(), Some(0), "{set}: {}", told(&again));
        node.edit(&["remove", "--owner", "a"]);
        // What it does not set, containerd sets anew.
        node.migrate();
        assert!(
            node.config() == plain.config(),
            "{set}: {}",
            node.shown_config()
        );
    }
}

/// Two owners want what the migration prints alike, and then one key of an owner has replaced another.
#[test]
#[ignore = "needs root and Debian's containerd packages: run ./tests/run"]
fn what_two_owners_want_stays_until_both_have_left() {
    let release = Release::of("forky");
    let plain = Node::new(&release, Some(PLAIN.as_bytes()));
    plain.migrate();
    let table = "plugins.\"io.containerd.cri.v1.runtime\".cni";
    let folder = format!("{table}.bin_dir=/x");
    let folders = format!("{table}.bin_dirs=['/y']");
    let entry = |more: &str| {
        format!(
            "plugins.\"io.containerd.transfer.v1.local\".unpack_config=\
             [{{platform=\"linux/amd64\",snapshotter=\"overlayfs\"{more}}}]"
        )
    };
    for owners in [["a", "b"], ["b", "a"]] {
        let node = Node::new(&release, Some(PLAIN.as_bytes()));
        node.edit(&["set", &entry(""), &folders, "--owner", "a"]);
        node.edit(&["set", &folder, "--owner", "a"]);
        node.edit(&["set", &entry(",differ=\"\""), "--owner", "b"]);
        node.migrate();
        let has_entry = || node.shown_config().contains("platform = 'linux/amd64'");
        for owner in owners {
            assert!(has_entry(), "{}", node.shown_config());
            node.edit(&["remove", "--owner", owner]);
        }
        node.migrate();
        assert!(node.config() == plain.config(), "{}", node.shown_config());
    }
}
