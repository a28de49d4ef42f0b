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
    // The text from before comes back with its owner.
    node.run(&["restore", "--from", "prev"]).exits(0);
    assert_eq!(node.text(), printed);
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

/// A key whose value the migration has made an element of an array of.
#[test]
fn a_key_that_has_become_an_element_leaves_with_its_owner() {
    let cni = "plugins.\"io.containerd.grpc.v1.cri\".cni.bin_dir=/x";
    let left = "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\n  bin_dir = ''\n";
    is_known(cni, &format!("{left}  bin_dirs = ['/x']\n"), left);
    let core = "plugins.\"io.containerd.runtime.v2.task\".sched_core=true";
    let table = "version = 3\n[plugins.'io.containerd.shim.v1.manager']\n";
    is_known(core, &format!("{table}  env = ['SCHED_CORE=1']\n"), table);
    let more = |first: &str| format!("{table}  env = [{first}'A=1']\n");
    is_known(core, &more("'SCHED_CORE=1', "), &more(""));
    let behind = format!("{table}  env = ['A=1', 'SCHED_CORE=1']\n");
    is_known(core, &behind, &more(""));
}

/// Also after an edit of the ledger alone, when the ledger from before knows nothing of that text.
#[test]
fn a_key_that_has_become_an_element_comes_back_with_its_owner() {
    let table = "version = 3\n[debug]\nlevel = 'info'\n[plugins.'io.containerd.shim.v1.manager']\n";
    let printed = format!("{table}  env = ['SCHED_CORE=1']\n");
    let core = "plugins.\"io.containerd.runtime.v2.task\".sched_core=true";
    for records in [false, true] {
        let node = migrated(core, &printed);
        node.run(&["remove", "--owner", "a"]).exits(0);
        if records {
            node.run(&["set", "debug.level=info", "--owner", "b"])
                .exits(0);
        }
        node.run(&["restore", "--from", "prev"]).exits(0);
        assert_eq!(node.text(), printed);
        node.run(&["remove", "--owner", "a"]).exits(0);
        assert_eq!(node.text(), table, "{records}");
    }
}

/// What stood there before comes back, and what was set by hand stays.
#[test]
fn a_key_that_has_become_an_element_is_changed_there() {
    let table = "plugins.\"io.containerd.grpc.v1.cri\".cni";
    let migrated = |folder: &str| {
        format!(
            "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\n  bin_dir = ''\n  \
             bin_dirs = [{folder}]\n"
        )
    };
    for (by_hand, left) in [(None, "'/old'"), (Some("'/z'"), "'/z'")] {
        let node = Node::with(format!("version = 2\n[{table}]\nbin_dir = '/old'\n"));
        let set = |folder: &str| {
            let set = format!("{table}.bin_dir={folder}");
            node.run(&["set", &set, "--owner", "a"]).exits(0);
        };
        set("/x");
        fs::write(node.config(), migrated("'/x'")).expect("writes");
        set("/y");
        assert_eq!(node.text(), migrated("\"/y\""));
        if let Some(folder) = by_hand {
            fs::write(node.config(), migrated(folder)).expect("writes");
        }
        let run = node.run(&["remove", "--owner", "a"]).exits(0);
        let is_told = run.stderr.contains("was set by hand since");
        assert_eq!(is_told, by_hand.is_some(), "{run:#?}");
        assert_eq!(node.text(), migrated(left));
    }
}

