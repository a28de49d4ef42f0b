//! What a rig did and what it found.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::figures::tell;

/// As many as a small machine has cores.
const WORKERS: usize = 2;
/// As many findings as a failing test shows.
const SHOWN: usize = 20;

/// How far a rig goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// To show that it would find something.
    FirstFinding,
    End,
}

/// What a rig did and what it found.
#[derive(Debug)]
pub(crate) struct Report {
    runs: usize,
    seconds: f32,
    pub(crate) bad: Vec<String>,
}

impl Report {
    /// Checks every case; a check tells what is wrong with one.
    pub(crate) fn of<C: Sync>(
        cases: &[C],
        until: Until,
        check: impl Fn(&C) -> Option<String> + Sync,
    ) -> Self {
        let started = Instant::now();
        let (next, runs) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let bad = Mutex::new(Vec::new());
        let found = || bad.lock().expect("no check panics here");
        let work = || {
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                if until == Until::FirstFinding && !found().is_empty() {
                    break;
                }
                runs.fetch_add(1, Ordering::Relaxed);
                if let Some(wrong) = check(case) {
                    found().push(wrong);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(work);
            }
        });
        Self {
            runs: runs.into_inner(),
            seconds: started.elapsed().as_secs_f32(),
            bad: bad.into_inner().expect("no check panicked"),
        }
    }

    /// Prints the figures, and fails if something was found.
    pub(crate) fn is_clean(&self, rig: &str) {
        self.print(rig);
        let shown = &self.bad[..self.bad.len().min(SHOWN)];
        assert!(self.bad.is_empty(), "{rig}:\n{}", shown.join("\n"));
    }

    /// Prints the figures, and fails if this was not found.
    pub(crate) fn has_findings(&self, rig: &str, bug: &str, finding: &str) {
        self.print(&format!("{rig} with {bug}"));
        assert!(
            self.bad.iter().any(|bad| bad.contains(finding)),
            "{rig} does not notice {bug}, but: {:#?}",
            self.bad
        );
    }

    fn print(&self, rig: &str) {
        let Self { runs, seconds, bad } = self;
        tell(&format!(
            "{rig}: {runs} runs, {} bad, {seconds:.0} s",
            bad.len()
        ));
    }
}
