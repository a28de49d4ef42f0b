//! Strangers: programs that ignore the lock, and change the config while an edit is at any of its
//! system calls.
//!
//! The edit is stopped after the call, the stranger does its work, and the edit goes on, or is
//! killed. Whatever happens must look as if one had come after the other: the stranger's bytes with
//! the edit made to them, or, if the edit was already in place, the stranger's bytes alone. What is
//! called lost here is a stranger's change that an edit has put an end to.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use containerd_edit::Document;

use crate::command::Build;
use crate::edits::{Edit, Example, Place, is_link, read, shown};
use crate::process::Run;
use crate::report::{Report, Until};
use crate::stopped::Stopping;
use crate::trace::{self, Call};

const NOT_DURABLE: i32 = 76;
/// How many of the last calls before the edit is in place are looked at more closely.
const WINDOW: usize = 4;

/// What a stranger does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// Truncates the config and writes it anew, as a shell's `>` does; creates a missing one.
    Overwrite,
    /// Renames another file to it, as `sed -i` does.
    Replace,
    Delete,
    /// Makes it a symbolic link to another file.
    Link,
}

/// What happens to the edit after the stranger's deed.
#[derive(Debug, Clone)]
enum Fate {
    GoesOn,
    Killed,
    /// It goes on until after this call.
    KilledLater(Call),
}

/// A stranger, at one call of one edit.
struct Stranger<'e> {
    example: &'e Example,
    call: Call,
    deed: Deed,
    /// The stranger's bytes.
    theirs: Option<Vec<u8>>,
    /// The same with the edit made to them.
    edited: Option<Vec<u8>>,
    fate: Fate,
}

impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::GoesOn => write!(f, "to the end"),
            Self::Killed => write!(f, "killed at once"),
            Self::KilledLater(call) => write!(f, "killed after {call}"),
        }
    }
}

impl Deed {
    const ALL: [Self; 4] = [Self::Overwrite, Self::Replace, Self::Delete, Self::Link];

    fn of(self, place: &Place, bytes: Option<&[u8]>) {
        let bytes = bytes.unwrap_or_default();
        let (config, new) = (place.config(), place.aside("theirs"));
        let written = match self {
            Self::Overwrite => fs::write(config, bytes),
            Self::Replace => fs::write(&new, bytes).and_then(|()| fs::rename(&new, config)),
            Self::Delete => fs::remove_file(config).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            }),
            Self::Link => fs::write(place.aside("other.toml"), bytes)
                .and_then(|()| symlink(place.aside("other.toml"), &new))
                .and_then(|()| fs::rename(&new, config)),
        };
        written.expect("strangers can write");
    }

    /// What it makes of the config: as long as that, where there is one.
    fn bytes(self, example: &Example) -> Option<Vec<u8>> {
        if self == Self::Delete {
            return None;
        }
        let before = example.before.as_deref().unwrap_or(b"version = 3\n");
        let before = std::str::from_utf8(before).expect("UTF-8");
        let theirs = if before.contains("# node-a\n") {
            before.replace("# node-a\n", "# node-b\n")
        } else {
            format!("# node-b\n{before}")
        };
        Some(theirs.into_bytes())
    }
}

impl<'e> Stranger<'e> {
    fn new(example: &'e Example, call: Call, deed: Deed, fate: Fate) -> Self {
        let theirs = deed.bytes(example);
        Self {
            example,
            call,
            deed,
            edited: example.edit.of(theirs.as_deref()),
            theirs,
            fate,
        }
    }

    /// What makes strace stop the edit, once or twice.
    fn stops(&self) -> Vec<String> {
        let Call { name, number } = &self.call;
        match &self.fate {
            Fate::KilledLater(later) if later.name == *name => {
                let (last, step) = (later.number, later.number - number);
                trace::at(
                    &self.call,
                    "signal=STOP",
                    &format!("{number}..{last}+{step}"),
                )
            }
            Fate::KilledLater(later) => vec![
                format!("trace={name},{}", later.name),
                format!("inject={name}:signal=STOP:when={number}"),
                format!("inject={}:signal=STOP:when={}", later.name, later.number),
            ],
            Fate::GoesOn | Fate::Killed => {
                trace::at(&self.call, "signal=STOP", &number.to_string())
            }
        }
    }

