//! T3: after a crash at any moment, whatever the disk may hold then, the config is the old one or the
//! new one; once a run has said that it is done, the new one; and a next run gets there.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::command::Subject;
use crate::disk::{Disk, Effect, Node, State};
use crate::edits::{Edit, Place};
use crate::figures::tell;
use crate::ledgers::{Ledgers, Recorded};
use crate::promise::{Promise, shown_beside};
use crate::report::{Report, Until, assert_none};
use crate::syscalls::Call;
use crate::tracer::{Injection, Tracer};

const RENAMES: [Renames; 2] = [Renames::WithFlags, Renames::Plain];

/// What the filesystem knows of `renameat2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renames {
    WithFlags,
    Plain,
}

impl Renames {
    fn tracer(self, subject: Subject) -> Tracer {
        let tracer = Tracer::new(subject);
        match self {
            Self::WithFlags => tracer,
            Self::Plain => tracer.without_rename_flags(),
        }
    }
}

#[derive(Default)]
struct Findings {
    until: Until,
    states: usize,
    crash_points: usize,
    reruns: usize,
    bad: Vec<String>,
}

/// What was traced: the disk before it, the calls, and what the config held before and after.
struct History {
    edit: Edit,
    place: Place,
    disk: Disk,
    config: PathBuf,
    /// One list for each run. Only the last one came to its end.
    runs: Vec<Vec<Call>>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    ledger: Recorded,
}

impl History {
    fn of(edit: Edit, subject: Subject, renames: Renames) -> Self {
        let place = Place::before(edit);
        let disk = Disk::with_all_of(&place.root);
        let (old, config) = (place.bytes(), place.file());
        let old_ledger = place.ledgers().now;
        let mut runs = Vec::new();
        if edit == Edit::Unchanged {
            // What it finds there is what a killed run had not yet synced.
            runs.push(killed_after_replacing(subject, renames, &place));
            assert_ne!(place.bytes(), old, "{edit:?}: not yet replaced");
        }
        let traced = renames
            .tracer(subject)
            .run(&place.config(), edit.arguments());
        assert_eq!(traced.run.code(), Some(0), "{edit:?}: {traced:?}");
        runs.push(traced.calls());
        let sound = Place::before(edit);
        let run = sound.run(edit, Subject::SOUND);
        assert_eq!(run.code(), Some(0), "{edit:?}: {run:?}");
        let new = sound.bytes();
        let ledger = Recorded {
            old: old_ledger,
            new: sound.ledgers().now,
        };
        assert_ne!(ledger.old, ledger.new, "{edit:?} changes nothing");
        Self {
            edit,
            place,
            disk,
            config,
            runs,
            old,
            new,
            ledger,
        }
    }
}

impl History {
    /// Whether a crash came when the edit had come to its files; where it has none, to the ledger.
    fn has_begun(&self, bytes: Option<&[u8]>, ledgers: &Ledgers) -> bool {
        if self.old == self.new {
            ledgers.now == self.ledger.new
        } else {
            bytes == self.new.as_deref()
        }
    }
}

/// A run that replaces the config, can't look at what it has replaced, and puts that back.
fn given_up(edit: Edit) -> History {
    let rehearsal = Place::before(edit);
    let calls = Tracer::new(Subject::SOUND)
        .run(&rehearsal.config(), edit.arguments())
        .calls();
    let refusal = Injection::refused(&calls, &rehearsal.config(), "openat");
    let place = Place::before(edit);
    let disk = Disk::with_all_of(&place.root);
    let (old, config) = (place.bytes(), place.file());
    let ledger = Recorded {
        old: place.ledgers().now,
        new: rehearsal.ledgers().now,
    };
    let traced = Tracer::new(Subject::SOUND)
        .inject(&refusal)
        .run(&place.config(), edit.arguments());
    assert_eq!(traced.run.code(), Some(74), "{traced:?}");
    assert_eq!(place.bytes(), old, "{edit:?}: not put back");
    History {
        edit,
        place,
        disk,
        config,
        runs: vec![traced.calls()],
        old,
        new: rehearsal.bytes(),
        ledger,
    }
}

