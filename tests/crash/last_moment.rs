//! Strangers in the last moment: a stranger changes the config just before an edit is in place, the
//! edit goes on and has to make good for it, and at any of its system calls then is killed, meets
//! the next stranger, or is refused the call.

use crate::command::Subject;
use crate::deeds::{Change, Deed};
use crate::edits::{Edit, Example};
use crate::rehearsal;
use crate::report::{Report, Until};
use crate::stopped::Stopping;
use crate::syscalls::{self, Call};
use crate::tracer::{Injection, Traced, Tracer};

/// How many of the last calls before the edit is in place count as the last moment.
const LAST_MOMENT: usize = 2;
/// Those that put bytes there, which can be lost.
const DEEDS: [Deed; 2] = [Deed::Overwrite, Deed::Replace];

/// What happens to the edit when it has gone on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// SIGKILL after the later call.
    Killed,
    /// Another stranger after the later call.
    MeetsTheNext,
    /// The later call fails.
    Refused,
    /// The later call fails, and so do all others of its name.
    RefusedForEver,
}

/// A stranger in the last moment, and what comes at a later call.
struct Encounter<'e> {
    example: &'e Example,
    call: Call,
    first: Change<'e>,
    later: Call,
    second: Change<'e>,
    fate: Fate,
}

impl Encounter<'_> {
    /// What makes strace do all that. It takes one instruction for each name.
    fn injections(&self) -> Vec<Injection> {
        let (call, later) = (&self.call, &self.later);
        let stop = Injection::at("signal=STOP", call);
        let refusal = Injection::at("error=EIO", later);
        let second = match self.fate {
            Fate::Killed | Fate::MeetsTheNext if call.name == later.name => {
                let apart = later.number - call.number;
                let when = format!("{}..{}+{apart}", call.number, later.number);
                return vec![stop.when(when)];
            }
            Fate::Killed | Fate::MeetsTheNext => Injection::at("signal=STOP", later),
            Fate::Refused => refusal,
            Fate::RefusedForEver => refusal.when(format!("{}+", later.number)),
        };
        vec![stop, second]
    }

    /// Whether strace can be told, and it makes a difference.
    fn is_possible(&self) -> bool {
        match self.fate {
            // Between two changes of its own it leaves the same, wherever it ends.
            Fate::Killed => self.later.may_change_files(),
            Fate::MeetsTheNext => true,
            Fate::Refused | Fate::RefusedForEver => {
                self.call.name != self.later.name && self.later.can_fail("EIO")
            }
        }
    }

    /// What is wrong with the command when this happens to it.
    fn check(&self, subject: Subject) -> Option<String> {
        let place = self.example.place();
        let injections = self.injections();
        let tracer = injections.iter().fold(Tracer::new(subject), Tracer::inject);
        let tracer = tracer.seeing_no_others();
        let arguments = self.example.edit.arguments();
        let mut stopping = Stopping::start(tracer, &place.config(), arguments);
        assert!(stopping.has_stopped(), "{}", self.call);
        self.first.make(&place);
        stopping.go_on();
        let wrong = match self.fate {
            Fate::Killed | Fate::MeetsTheNext if !stopping.has_stopped() => {
                Some("it did not come to the second call".to_owned())
            }
            Fate::Killed => {
                stopping.kill();
                self.first.after_a_rerun(&place, subject)
            }
            Fate::MeetsTheNext => {
                let was_done = self.first.is_edited(&place);
                self.second.make(&place);
                stopping.go_on();
                let run = stopping.end().run;
                let lost = self.second.after_the_end(&place, was_done, &run);
                // What the second has overwritten may be kept.
                lost.or_else(|| self.first.left_over(&place))
            }
            Fate::Refused | Fate::RefusedForEver => {
                let Traced { run, log } = stopping.end();
                assert!(log.contains("(INJECTED)"), "{run:?}");
                let may_crash = self.later.asks_for_memory();
                run.disgrace()
                    .filter(|_| !may_crash)
                    .or_else(|| self.first.after_a_rerun(&place, subject))
            }
        };
        let (edit, deed, call, later) =
            (self.example.edit, self.first.deed, &self.call, &self.later);
        wrong.map(|wrong| {
            format!(
                "{edit:?}, {deed:?} after {call}, {:?} {later}: {wrong}",
                self.fate
            )
        })
    }
}

