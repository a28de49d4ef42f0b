//! The system calls of a run, as `strace -f -y -xx` wrote them down: every path and every byte in
//! full, and for each descriptor what it leads to.

mod parsing;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub(crate) use self::parsing::parse;

/// A call that came back, or never will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) process: u32,
    pub(crate) name: String,
    /// Its number among the calls of this name in its process, counted as strace counts them to inject
    /// a fault.
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

    /// Those of some errors that it can fail with; one that asks for memory has its own.
    pub(crate) fn errors_of(&self, errors: &[&'static str]) -> Vec<&'static str> {
        let errors = if self.asks_for_memory() {
            &["ENOMEM"]
        } else {
            errors
        };
        let can_fail = |error: &&'static str| self.can_fail(error);
        errors.iter().copied().filter(can_fail).collect()
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
