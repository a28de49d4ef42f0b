//! T6: the power fails at any request that the disk gets during a run, and of what was not flushed
//! any part is lost.

use std::time::Instant;

use crate::command::Build;
use crate::disk::Recording;
use crate::filesystem::Filesystem;
use crate::machine::{Found, Machine};
use crate::report::Report;
use crate::scene::{self, Operation};
use crate::seed;
use crate::states::{self, States};

/// States of the disk that are mounted, for each filesystem and operation.
const WANTED: usize = 240;

/// What the disk was told during a run that ended with exit code 0, and for a while after that.
struct Recorded {
    recording: Recording,
    /// The position at which the run had ended.
    acknowledged: usize,
    old: Vec<u8>,
    new: Vec<u8>,
}

fn record(machine: &Machine, build: Build, operation: Operation) -> Recorded {
    machine.mount();
    machine.write_config(&scene::config());
    if operation == Operation::Remove {
        scene::succeed(&mut machine.command(Build::SOUND, scene::ADD));
        machine.sync();
    }
    let old = scene::read(machine);
    machine.disk.record();
    scene::succeed(&mut machine.command(build, operation.arguments()));
    let acknowledged = machine.disk.recorded();
    let new = scene::read(machine);
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

fn replay(filesystem: Filesystem, build: Build, operation: Operation, report: &mut Report) {
    let seed = seed::chosen();
    let machine = Machine::with(filesystem);
    let recorded = record(&machine, build, operation);
    let recording = &recorded.recording;
    let mut random = fastrand::Rng::with_seed(seed);
    let states = States::of(recording, WANTED, &mut random);
    for (state, position) in states.iter() {
        let found = machine.boot(states::image(recording, state));
        report.runs += 1;
        let acknowledged = position >= recorded.acknowledged;
        let wrong = match &found {
            Found::Config(bytes) if *bytes == recorded.new => continue,
            Found::Config(bytes) if *bytes == recorded.old && !acknowledged => continue,
            Found::Config(bytes) if *bytes == recorded.old => {
                "the old config after the run had ended".to_owned()
            }
            _ => format!("neither the old config nor the new, but {found:?}"),
        };
        report.bad.push(format!(
            "{filesystem:?}, {operation:?}, seed {seed}: {} (the run ended at {}): {wrong}",
            states::describe(recording, state, position),
            recorded.acknowledged,
        ));
        if build.bug.is_some() {
            return;
        }
    }
}

fn sound(filesystem: Filesystem) {
    for operation in Operation::ALL {
        let started = Instant::now();
        let mut report = Report::default();
        replay(filesystem, Build::SOUND, operation, &mut report);
        report.print(
            &format!(
                "T6 {} {operation:?}: {} states mounted",
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

/// Every filesystem shows the bug, whatever is run.
fn is_noticed(bug: &'static str) {
    for filesystem in Filesystem::ALL {
        for operation in Operation::ALL {
            let mut report = Report::default();
            replay(filesystem, Build::with(bug), operation, &mut report);
            report.assert_noticed(&format!("T6 {} {operation:?} {bug}", filesystem.name()));
        }
    }
}

#[test]
fn a_missing_sync_of_the_file_is_noticed() {
    is_noticed("NoFileSync");
}

#[test]
fn missing_syncs_after_the_rename_are_noticed() {
    // On these filesystems each of the two makes up for the other.
    is_noticed("NoFolderSync,NoLastSync");
}

#[test]
fn overwriting_in_place_is_noticed() {
    is_noticed("InPlace");
}
