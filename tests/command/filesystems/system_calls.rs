//! System calls that a filesystem or a filter refuses, and the other way that there is for each.

use std::fs;
use std::process::Command;

use crate::tool::{Node, Run, tool_path};

use super::{CONFIG, injected};

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

/// What is too large to be copied is kept as everything else is.
#[test]
#[ignore = "needs strace: run ./tests/run"]
fn where_nothing_can_be_exchanged_what_is_too_large_is_kept_all_the_same() {
    const HUGE: u64 = 64 << 30;
    let node = Node::with(CONFIG);
    node.run(&["add", "crun"]).exits(0);
    let good = node.text();
    for _ in 0..7 {
        let config = fs::File::create(node.config()).expect("creates");
        config.set_len(HUGE).expect("grows");
        injected(&node, &["renameat2:error=EINVAL"], &["restore"]).exits(0);
        assert_eq!(node.text(), good);
    }
    let mut names = node.names();
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
    names.retain(|name| name.contains("toml.broken-"));
    assert_eq!(names.len(), 5, "the newest stay: {names:?}");
    for name in names {
        let kept = fs::metadata(node.folder().join(name)).expect("a file");
        assert_eq!(kept.len(), HUGE);
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
