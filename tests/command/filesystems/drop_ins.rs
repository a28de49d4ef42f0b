//! Drop-ins: on another mount, not to be replaced, and on every filesystem.

use crate::tool::Node;

use super::in_namespace;

/// Nothing can be renamed there from beside the config, where the temporary files are.
#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_drop_in_on_another_mount_is_refused() {
    // Another filesystem, and the same one mounted once more.
    for mount in ["mount -t tmpfs tmpfs", "mount --bind $WORK"] {
        let script = format!(
            "printf 'version = 3\\n' > $FOLDER/config.toml; mkdir $FOLDER/conf.d
            {mount} $FOLDER/conf.d; edit add crun --drop-in || code=$?
            unchanged; ls -A $FOLDER/conf.d; exit $code"
        );
        let node = Node::empty();
        let run = in_namespace(&node, &script).exits(74);
        let said = format!(
            "conf.d/50-manual.toml: this is on another mount than {}",
            node.folder().display()
        );
        assert!(run.stderr.contains(&said), "{run:#?}");
        assert!(run.stderr.contains("--drop-in=PATH"), "{run:#?}");
        assert_eq!(
            run.stdout,
            "conf.d\nconfig.toml\nconfig.toml.lock\nconfig.toml.log\n"
        );
    }
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_drop_in_that_must_not_be_replaced_is_named_before_anything_is_changed() {
    for (plant, code, said) in [
        (
            "chattr +i $FOLDER/conf.d/50-manual.toml",
            77,
            "50-manual.toml: this is immutable",
        ),
        ("chattr +i $FOLDER/conf.d", 77, "conf.d: this is immutable"),
        (
            "mount --bind $FOLDER/conf.d/50-manual.toml $FOLDER/conf.d/50-manual.toml",
            74,
            "50-manual.toml: this file is itself a mount point",
        ),
        (
            "mkdir $FOLDER/conf.d%2F50-manual.toml.prev",
            74,
            "a folder stands in the place of",
        ),
    ] {
        let script = format!(
            "mounted ext4; edit -q add crun --drop-in; before=$(cat $FOLDER/config.toml)
            {plant}; edit add kata --drop-in --default || code=$?
            test \"$(cat $FOLDER/config.toml)\" = \"$before\"
            chattr -i $FOLDER/conf.d $FOLDER/conf.d/50-manual.toml; exit $code"
        );
        let run = in_namespace(&Node::empty(), &script).exits(code);
        assert!(run.stderr.contains(said), "{plant}: {run:#?}");
    }
}

/// The exchange is done by hand where the filesystem knows none.
#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn drop_ins_come_and_go_on_every_filesystem() {
    for filesystem in ["ext4", "xfs", "btrfs"] {
        let script = format!(
            "mounted {filesystem}; edit -q add crun --drop-in; edit -q add kata --drop-in
            edit -q remove crun kata --drop-in; unchanged"
        );
        let run = in_namespace(&Node::empty(), &script).exits(0);
        assert!(!run.stdout.contains("conf.d\n"), "{run:#?}");
        assert!(!run.stdout.contains(".owners.before"), "{run:#?}");
    }
}
