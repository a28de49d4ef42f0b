//! T1, T2 and T3 for edits of two files: whatever cuts one short, config and drop-in serve together
//! as they did or as they are to, and a next run gets there.

use std::collections::{BTreeSet, HashSet};

use crate::command::Subject;
use crate::disk::{Disk, Effect, State};
use crate::figures::tell;
use crate::ledgers::Ledgers;
use crate::promise::Promise;
use crate::rehearsal;
use crate::report::{Report, Until, assert_none};
use crate::reruns::Reruns;
use crate::syscalls::Call;
use crate::tracer::{Injection, Traced, Tracer};
use crate::two_files::{Edit, Example, Place};

/// What a call can fail with, once the files are changed.
const ERRORS: [&str; 2] = ["EIO", "EINTR"];
/// And while they are only read.
const FEW_ERRORS: [&str; 1] = ["EIO"];
/// The exit codes that are documented for a call that failed.
const REFUSALS: [i32; 4] = [74, 75, 77, 78];
const NOT_DURABLE: i32 = 76;

fn traced(tracer: Tracer, place: &Place, edit: Edit) -> Traced {
    let (config, arguments) = place.arguments(edit);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    tracer.run(config, &arguments)
}

/// The calls of an edit under the lock: those that read, and those from the first one that writes on.
///
/// What comes before is the same as for one file, where every call is tried ([`crate::faults`],
/// [`crate::kills`]).
fn calls(subject: Subject, example: &Example) -> [Vec<Call>; 2] {
    let place = example.place();
    let traced = traced(Tracer::new(subject), &place, example.edit);
    assert_eq!(traced.run.code(), Some(0), "{:?}: {traced:?}", example.edit);
    let mut calls = traced.calls();
    let lock = calls.iter().position(|call| call.name == "flock");
    let mut reading = calls.split_off(lock.expect("it takes the lock"));
    let first = reading.iter().position(Call::makes_a_change);
    let changing = reading.split_off(first.expect("it changes something"));
    [reading, changing]
}

/// What a run is told to suffer, at one call.
struct Case<'e> {
    example: &'e Example,
    reruns: &'e Reruns,
    call: Call,
    what: String,
    when: String,
    next: Next,
}

/// What comes after a run that was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The same run, and then its undo.
    Again,
    /// A run of another owner.
    Another,
    /// The undo of what has been done.
    Undo,
}

impl Case<'_> {
    /// Runs the edit with this in its way, and once more with nothing.
    fn check(
        &self,
        subject: Subject,
        wrong: impl Fn(&Self, &Place, &Traced) -> Option<String>,
    ) -> Option<String> {
        let place = self.example.place();
        let injection = Injection::at(&self.what, &self.call).when(self.when.clone());
        let traced = traced(
            Tracer::new(subject).inject(&injection).seeing_no_others(),
            &place,
            self.example.edit,
        );
        let wrong = wrong(self, &place, &traced);
        let wrong = wrong.or_else(|| match self.next {
            Next::Another => self.example.after_the_next_owner(&place),
            Next::Undo => self.example.not_undone(&place),
            Next::Again => {
                let is_kill = self.what.ends_with("KILL") && subject.bugs.is_none();
                let what = format!("{:?} {is_kill}", self.example.edit);
                if !self.reruns.is_new(what, &place.root) {
                    return None;
                }
                let wrong = self.example.unsettled(&place, subject);
                wrong.or_else(|| is_kill.then(|| self.example.not_undone(&place)).flatten())
            }
        });
        let edit = self.example.edit;
        wrong.map(|wrong| format!("{edit:?}, -e {injection}: {wrong}; {:?}", traced.run))
    }

    fn after_fault(&self, place: &Place, traced: &Traced) -> Option<String> {
        if !traced.log.contains("(INJECTED)") {
            return Some("the call was not made".to_owned());
        }
        let run = &traced.run;
        let lasts = self.when.contains(['+', '.']);
        let promise = match run.code() {
            Some(0) => Promise::Done,
            Some(code) if REFUSALS.contains(&code) => Promise::Untouched,
            _ => Promise::None,
        };
        if let Some(wrong) = self.example.wrong_at(place, promise) {
            return Some(wrong);
        }
        if self.call.asks_for_memory() && lasts {
            return None;
        }
        if let Some(disgrace) = run.disgrace() {
            return Some(disgrace);
        }
        if promise == Promise::None && run.code() != Some(NOT_DURABLE) {
            return Some("not a documented exit code".to_owned());
        }
        let is_interrupted = self.what.contains("EINTR");
        if self.call.is_sync() && !is_interrupted && promise == Promise::Done {
            return Some("a sync that failed is passed over".to_owned());
        }
        let is_blind = lasts && ["openat", "read"].contains(&self.call.name.as_str());
        let left = place.left_over();
        let may_be_left = self.call.is_unlink() || is_blind;
        if !left.is_empty() && !may_be_left {
            return Some(format!("left over: {left:?}"));
        }
        // What can't be put back is left for the next run.
        let keeps_names = self.call.is_unlink() || self.call.name.starts_with("rename");
        let unfinished = place.ledgers().unfinished();
        let keeps = keeps_names || self.call.is_sync() && lasts;
        unfinished.filter(|_| promise != Promise::None && !keeps)
    }

    fn after_signal(&self, place: &Place, traced: &Traced) -> Option<String> {
        let run = &traced.run;
        let is_kill = self.what.ends_with("KILL");
        let promise = match run.code() {
            Some(0) => Promise::Done,
            // It ends by the signal only where nothing has happened.
            None if !is_kill => Promise::Untouched,
            _ => Promise::None,
        };
        if let Some(wrong) = self.example.wrong_at(place, promise) {
            return Some(wrong);
        }
        if is_kill {
            return (run.signal() != Some(9)).then(|| "it was not killed".to_owned());
        }
        let left = place.left_over();
        let left = (!left.is_empty()).then(|| format!("left over: {left:?}"));
        let unfinished = place.ledgers().unfinished();
        left.or_else(|| unfinished.filter(|_| promise != Promise::None))
    }
}

