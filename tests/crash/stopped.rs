//! A command that stops at certain system calls, so that others can act in the meantime.

use std::path::Path;
use std::process::Child;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::edits::DEADLINE;
use crate::process::{TICK, ended};
use crate::tracer::{Traced, Tracer};

/// A run under an strace that sends it SIGSTOP. It does not outlive this.
pub(crate) struct Stopping {
    tracer: Tracer,
    strace: Option<Child>,
    process: Option<Pid>,
    stops: usize,
}

impl Stopping {
    /// Starts a run of a tracer that was told to send SIGSTOP.
    pub(crate) fn start(mut tracer: Tracer, config: &Path, arguments: &[&str]) -> Self {
        Self {
            strace: Some(tracer.start(config, arguments)),
            tracer,
            process: None,
            stops: 0,
        }
    }

    /// Waits until it has stopped once more. Not if it ends before that.
    pub(crate) fn has_stopped(&mut self) -> bool {
        let until = Instant::now() + DEADLINE;
        loop {
            let strace = self.strace.as_mut().expect("it was not waited for");
            let has_ended = strace.try_wait().expect("it can be waited for").is_some();
            let log = self.tracer.log();
            if let Some((process, _)) = log.split_once(' ') {
                self.process = process.parse().ok().and_then(Pid::from_raw);
                // Of the thread that came first; the others stop with it.
                let is_stop = |line: &&str| {
                    let rest = line.strip_prefix(process).unwrap_or_default();
                    rest.trim_start() == "--- stopped by SIGSTOP ---"
                };
                if log.lines().filter(is_stop).count() > self.stops {
                    self.stops += 1;
                    return true;
                }
            }
            if has_ended {
                return false;
            }
            assert!(Instant::now() < until, "neither stopped nor ended:\n{log}");
            std::thread::sleep(TICK);
        }
    }

    /// Lets it run until it stops again.
    pub(crate) fn go_on(&self) {
        self.send(Signal::CONT);
    }

    /// Kills it where it is.
    pub(crate) fn kill(self) {
        self.send(Signal::KILL);
        let run = self.end().run;
        // strace may have been about to tell the kernel that it has seen the stop.
        let was_killed = run.signal() == Some(9) || run.stderr.contains("ptrace(PTRACE_LISTEN");
        assert!(was_killed, "{run:?}");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Traced {
        let strace = self.strace.take().expect("it was not waited for");
        Traced {
            run: ended(strace, DEADLINE),
            log: self.tracer.log(),
        }
    }

    fn send(&self, signal: Signal) {
        let process = self.process.expect("it has stopped");
        kill_process(process, signal).expect("it is there");
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        let Some(mut strace) = self.strace.take() else {
            return;
        };
        if let (Some(process), Ok(None)) = (self.process, strace.try_wait()) {
            let _ = kill_process(process, Signal::KILL);
        }
        let _ = strace.kill();
        let _ = strace.wait();
    }
}
