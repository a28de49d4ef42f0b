//! Where the config stands: in an overlay, on a network filesystem, on a mount of its own, below the
//! root of a host.

use std::fs;
use std::process::Command;

use crate::tool::{Node, Run, tool_path};

use super::{CONFIG, in_namespace, injected};

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_config_in_the_lower_layer_of_an_overlay_is_replaced() {
    let script = "mkdir $WORK/lower $WORK/upper $WORK/work; mount -t tmpfs tmpfs $WORK/upper
        mkdir $WORK/upper/upper $WORK/upper/work; printf 'version = 3\\n' > $WORK/lower/config.toml
        mount -t overlay -o lowerdir=$WORK/lower,upperdir=$WORK/upper/upper,workdir=$WORK/upper/work overlay $FOLDER
        edit add crun; cat $FOLDER/config.toml.prev; ls -A $FOLDER; cat $WORK/lower/config.toml
        edit remove crun; cat $FOLDER/config.toml";
    let run = in_namespace(&Node::empty(), script).exits(0);
    let names = "config.toml\nconfig.toml.last\nconfig.toml.lock\nconfig.toml.log\n\
                 config.toml.owners\nconfig.toml.owners.prev\nconfig.toml.prev\n";
    let wanted = format!("restart containerd to load it\n{CONFIG}{names}{CONFIG}");
    assert!(run.stdout.contains(&wanted), "{run:#?}");
    assert!(run.stdout.ends_with(CONFIG), "{run:#?}");
}

#[test]
fn links_of_a_host_are_followed_below_its_root() {
    let node = Node::empty();
    let etc = node.folder().join("data");
    fs::create_dir(&etc).expect("creates");
    fs::write(etc.join("config.toml"), CONFIG).expect("writes");
    std::os::unix::fs::symlink("/data", node.folder().join("etc")).expect("links");
    let mut command = Command::new(tool_path());
    command.arg("--host-root").arg(node.folder());
    let run = Run::of(command.args(["--config", "/etc/config.toml", "list"])).exits(0);
    assert!(run.stdout.contains("runc"), "{run:#?}");
}

#[test]
#[ignore = "needs strace: run ./tests/run"]
fn a_network_filesystem_is_warned_of() {
    let node = Node::with(CONFIG);
    // NFS, as statfs(2) would say.
    let nfs = "statfs:poke_exit=@arg2=6969000000000000";
    let run = injected(&node, &[nfs], &["add", "crun"]).exits(0);
    let said =
        "is on a network filesystem (NFS): there a lock may hang, or not exclude other hosts";
    assert!(run.stderr.contains(said), "{run:#?}");
}

#[test]
#[ignore = "needs strace: run ./tests/run"]
fn what_stands_on_another_mount_than_its_folder_is_said() {
    for (error, said) in [
        ("EXDEV", "is on another mount than its folder"),
        ("EBUSY", "is itself a mount point"),
    ] {
        let node = Node::with(CONFIG);
        let exchange = format!("renameat2:error={error}");
        let run = injected(&node, &[&exchange], &["add", "crun"]).exits(74);
        assert!(run.stderr.contains(said), "{run:#?}");
        assert_eq!(node.text(), CONFIG);
        assert!(
            !node.names().iter().any(|name| name.starts_with('.')),
            "{:?}",
            node.names()
        );
    }
}
