//! Where the config stands: links, metadata, other people's files, a lock that is busy.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::time::{Duration, Instant};

use crate::filesystems::in_namespace;
use crate::tool::{Node, Run, SIDECARS, tool};

#[test]
fn a_link_stays_a_link_and_shares_the_lock_of_its_target() {
    let node = Node::with("version = 3\n");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let link = elsewhere.path().join("link.toml");
    symlink(node.config(), &link).expect("links");
    Run::of(tool().arg("--config").arg(&link).args(["add", "crun"])).exits(0);
    assert!(fs::symlink_metadata(&link).expect("the link").is_symlink());
    assert!(node.text().contains("runtimes.crun"));
    assert_eq!(node.names(), SIDECARS);
    let beside: Vec<_> = fs::read_dir(elsewhere.path()).expect("a folder").collect();
    assert_eq!(beside.len(), 1, "no sidecars beside the link");
}

#[test]
fn a_link_to_nothing_and_links_in_a_circle_are_said() {
    let node = Node::empty();
    symlink("gone.toml", node.config()).expect("links");
    let run = node.run(&["add", "crun"]).exits(66);
    assert!(
        run.stderr
            .contains("symbolic link to gone.toml, which leads to nothing"),
        "{run:#?}"
    );
    fs::remove_file(node.config()).expect("removes");
    symlink("config.toml", node.config()).expect("links");
    let run = node.run(&["add", "crun"]).exits(74);
    assert!(run.stderr.contains("lead in a circle"), "{run:#?}");
}

#[test]
fn a_relative_path_works_from_its_folder() {
    let node = Node::empty();
    let mut command = tool();
    command.current_dir(node.folder());
    Run::of(command.args(["--config", "config.toml", "add", "crun"])).exits(0);
    Run::of(command.args(["--exit-code"])).exits(0);
    assert!(node.text().contains("runtimes.crun"));
}

#[test]
fn mode_and_attributes_are_kept() {
    let node = Node::with("version = 3\n");
    fs::set_permissions(node.config(), Permissions::from_mode(0o640)).expect("chmod");
    // Not every filesystem has them: then there is nothing to keep.
    let labelled = xattr::set(node.config(), "user.origin", b"ops").is_ok();
    node.run(&["add", "crun"]).exits(0);
    let mode = fs::metadata(node.config()).expect("exists").mode();
    assert_eq!(mode & 0o7777, 0o640);
    if labelled {
        let origin = xattr::get(node.config(), "user.origin").expect("readable");
        assert_eq!(origin.as_deref(), Some(&b"ops"[..]));
    }
}

#[test]
#[ignore = "needs root, to give files away: run ./tests/run"]
fn owner_and_special_modes_are_kept() {
    let node = Node::with("version = 3\n");
    std::os::unix::fs::chown(node.config(), Some(1234), Some(4321)).expect("chown");
    fs::set_permissions(node.config(), Permissions::from_mode(0o4755)).expect("chmod");
    node.run(&["add", "crun"]).exits(0);
    let metadata = fs::metadata(node.config()).expect("exists");
    assert_eq!((metadata.uid(), metadata.gid()), (1234, 4321));
    assert_eq!(metadata.mode() & 0o7777, 0o4755);
}

#[test]
fn a_new_config_can_be_read_by_all_and_its_lock_by_nobody_else() {
    let node = Node::empty();
    node.run(&["add", "crun"]).exits(0);
    let mode = |path| fs::metadata(path).expect("exists").mode() & 0o7777;
    assert_eq!(mode(node.config()), 0o644);
    assert_eq!(mode(node.folder().join("config.toml.lock")), 0o600);
}

#[test]
fn temporary_files_of_killed_runs_are_swept_and_nothing_else() {
    let node = Node::with("version = 3\n");
    let plant = |name: &str| fs::write(node.folder().join(name), "x").expect("plants");
    plant(".config.toml.aB3dE5gH7j.tmp");
    let kept = [
        ".config.toml.short.tmp",
        ".config.toml.tmp",
        ".other.toml.aB3dE5gH7j.tmp",
        "config.toml.aB3dE5gH7j.tmp",
    ];
    for name in kept {
        plant(name);
    }
    node.run(&["add", "crun"]).exits(0);
    let mut wanted: Vec<&str> = kept.to_vec();
    wanted.extend(SIDECARS);
    wanted.sort_unstable();
    assert_eq!(node.names(), wanted);
}

