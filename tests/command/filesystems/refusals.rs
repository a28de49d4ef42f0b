//! What is immutable, full or beyond a limit is named, and the config stays.

use std::process::Command;

use crate::tool::{Node, Run, tool_path};

use super::{CONFIG, in_namespace};

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn what_is_immutable_or_append_only_is_named() {
    let script = "mounted ext4; chattr +i $FOLDER/config.toml; edit add crun || code=$?
        chattr -i $FOLDER/config.toml; unchanged; exit $code";
    let run = in_namespace(&Node::empty(), script).exits(77);
    assert!(
        run.stderr
            .contains("config.toml: this is immutable (chattr +i) and can't be replaced"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("then `chattr -i /"), "{run:#?}");
    assert!(!run.stdout.contains(".tmp"), "{run:#?}");

    let script = "mounted ext4; chattr +a $FOLDER/config.toml; edit add crun || code=$?
        chattr -a $FOLDER/config.toml; unchanged; exit $code";
    let run = in_namespace(&Node::empty(), script).exits(77);
    assert!(
        run.stderr.contains("this is append-only (chattr +a)"),
        "{run:#?}"
    );

    // The folder: a lock file can't even be created then, unless it is there.
    let script = "mounted ext4; touch $FOLDER/config.toml.lock; chattr +i $FOLDER
        edit add crun || code=$?; chattr -i $FOLDER; unchanged; exit $code";
    let run = in_namespace(&Node::empty(), script).exits(77);
    assert!(
        run.stderr.contains("this is immutable (chattr +i)"),
        "{run:#?}"
    );
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn without_inodes_the_config_stays() {
    let script = "mount -t tmpfs -o nr_inodes=4 tmpfs $FOLDER
        printf 'version = 3\\n' > $FOLDER/config.toml; touch $FOLDER/config.toml.lock $FOLDER/filler
        edit add crun || code=$?; unchanged; exit $code";
    let run = in_namespace(&Node::empty(), script).exits(74);
    assert!(
        run.stderr
            .contains("free space or inodes on the filesystem"),
        "{run:#?}"
    );
    assert_eq!(run.stdout, "config.toml\nconfig.toml.lock\nfiller\n");
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_quota_that_is_used_up_is_named() {
    let script = "mounted btrfs; edit -q add spin; edit -q remove spin
        btrfs quota enable $FOLDER; btrfs qgroup limit 4M 0/5 $FOLDER; sync -f $FOLDER
        n=0; while head -c 64K /dev/urandom 2>/dev/null > $FOLDER/filler.$n && test $n -lt 999; do
            sync -f $FOLDER; n=$((n + 1)); done 2>/dev/null
        edit add crun || code=$?; unchanged >/dev/null; ls -A $FOLDER | grep tmp || true; exit $code";
    let run = in_namespace(&Node::empty(), script).exits(74);
    assert!(
        run.stderr
            .contains("a disk quota is used up on the filesystem"),
        "{run:#?}"
    );
    assert_eq!(run.stdout, "", "no temporary file");
}

#[test]
fn a_limit_on_file_sizes_is_an_error_like_others() {
    let node = Node::with(format!("{CONFIG}# {}\n", "x".repeat(2048)));
    let before = node.bytes();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 1; exec \"$@\"", "sh"]);
    command.arg(tool_path()).arg("--config").arg(node.config());
    let run = Run::of(command.args(["add", "crun"])).exits(74);
    assert!(
        run.stderr
            .contains("cannot write the ledger in this folder: File too large"),
        "{run:#?}"
    );
    assert_eq!(node.bytes(), before);
    assert!(
        !node.names().iter().any(|name| name.starts_with('.')),
        "{:?}",
        node.names()
    );
}
