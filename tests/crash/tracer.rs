//! Runs of the command under strace, which writes its system calls down, and can refuse any one of them
//! or send a signal there.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::command::{PROGRAM, Subject};
use crate::edits::DEADLINE;
use crate::process::{Run, ended, started};
use crate::syscalls::{self, Call};

/// One run of the command under strace.
pub(crate) struct Tracer {
    command: Command,
    log: PathBuf,
    injections: Vec<Injection>,
    _folder: TempDir,
}

/// How a traced run ended, and what strace has written down.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) run: Run,
    pub(crate) log: String,
}

/// What to do to the command, and in which call. `signal=KILL` ends it before the call does
/// anything, any other signal reaches it right after the call; `error=EIO` refuses the call.
#[derive(Debug, Clone)]
pub(crate) struct Injection {
    name: String,
    what: String,
    when: String,
}

impl Injection {
    pub(crate) fn at(what: &str, call: &Call) -> Self {
        Self {
            name: call.name.clone(),
            what: what.to_owned(),
            when: call.number.to_string(),
        }
    }

    /// At other calls of this name, in strace's words: from the third one on is `3+`.
    pub(crate) fn when(self, when: String) -> Self {
        Self { when, ..self }
    }

    /// An error for the first call of this name after the config was replaced.
    pub(crate) fn refused(calls: &[Call], config: &Path, name: &str) -> Self {
        let replaced = placing(calls, config).expect("it replaces the config");
        let next = calls[replaced..].iter().find(|call| call.name == name);
        Self::at("error=EIO", next.expect("it goes on"))
    }

    /// SIGKILL for a run that has replaced the config and done nothing else since.
    pub(crate) fn when_replaced(calls: &[Call], config: &Path) -> Self {
        let replaced = placing(calls, config).expect("it replaces the config");
        let process = calls[replaced].process;
        let mut rest = calls[replaced + 1..].iter();
        let next = rest.find(|call| call.process == process);
        Self::at("signal=KILL", next.expect("it goes on"))
    }
}

impl std::fmt::Display for Injection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, what, when } = self;
        write!(formatter, "inject={name}:{what}:when={when}")
    }
}

impl Tracer {
    pub(crate) fn new(subject: Subject) -> Self {
        Self::of(subject.run("strace"))
    }

    /// `entering` is what the command line begins with where strace is to run somewhere else:
    /// `nsenter` with its arguments.
    pub(crate) fn entering(subject: Subject, entering: &[String]) -> Self {
        let mut command = subject.run(&entering[0]);
        command.args(&entering[1..]).arg("strace");
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = folder.path().join("calls");
        command.env("RUST_BACKTRACE", "0");
        command.args(["-f", "-y", "-xx", "-s", "10000000", "-o"]);
        command.arg(&log);
        Self {
            command,
            log,
            injections: Vec::new(),
            _folder: folder,
        }
    }

    pub(crate) fn inject(mut self, injection: &Injection) -> Self {
        self.injections.push(injection.clone());
        self.option(&injection.to_string())
    }

    /// Stops the command after a call, and writes down no others.
    pub(crate) fn stopping_at(subject: Subject, call: &Call) -> Self {
        let stop = Injection::at("signal=STOP", call);
        Self::new(subject).inject(&stop).seeing_no_others()
    }

    /// Writes down no other calls than those to which something is done, which takes less time.
    pub(crate) fn seeing_no_others(mut self) -> Self {
        // The kernel lets all others pass then; but strace 6.1 sends no signal with it.
        if !self
            .injections
            .iter()
            .any(|it| it.what.starts_with("signal"))
        {
            self.command.arg("--seccomp-bpf");
        }
        let names: Vec<&str> = self.injections.iter().map(|it| &*it.name).collect();
        let calls = format!("trace={}", names.join(","));
        self.option(&calls)
    }

    /// On a filesystem that knows no exchange, and no rename that spares what is there.
    pub(crate) fn without_rename_flags(self) -> Self {
        self.option("inject=renameat2:error=EINVAL")
    }

    fn option(mut self, option: &str) -> Self {
        self.command.args(["-e", option]);
        self
    }

    /// Starts the run. It is for the caller to wait for its end.
    pub(crate) fn start(&mut self, config: &Path, arguments: &[&str]) -> Child {
        self.command.arg(PROGRAM).arg("--config").arg(config);
        started(self.command.args(arguments))
    }

    /// What has been written down by now, while the command runs.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn run(mut self, config: &Path, arguments: &[&str]) -> Traced {
        let run = ended(self.start(config, arguments), DEADLINE);
        assert!(!run.stderr.contains("strace: "), "{run:?}");
        Traced {
            run,
            log: self.log(),
        }
    }
}

impl Traced {
    pub(crate) fn calls(&self) -> Vec<Call> {
        syscalls::parse(&self.log)
    }
}

/// Which call first gives the config's name another file, or none.
pub(crate) fn placing(calls: &[Call], config: &Path) -> Option<usize> {
    let name = config.as_os_str().as_encoded_bytes();
    calls.iter().position(|call| {
        let places = match call.name.as_str() {
            // Another name for it leaves its own as it is.
            "link" => call.text(1) == Some(name),
            "linkat" => call.text(3) == Some(name),
            other => {
                let mut names = ["rename", "unlink"].into_iter();
                names.any(|it| other.starts_with(it)) && call.names(config)
            }
        };
        places && call.succeeded()
    })
}
