//! Every system call of an edit, by name and number, and runs in which strace(1) does something at
//! one of them.
//!
//! The rigs begin at the first call that names the config. What comes before is the dynamic loader
//! and the start of the language's runtime, which end the process if anything fails and have touched
//! nothing by then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::command::Build;
use crate::edits::{DEADLINE, Edit, Example, Place};
use crate::process::{Run, finished};

/// One system call of a run. strace counts the calls of each name for itself, and so does this:
/// the first `fsync`, the second, whatever comes between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) number: usize,
}

/// Calls that ask for memory. The standard library ends a process that can't have any.
const MEMORY: [&str; 6] = ["brk", "madvise", "mmap", "mprotect", "mremap", "munmap"];
/// Calls that have no error that a sound program could meet, so that the standard library and rustix
/// rely on them, and those that don't return.
const INFALLIBLE: [&str; 9] = [
    "exit",
    "exit_group",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "gettid",
    "getuid",
    "uname",
];

impl Call {
    pub(crate) fn asks_for_memory(&self) -> bool {
        MEMORY.contains(&self.name.as_str())
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync" | "syncfs")
    }

    pub(crate) fn is_unlink(&self) -> bool {
        matches!(self.name.as_str(), "unlink" | "unlinkat")
    }

    /// Whether it returns to the process.
    pub(crate) fn returns(&self) -> bool {
        !self.name.starts_with("exit")
    }

    /// Whether the kernel can refuse it with this error.
    pub(crate) fn can_fail(&self, error: &str) -> bool {
        match self.name.as_str() {
            // Once the machine is up there is nothing else that can happen to it.
            "getrandom" => error == "EINTR",
            name => !INFALLIBLE.contains(&name),
        }
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.number)
    }
}

/// What makes strace do something at a call: `at(call, "error=EIO", "2+")`.
pub(crate) fn at(call: &Call, what: &str, when: &str) -> Vec<String> {
    let name = &call.name;
    vec![
        format!("trace={name}"),
        format!("inject={name}:{what}:when={when}"),
    ]
}

/// The edit under strace, with these expressions.
pub(crate) fn traced(build: Build, place: &Place, edit: Edit, expressions: &[String]) -> Command {
    let mut command = build.run("strace");
    command.env("RUST_BACKTRACE", "0");
    command.args(["-f", "-o"]).arg(place.aside("log"));
    for expression in expressions {
        command.args(["-e", expression]);
    }
    command.arg(build.path());
    place.edit(edit, &mut command);
    command
}

/// Runs the edit under strace.
pub(crate) fn run(build: Build, place: &Place, edit: Edit, expressions: &[String]) -> Run {
    let run = finished(&mut traced(build, place, edit, expressions), DEADLINE);
    assert!(!run.stderr.contains("strace: "), "{expressions:?}: {run:?}");
    run
}

/// What strace has written so far.
pub(crate) fn log(place: &Place) -> String {
    fs::read_to_string(place.aside("log")).unwrap_or_default()
}

/// The calls of an edit in which nothing is done, in their order.
pub(crate) fn calls(build: Build, example: &Example) -> Vec<Call> {
    let place = example.place();
    let run = run(build, &place, example.edit, &[]);
    assert_eq!(run.code(), Some(0), "{:?}: {run:?}", example.edit);
    let log = log(&place);
    let config = format!("\"{}\"", place.config().display());
    let names_config = |line: &str| line.contains(&config) && !line.contains(" execve(");
    let calls = calls_from(&log, names_config);
    assert!(calls.len() > 20, "that was no edit:\n{log}");
    calls
}

/// Those of them after which somebody else can act.
pub(crate) fn calls_that_return(build: Build, example: &Example) -> Vec<Call> {
    let mut calls = calls(build, example);
    calls.retain(Call::returns);
    calls
}

/// The calls in a log, from the first line on that is the beginning. All are counted.
pub(crate) fn calls_from(log: &str, is_beginning: impl Fn(&str) -> bool) -> Vec<Call> {
    let mut numbers: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut calls = Vec::new();
    let mut has_begun = false;
    for line in log.lines() {
        has_begun |= is_beginning(line);
        let Some((thread, name)) = call(line) else {
            continue;
        };
        let number = numbers.entry((thread, name)).or_default();
        *number += 1;
        let call = Call {
            name: name.to_owned(),
            number: *number,
        };
        // strace counts in each thread for itself: what is done at a number is done in all.
        if has_begun && seen.insert(call.clone()) {
            calls.push(call);
        }
    }
    calls
}

/// The thread and the name, if a line is about a call that begins.
fn call(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let (name, _) = rest.trim_start().split_once('(')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(is_name)).then_some((thread, name))
}

#[test]
fn calls_are_counted_by_name_and_thread() {
    let log = "7 execve(\"/x\", [\"x\"], 0x1) = 0\n\
        7 fsync(3) = 0\n\
        7 openat(AT_FDCWD, \"/c\", O_RDONLY) = 3\n\
        7 --- SIGTERM {si_signo=SIGTERM} ---\n\
        7 fsync(3 <unfinished ...>\n\
        8 fsync(4) = 0\n\
        8 fsync(4) = 0\n\
        7 <... fsync resumed>) = 0\n\
        7 +++ exited with 0 +++\n";
    let calls = calls_from(log, |line| line.contains("\"/c\""));
    let calls: Vec<String> = calls.iter().map(Call::to_string).collect();
    assert_eq!(calls, ["openat 1", "fsync 2", "fsync 1"]);
}
