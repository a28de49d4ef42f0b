//! A process that is waited for, and never mistaken for another one that has got its ID.

use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, SystemTime};

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
    started: Option<u64>,
    /// What becomes readable when it ends, `pidfd_open(2)`.
    handle: Option<OwnedFd>,
}

impl Process {
    /// Looks at a process. `None`: it can't be seen from here, or has ended.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let started = stat(id).and_then(|stat| stat.started());
        let pid = Pid::from_raw(i32::try_from(id).ok()?)?;
        let handle = pidfd_open(pid, PidfdFlags::empty()).ok();
        // Between the two the ID may have passed to another process.
        let is_same = stat(id).and_then(|stat| stat.started()) == started;
        let process = Self {
            id,
            started,
            handle,
        };
        let is_seen = process.started.is_some() || process.handle.is_some();
        (is_seen && is_same).then_some(process)
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the process has ended, but not longer than this. Returns whether it has.
    pub(crate) fn ends_within(&self, limit: Duration) -> bool {
        let Some(handle) = &self.handle else {
            let is_gone = self.is_gone();
            if !is_gone {
                thread::sleep(limit.min(POLL));
            }
            return is_gone;
        };
        let limit = Timespec::try_from(limit).ok();
        let mut handles = [PollFd::new(handle, PollFlags::IN)];
        poll(&mut handles, limit.as_ref()).is_ok_and(|ready| ready > 0)
    }

    fn is_gone(&self) -> bool {
        let now = stat(self.id);
        now.is_none_or(|now| now.started() != self.started || has_ended(&now))
    }

    /// When it was started, rounded down, by the clock as it is set now; `None`: that can't be seen.
    pub(crate) fn started_at(&self) -> Option<SystemTime> {
        let now = SystemTime::now();
        let since_boot = Duration::try_from(clock_gettime(ClockId::Boottime)).ok()?;
        let started = Duration::from_millis(self.started? * (1000 / TICKS));
        now.checked_sub(since_boot.checked_sub(started)?)
    }
}

fn stat(id: u32) -> Option<Stat> {
    Stat::of(&id.to_string())
}

/// Whether it is a zombie, or less.
pub(super) fn has_ended(stat: &Stat) -> bool {
    matches!(stat.field(3), Some("Z" | "X"))
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
            let mut process = Process::of(child.id()).expect("it runs");
            assert!(process.handle.is_some(), "a kernel from 5.3 on");
            if !with_handle {
                process.handle = None;
            }
            assert!(!process.ends_within(Duration::from_millis(10)));
            child.kill().expect("it runs");
            // Nobody has waited for it yet: it is a zombie.
            while !process.ends_within(Duration::from_secs(10)) {}
            child.wait().expect("a child");
            assert!(process.ends_within(Duration::ZERO));
        }
    }

    #[test]
    fn another_process_with_the_same_id_is_another_one() {
        let mut child = child();
        let process = Process {
            started: Some(1),
            handle: None,
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
