//! What a file has beside its bytes: access lists, labels, flags of `chattr(1)`, further names.

use std::fs;

use crate::tool::Node;

use super::{CONFIG, in_namespace};

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn access_lists_and_trusted_attributes_are_kept() {
    let script = "mounted ext4; setfattr -n trusted.origin -v ops $FOLDER/config.toml
        setfattr -n security.selinux -v system_u:object_r:container_config_t:s0 $FOLDER/config.toml
        setfacl -m u:1234:rw $FOLDER/config.toml
        getfattr -d -m - $FOLDER/config.toml 2>/dev/null | tail -n +2 > $WORK/before
        edit -q add crun
        getfattr -d -m - $FOLDER/config.toml 2>/dev/null | tail -n +2 > $WORK/after
        cat $WORK/after; cmp $WORK/before $WORK/after";
    let run = in_namespace(&Node::empty(), script).exits(0);
    for name in [
        "trusted.origin",
        "security.selinux",
        "system.posix_acl_access",
    ] {
        assert!(run.stdout.contains(name), "{run:#?}");
    }
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_label_that_cannot_be_set_costs_a_warning_only() {
    let script = "mounted ext4
        setfattr -n security.selinux -v system_u:object_r:container_config_t:s0 $FOLDER/config.toml
        strace -f -o $WORK/log -e trace=fsetxattr -e inject=fsetxattr:error=EPERM \\
            $TOOL --config $FOLDER/config.toml add crun";
    let run = in_namespace(&Node::empty(), script).exits(0);
    let said = "the SELinux label system_u:object_r:container_config_t:s0 could not be given to the new file";
    assert!(run.stderr.contains(said), "{run:#?}");
    assert!(run.stderr.contains("run `restorecon /"), "{run:#?}");
}

#[test]
fn hard_links_are_warned_of() {
    let node = Node::with(CONFIG);
    fs::hard_link(node.config(), node.folder().join("other.toml")).expect("links");
    let run = node.run(&["add", "crun"]).exits(0);
    assert!(
        run.stderr.contains("the config has 2 names (hard links)"),
        "{run:#?}"
    );
    assert!(node.text().contains("runtimes.crun"));
    assert_eq!(
        fs::read(node.folder().join("other.toml")).expect("readable"),
        CONFIG.as_bytes()
    );
}

/// What `chattr(1)` sets, as far as the filesystem knows it.
#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn chattr_flags_are_kept() {
    for (filesystem, flags) in [
        ("ext4", "+ASdc"),
        ("btrfs", "+ASdC"),
        ("btrfs", "+c"),
        ("xfs", "+ASd"),
    ] {
        let script = format!(
            "mounted {filesystem}; touch $FOLDER/new; chattr {flags} $FOLDER/new
            printf 'version = 3\\n' > $FOLDER/new; mv $FOLDER/new $FOLDER/config.toml
            flags() {{ lsattr $FOLDER/config.toml | cut -d' ' -f1; }}
            before=$(flags); edit -q add crun; test $before = $(flags); echo $before"
        );
        let run = in_namespace(&Node::empty(), &script).exits(0);
        let missing = |flag: &char| !run.stdout.contains(*flag);
        assert!(!flags[1..].chars().any(|flag| missing(&flag)), "{run:#?}");
        assert_eq!(run.stderr, "");
    }
}
