//! The system calls of a run, as `strace -f -y -xx` wrote them down: every path and every byte in
//! full, and for each descriptor what it leads to.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// A call that came back, or never will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) process: u32,
    pub(crate) name: String,
    /// The how-manieth of its name in its process. strace counts so too, as it is told at which
    /// call to do something.
    pub(crate) number: usize,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) returned: Returned,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Argument {
    /// A path, or bytes.
    Text(Vec<u8>),
    Descriptor(Descriptor),
    /// Flags, numbers and structures, as strace spells them.
    Other(String),
}

/// A descriptor and where it leads; the current folder is `-100`, as in C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) number: i32,
    pub(crate) path: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Returned {
    Number(i64),
    Descriptor(Descriptor),
    /// The name of the error.
    Error(String),
    /// The process ended in it.
    Never,
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

/// Calls that stay within the process, beside those for memory: no file is looked at or changed.
const WITHIN: [&str; 8] = [
    "close",
    "fcntl",
    "getrandom",
    "lseek",
    "poll",
    "rt_sigaction",
    "rt_sigprocmask",
    "sigaltstack",
];
/// Calls that look at a file and change none.
const LOOKS: [&str; 9] = [
    "fgetxattr",
    "flistxattr",
    "getdents64",
    "newfstatat",
    "pread64",
    "read",
    "readlink",
    "statfs",
    "statx",
];

impl Call {
    pub(crate) fn asks_for_memory(&self) -> bool {
        MEMORY.contains(&self.name.as_str())
    }

    /// Whether it looks at a file or changes one, as far as anybody knows: what others do to files
    /// just after any other call is as if they had done it just before.
    pub(crate) fn concerns_files(&self) -> bool {
        let name = self.name.as_str();
        !(self.asks_for_memory() || INFALLIBLE.contains(&name) || WITHIN.contains(&name))
    }

    /// Whether it makes a difference what others do to the files once it has returned.
    pub(crate) fn is_moment_for_others(&self) -> bool {
        self.returns() && self.concerns_files()
    }

    /// Whether a file can be another one after it: a process that ends just after any other call
    /// leaves what it would have left just before.
    pub(crate) fn may_change_files(&self) -> bool {
        let is_only_opened = self.name == "openat"
            && self
                .other(2)
                .is_some_and(|flags| flags.starts_with("O_RDONLY"))
            && !self.other(2).is_some_and(|flags| flags.contains("O_CREAT"));
        self.concerns_files() && !LOOKS.contains(&self.name.as_str()) && !is_only_opened
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.name.as_str(), "fsync" | "fdatasync" | "syncfs")
    }

    pub(crate) fn is_unlink(&self) -> bool {
        matches!(self.name.as_str(), "unlink" | "unlinkat")
    }

    /// Whether it changes what stands under a name, or makes a file for that.
    pub(crate) fn makes_a_change(&self) -> bool {
        let names = ["link", "mkdir", "rename", "unlink"];
        let is_new = |argument: &Argument| match argument {
            Argument::Other(flags) => flags.contains("O_EXCL") || flags.contains("O_TMPFILE"),
            _ => false,
        };
        names.iter().any(|name| self.name.starts_with(name)) || self.arguments.iter().any(is_new)
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

    /// Whether a path is among its arguments.
    pub(crate) fn names(&self, path: &Path) -> bool {
        let is_path = |argument: &Argument| match argument {
            Argument::Text(bytes) => bytes == path.as_os_str().as_encoded_bytes(),
            _ => false,
        };
        self.arguments.iter().any(is_path)
    }

    pub(crate) fn succeeded(&self) -> bool {
        matches!(self.returned, Returned::Number(_) | Returned::Descriptor(_))
    }

    pub(crate) fn text(&self, index: usize) -> Option<&[u8]> {
        match self.arguments.get(index)? {
            Argument::Text(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn descriptor(&self, index: usize) -> Option<&Descriptor> {
        match self.arguments.get(index)? {
            Argument::Descriptor(descriptor) => Some(descriptor),
            _ => None,
        }
    }

    pub(crate) fn other(&self, index: usize) -> Option<&str> {
        match self.arguments.get(index)? {
            Argument::Other(text) => Some(text),
            _ => None,
        }
    }

    /// The call in one line, with long bytes cut, to be shown to people.
    pub(crate) fn shown(&self) -> String {
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|argument| match argument {
                Argument::Text(bytes) => {
                    let text = String::from_utf8_lossy(bytes);
                    format!("{:?}", text.chars().take(80).collect::<String>())
                }
                Argument::Descriptor(descriptor) => {
                    format!("{}<{}>", descriptor.number, descriptor.path.display())
                }
                Argument::Other(text) => text.clone(),
            })
            .collect();
        format!("{}({})", self.name, arguments.join(", "))
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.name, self.number)
    }
}

/// Reads a whole log, in the order in which the calls came back.
pub(crate) fn parse(log: &str) -> Vec<Call> {
    let mut unfinished: HashMap<u32, String> = HashMap::new();
    let mut numbers: HashMap<(u32, String), usize> = HashMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let (process, text) = line.split_once(' ').expect("a process before each call");
        let process: u32 = process
            .parse()
            .unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = text.trim_start();
        if text.starts_with("+++") || text.starts_with("---") {
            continue;
        }
        if let Some(begin) = text.strip_suffix("<unfinished ...>") {
            unfinished.insert(process, begin.to_owned());
            continue;
        }
        let joined;
        let text = if text.starts_with("<... ") {
            let (_, end) = text.split_once(" resumed>").expect("what was resumed");
            let begin = unfinished.remove(&process);
            joined = begin.unwrap_or_else(|| panic!("resumed from nowhere: {line}")) + end;
            &joined
        } else {
            text
        };
        let mut call = call(process, text).unwrap_or_else(|| panic!("strace said: {line}"));
        let number = numbers.entry((process, call.name.clone())).or_default();
        *number += 1;
        call.number = *number;
        calls.push(call);
    }
    calls
}

fn call(process: u32, text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, rest) = arguments(rest)?;
    Some(Call {
        process,
        name: name.to_owned(),
        number: 1,
        arguments,
        returned: returned(rest.trim_start().strip_prefix("= ")?)?,
    })
}

