//! A stranger that has had the config open since before the edit, and writes to what it has opened.
//!
//! No kernel gives a way to stop it. What it writes before the edit has looked for the last time is
//! edited; what it writes after that is in the previous config, where it can be found.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use crate::command::Subject;
use crate::edits::{Edit, Example};
use crate::rehearsal;
use crate::report::{Report, Until};
use crate::stopped::Stopping;
use crate::syscalls::Call;
use crate::tracer::Tracer;

const LATE: &str = "\n# late\n";

/// A stranger that writes after one call of one edit.
struct Late<'e> {
    example: &'e Example,
    call: Call,
    /// Whether a sync of the edit is still to come, after which it looks once more.
    is_before_a_sync: bool,
}

impl Late<'_> {
    fn check(&self, subject: Subject) -> Option<String> {
        let place = self.example.place();
        let opened = OpenOptions::new().append(true).open(place.config());
        let mut opened = opened.expect("the config is there");
        let tracer = Tracer::stopping_at(subject, &self.call);
        let arguments = self.example.edit.arguments();
        let mut stopping = Stopping::start(tracer, &place.config(), arguments);
        let wrong = if stopping.has_stopped() {
            opened
                .write_all(LATE.as_bytes())
                .expect("strangers can write");
            stopping.go_on();
            let run = stopping.end().run;
            let in_config = holds(&place.config());
            let is_found = in_config || !self.is_before_a_sync && holds(&previous(&place.config()));
            run.disgrace()
                .or_else(|| (!is_found).then(|| format!("lost: {run:?}")))
        } else {
            Some("it did not come to the call".to_owned())
        };
        let (edit, call) = (self.example.edit, &self.call);
        wrong.map(|wrong| format!("{edit:?}, late after {call}: {wrong}"))
    }
}

fn previous(config: &Path) -> std::path::PathBuf {
    let mut path = config.as_os_str().to_owned();
    path.push(".prev");
    path.into()
}

fn holds(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains(LATE.trim()))
}

fn late(subject: Subject, edits: &[Edit], until: Until) -> Report {
    let examples: Vec<Example> = edits.iter().map(|edit| edit.example()).collect();
    let mut cases = Vec::new();
    for example in &examples {
        let calls = rehearsal::moments(subject, example);
        let last_sync = calls.iter().rposition(Call::is_sync);
        let last_sync = last_sync.expect("an edit is synced");
        cases.extend(calls.into_iter().enumerate().map(|(index, call)| Late {
            example,
            call,
            is_before_a_sync: index < last_sync,
        }));
    }
    Report::of(&cases, until, |case| case.check(subject))
}

#[test]
fn what_is_written_late_is_edited_or_kept() {
    let report = late(
        Subject::SOUND,
        &[Edit::Add, Edit::Remove, Edit::Unchanged, Edit::Delete],
        Until::End,
    );
    report.is_clean("Strangers that had the file open");
}

#[test]
fn an_edit_that_does_not_look_again_is_noticed() {
    let report = late(
        Subject::with("NoExchange"),
        &[Edit::Add],
        Until::FirstFinding,
    );
    report.has_findings("Strangers that had the file open", "NoExchange", "lost");
}
