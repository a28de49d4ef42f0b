//! What a rig did and what it found.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::figures::tell;

/// More than a small machine has cores, since a check also waits for the disk.
const WORKERS: usize = 4;
/// As many findings as a failing test shows.
const SHOWN: usize = 20;
/// As much of a finding as fits in a line of figures.
const LONGEST: usize = 200;

/// How far a rig goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Until {
    /// To show that it would find something.
    FirstFinding,
    #[default]
    End,
}

impl Until {
    /// Whether it is of use to go on after these findings.
    pub(crate) fn goes_on(self, bad: &[String]) -> bool {
        self == Self::End || bad.is_empty()
    }
}

/// What a rig did and what it found.
#[derive(Debug)]
pub(crate) struct Report {
    until: Until,
    started: Instant,
    runs: usize,
    pub(crate) bad: Vec<String>,
}

impl Report {
    /// Of a rig that has not done anything yet, and does one thing after the other.
    pub(crate) fn begun(until: Until) -> Self {
        Self {
            until,
            started: Instant::now(),
            runs: 0,
            bad: Vec::new(),
        }
    }

    /// Counts a run, and what was wrong with it.
    pub(crate) fn add(&mut self, wrong: Option<String>) {
        self.runs += 1;
        self.bad.extend(wrong);
    }

    /// Whether it is of use to go on.
    pub(crate) fn goes_on(&self) -> bool {
        self.until.goes_on(&self.bad)
    }

    /// Checks every case; a check tells what is wrong with one.
    pub(crate) fn of<C: Sync>(
        cases: &[C],
        until: Until,
        check: impl Fn(&C) -> Option<String> + Sync,
    ) -> Self {
        let next = AtomicUsize::new(0);
        let report = Mutex::new(Self::begun(until));
        let report_so_far = || report.lock().expect("no check panics here");
        let work = || {
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                if !report_so_far().goes_on() {
                    break;
                }
                let wrong = check(case);
                report_so_far().add(wrong);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(work);
            }
        });
        report.into_inner().expect("no check panicked")
    }

    /// Prints the figures, and fails if something was found.
    #[track_caller]
    pub(crate) fn is_clean(&self, rig: &str) {
        tell(&self.figures(rig));
        assert_none(rig, &self.bad);
    }

    /// Prints the figures and what was found, and fails if that is not this.
    #[track_caller]
    pub(crate) fn has_findings(&self, rig: &str, bug: &str, finding: &str) {
        let figures = self.figures(&format!("{rig} with {bug}"));
        let found = self.bad.iter().find(|bad| bad.contains(finding));
        let found = found.unwrap_or_else(|| {
            panic!(
                "{rig} does not notice {bug}, but: {:#?}; {figures}",
                self.bad
            )
        });
        let beginning: String = found.chars().take(LONGEST).collect();
        tell(&format!("{figures}: {beginning}"));
    }

    fn figures(&self, rig: &str) -> String {
        let (runs, bad) = (self.runs, self.bad.len());
        let seconds = self.started.elapsed().as_secs_f32();
        format!("{rig}: {runs} runs, {bad} bad, {seconds:.0} s")
    }
}

/// Fails if something was found.
#[track_caller]
pub(crate) fn assert_none(rig: &str, bad: &[String]) {
    let shown = &bad[..bad.len().min(SHOWN)];
    assert!(bad.is_empty(), "{rig}:\n{}", shown.join("\n"));
}