/// Whoever takes the lock with flock(1), as shell installers do, excludes us.
#[test]
fn a_busy_lock_is_waited_for_and_its_holder_named() {
    let node = Node::with("version = 3\n");
    let lock = node.folder().join("config.toml.lock");
    let holder =
        "# containerd-edit v1 pid=1 host=node-a since=2026-01-01T00:00:00Z command=\"add kata\"\n";
    fs::write(&lock, holder).expect("writes");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&lock)
        .expect("opens");
    fs4::FileExt::lock(&file).expect("locks");

    let started = Instant::now();
    let run = node.run(&["add", "crun", "--lock-timeout", "0s"]).exits(75);
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "it does not wait"
    );
    let said = "held by `add kata`, PID 1 on node-a since 2026-01-01T00:00:00Z";
    assert!(run.stderr.contains(said), "{run:#?}");
    let run = node
        .run(&["add", "crun", "--lock-timeout", "700ms"])
        .exits(75);
    assert!(run.stderr.starts_with("waiting for the lock"), "{run:#?}");
    assert!(run.stderr.contains("of waiting"), "{run:#?}");
    assert_eq!(node.text(), "version = 3\n");
    node.run(&["add", "crun", "--dry-run"]).exits(0);

    let waiting = node
        .command(&["-q", "add", "crun"])
        .spawn()
        .expect("starts");
    drop(file);
    let ended = waiting.wait_with_output().expect("ends");
    assert_eq!(
        ended.status.code(),
        Some(0),
        "it goes on once the lock is free"
    );
    assert!(node.text().contains("runtimes.crun"));
}