/// The last calls after which the edit is not yet in place.
fn last_moment(subject: Subject, example: &Example) -> Vec<Call> {
    let mut calls = rehearsal::moments(subject, example);
    let is_done = |call: &Call| {
        let place = example.place();
        let tracer = Tracer::stopping_at(subject, call);
        let mut stopping = Stopping::start(tracer, &place.config(), example.edit.arguments());
        assert!(stopping.has_stopped(), "{call}");
        stopping.kill();
        place.bytes() == example.after
    };
    let done = calls.partition_point(|call| !is_done(call));
    calls.truncate(done);
    calls.split_off(done.saturating_sub(LAST_MOMENT))
}

/// The calls that an edit makes once a stranger has changed the config after this one.
fn later(subject: Subject, example: &Example, call: &Call, change: &Change<'_>) -> Vec<Call> {
    let place = example.place();
    let tracer = Tracer::new(subject).inject(&Injection::at("signal=STOP", call));
    let mut stopping = Stopping::start(tracer, &place.config(), example.edit.arguments());
    assert!(stopping.has_stopped(), "{call}");
    change.make(&place);
    stopping.go_on();
    let ended = stopping.end();
    let lines = ended.log.split_inclusive('\n');
    let before: String = lines
        .take_while(|line| !line.contains("--- SIGCONT "))
        .collect();
    let mut calls = ended.calls().split_off(syscalls::parse(&before).len());
    calls.retain(Call::is_moment_for_others);
    calls
}

fn encounters(subject: Subject, edits: &[Edit], fates: &[Fate], until: Until) -> Report {
    let examples: Vec<Example> = edits.iter().map(|edit| edit.example()).collect();
    let mut encounters = Vec::new();
    for example in &examples {
        let last_moment = last_moment(subject, example);
        for deed in DEEDS {
            let first = Change::new(example, deed, 'b');
            let second = Change::new(example, deed, 'c');
            for call in &last_moment {
                let later = later(subject, example, call, &first);
                for (later, &fate) in later
                    .iter()
                    .flat_map(|later| fates.iter().map(move |fate| (later, fate)))
                {
                    encounters.push(Encounter {
                        example,
                        call: call.clone(),
                        first: first.clone(),
                        later: later.clone(),
                        second: second.clone(),
                        fate,
                    });
                }
            }
        }
    }
    encounters.retain(Encounter::is_possible);
    Report::of(&encounters, until, |encounter| encounter.check(subject))
}

#[test]
fn what_a_stranger_does_is_not_lost_by_a_kill() {
    let edits = [Edit::Add, Edit::Create, Edit::Delete];
    let report = encounters(Subject::SOUND, &edits, &[Fate::Killed], Until::End);
    report.is_clean("Strangers in the last moment, then SIGKILL");
}

#[test]
fn what_the_next_stranger_does_is_not_lost_either() {
    let edits = [Edit::Add, Edit::Create, Edit::Delete];
    let report = encounters(Subject::SOUND, &edits, &[Fate::MeetsTheNext], Until::End);
    report.is_clean("Strangers in the last moment, then the next");
}

#[test]
fn what_a_stranger_does_is_not_lost_when_the_system_fails() {
    let fates = [Fate::Refused, Fate::RefusedForEver];
    let report = encounters(
        Subject::SOUND,
        &[Edit::Add, Edit::Delete],
        &fates,
        Until::End,
    );
    report.is_clean("Strangers in the last moment, then EIO");
}

fn notices(bug: &'static str, fate: Fate) {
    let report = encounters(
        Subject::with(bug),
        &[Edit::Add],
        &[fate],
        Until::FirstFinding,
    );
    report.has_findings("Strangers in the last moment", bug, "lost");
}

#[test]
fn an_edit_that_does_not_compare_is_noticed_after_a_kill() {
    notices("NoExchange", Fate::Killed);
}

#[test]
fn an_edit_that_does_not_compare_is_noticed_by_the_next() {
    notices("NoExchange", Fate::MeetsTheNext);
}
