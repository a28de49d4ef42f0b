//! A copy of the program on the host: kept, run, and removed by itself.

use std::fs;
use std::path::Path;

use crate::tool::{Run, tool, tool_at, tool_path};

const COPY: &str = "/opt/containerd-edit/containerd-edit";

#[test]
fn a_copy_is_kept_once_and_removes_itself() {
    let host = tempfile::tempdir().expect("a temporary folder");
    let run = |program: &Path, arguments: &[&str]| {
        let mut command = tool_at(program);
        command.arg("--host-root").arg(host.path());
        Run::of(command.args(arguments)).exits(0)
    };
    // A build that runs meanwhile puts another program at the tool's path: this one stays. It is not
    // written here: what is open for writing, if only in a child of another test, can't be run.
    let image = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let program = image.path().join("containerd-edit");
    fs::hard_link(tool_path(), &program).expect("it is on the same filesystem");

    let keep = || run(&program, &["keep-copy", COPY]).stdout;
    assert!(keep().contains("copied this program there"));
    assert!(keep().contains("nothing to do"));
    let copy = host.path().join(&COPY[1..]);
    let same = fs::read(&copy).expect("readable") == fs::read(&program).expect("readable");
    assert!(same, "the very bytes");

    let removed = run(&copy, &["remove-copy", COPY, "-o", "json"]);
    assert_eq!(
        removed.stdout,
        format!("{{\"schema\":1,\"changed\":true,\"path\":\"{COPY}\"}}\n")
    );
    let left = fs::read_dir(host.path().join("opt")).expect("it was there before, for all we know");
    assert_eq!(left.count(), 0);
    let again = run(&program, &["remove-copy", COPY]);
    assert!(again.stdout.contains("nothing to do"));
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