#[test]
fn what_is_planted_at_the_locks_name_is_not_used() {
    let node = Node::with("version = 3\n");
    let lock = node.folder().join("config.toml.lock");
    symlink("/etc/passwd", &lock).expect("links");
    let run = node.run(&["add", "crun"]).exits(74);
    assert!(
        run.stderr
            .contains("config.toml.lock: a symbolic link stands in the place of the lock file"),
        "{run:#?}"
    );
    fs::remove_file(&lock).expect("removes");
    fs::create_dir(&lock).expect("creates");
    node.run(&["add", "crun"]).exits(74);
    assert_eq!(node.text(), "version = 3\n");
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn on_a_read_only_filesystem_nothing_to_do_needs_no_lock() {
    let node = Node::empty();
    let script = "mount -t tmpfs tmpfs $FOLDER; cd $FOLDER; printf 'version = 3\\n' > config.toml
        $TOOL --config config.toml -q add crun; rm config.toml.lock; mount -o remount,ro $FOLDER
        $TOOL --config config.toml add crun; $TOOL --config config.toml remove kata
        $TOOL --config config.toml add kata || exit $?";
    let run = in_namespace(&node, script).exits(74);
    let nothing = "config.toml: nothing to do\nconfig.toml: nothing to do: kata is not listed\n";
    assert_eq!(run.stdout, nothing, "{run:#?}");
    assert!(run.stderr.contains("is mounted read-only"), "{run:#?}");
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_config_that_is_a_mount_point_is_left_alone_and_said() {
    let node = Node::with("version = 3\n");
    let script = "touch $FOLDER/other; cp $FOLDER/config.toml $FOLDER/other
        mount --bind $FOLDER/other $FOLDER/config.toml
        $TOOL --config $FOLDER/config.toml add crun || code=$?
        cmp $FOLDER/other $FOLDER/config.toml; ls -A $FOLDER; exit $code";
    let run = in_namespace(&node, script).exits(74);
    assert!(run.stderr.contains("is itself a mount point"), "{run:#?}");
    assert_eq!(
        run.stdout, "config.toml\nconfig.toml.lock\nconfig.toml.log\nother\n",
        "no temporary file"
    );
}

/// What a container gets in the place of a file that its host does not have.
#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_folder_that_is_mounted_in_the_configs_place_is_not_to_be_moved() {
    let node = Node::with("version = 3\n");
    let script = "rm $FOLDER/config.toml; mkdir $FOLDER/other $FOLDER/config.toml
        mount --bind $FOLDER/other $FOLDER/config.toml
        $TOOL --config $FOLDER/config.toml add crun";
    let run = in_namespace(&node, script).exits(66);
    let folder = node.folder().display();
    let hint = format!("hint: mount its folder at {folder}, not the file ");
    assert!(run.stderr.contains(&hint), "{run:#?}");
}

#[test]
#[ignore = "needs root, to become somebody else: run ./tests/run"]
fn a_rootless_user_edits_their_own_config() {
    let node = Node::with("version = 3\n");
    std::os::unix::fs::chown(node.folder(), Some(1234), Some(1234)).expect("chown");
    std::os::unix::fs::chown(node.config(), Some(1234), Some(1234)).expect("chown");
    let as_user = |arguments: &[&str]| Run::of(node.command(arguments).uid(1234).gid(1234));
    as_user(&["add", "crun"]).exits(0);
    let lock = fs::metadata(node.folder().join("config.toml.lock")).expect("a lock file");
    assert_eq!((lock.uid(), lock.mode() & 0o777), (1234, 0o600));
    as_user(&["remove", "crun"]).exits(0);
    assert_eq!(node.text(), "version = 3\n");
    // A config of root's in their folder would change hands.
    std::os::unix::fs::chown(node.config(), Some(0), Some(0)).expect("chown");
    fs::set_permissions(node.config(), Permissions::from_mode(0o644)).expect("chmod");
    as_user(&["add", "crun"]).exits(77);
    assert_eq!(node.text(), "version = 3\n");
    // And root does not wait for a lock that a user could hold for ever.
    let run = node.run(&["add", "crun"]).exits(77);
    assert!(run.stderr.contains("belongs to user 1234"), "{run:#?}");
}

/// Whether theirs is a drop-in of that other config they can't know.
#[test]
#[ignore = "needs root, to become somebody else: run ./tests/run"]
fn a_ledger_beside_it_that_a_user_may_not_read_is_nothing_to_them() {
    let node = Node::with("version = 3\n");
    node.run(&["add", "crun"]).exits(0);
    let theirs = node.folder().join("theirs");
    fs::create_dir(&theirs).expect("a folder");
    let config = theirs.join("config.toml");
    fs::write(&config, "version = 3\n").expect("writes");
    for path in [&theirs, &config] {
        std::os::unix::fs::chown(path, Some(1234), Some(1234)).expect("chown");
    }
    fs::set_permissions(node.folder(), Permissions::from_mode(0o755)).expect("chmod");
    let mut command = tool();
    command.arg("--config").arg(&config).args(["add", "crun"]);
    Run::of(command.uid(1234).gid(1234)).exits(0);
}

#[test]
#[ignore = "needs root, to mount: run ./tests/run"]
fn a_full_disk_is_named_and_leaves_nothing() {
    let node = Node::empty();
    let script = "mount -t tmpfs -o size=8k tmpfs $FOLDER; cd $FOLDER
        printf 'version = 3\\n' > config.toml; touch config.toml.lock
        head -c 4096 /dev/zero > filler; cp config.toml /tmp/original.$$
        $TOOL --config config.toml add crun || code=$?
        cmp config.toml /tmp/original.$$; rm /tmp/original.$$; ls -A; exit $code";
    let run = in_namespace(&node, script).exits(74);
    assert!(run.stderr.contains("free space or inodes"), "{run:#?}");
    assert_eq!(
        run.stdout,
        "config.toml\nconfig.toml.lock\nconfig.toml.log\nfiller\n"
    );
}

#[test]
#[ignore = "needs root, to become somebody else: run ./tests/run"]
fn without_permission_nothing_is_changed() {
    let node = Node::with("version = 3\n");
    fs::set_permissions(node.folder(), Permissions::from_mode(0o755)).expect("chmod");
    let run = Run::of(node.command(&["add", "crun"]).uid(1234).gid(1234)).exits(77);
    assert!(run.stderr.contains("hint: run it as"), "{run:#?}");
    assert_eq!(node.names(), ["config.toml"]);
}

#[test]
fn a_read_only_folder_is_a_matter_of_permission() {
    let node = Node::with("version = 3\n");
    fs::set_permissions(node.folder(), Permissions::from_mode(0o555)).expect("chmod");
    // Root may write there all the same.
    if fs::write(node.folder().join("probe"), "").is_ok() {
        fs::remove_file(node.folder().join("probe")).expect("removes");
        node.run(&["add", "crun"]).exits(0);
    } else {
        let run = node.run(&["add", "crun"]).exits(77);
        assert!(run.stderr.contains("hint: run it as"), "{run:#?}");
    }
    fs::set_permissions(node.folder(), Permissions::from_mode(0o755)).expect("chmod");
}

#[test]
fn a_file_in_the_place_of_a_folder_is_named() {
    let node = Node::with("version = 2\n");
    for behind in ["/", "/x.toml", "/x/y.toml"] {
        let mut path = node.config().into_os_string();
        path.push(behind);
        let run = Run::of(tool().arg("--config").arg(&path).args(["add", "crun"])).exits(66);
        let said = format!("{} is not a folder", node.config().display());
        assert!(run.stderr.contains(&said), "{run:#?}");
        assert!(!run.stderr.contains("mkdir"), "{run:#?}");
    }
    assert_eq!(node.text(), "version = 2\n");
}
