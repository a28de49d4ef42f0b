//! Signals while an edit is made: noted here, acted on where nothing has happened yet.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{flag, low_level};

/// The signal that asked this run to end, if one did.
#[derive(Clone)]
pub(super) struct Signals {
    received: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on, signals are noted, but for those that whoever started this run has it ignore, as
    /// nohup(1) does.
    pub(super) fn noted() -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let ignored = ignored();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            if ignored & (1 << (signal - 1)) != 0 {
                continue;
            }
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&received), number)?;
        }
        // Exceeding a limit on file sizes, `setrlimit(2)`: as a signal it would end the run and leave
        // its temporary file, as an error it is one like a full disk.
        flag::register(Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false)))?;
        Ok(Self { received })
    }

    /// Returns the signal that has asked this run to end.
    pub(super) fn received(&self) -> Option<u8> {
        let signal = u8::try_from(self.received.load(Ordering::Relaxed)).ok()?;
        (signal != 0).then_some(signal)
    }
}

/// Lets the signals of the keyboard end the program that this run waits for, and not this run.
pub(super) fn leave_to_child() {
    for signal in [SIGINT, SIGQUIT] {
        let _ = flag::register(signal, Arc::default());
    }
}

/// Ends the process by a signal, so that whoever waits for it sees that.
pub(super) fn end_by(signal: u8) {
    let _ = low_level::emulate_default_handler(signal.into());
}

/// The signals that this process ignores, a bit for each: `SigIgn` in `/proc/self/status`,
/// `proc_pid_status(5)`. Where that is not to be seen, none.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default()
}