/// The calls of a run that is killed when it has replaced the config, and has not done anything
/// else since.
fn killed_after_replacing(subject: Subject, renames: Renames, place: &Place) -> Vec<Call> {
    let rehearsal = Place::before(Edit::Add);
    let calls = renames
        .tracer(subject)
        .run(&rehearsal.config(), Edit::Add.arguments())
        .calls();
    let kill = Injection::when_replaced(&calls, &rehearsal.config());
    let killed = renames
        .tracer(subject)
        .inject(&kill)
        .run(&place.config(), Edit::Add.arguments());
    assert_eq!(killed.run.signal(), Some(9), "not killed at {kill}");
    killed.calls()
}

impl Findings {
    /// Enumerates the states after a crash at any moment of a history. Those that are not bad are
    /// returned, each once.
    fn enumerate(&mut self, history: &mut History) -> Vec<State> {
        let edit = history.edit;
        let mut distinct = BTreeSet::new();
        let mut promise = Promise::None;
        let last = history.runs.len() - 1;
        self.crash(history, "nothing", promise, &mut distinct);
        for (index, calls) in std::mem::take(&mut history.runs).iter().enumerate() {
            history.disk.close_all();
            for call in calls {
                let effect = history.disk.apply(call);
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
            assert!(
                (promise == Promise::None) == (index < last),
                "{edit:?}: run {index} promises {promise:?}"
            );
        }
        distinct.into_iter().collect()
    }

    /// Looks at every state that a crash after `moment` may leave.
    fn crash(
        &mut self,
        history: &History,
        moment: &str,
        promise: Promise,
        distinct: &mut BTreeSet<State>,
    ) {
        self.crash_points += 1;
        let (old, new) = (history.old.as_deref(), history.new.as_deref());
        let mut found = HashSet::new();
        for state in history.disk.states(&history.config) {
            self.states += 1;
            let bytes = read(&state, &history.place.config());
            let wrong = if promise.allows(bytes, old, new) {
                let ledgers = Ledgers::in_state(&state, &history.config);
                let has_begun = history.has_begun(bytes, &ledgers);
                history.ledger.wrong(&ledgers, has_begun, promise)
            } else {
                Some(shown_beside(bytes, old))
            };
            let Some(wrong) = wrong else {
                distinct.insert(state);
                continue;
            };
            if found.insert(wrong.clone()) {
                let edit = history.edit;
                self.bad.push(format!(
                    "{edit:?}: a crash after {moment}, promised: {promise:?}, may leave {wrong}"
                ));
            }
        }
    }

    /// Runs the command once more on each of these states.
    fn rerun(&mut self, subject: Subject, history: &History, states: &[State]) {
        let report = Report::of(states, Until::End, |state| {
            converges(subject, history, state).err()
        });
        self.bad.extend(report.bad);
        self.reruns += states.len();
        // Of what only differs in what is swept, one will do.
        let key = |state: &State| {
            let config = read(state, &history.place.config()).map(<[u8]>::to_vec);
            (config, Ledgers::in_state(state, &history.config))
        };
        let mut seen = BTreeSet::new();
        let states: Vec<&State> = states.iter().filter(|it| seen.insert(key(it))).collect();
        let report = Report::of(&states, Until::End, |state| {
            let wrong = next_owner(history, state);
            wrong.map(|wrong| format!("{:?}: {wrong}, on {state:#?}", history.edit))
        });
        self.bad.extend(report.bad);
        self.reruns += states.len();
    }
}

/// Lets an owner come that has nothing to do with the edit, and then all leave.
fn next_owner(history: &History, state: &State) -> Option<String> {
    let place = Place::holding(state, &history.place);
    let has_begun = history.has_begun(place.bytes().as_deref(), &place.ledgers());
    let run = |arguments: &[&str]| place.run_with(arguments, Subject::SOUND);
    let wrong = history.ledger.next_owner(&place.file(), has_begun, run);
    wrong.or_else(|| place.unlike_the_first(history.edit))
}

/// Runs the command on a state.
fn converges(subject: Subject, history: &History, state: &State) -> Result<(), String> {
    let edit = history.edit;
    let place = Place::holding(state, &history.place);
    let run = place.run(edit, subject);
    let bytes = place.bytes();
    let temporaries = place.temporaries();
    let ledgers = Ledgers {
        now: history.ledger.new.clone(),
        before: None,
    };
    let is_recorded = place.ledgers() == ledgers;
    if run.code() == Some(0) && bytes == history.new && temporaries.is_empty() && is_recorded {
        return Ok(());
    }
    let left = shown_beside(bytes.as_deref(), history.old.as_deref());
    Err(format!(
        "{edit:?}: the next run ends with {run:?} and leaves {left}, {temporaries:?} and {:?}, \
         on {state:#?}",
        place.ledgers()
    ))
}

/// What is read at a path, through links.
fn read<'a>(state: &'a State, path: &Path) -> Option<&'a [u8]> {
    match state.get(path)? {
        Node::File(bytes) => Some(bytes),
        Node::Link(target) => {
            let target = path.parent()?.join(target);
            let mut plain = PathBuf::new();
            for part in target.components() {
                if part == std::path::Component::ParentDir {
                    plain.pop();
                } else {
                    plain.push(part);
                }
            }
            read(state, &plain)
        }
    }
}

