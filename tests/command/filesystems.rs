//! Filesystems that are full, forbid something, or can't do what an edit asks for: each refusal with
//! its name and a next step, and the config untouched.

use std::fs;
use std::process::Command;

use crate::tool::{Node, Run, tool_path};

const CONFIG: &str = "version = 3\n";

/// Runs a script in a mount namespace of its own. `$FOLDER` is the config's folder, `$WORK` another
/// one, `mounted TYPE` mounts a new filesystem at `$FOLDER` and puts the config there, and `edit`
/// runs the command; the last one's exit code is the script's.
pub(crate) fn in_namespace(node: &Node, script: &str) -> Run {
    let prelude = r#"
        edit() { "$TOOL" --config "$FOLDER/config.toml" "$@"; }
        mounted() {
            truncate -s 512M "$WORK/disk"
            mkfs.$1 -q "$WORK/disk" >/dev/null
            mount -o loop "$WORK/disk" "$FOLDER"
            printf 'version = 3\n' > "$FOLDER/config.toml"
        }
        unchanged() { test "$(cat "$FOLDER/config.toml")" = 'version = 3'; ls -A "$FOLDER"; }
    "#;
    let work = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-ec"])
        .arg(format!("{prelude}{script}"))
        .env("FOLDER", node.folder())
        .env("WORK", work.path())
        .env("TOOL", tool_path());
    Run::of(&mut command)
}

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

/// Runs the command under strace, with these injections.
fn injected(node: &Node, injections: &[&str], arguments: &[&str]) -> Run {
    let mut command = Command::new("strace");
    command
        .arg("-f")
        .arg("-o")
        .arg(node.folder().join("strace"));
    for injection in injections {
        command.args(["-e", &format!("inject={injection}")]);
    }
    command.arg(tool_path()).arg("--config").arg(node.config());
    let run = Run::of(command.args(arguments));
    let log = fs::read_to_string(node.folder().join("strace")).expect("strace's log");
    assert!(log.contains("(INJECTED"), "{log}");
    run
}

/// A filesystem that knows no exchange: the last comparison and a plain rename.
#[test]
#[ignore = "needs strace: run ./tests/run"]
fn where_nothing_can_be_exchanged_files_are_replaced_all_the_same() {
    let node = Node::with(CONFIG);
    injected(&node, &["renameat2:error=EINVAL"], &["add", "crun"]).exits(0);
    assert!(node.text().contains("runtimes.crun"));
    let previous = node.folder().join("config.toml.prev");
    assert_eq!(fs::read(&previous).expect("kept"), CONFIG.as_bytes());
    injected(&node, &["renameat2:error=ENOSYS"], &["remove", "crun"]).exits(0);
    assert_eq!(node.text(), CONFIG);

    let node = Node::empty();
    injected(&node, &["renameat2:error=EINVAL"], &["add", "crun"]).exits(0);
    let created = node.bytes();
    injected(&node, &["renameat2:error=EINVAL"], &["remove", "crun"]).exits(0);
    assert_eq!(node.bytes(), None);
    assert_eq!(
        fs::read(node.folder().join("config.toml.prev")).ok(),
        created
    );
    assert!(
        !node.names().iter().any(|name| name.starts_with('.')),
        "{:?}",
        node.names()
    );
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

/// A descriptor that a child would inherit keeps the lock: it must not.
#[test]
#[ignore = "needs strace: run ./tests/run"]
fn no_descriptor_outlives_the_run() {
    let node = Node::with(CONFIG);
    let log = node.folder().join("strace");
    let mut command = Command::new("strace");
    command
        .arg("-f")
        .arg("-o")
        .arg(&log)
        .args(["-e", "trace=open,openat,openat2,creat"]);
    command.arg(tool_path()).arg("--config").arg(node.config());
    Run::of(command.args(["add", "crun"])).exits(0);
    let log = fs::read_to_string(log).expect("strace's log");
    let opened: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("config.toml"))
        .collect();
    assert!(opened.len() >= 4, "{log}");
    for line in opened {
        assert!(line.contains("O_CLOEXEC"), "{line}");
    }
}

/// Where the output goes does not matter to an edit.
#[test]
fn a_full_or_closed_stdout_costs_nothing() {
    let node = Node::with(CONFIG);
    for (redirection, arguments) in [
        (">/dev/full", "add crun"),
        (">&-", "remove crun"),
        ("2>&- >&-", "add spin"),
    ] {
        let mut command = Command::new("sh");
        command
            .env("TOOL", tool_path())
            .env("CONFIG", node.config());
        let script = format!("exec $TOOL --config $CONFIG {arguments} {redirection}");
        Run::of(command.args(["-c", &script])).exits(0);
    }
    assert!(node.text().contains("runtimes.spin"));
    assert!(!node.text().contains("runtimes.crun"));
}

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

/// A container's filter of system calls may deny what is newer than the filter.
#[test]
#[ignore = "needs strace: run ./tests/run"]
fn a_denied_system_call_has_another_way() {
    let node = Node::empty();
    fs::create_dir(node.folder().join("etc")).expect("creates");
    let config = node.folder().join("etc/config.toml");
    for call in [
        "statx",
        "renameat2",
        "getrandom",
        "ioctl",
        "statfs",
        "copy_file_range",
    ] {
        for error in ["EPERM", "ENOSYS", "EOPNOTSUPP"] {
            if (call, error) == ("getrandom", "EOPNOTSUPP") {
                // Filters don't answer so, and the standard library knows no other way then.
                continue;
            }
            for verb in ["add crun", "status", "list", "remove crun"] {
                let mut command = Command::new("strace");
                command.args(["-f", "-o", "/dev/null", "-e"]);
                command
                    .arg(format!("inject={call}:error={error}"))
                    .arg(tool_path());
                command.arg("--host-root").arg(node.folder());
                command
                    .args(["--config", "/etc/config.toml"])
                    .args(verb.split(' '));
                let run = Run::of(&mut command);
                let is_missing = verb == "list" && !config.exists();
                assert_eq!(
                    run.exit,
                    Some(if is_missing { 66 } else { 0 }),
                    "{call} {error} {verb}: {run:#?}"
                );
                assert_eq!(run.stderr, "", "{call} {error} {verb}");
            }
            assert!(!config.exists(), "it came with crun");
        }
    }
}
