//! A process that is waited for, with a deadline.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a state is asked for.
pub(crate) const TICK: Duration = Duration::from_micros(500);

/// How a process ended, and what it said.
#[derive(Debug)]
pub(crate) struct Run {
    /// `None`: it did not end in time, and was killed.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The exit code; `None` if it did not come to that.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status?.code()
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status?.signal()
    }

    /// What no run may do, whatever happens to it.
    pub(crate) fn disgrace(&self) -> Option<String> {
        let is_crash = match self.status {
            None => return Some("it hangs".to_owned()),
            Some(status) => status.code().is_none_or(|code| code == 101),
        };
        (is_crash || self.stderr.contains("panicked at")).then(|| format!("it crashes: {self:?}"))
    }
}

/// Starts a process of which is kept what it says.
pub(crate) fn started(command: &mut Command) -> Child {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    match child {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let program = command.get_program().display();
            panic!("{program} is missing: apt-get install strace gcc libc6-dev")
        }
        other => other.expect("the process starts"),
    }
}

/// Waits for the end of a process. What it says must fit in a pipe.
pub(crate) fn ended(mut child: Child, deadline: Duration) -> Run {
    let until = Instant::now() + deadline;
    let status = loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            break Some(status);
        }
        if Instant::now() >= until {
            let _ = child.kill();
            let _ = child.wait();
            return Run {
                status: None,
                stdout: String::new(),
                stderr: String::new(),
            };
        }
        std::thread::sleep(TICK);
    };
    Run {
        status,
        stdout: rest_of(child.stdout.take()),
        stderr: rest_of(child.stderr.take()),
    }
}

fn rest_of(pipe: Option<impl io::Read>) -> String {
    let mut said = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut said).expect("a pipe is readable");
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Runs a process to its end.
pub(crate) fn finished(command: &mut Command, deadline: Duration) -> Run {
    ended(started(command), deadline)
}