/// Every call of every edit, with each of these done to it: they may hang on whether it is one of
/// those that change the files.
fn cases<'e>(
    subject: Subject,
    examples: &'e [Example],
    reruns: &'e Reruns,
    all: impl Fn(&Call, bool) -> Vec<(String, String)>,
) -> Vec<Case<'e>> {
    let mut cases = Vec::new();
    for example in examples {
        for (calls, changes) in calls(subject, example).into_iter().zip([false, true]) {
            let ends = rehearsal::ends(&calls);
            for call in calls {
                for (what, when) in all(&call, changes) {
                    let is_kill = what.ends_with("KILL");
                    if is_kill && !ends.contains(&call) {
                        continue;
                    }
                    let all = [Next::Again, Next::Another, Next::Undo];
                    let next = if is_kill { &all[..] } else { &all[..1] };
                    cases.extend(next.iter().map(|&next| Case {
                        example,
                        reruns,
                        call: call.clone(),
                        what: what.clone(),
                        when: when.clone(),
                        next,
                    }));
                }
            }
        }
    }
    cases
}

fn examples() -> Vec<Example> {
    Edit::ALL.iter().map(|edit| edit.example()).collect()
}

fn faults(subject: Subject, until: Until) -> Report {
    let (examples, reruns) = (examples(), Reruns::default());
    let cases = cases(subject, &examples, &reruns, |call, changes| {
        let errors = if changes { &ERRORS[..] } else { &FEW_ERRORS };
        let errors = call.errors_of(errors).into_iter();
        let number = call.number;
        let each = errors.flat_map(|error| {
            let lasting = match error {
                "EINTR" => format!("{number}..{}", number + 4),
                _ => format!("{number}+"),
            };
            [number.to_string(), lasting].map(|when| (format!("error={error}"), when))
        });
        each.collect()
    });
    Report::of(&cases, until, |case| case.check(subject, Case::after_fault))
}

fn signals(subject: Subject, until: Until) -> Report {
    let (examples, reruns) = (examples(), Reruns::default());
    let cases = cases(subject, &examples, &reruns, |call, changes| {
        if !changes {
            // Nothing has happened by then.
            return Vec::new();
        }
        let number = call.number.to_string();
        let mut all = vec![("signal=KILL".to_owned(), number.clone())];
        // One that lets the call be made comes too late for the last one.
        all.extend(call.returns().then(|| ("signal=TERM".to_owned(), number)));
        all
    });
    Report::of(&cases, until, |case| {
        case.check(subject, Case::after_signal)
    })
}

#[test]
fn a_refused_call_leaves_files_that_serve_and_is_told() {
    let report = faults(Subject::SOUND, Until::End);
    report.is_clean("T1 syscall faults under the lock, two files");
}

#[test]
fn a_killed_edit_leaves_files_that_serve_and_the_next_run_goes_on() {
    let report = signals(Subject::SOUND, Until::End);
    report
        .is_clean("T2 SIGKILL after every change and SIGTERM from the first change on, two files");
}

#[test]
fn temporary_files_that_are_left_are_noticed() {
    let subject = Subject::with("NoUnlink");
    let report = faults(subject, Until::FirstFinding);
    report.has_findings("T1 syscall faults, two files", "NoUnlink", "left over");
    let report = signals(subject, Until::FirstFinding);
    // Which of the signals finds it first, two workers decide.
    report.has_findings("T2 SIGKILL, two files", "NoUnlink", ".tmp");
}

/// What was traced of an edit: the disk before it, and its calls.
struct History {
    example: Example,
    place: Place,
    disk: Disk,
    calls: Vec<Call>,
}

#[derive(Default)]
struct Findings {
    until: Until,
    states: usize,
    crash_points: usize,
    reruns: usize,
    bad: Vec<String>,
}

impl History {
    fn of(edit: Edit, subject: Subject, with_flags: bool) -> Self {
        let example = edit.example();
        let place = example.place();
        let disk = Disk::with_all_of(&place.root);
        let strace = Tracer::new(subject);
        let strace = if with_flags {
            strace
        } else {
            strace.without_rename_flags()
        };
        let run = traced(strace, &place, edit);
        assert_eq!(run.run.code(), Some(0), "{edit:?}: {run:?}");
        assert_eq!(&place.pair(), example.after(), "{edit:?}");
        Self {
            calls: run.calls(),
            example,
            place,
            disk,
        }
    }
}