/// Splits at the commas outside of strings, brackets and annotations, up to the closing bracket.
/// Since every byte of a string is spelt `\xNN`, none is a quote or a bracket.
fn arguments(text: &str) -> Option<(Vec<Argument>, &str)> {
    let mut found = Vec::new();
    let mut depth = 0_u32;
    let mut quoted = false;
    let mut start = 0;
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' | '<' => depth += 1,
            ')' if depth == 0 => {
                let last = text[start..at].trim();
                if !last.is_empty() {
                    found.push(argument(last)?);
                }
                return Some((found, &text[at + 1..]));
            }
            // The `>` of an arrow inside a socket's annotation belongs to no bracket.
            '>' if text[..at].ends_with('-') => {}
            ')' | ']' | '}' | '>' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                found.push(argument(text[start..at].trim())?);
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}

fn argument(text: &str) -> Option<Argument> {
    if let Some(quoted) = text.strip_prefix('"') {
        // Three dots behind the quote: strace was not told to write everything.
        return Some(Argument::Text(unescaped(quoted.strip_suffix('"')?)?));
    }
    Some(descriptor(text).map_or_else(|| Argument::Other(text.to_owned()), Argument::Descriptor))
}

/// `3<path>`, with or without `(deleted)` behind it.
fn descriptor(text: &str) -> Option<Descriptor> {
    let (number, path) = text.split_once('<')?;
    let number = match number {
        "AT_FDCWD" => -100,
        number => number.parse().ok()?,
    };
    let path = path.strip_suffix("(deleted)").unwrap_or(path);
    let path = path.strip_suffix('>')?;
    // What is no file is not spelt in bytes: `pipe:[4711]`.
    let path = unescaped(path).unwrap_or_else(|| path.as_bytes().to_vec());
    Some(Descriptor {
        number,
        path: OsString::from_vec(path).into(),
    })
}

fn returned(text: &str) -> Option<Returned> {
    if text.starts_with('?') {
        return Some(Returned::Never);
    }
    if let Some(error) = text.strip_prefix("-1 ") {
        return Some(Returned::Error(error.split(' ').next()?.to_owned()));
    }
    if let Some(descriptor) = descriptor(text) {
        return Some(Returned::Descriptor(descriptor));
    }
    let number = text.split(' ').next()?;
    let number = match number.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?.cast_signed(),
        None => number.parse().ok()?,
    };
    Some(Returned::Number(number))
}

