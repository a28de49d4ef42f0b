//! Signals while an edit is made: noted here, acted on where nothing has happened yet.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// The signal that asked this run to end, if one did.
#[derive(Clone)]
pub(super) struct Signals {
    received: Arc<AtomicUsize>,
}

impl Signals {
    /// From now on, signals are noted. The same one twice ends the run at once.
    pub(super) fn noted() -> io::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            let twice = Arc::new(AtomicBool::new(false));
            flag::register_conditional_default(signal, Arc::clone(&twice))?;
            flag::register(signal, twice)?;
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&received), number)?;
        }
        // Exceeding a limit on file sizes, `setrlimit(2)`: as a signal it would end the run and leave
        // its temporary file, as an error it is one like a full disk.
        flag::register(Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false)))?;
        Ok(Self { received })
    }

    /// Whether a signal has asked this run to end.
    pub(super) fn is_asked_to_end(&self) -> bool {
        self.received.load(Ordering::Relaxed) != 0
    }

    /// Ends the process by the signal that asked for it, so that whoever waits for it sees that.
    pub(super) fn end(&self) {
        let signal = i32::try_from(self.received.load(Ordering::Relaxed)).unwrap_or_default();
        if signal != 0 {
            let _ = low_level::emulate_default_handler(signal);
        }
    }
}