impl Findings {
    /// Enumerates the states after a crash at any moment. Those that are not bad are returned.
    fn enumerate(&mut self, history: &mut History) -> Vec<State> {
        let edit = history.example.edit;
        let mut distinct = BTreeSet::new();
        let mut promise = Promise::None;
        self.crash(history, "nothing", promise, &mut distinct);
        for call in std::mem::take(&mut history.calls) {
            let effect = history.disk.apply(&call);
            match effect.unwrap_or_else(|said| panic!("{edit:?}: {said}")) {
                Effect::None => continue,
                Effect::Changed => {}
                Effect::Told => promise = Promise::Done,
                Effect::Exited(code) => promise = Promise::of(code),
            }
            self.crash(history, &call.shown(), promise, &mut distinct);
            if !self.until.goes_on(&self.bad) {
                return Vec::new();
            }
        }
        assert_eq!(promise, Promise::Done, "{edit:?}");
        distinct.into_iter().collect()
    }

    fn crash(
        &mut self,
        history: &History,
        moment: &str,
        promise: Promise,
        distinct: &mut BTreeSet<State>,
    ) {
        self.crash_points += 1;
        let mut found = HashSet::new();
        for state in history.disk.states(&history.place.config()) {
            self.states += 1;
            let pair = history.place.pair_in(&state);
            let ledgers = Ledgers::in_state(&state, &history.place.config());
            match history.example.wrong(&pair, &ledgers, promise) {
                None => drop(distinct.insert(state)),
                Some(wrong) if found.insert(wrong.clone()) => {
                    let edit = history.example.edit;
                    let bad = format!("{edit:?}: a crash after {moment} may leave this: {wrong}");
                    self.bad.push(bad);
                }
                Some(_) => {}
            }
        }
    }

    /// Runs the command once more on each of these states.
    fn rerun(&mut self, history: &History, states: &[State]) {
        let report = Report::of(states, Until::End, |state| {
            let place = Place::holding(state, &history.place);
            let wrong = history.example.unsettled(&place, Subject::SOUND);
            wrong.map(|wrong| format!("{:?}: {wrong}, on {state:#?}", history.example.edit))
        });
        self.bad.extend(report.bad);
        self.reruns += states.len();
        // Of what only differs in what is swept, one will do.
        let key = |state: &State| {
            let pair = history.place.pair_in(state);
            (pair, Ledgers::in_state(state, &history.place.config()))
        };
        let mut seen = HashSet::new();
        let states: Vec<&State> = states.iter().filter(|it| seen.insert(key(it))).collect();
        let report = Report::of(&states, Until::End, |state| {
            let place = Place::holding(state, &history.place);
            let wrong = history.example.after_the_next_owner(&place);
            wrong.map(|wrong| format!("{:?}: {wrong}, on {state:#?}", history.example.edit))
        });
        self.bad.extend(report.bad);
        self.reruns += states.len();
    }
}

#[test]
fn every_state_after_a_crash_serves() {
    let mut findings = Findings::default();
    for with_flags in [true, false] {
        for edit in Edit::ALL {
            let mut history = History::of(edit, Subject::SOUND, with_flags);
            let states = findings.enumerate(&mut history);
            findings.rerun(&history, &states);
        }
    }
    tell(&format!(
        "T3 crash states, two files: {} states over {} crash points and {} operations, each with \
         and without rename flags, {} reruns, {} bad",
        findings.states,
        findings.crash_points,
        Edit::ALL.len(),
        findings.reruns,
        findings.bad.len()
    ));
    assert_none("T3 crash states, two files", &findings.bad);
}

/// A bug shows in each of these edits.
#[track_caller]
fn is_noticed(bug: &'static str, edits: &[Edit]) {
    for with_flags in [true, false] {
        for &edit in edits {
            let mut findings = Findings {
                until: Until::FirstFinding,
                ..Findings::default()
            };
            let mut history = History::of(edit, Subject::with(bug), with_flags);
            findings.enumerate(&mut history);
            let first = findings.bad.first().unwrap_or_else(|| {
                panic!("{bug} was not noticed in {edit:?}, flags: {with_flags}")
            });
            tell(&format!("T3 {bug}, two files: {first}"));
        }
    }
}

#[test]
fn a_missing_sync_of_the_drop_in_is_noticed() {
    is_noticed("NoFileSync", &[Edit::Install, Edit::Upgrade, Edit::Create]);
}

#[test]
fn a_missing_sync_of_the_folders_is_noticed() {
    is_noticed("NoFolderSync", &Edit::ALL);
}

#[test]
fn a_ledger_that_is_not_durable_before_the_files_is_noticed() {
    let edits = [Edit::Install, Edit::Uninstall];
    let bugs = "NoLedgerSync NoBeforeFolder NoLedgerFolder LateLedger EarlyBefore";
    for bug in bugs.split(' ') {
        is_noticed(bug, &edits);
    }
}