#[test]
fn every_state_after_a_crash_is_old_or_new() {
    let mut findings = Findings::default();
    for renames in RENAMES {
        for edit in Edit::ALL {
            let mut history = History::of(edit, Subject::SOUND, renames);
            let states = findings.enumerate(&mut history);
            findings.rerun(Subject::SOUND, &history, &states);
        }
    }
    tell(&format!(
        "T3 crash states: {} states over {} crash points and {} operations, each with and \
         without rename flags, {} reruns, {} bad",
        findings.states,
        findings.crash_points,
        Edit::ALL.len(),
        findings.reruns,
        findings.bad.len()
    ));
    assert_none("T3 crash states", &findings.bad);
}

#[test]
fn what_was_put_back_stays() {
    let mut findings = Findings::default();
    for edit in [Edit::Add, Edit::Remove, Edit::Delete] {
        let mut history = given_up(edit);
        let states = findings.enumerate(&mut history);
        findings.rerun(Subject::SOUND, &history, &states);
    }
    assert_none("T3 crash states", &findings.bad);
}

/// Asserts that a bug shows in each of these edits.
#[track_caller]
fn is_noticed(bug: &'static str, edits: &[Edit]) {
    for renames in RENAMES {
        for edit in edits {
            let mut findings = Findings {
                until: Until::FirstFinding,
                ..Findings::default()
            };
            let mut history = History::of(*edit, Subject::with(bug), renames);
            findings.enumerate(&mut history);
            let (bad, states) = (&findings.bad, findings.states);
            let first = bad.first().unwrap_or_else(|| {
                panic!("{bug} was not noticed in {edit:?}, {renames:?}, {states} states")
            });
            tell(&format!("T3 {bug}, {renames:?}: {first}"));
        }
    }
}

#[test]
fn a_missing_sync_of_the_file_is_noticed() {
    is_noticed(
        "NoFileSync",
        &[
            Edit::Add,
            Edit::Remove,
            Edit::Unchanged,
            Edit::Create,
            Edit::Linked,
        ],
    );
}

#[test]
fn a_missing_sync_of_the_folder_is_noticed() {
    // What nothing is left to do for is synced as well.
    is_noticed("NoFolderSync", &Edit::ALL);
}

#[test]
fn overwriting_in_place_is_noticed() {
    is_noticed(
        "InPlace",
        &[Edit::Add, Edit::Remove, Edit::Create, Edit::Linked],
    );
}

#[test]
fn a_missing_sync_of_the_ledger_is_noticed() {
    is_noticed("NoLedgerSync", &Edit::ALL);
}

#[test]
fn a_missing_sync_of_the_folder_between_the_ledgers_is_noticed() {
    // Where the ledger alone changes, either one is right.
    let files = Edit::ALL.into_iter().filter(|edit| *edit != Edit::Record);
    is_noticed("NoBeforeFolder", &files.collect::<Vec<_>>());
}

#[test]
fn a_missing_sync_of_the_folder_between_ledger_and_files_is_noticed() {
    // Where only the ledger changes, the folder is synced once more.
    let files = Edit::ALL.into_iter().filter(|edit| *edit != Edit::Record);
    is_noticed("NoLedgerFolder", &files.collect::<Vec<_>>());
}

#[test]
fn a_ledger_that_comes_too_late_or_one_of_before_that_goes_too_early_is_noticed() {
    is_noticed("LateLedger", &[Edit::Add, Edit::Remove]);
    is_noticed("EarlyBefore", &[Edit::Add, Edit::Remove]);
}
