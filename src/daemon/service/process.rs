//! A process that is waited for, and never mistaken for another one that has got its ID.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::{ClockId, clock_gettime};

use crate::disk::process_stat::Stat;

/// How often a process is looked at where the kernel has no handle for it, before 5.3.
const POLL: Duration = Duration::from_millis(20);
/// Ticks of `/proc/PID/stat` in a second, as Linux shows them to programs, `time(7)`.
const TICKS: u64 = 100;

/// A process that ran when it was looked at.
#[derive(Debug)]
pub(crate) struct Process {
    id: u32,
    /// When it started, in clock ticks after the boot.
    started: u64,
}

impl Process {
    /// Looks at a process. `None`: it can't be seen from here, or is gone.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let started = Stat::of(id)?.started()?;
        Some(Self { id, started })
    }

    /// Waits until the process has ended, but not longer than this. Returns whether it has.
    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        self.ends_by(self.handle().as_ref(), limit)
    }

    /// What becomes readable when it ends, `pidfd_open(2)`.
    fn handle(&self) -> Option<OwnedFd> {
        let pid = Pid::from_raw(i32::try_from(self.id).ok()?)?;
        pidfd_open(pid, PidfdFlags::empty()).ok()
    }

    fn ends_by(&self, handle: Option<&OwnedFd>, limit: Duration) -> bool {
        if let Some(handle) = handle {
            // The ID may have passed to another process before the handle was opened.
            let now = Stat::of(self.id).and_then(|now| now.started());
            let is_another = now.is_some_and(|now| now != self.started);
            let limit = Timespec::try_from(limit).ok();
            let mut handles = [PollFd::new(handle, PollFlags::IN)];
            return is_another || poll(&mut handles, limit.as_ref()).is_ok_and(|ready| ready > 0);
        }
        let end = Instant::now() + limit;
        loop {
            let now = Stat::of(self.id).filter(|now| now.started() == Some(self.started));
            if now.is_none_or(|now| now.has_ended()) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::sleep(left.min(POLL));
        }
    }

    /// When it was started, rounded down, by the clock as it is set now; `None`: that can't be told.
    pub(crate) fn started_at(&self) -> Option<SystemTime> {
        let now = SystemTime::now();
        let since_boot = Duration::try_from(clock_gettime(ClockId::Boottime)).ok()?;
        let started = Duration::from_millis(self.started * (1000 / TICKS));
        now.checked_sub(since_boot.checked_sub(started)?)
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn child() -> Child {
        let sleeping = Command::new("sleep").arg("600").spawn();
        sleeping.expect("sleep can be started")
    }

    #[test]
    fn the_end_of_a_process_is_seen_with_and_without_a_handle() {
        for with_handle in [true, false] {
            let mut child = child();
            let process = Process::of(child.id()).expect("it runs");
            let handle = process.handle().filter(|_| with_handle);
            assert_eq!(handle.is_some(), with_handle, "a kernel from 5.3 on");
            let ends_within = |limit| process.ends_by(handle.as_ref(), limit);
            assert!(!ends_within(Duration::from_millis(10)));
            child.kill().expect("it runs");
            // Nobody has waited for it yet: it is a zombie.
            assert!(ends_within(Duration::from_secs(60)));
            child.wait().expect("a child");
            assert!(ends_within(Duration::ZERO));
        }
    }

    #[test]
    fn another_process_with_the_same_id_is_another_one() {
        let mut child = child();
        let process = Process {
            started: 1,
            id: child.id(),
        };
        assert!(process.ends_within(Duration::ZERO));
        child.kill().expect("it runs");
        child.wait().expect("a child");
        assert!(Process::of(child.id()).is_none());
    }

    #[test]
    fn the_start_of_a_process_is_rounded_down() {
        let before = SystemTime::now();
        let mut child = child();
        let after = SystemTime::now();
        let started = Process::of(child.id()).and_then(|process| process.started_at());
        child.kill().expect("it runs");
        child.wait().expect("a child");
        let first = before - Duration::from_millis(1000 / TICKS);
        assert!(
            started.is_some_and(|started| first <= started && started <= after),
            "{before:?} {started:?} {after:?}"
        );
    }
}
