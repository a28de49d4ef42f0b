//! T6: the power fails at any request that the disk gets during a run, and of what was not flushed
//! any part is lost.

use std::time::Instant;

use crate::command::Subject;
use crate::disk::Recording;
use crate::filesystem::Filesystem;
use crate::machine::{Found, Machine};
use crate::report::Report;
use crate::scene::{self, Operation};
use crate::seed;
use crate::states::{self, States};

/// For each filesystem and operation: when the filesystem writes what it need not write at once
/// differs each time.
const RECORDINGS: usize = 3;
/// States of the disk that are mounted, for each recording.
const STATES: usize = 100;
/// Of a command with a bug. ext4 begins to write a file that replaces another one, synced or not, and
/// is often in time.
const BUGGY_RECORDINGS: usize = 10;

/// What the disk was told during a run that ended with exit code 0, and for a while after that.
struct Recorded {
    recording: Recording,
    /// The position at which the run had ended.
    acknowledged: usize,
    old: Found,
    new: Found,
}

fn record(machine: &Machine, subject: Subject, operation: Operation) -> Recorded {
    operation.prepare(machine);
    let old = machine.read();
    machine.disk.record();
    scene::succeed(&mut machine.command(subject, operation.arguments()));
    let acknowledged = machine.disk.recorded();
    let new = machine.read();
    for found in [&old, &new] {
        let known = matches!(found, Found::Config(_) | Found::Absent);
        assert!(known, "{operation:?} without any fault: {found:?}");
    }
    assert_ne!(new, old, "{operation:?} changes the config");
    // What the filesystem writes later must do no harm either.
    machine.sync();
    let recording = machine.disk.recording();
    machine.unmount();
    Recorded {
        recording,
        acknowledged,
        old,
        new,
    }
}

/// One recording, and the states that may come of it.
fn replay(
    filesystem: Filesystem,
    subject: Subject,
    operation: Operation,
    number: usize,
    report: &mut Report,
) {
    let seed = seed::chosen();
    let machine = Machine::with(filesystem);
    let recorded = record(&machine, subject, operation);
    let recording = &recorded.recording;
    let mut random = fastrand::Rng::with_seed(seed + number as u64);
    let states = States::of(recording, STATES, &mut random);
    for (state, position) in states.iter() {
        let found = machine.boot(states::image(recording, state));
        report.runs += 1;
        let acknowledged = position >= recorded.acknowledged;
        let wrong = if found == recorded.new || found == recorded.old && !acknowledged {
            continue;
        } else if found == recorded.old {
            "as before the run, after it had ended".to_owned()
        } else {
            format!("neither as before the run nor as after it, but {found:?}")
        };
        report.bad.push(format!(
            "{filesystem:?}, {operation:?}, seed {seed}, recording {number}: {} (the run ended at {}): {wrong}",
            states::describe(recording, state, position),
            recorded.acknowledged,
        ));
        if subject.bugs.is_some() {
            return;
        }
    }
}

fn sound(filesystem: Filesystem) {
    for operation in Operation::ALL {
        let started = Instant::now();
        let mut report = Report::default();
        for number in 1..=RECORDINGS {
            replay(filesystem, Subject::SOUND, operation, number, &mut report);
        }
        report.print(
            &format!(
                "T6 {} {operation:?}: {} states mounted, of {RECORDINGS} recordings",
                filesystem.name(),
                report.runs
            ),
            started,
        );
        assert!(report.runs >= 200, "only {} states", report.runs);
        report.assert_sound();
    }
}

#[test]
fn a_power_failure_leaves_a_whole_config_on_ext4() {
    sound(Filesystem::Ext4);
}

#[test]
fn a_power_failure_leaves_a_whole_config_on_xfs() {
    sound(Filesystem::Xfs);
}

#[test]
fn a_power_failure_leaves_a_whole_config_on_btrfs() {
    sound(Filesystem::Btrfs);
}

/// Every filesystem shows the bug, in each of these.
fn is_noticed(bug: &'static str, operations: &[Operation]) {
    for filesystem in Filesystem::ALL {
        for &operation in operations {
            let mut report = Report::default();
            for number in 1..=BUGGY_RECORDINGS {
                if report.bad.is_empty() {
                    replay(
                        filesystem,
                        Subject::with(bug),
                        operation,
                        number,
                        &mut report,
                    );
                }
            }
            report.assert_noticed(&format!("T6 {} {operation:?} {bug}", filesystem.name()));
        }
    }
}

#[test]
fn a_missing_sync_of_the_file_is_noticed() {
    is_noticed("NoFileSync", &Operation::EDITS);
}

#[test]
fn missing_syncs_after_the_rename_are_noticed() {
    // On these filesystems each of the two makes up for the other.
    is_noticed("NoFolderSync,NoLastSync", &Operation::ALL);
}

#[test]
fn overwriting_in_place_is_noticed() {
    // A sync would make up for it on btrfs, which logs both as one.
    is_noticed("InPlace,NoLastSync", &Operation::EDITS);
}
