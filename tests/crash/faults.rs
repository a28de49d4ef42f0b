//! T1: the kernel refuses any one system call of an edit, or that call and all later ones of its
//! name.

use crate::command::Subject;
use crate::edits::{Edit, Example, Place};
use crate::process::Run;
use crate::rehearsal;
use crate::report::{Report, Until};
use crate::reruns::Reruns;
use crate::syscalls::Call;
use crate::tracer::{Injection, Tracer};

/// What a call can fail with: those that the command tells apart.
const ERRORS: [&str; 7] = [
    "EIO", "ENOSPC", "EDQUOT", "EROFS", "EINTR", "EACCES", "EBUSY",
];
/// These are tried where files are only read, and in a second edit that changes them. The other errors
/// of [`ERRORS`] are handled there as these are.
const SOME_ERRORS: [&str; 3] = ["EIO", "EINTR", "EACCES"];
/// For the edits that take the same paths as the others once the config is found: the whole product
/// would treble the time.
const FEW_ERRORS: [&str; 2] = ["EIO", "ENOSPC"];
/// Tried from then on as well. The other errors lead the same way, and differ only in the message.
const LASTING: [&str; 4] = ["EIO", "EINTR", "ENOMEM", "EROFS"];
/// The exit codes that are documented for a call that failed.
const REFUSALS: [i32; 4] = [74, 75, 77, 78];
const NOT_DURABLE: i32 = 76;

/// One failure, of one call of one edit.
struct Fault<'e> {
    example: &'e Example,
    reruns: &'e Reruns,
    call: Call,
    error: &'static str,
    lasts: bool,
}

impl Fault<'_> {
    fn injection(&self) -> Injection {
        let number = self.call.number;
        let when = match (self.lasts, self.error) {
            (false, _) => number.to_string(),
            // A call that is interrupted for ever is repeated for ever, as it should be.
            (true, "EINTR") => format!("{number}..{}", number + 4),
            (true, _) => format!("{number}+"),
        };
        Injection::at(&format!("error={}", self.error), &self.call).when(when)
    }

    /// Whether names stay as they are, at least one of them.
    fn keeps_names(&self) -> bool {
        self.call.is_unlink() || self.call.name.starts_with("rename")
    }

    /// What is wrong with the command when this happens to it.
    fn check(&self, subject: Subject) -> Option<String> {
        let place = self.example.place();
        let injection = self.injection();
        let edit = self.example.edit;
        let traced = Tracer::new(subject)
            .inject(&injection)
            .seeing_no_others()
            .run(&place.config(), edit.arguments());
        let wrong = if traced.log.contains("(INJECTED)") {
            self.wrong(&place, &traced.run)
        } else {
            Some("the call was not made".to_owned())
        };
        let wrong = wrong.or_else(|| {
            let is_new = self.reruns.is_new(format!("{edit:?}"), &place.root);
            is_new.then(|| self.example.unsettled(&place, subject))?
        });
        wrong.map(|wrong| format!("{edit:?}, -e {injection}: {wrong}; {:?}", traced.run))
    }

    fn wrong(&self, place: &Place, run: &Run) -> Option<String> {
        if let Some(torn) = self.example.torn(place) {
            return Some(torn);
        }
        if self.call.asks_for_memory() && self.lasts {
            // The allocator of any Rust program ends it, without a chance to tidy up.
            return None;
        }
        if let Some(disgrace) = run.disgrace() {
            return Some(disgrace);
        }
        let Example {
            before,
            after,
            ledger,
            ..
        } = self.example;
        let (bytes, ledgers) = (&place.bytes(), place.ledgers());
        let now = &ledgers.now;
        let is_as_told = match run.code() {
            Some(0) => bytes == after && *now == ledger.new,
            // Replaced or put back, but the disk did not confirm it.
            Some(NOT_DURABLE) => bytes == after || bytes == before,
            // What can't be put back is left for the next run.
            Some(code) if REFUSALS.contains(&code) => {
                bytes == before && (*now == ledger.old || self.keeps_names())
            }
            _ => return Some("not a documented exit code".to_owned()),
        };
        if !is_as_told {
            return Some("the exit code says otherwise than the config and its ledger".to_owned());
        }
        if run.code() != Some(NOT_DURABLE)
            && let Some(unfinished) = ledgers.unfinished()
            && !self.keeps_names()
            && !(self.call.is_sync() && self.lasts)
        {
            return Some(unfinished);
        }
        // One that was interrupted may be repeated: nothing has failed by then.
        if self.call.is_sync() && self.error != "EINTR" && run.code() == Some(0) {
            return Some("a sync that failed is passed over".to_owned());
        }
        // What can't be looked at after it was put back is left for the next run.
        let is_blind = self.lasts && ["openat", "read"].contains(&self.call.name.as_str());
        let left = place.temporaries();
        let may_be_left = self.call.is_unlink() || is_blind;
        (!left.is_empty() && !may_be_left).then(|| format!("left over: {left:?}"))
    }
}

fn faults(
    subject: Subject,
    edits: &[Edit],
    errors: Option<&[&'static str]>,
    until: Until,
) -> Report {
    let examples: Vec<Example> = edits.iter().map(|edit| edit.example()).collect();
    let reruns = Reruns::default();
    let mut faults = Vec::new();
    for example in &examples {
        let mut changes = false;
        for call in rehearsal::calls(subject, example) {
            changes |= call.makes_a_change();
            let errors = errors.unwrap_or(match example.edit {
                Edit::Add if changes => &ERRORS,
                Edit::Add | Edit::Remove | Edit::Unchanged => &SOME_ERRORS,
                Edit::Create | Edit::Delete | Edit::Linked | Edit::Record => &FEW_ERRORS,
            });
            for error in call.errors_of(errors) {
                let lasting = [false, true].into_iter();
                let lasting = lasting.filter(|lasts| !lasts || LASTING.contains(&error));
                faults.extend(lasting.map(|lasts| Fault {
                    example,
                    reruns: &reruns,
                    call: call.clone(),
                    error,
                    lasts,
                }));
            }
        }
    }
    Report::of(&faults, until, |fault| fault.check(subject))
}

#[test]
fn a_refused_call_leaves_old_or_new_and_is_told() {
    let report = faults(Subject::SOUND, &Edit::ALL, None, Until::End);
    report.is_clean("T1 syscall faults");
}

/// One error will do to find a bug: what differs is the call.
fn notices(bug: &'static str, finding: &str) {
    let report = faults(
        Subject::with(bug),
        &[Edit::Add],
        Some(&["EIO"]),
        Until::FirstFinding,
    );
    report.has_findings("T1 syscall faults", bug, finding);
}

#[test]
fn a_sync_whose_failure_is_ignored_is_noticed() {
    notices("IgnoredSync", "a sync that failed is passed over");
}

#[test]
fn overwriting_in_place_is_noticed() {
    notices("InPlace", "neither old nor new");
}

#[test]
fn a_temporary_file_that_is_left_is_noticed() {
    notices("NoUnlink", "left over");
}

#[test]
fn a_ledger_of_before_that_is_left_is_noticed() {
    notices("KeptBefore", "a run is under way");
}