    /// What is wrong with the command when this happens to it.
    fn check(&self, build: Build) -> Option<String> {
        let place = self.example.place();
        let mut command = trace::traced(build, &place, self.example.edit, &self.stops());
        let mut stopping = Stopping::start(&mut command, &place);
        let wrong = if stopping.has_stopped() {
            let was_done = place.bytes() == self.example.after;
            let torn = self.example.torn(&place);
            self.deed.of(&place, self.theirs.as_deref());
            torn.or_else(|| match self.fate {
                Fate::GoesOn => {
                    stopping.go_on();
                    self.after_the_end(&place, was_done, &stopping.end())
                }
                Fate::Killed => {
                    stopping.kill();
                    self.after_a_rerun(&place, build)
                }
                Fate::KilledLater(_) => {
                    stopping.go_on();
                    if !stopping.has_stopped() {
                        return Some("it did not come to the second call".to_owned());
                    }
                    stopping.kill();
                    self.after_a_rerun(&place, build)
                }
            })
        } else {
            Some("it did not come to the call".to_owned())
        };
        let Self {
            example,
            call,
            deed,
            fate,
            ..
        } = self;
        let edit = example.edit;
        wrong.map(|wrong| format!("{edit:?}, {deed:?} after {call}, {fate}: {wrong}"))
    }

    fn after_the_end(&self, place: &Place, was_done: bool, run: &Run) -> Option<String> {
        if let Some(wrong) = run.disgrace().or_else(|| self.torn(place)) {
            return Some(wrong);
        }
        let is_serial = match run.code() {
            Some(0 | NOT_DURABLE) => {
                // The edit came first.
                let is_theirs = self.stands(place, self.theirs.as_deref())
                    && (was_done || self.was_done_elsewhere(place));
                is_theirs || self.stands(place, self.edited.as_deref())
            }
            _ => self.stands(place, self.theirs.as_deref()),
        };
        if !is_serial {
            return Some(format!("lost: {}; {run:?}", self.seen(place)));
        }
        let left = place.temporaries();
        (!left.is_empty()).then(|| format!("left over: {left:?}"))
    }

    /// After the edit was killed and run again, which must not sweep away what was never ours.
    fn after_a_rerun(&self, place: &Place, build: Build) -> Option<String> {
        let run = place.run(self.example.edit, build);
        if run.code() != Some(0) {
            return Some(format!("the rerun fails: {run:?}"));
        }
        if let Some(torn) = self.torn(place) {
            return Some(torn);
        }
        let edited = self.stands(place, self.edited.as_deref());
        let kept = || {
            let temporaries = place.temporaries();
            let is_kept = |path: &PathBuf| read(path) == self.theirs;
            self.theirs.is_some() && temporaries.iter().any(is_kept)
        };
        (!edited && !(place.bytes() == self.example.after && kept()))
            .then(|| format!("lost after the rerun: {}", self.seen(place)))
    }

    /// Whether the config is what the stranger made of it, with these bytes.
    fn stands(&self, place: &Place, bytes: Option<&[u8]>) -> bool {
        let should_be_link = match self.deed {
            Deed::Overwrite => self.example.edit == Edit::Linked,
            Deed::Replace | Deed::Delete => false,
            Deed::Link => true,
        };
        place.bytes().as_deref() == bytes && is_link(&place.config()) == should_be_link
    }

    /// Whether the edit was made to the file that the link led to when it began.
    fn was_done_elsewhere(&self, place: &Place) -> bool {
        self.is_led_away() && read(&place.real_folder().join("config.toml")) == self.example.after
    }

    /// Whether the stranger leaves the file alone that the edit began with.
    fn is_led_away(&self) -> bool {
        self.example.edit == Edit::Linked && self.deed != Deed::Overwrite
    }

    fn torn(&self, place: &Place) -> Option<String> {
        let bytes = place.bytes();
        if bytes
            .as_ref()
            .is_some_and(|bytes| Document::parse(bytes).is_err())
        {
            return Some(format!("no TOML: {}", shown(bytes.as_deref())));
        }
        let real = read(&place.real_folder().join("config.toml"));
        (self.is_led_away() && real != self.example.before && real != self.example.after)
            .then(|| format!("the file that was linked: {}", shown(real.as_deref())))
    }

    /// What stands there, in words where there are any.
    fn seen(&self, place: &Place) -> String {
        let bytes = place.bytes();
        let words = [
            (&self.theirs, "the stranger's bytes"),
            (&self.edited, "the edit of the stranger's bytes"),
            (&self.example.before, "the bytes before"),
            (&self.example.after, "the edit of the bytes before"),
        ];
        let words = words.iter().find(|(known, _)| *known == &bytes);
        let link = if is_link(&place.config()) {
            "a link to "
        } else {
            ""
        };
        let bytes = words.map_or_else(|| shown(bytes.as_deref()), |(_, words)| (*words).to_owned());
        format!("{link}{bytes}; temporary files: {:?}", place.temporaries())
    }
}

