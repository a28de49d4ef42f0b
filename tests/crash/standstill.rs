//! A run of the command that stands still between two of its system calls.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::edits::DEADLINE;
use crate::process::{Run, ended};
use crate::tracer::{Injection, Tracer};

/// A run that stands still, or is about to. Dropped, it is killed.
pub(crate) struct Stopped {
    strace: Option<Child>,
    command: Option<Pid>,
    tracer: Tracer,
}

impl Stopped {
    /// Starts a run and waits until it stands still.
    pub(crate) fn at(stop: &Injection, tracer: Tracer, config: &Path, arguments: &[&str]) -> Self {
        let mut tracer = tracer.inject(stop);
        let mut run = Self {
            strace: Some(tracer.start(config, arguments)),
            command: None,
            tracer,
        };
        let started = Instant::now();
        loop {
            let log = run.tracer.log();
            let stopped = log
                .lines()
                .find_map(|line| line.strip_suffix(" --- stopped by SIGSTOP ---"));
            if let Some(process) = stopped {
                run.command = process.trim().parse().ok().and_then(Pid::from_raw);
                return run;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "it does not stop at {stop}: {log}"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets it go on, to its end.
    pub(crate) fn go_on(mut self) -> Run {
        let command = self.command.expect("it stands still");
        kill_process(command, Signal::CONT).expect("it is there");
        let strace = self.strace.take().expect("it goes on once");
        ended(strace, DEADLINE)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let Some(mut strace) = self.strace.take() else {
            return;
        };
        if let Some(command) = self.command {
            let _ = kill_process(command, Signal::KILL);
        }
        let _ = strace.kill();
        let _ = strace.wait();
    }
}
