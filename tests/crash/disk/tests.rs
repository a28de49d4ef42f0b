//! The model, fed with calls as strace writes them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Disk, Effect, Node, State};
use crate::syscalls::parse;

/// A disk with a config, its folder being `/r` in the calls.
struct Example {
    folder: tempfile::TempDir,
    disk: Disk,
}

impl Example {
    fn with(config: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Some(bytes) = config {
            std::fs::write(folder.path().join("c"), bytes).expect("writes");
        }
        let disk = Disk::with_all_of(folder.path());
        Self { folder, disk }
    }

    fn call(&mut self, line: &str) -> Result<Effect, String> {
        let root = self.folder.path().to_str().expect("UTF-8");
        let line = format!("1 {}", spelt(&line.replace("/r", root)));
        self.disk.apply(&parse(&line)[0])
    }

    fn calls(&mut self, lines: &[&str]) {
        for line in lines {
            assert!(self.call(line).is_ok(), "{line}");
        }
    }

    /// The states, each as `name=bytes` for every file.
    fn states(&self) -> BTreeSet<String> {
        let states = self.disk.states(&self.folder.path().join("c"));
        states.iter().map(|state| self.line(state)).collect()
    }

    fn line(&self, state: &State) -> String {
        let entries = state.iter().map(|(path, node)| {
            let name = path.strip_prefix(self.folder.path()).expect("below it");
            let what = match node {
                Node::File(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Node::Link(target) => format!("->{}", target.display()),
            };
            format!("{}={what}", name.display())
        });
        entries.collect::<Vec<_>>().join(" ")
    }
}

/// Spells what stands in quotes and in angle brackets byte by byte, as `strace -xx` does.
fn spelt(line: &str) -> String {
    let mut spelt = String::new();
    let mut inside = false;
    for character in line.chars() {
        if matches!(character, '"' | '<' | '>') {
            inside = !inside;
            spelt.push(character);
        } else if inside {
            write!(spelt, "\\x{:02x}", u32::from(character)).expect("a string grows");
        } else {
            spelt.push(character);
        }
    }
    spelt
}

const NEW_FILE: [&str; 3] = [
    r#"openat(AT_FDCWD</>, "/r/t", O_RDWR|O_CREAT|O_EXCL, 0600) = 5</r/t>"#,
    r#"write(5</r/t>, "new", 3) = 3"#,
    "fsync(5</r/t>) = 0",
];
const SYNC_FOLDER: [&str; 2] = [
    r#"openat(AT_FDCWD</>, "/r", O_RDONLY) = 6</r>"#,
    "fsync(6</r>) = 0",
];

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn each_name_of_an_exchange_changes_alone() {
    let mut example = Example::with(Some("old"));
    example.calls(&NEW_FILE);
    example.calls(&SYNC_FOLDER);
    assert_eq!(example.states(), set(&["c=old t=new"]));
    example.calls(&[r#"renameat2(AT_FDCWD</>, "/r/t", AT_FDCWD</>, "/r/c", RENAME_EXCHANGE) = 0"#]);
    assert_eq!(
        example.states(),
        set(&["c=new t=new", "c=new t=old", "c=old t=new", "c=old t=old"])
    );
    example.calls(&["fsync(6</r>) = 0"]);
    assert_eq!(example.states(), set(&["c=new t=old"]));
}

#[test]
fn a_rename_may_come_before_the_bytes() {
    let mut example = Example::with(Some("old"));
    example.calls(&NEW_FILE[..2]);
    example.calls(&[r#"rename("/r/t", "/r/c") = 0"#]);
    let states = example.states();
    for state in [
        "c=",
        "c=\0\0\0",
        "c=n",
        "c=new",
        "c=old",
        "c=old t=new",
        "c=new t=new",
    ] {
        assert!(states.contains(state), "{state:?} is missing: {states:#?}");
    }
    example.calls(&SYNC_FOLDER);
    let states = example.states();
    assert!(states.contains("c="), "no bytes are synced: {states:#?}");
    assert!(!states.contains("c=old"), "the rename is: {states:#?}");
}

#[test]
fn a_file_without_a_name_is_nowhere_until_it_is_linked() {
    let mut example = Example::with(None);
    example.calls(&[
        r#"openat(AT_FDCWD</>, "/r", O_RDWR|O_TMPFILE, 0600) = 5</r/#4711>(deleted)"#,
        r#"write(5</r/#4711>(deleted), "new", 3) = 3"#,
        "fsync(5</r/#4711>(deleted)) = 0",
    ]);
    assert_eq!(example.states(), set(&[""]));
    example.calls(&[
        r#"linkat(AT_FDCWD</>, "/proc/self/fd/5", AT_FDCWD</>, "/r/c", AT_SYMLINK_FOLLOW) = 0"#,
    ]);
    assert_eq!(example.states(), set(&["", "c=new"]));
}

#[test]
fn writes_go_where_the_descriptor_stands() {
    let mut example = Example::with(Some("old"));
    example.calls(&[
        r#"openat(AT_FDCWD</>, "/r/c", O_RDWR) = 5</r/c>"#,
        r#"read(5</r/c>, "o", 1) = 1"#,
        "fcntl(5</r/c>, F_DUPFD_CLOEXEC, 3) = 6</r/c>",
        r#"write(6</r/c>, "LD", 2) = 2"#,
        r#"write(5</r/c>, "!", 1) = 1"#,
        r#"openat(AT_FDCWD</>, "/r/c", O_WRONLY|O_APPEND) = 7</r/c>"#,
        r#"write(7</r/c>, "?", 1) = 1"#,
        "fdatasync(5</r/c>) = 0",
    ]);
    assert_eq!(example.states(), set(&["c=oLD!?"]));
    example.calls(&[r#"symlink("c", "/r/s") = 0"#, r#"unlink("/r/c") = 0"#]);
    assert_eq!(
        example.states(),
        set(&["", "c=oLD!?", "c=oLD!? s=->c", "s=->c"])
    );
}

#[test]
fn what_is_not_understood_is_not_passed_over() {
    let mut example = Example::with(Some("old"));
    example.calls(&[
        r#"openat(AT_FDCWD</>, "/r/c", O_RDWR) = 5</r/c>"#,
        r#"openat(AT_FDCWD</>, "/etc/passwd", O_RDONLY) = 6</etc/passwd>"#,
        "copy_file_range(6</etc/passwd>, NULL, 7</tmp/x>, NULL, 3, 0) = 3",
        "mkdir(\"/r/d\", 0700) = -1 EACCES (Permission denied)",
    ]);
    for line in [
        "copy_file_range(6</etc/passwd>, NULL, 5</r/c>, NULL, 3, 0) = 3",
        r#"mknod("/r/d", S_IFIFO|0600) = 0"#,
        r#"truncate("/r/c", 0) = 0"#,
        r#"renameat2(AT_FDCWD</>, "/r/c", AT_FDCWD</>, "/r/w", RENAME_WHITEOUT) = 0"#,
        r#"rename("/r/nothing", "/r/c") = 0"#,
    ] {
        let said = example.call(line);
        assert!(said.is_err(), "{line}: {said:?}");
    }
}
