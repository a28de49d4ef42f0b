//! What `containerd config migrate` has made of an owner's keys is known until that owner leaves.

use std::fs;

use crate::tool::Node;

const UNPACK: &str = "plugins.\"io.containerd.transfer.v1.local\".unpack_config";

/// A config to which `a` has set a key, and what the migration prints of it.
fn migrated(set: &str, printed: &str) -> Node {
    let node = Node::with("version = 2\n");
    node.run(&["set", set, "--owner", "a"]).exits(0);
    fs::write(node.config(), printed).expect("writes");
    node
}

/// Nothing is missing, the same again is no change, and the owner leaves this behind.
fn is_known(set: &str, printed: &str, left: &str) {
    let node = migrated(set, printed);
    let status = node.run(&["status"]).exits(0).stdout;
    assert!(status.contains("a: 1 key, in force"), "{status}");
    let again = node.run(&["set", set, "--owner", "a"]).exits(0);
    assert_eq!((node.text().as_str(), again.stderr.as_str()), (printed, ""));
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), left);
}

#[test]
fn an_entry_that_is_printed_with_more_keys_leaves_with_its_owner() {
    let set = format!("{UNPACK}=[{{platform=\"linux/amd64\",snapshotter=\"overlayfs\"}}]");
    let table = "[plugins.'io.containerd.transfer.v1.local']\n  config_path = ''\n";
    let entry = |platform: &str| {
        format!(
            "  [[plugins.'io.containerd.transfer.v1.local'.unpack_config]]\n    \
             platform = '{platform}'\n    snapshotter = 'overlayfs'\n    differ = ''\n    \
             config_type = ''\n    layer_types = []\n"
        )
    };
    let left = format!("version = 3\n{table}{}", entry("linux/arm64"));
    let printed = format!("{left}{}", entry("linux/amd64"));
    is_known(&set, &printed, &left);
    // With a value in another key it is somebody else's.
    let other = printed.replace("config_type = ''", "config_type = 'x'");
    let node = migrated(&set, &other);
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), other);
}
