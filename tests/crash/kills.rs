//! T2: an edit is ended by a signal at each of its system calls.
//!
//! SIGKILL comes before the call, which is not made. The other signals come while the call is made:
//! before the first instruction after it.

use crate::command::Subject;
use crate::edits::{Edit, Example, Place};
use crate::rehearsal;
use crate::report::{Report, Until};
use crate::syscalls::Call;
use crate::tracer::{Injection, Traced, Tracer};

const NOT_DURABLE: i32 = 76;

/// A signal, as strace calls it, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Signal(&'static str, i32);

const KILL: Signal = Signal("KILL", 9);
/// What a shell, a service manager and a lost connection send. They let a process tidy up, which it
/// does for one as for the other: one edit will do for the last two.
const POLITE: [Signal; 3] = [TERM, Signal("INT", 2), Signal("HUP", 1)];
const TERM: Signal = Signal("TERM", 15);

/// Whoever runs the tests under nohup(1), or in the background of a script, has some of these ignored.
const ENTERING: [&str; 2] = ["env", "--default-signal=TERM,INT,HUP"];

/// One signal, at one call of one edit.
struct Kill<'e> {
    example: &'e Example,
    call: Call,
    signal: Signal,
    /// The next run is another owner's.
    comes_another: bool,
}

impl Kill<'_> {
    /// What is wrong with the command when this happens to it.
    fn check(&self, subject: Subject) -> Option<String> {
        let place = self.example.place();
        let signal = format!("signal={}", self.signal.0);
        let edit = self.example.edit;
        let injection = Injection::at(&signal, &self.call);
        let traced = Tracer::entering(subject, &ENTERING.map(str::to_owned))
            .inject(&injection)
            .seeing_no_others()
            .run(&place.config(), edit.arguments());
        let wrong = self.wrong(&place, &traced);
        let wrong = wrong.or_else(|| {
            if self.comes_another {
                return self.example.after_the_next_owner(&place);
            }
            let wrong = self.example.unsettled(&place, subject);
            wrong.or_else(|| {
                let is_kill = self.signal == KILL && subject.bugs.is_none();
                is_kill.then(|| self.example.not_undone(&place)).flatten()
            })
        });
        wrong.map(|wrong| format!("{edit:?}, -e {injection}: {wrong}; {:?}", traced.run))
    }

    fn wrong(&self, place: &Place, traced: &Traced) -> Option<String> {
        let run = &traced.run;
        if let Some(torn) = self.example.torn(place) {
            return Some(torn);
        }
        let is_killed = run.signal() == Some(self.signal.1);
        if self.signal == KILL {
            // What it leaves, the rerun sweeps.
            return (!is_killed).then(|| "it was not killed".to_owned());
        }
        if !traced.log.contains(&format!("--- SIG{} ", self.signal.0)) {
            return Some("the signal did not come".to_owned());
        }
        if !is_killed && let Some(disgrace) = run.disgrace() {
            return Some(disgrace);
        }
        // Any other end: the signal came before the config was replaced, or after it.
        if matches!(run.code(), Some(0 | NOT_DURABLE)) && place.bytes() != self.example.after {
            return Some("the exit code says otherwise than the config".to_owned());
        }
        let left = place.temporaries();
        let left = (!left.is_empty()).then(|| format!("left over: {left:?}"));
        left.or_else(|| place.ledgers().unfinished())
    }
}

fn kills(subject: Subject, edits: &[Edit], signals: &[Signal], until: Until) -> Report {
    let examples: Vec<Example> = edits.iter().map(|edit| edit.example()).collect();
    let mut kills = Vec::new();
    for example in &examples {
        let calls = rehearsal::calls(subject, example);
        let ends = rehearsal::ends(&calls);
        for call in calls {
            // A signal that lets the call be made comes too late for the last one.
            let comes = |&&signal: &&Signal| match signal {
                KILL => ends.contains(&call),
                TERM => call.returns(),
                _ => call.returns() && example.edit == Edit::Add,
            };
            for &signal in signals.iter().filter(comes) {
                let others: &[bool] = if signal == KILL {
                    &[false, true]
                } else {
                    &[false]
                };
                kills.extend(others.iter().map(|&comes_another| Kill {
                    example,
                    call: call.clone(),
                    signal,
                    comes_another,
                }));
            }
        }
    }
    Report::of(&kills, until, |kill| kill.check(subject))
}

#[test]
fn a_killed_edit_leaves_old_or_new_and_the_next_run_tidies_up() {
    let report = kills(Subject::SOUND, &Edit::ALL, &[KILL], Until::End);
    report.is_clean("T2 SIGKILL after every change");
}

#[test]
fn an_edit_that_is_asked_to_end_tidies_up() {
    let report = kills(Subject::SOUND, &Edit::ALL, &POLITE, Until::End);
    report.is_clean("T2 SIGTERM, SIGINT, SIGHUP at every syscall");
}

fn notices(bug: &'static str, finding: &str) {
    let report = kills(
        Subject::with(bug),
        &[Edit::Add],
        &[KILL],
        Until::FirstFinding,
    );
    report.has_findings("T2 SIGKILL after every change", bug, finding);
}

#[test]
fn overwriting_in_place_is_noticed() {
    notices("InPlace", "neither old nor new");
}

#[test]
fn a_run_that_does_not_sweep_is_noticed() {
    notices("NoUnlink", "the rerun leaves");
}

#[test]
fn a_ledger_that_comes_after_the_files_is_noticed() {
    notices("LateLedger", "the ledger is older than the files");
}

#[test]
fn a_ledger_of_before_that_goes_too_early_is_noticed() {
    notices("EarlyBefore", "the ledger is newer than the files");
}