/// By different keys two owners want the same setting: the second one is refused, and told the way.
#[test]
fn an_array_and_the_key_that_it_has_replaced_are_one_owners() {
    let table = "plugins.\"io.containerd.cri.v1.runtime\".cni";
    let folder = format!("{table}.bin_dir=/x");
    let folders = format!("{table}.bin_dirs=['/y']");
    for version in [2, 3] {
        for [first, second] in [[&folder, &folders], [&folders, &folder]] {
            let empty = format!("version = {version}\n");
            let node = Node::with(&empty);
            node.run(&["set", first, "--owner", "b"]).exits(0);
            let text = node.text();
            for more in [&[][..], &["--take-over"]] {
                let set = [&["set", second, "--owner", "a"], more].concat();
                let run = node.run(&set).exits(78);
                let (key, _) = first.split_once('=').expect("a setting");
                let unset = node.hinted(&format!("unset '{key}' --owner b"));
                assert!(run.stderr.contains(&unset), "{run:#?}");
                assert_eq!(node.text(), text);
            }
            // The other key of one's own gives way.
            node.run(&["set", second, "--owner", "b"]).exits(0);
            assert_eq!(node.text().matches("bin_dir").count(), 1);
            node.run(&["remove", "--owner", "b"]).exits(0);
            assert_eq!(node.text(), empty);
        }
    }
}

/// An owner has an array removed for the sake of its key, of which the migration then makes that array.
#[test]
fn an_array_that_was_removed_comes_back_in_the_place_of_the_key() {
    let table = "plugins.\"io.containerd.cri.v1.runtime\".cni";
    let printed = |folder: &str| {
        format!(
            "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.cni]\n  bin_dir = ''\n  \
             bin_dirs = ['{folder}']\n"
        )
    };
    let old = "[plugins.'io.containerd.grpc.v1.cri'.cni]\nbin_dirs = ['/old']\n";
    let node = Node::with(format!("version = 2\n{old}"));
    let (set, unset) = (format!("{table}.bin_dir=/x"), format!("{table}.bin_dirs"));
    let installs = || {
        node.run(&["unset", &unset, "--owner", "a"]).exits(0);
        node.run(&["set", &set, "--owner", "a"]).exits(0);
    };
    installs();
    fs::write(node.config(), printed("/x")).expect("writes");
    installs();
    assert_eq!(node.text(), printed("/x"));
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), printed("/old"));
}

/// What stood there before is not read there any more.
#[test]
fn no_key_comes_back_that_the_migration_has_left() {
    let task = "plugins.\"io.containerd.runtime.v2.task\"";
    let node = Node::with(format!("version = 2\n[{task}]\nsched_core = false\n"));
    let set = format!("{task}.sched_core=true");
    node.run(&["set", &set, "--owner", "a"]).exits(0);
    let table = "version = 3\n[plugins.'io.containerd.shim.v1.manager']\n";
    let printed = format!("{table}  env = ['SCHED_CORE=1']\n");
    fs::write(node.config(), printed).expect("writes");
    node.run(&["remove", "--owner", "a"]).exits(0);
    assert_eq!(node.text(), table);
}

/// What the migration to version 4 makes of a key besides is named: it may be anybody's.
#[test]
fn what_has_become_of_a_key_besides_is_named() {
    let server = |name: &str| format!("plugins.'io.containerd.server.v1.{name}'");
    for (set, key, value, other, made, unset) in [
        (
            "grpc.address=/x.sock",
            "grpc",
            "address = '/x.sock'",
            "ttrpc",
            "address = '/x.sock.ttrpc'",
            "unset ttrpc.address",
        ),
        (
            "grpc.max_recv_message_size=7",
            "grpc",
            "max_recv_message_size = 7",
            "grpc-tcp",
            "max_recv_message_size = 7",
            "unset 'plugins.\"io.containerd.server.v1.grpc-tcp\".max_recv_message_size'",
        ),
    ] {
        let above = format!(
            "version = 4\n[{}]\n{made}\n[{}]\n",
            server(other),
            server(key)
        );
        let node = migrated(set, &format!("{above}{value}\n"));
        let run = node.run(&["remove", "--owner", "a"]).exits(0);
        assert!(run.stderr.contains(&node.hinted(unset)), "{run:#?}");
        assert_eq!(node.text(), above);
        // What says something else is somebody's own.
        let other = above.replace("/x.sock", "/y.sock").replace("= 7", "= 8");
        let node = migrated(set, &format!("{other}{value}\n"));
        let run = node.run(&["remove", "--owner", "a"]).exits(0);
        assert!(!run.stderr.contains("unset"), "{run:#?}");
    }
}
