//! Values, elements of lists and headers leave no trace.

use crate::tool::Node;

use super::{applied, apply, config};

/// An inline table that a value has stood over comes back, too.
#[test]
fn a_value_over_an_inline_table_gives_it_back() {
    let mine = "[plugins.'io.containerd.mine.v1.x']\n";
    for (there, wanted, written) in [
        ("k = { b = 1, c = [2] }\n", "k = 1", "k = 1"),
        ("k = {}\n", "k = 'a'", "k = \"a\""),
    ] {
        let text = config(3, &format!("{mine}{there}"));
        let (lines, _) = applied(&text, &format!("{mine}{wanted}"));
        assert_eq!(lines.join("|"), written);
    }
}

/// Elements of the lists that several owners add to.
#[test]
fn owners_share_lists() {
    let text = "version = 3\ndisabled_plugins = ['io.containerd.snapshotter.v1.zfs']\n";
    let node = Node::with(text);
    let unpack = "[[plugins.'io.containerd.transfer.v1.local'.unpack_config]]\nplatform = 'linux/amd64'\nsnapshotter = 'overlayfs'\ndiffer = 'walking'\n";
    apply(
        &node,
        &format!("disabled_plugins = ['io.containerd.snapshotter.v1.btrfs']\n{unpack}"),
    )
    .exits(0);
    node.run(&[
        "set",
        "disabled_plugins=io.containerd.snapshotter.v1.aufs",
        "--owner",
        "b",
    ])
    .exits(0);
    let all = "['io.containerd.snapshotter.v1.zfs', \"io.containerd.snapshotter.v1.btrfs\", \
               \"io.containerd.snapshotter.v1.aufs\"]";
    assert!(node.text().contains(all), "{}", node.text());
    node.run(&["remove", "--owner", "x"]).exits(0);
    node.run(&["remove", "--owner", "b"]).exits(0);
    assert_eq!(node.text(), text);
}

#[test]
fn no_header_stays_in_a_file_of_version_1_with_handlers_in_later_tables() {
    let handler = |id: &str, name| {
        format!("[plugins.'{id}'.containerd.runtimes.{name}]\nruntime_type = 'x'\n")
    };
    let config = format!(
        "version = 1\n{}{}",
        handler("io.containerd.grpc.v1.cri", "a"),
        handler("io.containerd.cri.v1.runtime", "b")
    );
    let node = Node::with(&config);
    let key = "plugins.cri.sandbox_image=pause";
    node.run(&["set", key, "--allow-not-serving"]).exits(0);
    let text = node.bytes().expect("a config");
    assert!(String::from_utf8_lossy(&text).contains("sandbox_image"));
    node.run(&["remove", "--owner", "manual"]).exits(0);
    assert_eq!(node.bytes().expect("a config"), config.as_bytes());
}