/// The calls after which somebody can act.
fn moments(build: Build, example: &Example) -> Vec<Call> {
    let mut calls = trace::calls(build, example);
    calls.retain(Call::returns);
    calls
}

fn strangers(build: Build, edits: &[Edit], deeds: &[Deed], fate: &Fate, until: Until) -> Report {
    let examples: Vec<Example> = edits.iter().map(|edit| edit.example()).collect();
    let mut strangers = Vec::new();
    for example in &examples {
        let calls = moments(build, example);
        for &deed in deeds {
            let first = Stranger::new(example, calls[0].clone(), deed, fate.clone());
            strangers.extend(calls.iter().map(|call| Stranger {
                call: call.clone(),
                theirs: first.theirs.clone(),
                edited: first.edited.clone(),
                fate: fate.clone(),
                ..first
            }));
        }
    }
    Report::of(&strangers, until, |stranger| stranger.check(build))
}

/// The last calls after which the edit is not yet in place.
fn window(build: Build, example: &Example) -> Vec<Call> {
    let mut calls = moments(build, example);
    let is_done = |call: &Call| {
        let place = example.place();
        let stop = trace::at(call, "signal=STOP", &call.number.to_string());
        let mut command = trace::traced(build, &place, example.edit, &stop);
        let mut stopping = Stopping::start(&mut command, &place);
        assert!(stopping.has_stopped(), "{call}");
        stopping.kill();
        place.bytes() == example.after
    };
    let done = calls.partition_point(|call| !is_done(call));
    calls.truncate(done);
    calls.split_off(done.saturating_sub(WINDOW))
}

/// The calls that an edit makes once the stranger is done.
fn later(stranger: &Stranger<'_>, build: Build) -> Vec<Call> {
    let place = stranger.example.place();
    // Without the first expression, which limits what is traced.
    let stop = stranger.stops().split_off(1);
    let mut command = trace::traced(build, &place, stranger.example.edit, &stop);
    let mut stopping = Stopping::start(&mut command, &place);
    assert!(stopping.has_stopped(), "{}", stranger.call);
    stranger.deed.of(&place, stranger.theirs.as_deref());
    stopping.go_on();
    stopping.end();
    let mut calls = trace::calls_from(&trace::log(&place), |line| line.contains("--- SIGCONT "));
    calls.retain(Call::returns);
    calls
}

fn strangers_before_a_kill(build: Build, edits: &[Edit], deeds: &[Deed], until: Until) -> Report {
    let examples: Vec<Example> = edits.iter().map(|edit| edit.example()).collect();
    let mut strangers = Vec::new();
    for example in &examples {
        for call in window(build, example) {
            for &deed in deeds {
                let first = Stranger::new(example, call.clone(), deed, Fate::GoesOn);
                let later = later(&first, build);
                strangers.extend(later.into_iter().map(|later| Stranger {
                    call: call.clone(),
                    theirs: first.theirs.clone(),
                    edited: first.edited.clone(),
                    fate: Fate::KilledLater(later),
                    ..first
                }));
            }
        }
    }
    Report::of(&strangers, until, |stranger| stranger.check(build))
}

#[test]
fn what_a_stranger_does_during_an_edit_is_not_lost() {
    let report = strangers(
        Build::SOUND,
        &Edit::ALL,
        &Deed::ALL,
        &Fate::GoesOn,
        Until::End,
    );
    report.is_clean("Strangers at every syscall");
}

#[test]
fn what_a_stranger_does_before_a_kill_is_not_lost() {
    let report = strangers(
        Build::SOUND,
        &Edit::ALL,
        &Deed::ALL,
        &Fate::Killed,
        Until::End,
    );
    report.is_clean("Strangers at every syscall, SIGKILL at once");
}

#[test]
fn what_a_stranger_does_in_the_last_moment_is_not_lost_by_a_kill() {
    let report = strangers_before_a_kill(
        Build::SOUND,
        &[Edit::Add, Edit::Create, Edit::Delete],
        &[Deed::Overwrite, Deed::Replace],
        Until::End,
    );
    report.is_clean("Strangers in the last moment, SIGKILL at every later syscall");
}

#[test]
fn an_edit_that_does_not_compare_is_noticed() {
    let report = strangers(
        Build::with("NoComparison"),
        &[Edit::Add],
        &[Deed::Overwrite],
        &Fate::GoesOn,
        Until::End,
    );
    report.has_findings("Strangers at every syscall", "NoComparison", "lost");
}
