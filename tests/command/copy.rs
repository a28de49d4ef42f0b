//! A copy of the program on the host: kept, run, and removed by itself.

use std::fs;
use std::process::Command;

use crate::tool::{Run, tool, tool_path};

const COPY: &str = "/opt/containerd-edit/containerd-edit";

#[test]
fn a_copy_is_kept_once_and_removes_itself() {
    let host = tempfile::tempdir().expect("a temporary folder");
    let keep = || {
        Run::of(
            tool()
                .arg("--host-root")
                .arg(host.path())
                .args(["keep-copy", COPY]),
        )
    };
    assert!(keep().exits(0).stdout.contains("copied this program there"));
    assert!(keep().exits(0).stdout.contains("nothing to do"));
    let copy = host.path().join(&COPY[1..]);
    let same = fs::read(&copy).expect("readable") == fs::read(tool_path()).expect("readable");
    assert!(same, "the very bytes");

    let mut own = Command::new(&copy);
    own.arg("--host-root")
        .arg(host.path())
        .args(["remove-copy", COPY, "-o", "json"]);
    let run = Run::of(&mut own).exits(0);
    assert_eq!(
        run.stdout,
        format!("{{\"schema\":1,\"changed\":true,\"path\":\"{COPY}\"}}\n")
    );
    let left = fs::read_dir(host.path().join("opt")).expect("it was there before, for all we know");
    assert_eq!(left.count(), 0);
    let again = Run::of(
        tool()
            .arg("--host-root")
            .arg(host.path())
            .args(["remove-copy", COPY]),
    );
    assert!(again.exits(0).stdout.contains("nothing to do"));
}

#[test]
fn another_program_is_not_removed() {
    let host = tempfile::tempdir().expect("a temporary folder");
    fs::write(host.path().join("theirs"), "#!/bin/sh\n").expect("writes");
    let mut remove = tool();
    remove
        .arg("--host-root")
        .arg(host.path())
        .args(["remove-copy", "/theirs"]);
    let run = Run::of(&mut remove).exits(78);
    assert!(run.stderr.contains("not a copy of the program"), "{run:#?}");
    assert!(host.path().join("theirs").exists());
}

/// It has nothing to do with a config, and needs none.
#[test]
fn flags_of_edits_are_refused() {
    for flag in ["--dry-run", "--stdout", "--drop-in"] {
        let run = Run::of(tool().args([flag, "keep-copy", "/tmp/x/y"])).exits(2);
        assert!(run.stderr.contains("which is about no config"), "{run:#?}");
    }
}
