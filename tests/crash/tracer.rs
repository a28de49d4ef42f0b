//! Runs of the command under strace, which writes its system calls down, and can refuse any one of them
//! or send a signal there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::command::Build;
use crate::syscalls::{self, Argument, Call};

/// One run of the command under strace.
pub(crate) struct Tracer {
    command: Command,
    log: PathBuf,
    program: &'static Path,
    _folder: TempDir,
}

/// How a traced run ended.
pub(crate) struct Traced {
    pub(crate) calls: Vec<Call>,
    pub(crate) output: Output,
}

/// What to do to the command, and in which call. `signal=KILL` ends it before the call does
/// anything, any other signal reaches it right after the call; `error=EIO` refuses the call.
pub(crate) struct Injection {
    what: &'static str,
    name: String,
    /// strace counts the calls of each name apart.
    occurrence: usize,
}

impl Injection {
    pub(crate) fn at(what: &'static str, calls: &[Call], index: usize) -> Self {
        let name = calls[index].name.clone();
        // And those of each thread.
        let process = calls[index].process;
        let same = calls[..=index]
            .iter()
            .filter(|call| call.name == name && call.process == process);
        Self {
            what,
            occurrence: same.count(),
            name,
        }
    }

    /// An error for the first call of this name after the config was replaced.
    pub(crate) fn refused(calls: &[Call], config: &Path, name: &str) -> Self {
        let replaced = placing(calls, config).expect("it replaces the config");
        let next = calls[replaced..].iter().position(|call| call.name == name);
        Self::at("error=EIO", calls, replaced + next.expect("it goes on"))
    }

    /// SIGKILL for a run that has replaced the config and done nothing else since.
    pub(crate) fn when_replaced(calls: &[Call], config: &Path) -> Self {
        let replaced = placing(calls, config).expect("it replaces the config");
        let process = calls[replaced].process;
        let next = calls[replaced + 1..]
            .iter()
            .position(|call| call.process == process);
        let next = replaced + 1 + next.expect("it goes on");
        Self::at("signal=KILL", calls, next)
    }
}

impl std::fmt::Display for Injection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (what, name, occurrence) = (self.what, &self.name, self.occurrence);
        write!(formatter, "{name}:{what}:when={occurrence}")
    }
}

impl Tracer {
    /// Traces a build. `entering` is what the command line begins with where strace is to run
    /// somewhere else, `nsenter` with its arguments for one; empty: here.
    pub(crate) fn new(build: Build, entering: &[String]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("calls");
        let mut command = match entering {
            [] => build.run("strace"),
            [program, arguments @ ..] => {
                let mut command = build.run(program);
                command.args(arguments).arg("strace");
                command
            }
        };
        command.args(["-f", "-y", "-xx", "-s", "10000000", "-o"]);
        command.arg(&log).stdin(Stdio::null());
        Self {
            command,
            log,
            program: build.path(),
            _folder: folder,
        }
    }

    pub(crate) fn inject(self, injection: &Injection) -> Self {
        self.option(&format!("inject={injection}"))
    }

    /// On a filesystem that knows no exchange, and no rename that spares what is there.
    pub(crate) fn without_rename_flags(self) -> Self {
        self.option("inject=renameat2:error=EINVAL")
    }

    fn option(mut self, option: &str) -> Self {
        self.command.args(["-e", option]);
        self
    }

    /// The command line, to be started by the caller.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &mut self,
        config: &Path,
        arguments: &[S],
    ) -> &mut Command {
        self.command.arg(self.program).arg("--config").arg(config);
        self.command.args(arguments)
    }

    /// What has been written down by now, while the command runs.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn run<S: AsRef<OsStr>>(mut self, config: &Path, arguments: &[S]) -> Traced {
        let output = self.command(config, arguments).output();
        let output =
            output.unwrap_or_else(|error| panic!("{error}: install Debian's package strace"));
        let calls = syscalls::parse(&self.log());
        assert!(!calls.is_empty(), "strace traced nothing: {output:?}");
        Traced { calls, output }
    }
}

/// Which call first gives the config's name another file, or none.
pub(crate) fn placing(calls: &[Call], config: &Path) -> Option<usize> {
    calls.iter().position(|call| {
        let names = ["rename", "link", "unlink"];
        let by_name = names.iter().any(|name| call.name.starts_with(name));
        let is_config = |argument: &Argument| match argument {
            Argument::Text(bytes) => bytes == config.as_os_str().as_encoded_bytes(),
            _ => false,
        };
        by_name && call.succeeded() && call.arguments.iter().any(is_config)
    })
}
