//! Strangers: programs that ignore the lock, and change the config while an edit is at any of its
//! system calls.
//!
//! The edit is stopped after the call, the stranger does its work, and the edit goes on, or is
//! killed and made again.

use crate::command::Subject;
use crate::deeds::{Change, Deed};
use crate::edits::{Edit, Example, Place};
use crate::rehearsal;
use crate::report::{Report, Until};
use crate::stopped::Stopping;
use crate::syscalls::Call;
use crate::tracer::{Injection, Tracer};

/// What happens to the edit after the stranger's deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    GoesOn,
    Killed,
}

/// A stranger, after one call of one edit.
struct Stranger<'e> {
    example: &'e Example,
    call: Call,
    change: Change<'e>,
    fate: Fate,
}

impl Stranger<'_> {
    /// What is wrong with the command when this happens to it.
    fn check(&self, subject: Subject) -> Option<String> {
        let place = self.example.place();
        let tracer = Tracer::stopping_at(subject, &self.call);
        let arguments = self.example.edit.arguments();
        let mut stopping = Stopping::start(tracer, &place.config(), arguments);
        let wrong = if !stopping.has_stopped() {
            Some("it did not come to the call".to_owned())
        } else if let Some(torn) = self.example.torn(&place) {
            Some(torn)
        } else {
            let was_done = place.bytes() == self.example.after;
            self.change.make(&place);
            match self.fate {
                Fate::GoesOn => {
                    stopping.go_on();
                    let run = stopping.end().run;
                    let lost = self.change.after_the_end(&place, was_done, &run);
                    lost.or_else(|| none_left(&place))
                }
                Fate::Killed => {
                    stopping.kill();
                    self.change.after_a_rerun(&place, subject)
                }
            }
        };
        let (edit, deed, call) = (self.example.edit, self.change.deed, &self.call);
        wrong.map(|wrong| format!("{edit:?}, {deed:?} after {call}, {:?}: {wrong}", self.fate))
    }
}

fn none_left(place: &Place) -> Option<String> {
    let left = place.temporaries();
    (!left.is_empty()).then(|| format!("left over: {left:?}"))
}

fn strangers(subject: Subject, edits: &[Edit], deeds: &[Deed], fate: Fate, until: Until) -> Report {
    let examples: Vec<Example> = edits.iter().map(|edit| edit.example()).collect();
    let mut strangers = Vec::new();
    for example in &examples {
        let mut calls = rehearsal::moments(subject, example);
        if fate == Fate::Killed {
            let first = calls[0].clone();
            calls.retain(|call| *call == first || call.may_change_files());
        }
        for &deed in deeds {
            let change = Change::new(example, deed, 'b');
            strangers.extend(calls.iter().map(|call| Stranger {
                example,
                call: call.clone(),
                change: change.clone(),
                fate,
            }));
        }
    }
    Report::of(&strangers, until, |stranger| stranger.check(subject))
}

#[test]
fn what_a_stranger_does_during_an_edit_is_not_lost() {
    let (edits, deeds) = (Edit::ALL, Deed::ALL);
    let report = strangers(Subject::SOUND, &edits, &deeds, Fate::GoesOn, Until::End);
    report.is_clean("Strangers after every syscall");
}

#[test]
fn what_a_stranger_does_before_a_kill_is_not_lost() {
    let (edits, deeds) = (Edit::ALL, Deed::ALL);
    let report = strangers(Subject::SOUND, &edits, &deeds, Fate::Killed, Until::End);
    report.is_clean("Strangers after every change, then SIGKILL");
}

#[test]
fn an_edit_that_does_not_compare_is_noticed() {
    let report = strangers(
        Subject::with("NoExchange"),
        &[Edit::Add],
        &[Deed::Overwrite],
        Fate::GoesOn,
        Until::FirstFinding,
    );
    report.has_findings("Strangers after every syscall", "NoExchange", "lost");
}

/// Where nothing can be exchanged, what counts is the comparison before the rename.
#[test]
fn a_stranger_before_the_last_comparison_of_a_plain_rename_is_not_lost() {
    let example = Edit::Add.example();
    let calls = rehearsal::moments(Subject::SOUND, &example);
    let sync = calls.iter().find(|call| call.is_sync());
    let sync = sync.expect("the temporary file is synced");
    for deed in [Deed::Overwrite, Deed::Replace] {
        let place = example.place();
        let tracer = Tracer::new(Subject::SOUND).without_rename_flags();
        let tracer = tracer.inject(&Injection::at("signal=STOP", sync));
        let mut stopping = Stopping::start(tracer, &place.config(), example.edit.arguments());
        assert!(stopping.has_stopped(), "at its first sync");
        let change = Change::new(&example, deed, 'b');
        change.make(&place);
        stopping.go_on();
        // The edit that is made anew comes to as many syncs.
        let run = stopping.end().run;
        assert_eq!(change.after_the_end(&place, false, &run), None);
        assert_eq!(run.code(), Some(0), "{run:?}");
    }
}

/// Whoever unlinks the lock file would let two edits in: each has the lock of another file.
#[test]
fn a_lock_file_that_is_no_longer_there_is_not_the_lock() {
    let example = Edit::Add.example();
    let calls = rehearsal::moments(Subject::SOUND, &example);
    let opens_lock = |call: &&Call| {
        let path = call.text(1).unwrap_or_default();
        call.name == "openat" && path.ends_with(b".lock")
    };
    let opened = calls.iter().find(opens_lock).expect("it takes the lock");
    let place = example.place();
    let tracer = Tracer::new(Subject::SOUND).inject(&Injection::at("signal=STOP", opened));
    let arguments = ["add", "crun", "--lock-timeout", "0s"];
    let mut stopping = Stopping::start(tracer, &place.config(), &arguments);
    assert!(stopping.has_stopped(), "before it locks");
    let lock = place.config().with_extension("toml.lock");
    std::fs::remove_file(&lock).expect("strangers can unlink");
    let other = std::fs::File::create(&lock).expect("a new lock file");
    fs4::FileExt::lock(&other).expect("locks");
    stopping.go_on();
    let run = stopping.end().run;
    assert_eq!(run.code(), Some(75), "{run:?}");
    assert_eq!(place.bytes(), example.before);
}