/// The bytes of `\x2f\x74…`.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.strip_prefix(r"\x")?.get(..2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[4..];
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Call {
        let mut calls = parse(line);
        assert_eq!(calls.len(), 1, "{line}: {calls:#?}");
        calls.remove(0)
    }

    #[test]
    fn paths_bytes_and_descriptors_are_decoded() {
        let call = one(r#"4711 write(5<\x2f\x61\x2f\x62>, "\x22\x2c\x29\x0a\x00", 5) = 5"#);
        assert_eq!(call.process, 4711);
        assert_eq!(call.name, "write");
        assert_eq!(call.descriptor(0).map(|fd| fd.number), Some(5));
        assert_eq!(
            call.descriptor(0).map(|fd| fd.path.clone()),
            Some("/a/b".into())
        );
        assert_eq!(call.text(1), Some(&b"\",)\n\0"[..]));
        assert_eq!(call.other(2), Some("5"));
        assert_eq!(call.returned, Returned::Number(5));
    }

    #[test]
    fn what_was_opened_is_told() {
        let call = one(
            r#"1 openat(AT_FDCWD<\x2f>, "\x63", O_RDWR|O_CREAT|O_EXCL, 0600) = 3<\x2f\x72\x2f\x63>"#,
        );
        assert_eq!(call.descriptor(0).map(|fd| fd.number), Some(-100));
        let opened = Descriptor {
            number: 3,
            path: "/r/c".into(),
        };
        assert_eq!(call.returned, Returned::Descriptor(opened));
        assert!(call.succeeded());
    }

    #[test]
    fn calls_that_leave_files_as_they_are_are_known() {
        let cases = [
            (r"1 close(3<\x2f>) = 0", false, false),
            ("1 getpid() = 1", false, false),
            ("1 brk(NULL) = 0x1", false, false),
            (r#"1 read(3<\x2f>, "\x61", 1) = 1"#, true, false),
            (
                r#"1 openat(AT_FDCWD<\x2f>, "\x61", O_RDONLY|O_CLOEXEC) = 3<\x61>"#,
                true,
                false,
            ),
            (
                r#"1 openat(AT_FDCWD<\x2f>, "\x61", O_RDONLY|O_CREAT, 0600) = 3<\x61>"#,
                true,
                true,
            ),
            (
                r#"1 openat(AT_FDCWD<\x2f>, "\x61", O_RDWR|O_CREAT, 0600) = 3<\x61>"#,
                true,
                true,
            ),
            (r"1 fsync(3<\x2f>) = 0", true, true),
            (r"1 flock(3<\x2f>, LOCK_EX) = 0", true, true),
            ("1 a_call_of_tomorrow() = 0", true, true),
        ];
        for (line, concerns, changes) in cases {
            let call = one(line);
            assert_eq!(call.concerns_files(), concerns, "{line}");
            assert_eq!(call.may_change_files(), changes, "{line}");
        }
    }

    #[test]
    fn errors_ends_and_structures_are_understood() {
        let call = one(r#"1 readlink("\x2f\x61", 0x7ffd, 1023) = -1 EINVAL (Invalid argument)"#);
        assert_eq!(call.returned, Returned::Error("EINVAL".to_owned()));
        assert!(!call.succeeded());
        let call = one("1 exit_group(0)                     = ?");
        assert_eq!(call.returned, Returned::Never);
        let call = one("1 fcntl(4<\\x2f\\x63>(deleted), F_GETFD) = 0x1 (flags FD_CLOEXEC)");
        assert_eq!(call.returned, Returned::Number(1));
        assert_eq!(
            call.descriptor(0).map(|fd| fd.path.clone()),
            Some("/c".into())
        );
        let call = one(
            "1 poll([{fd=0<\\x2f>, events=0}, {fd=1<pipe:[4711]>, events=0}], 2, 0) = 0 (Timeout)",
        );
        assert_eq!(call.arguments.len(), 3);
    }

    #[test]
    fn a_call_that_was_interrupted_by_another_thread_is_joined() {
        let log = "1 fsync(5<\\x2f\\x61> <unfinished ...>\n\
                   2 getpid() = 1\n\
                   1 <... fsync resumed>) = 0\n\
                   1 fsync(5<\\x2f\\x61>) = 0\n\
                   1 +++ exited with 0 +++\n\
                   2 fsync(6<\\x2f\\x62> <unfinished ...>\n\
                   2 +++ killed by SIGKILL +++\n";
        let calls = parse(log);
        let names: Vec<String> = calls.iter().map(Call::to_string).collect();
        assert_eq!(names, ["getpid 1", "fsync 1", "fsync 2"]);
        assert_eq!(calls[1].descriptor(0).map(|fd| fd.number), Some(5));
    }

    #[test]
    #[should_panic(expected = "strace said")]
    fn bytes_that_were_cut_are_no_bytes() {
        parse(r#"1 write(1<\x2f>, "\x61"..., 500) = 500"#);
    }
}
