//! T9: writers at work while the power fails, again and again on the same filesystem.

use std::time::Instant;

use containerd_edit::{Document, Inventory};

use crate::command::Subject;
use crate::disk::Disk;
use crate::filesystem::Filesystem;
use crate::machine::{Found, Machine};
use crate::report::Report;
use crate::scene;
use crate::seed;
use crate::states;

const WRITERS: usize = 4;
const ROUNDS: usize = 200;
/// The power fails after so many requests at most: about a dozen edits.
const REQUESTS: usize = 100;

/// Somebody who adds and removes a handler in turn.
struct Writer {
    name: String,
    /// Whether the handler is listed: as was acknowledged, or seen after a failure.
    listed: bool,
    /// A change was begun and not acknowledged: it may have happened or not.
    open: bool,
    acknowledged: usize,
}

impl Writer {
    fn new(number: usize) -> Self {
        Self {
            name: format!("handler-{number}"),
            listed: false,
            open: false,
            acknowledged: 0,
        }
    }

    /// Works until the power fails. What was wrong.
    fn work(&mut self, machine: &Machine, subject: Subject) -> Option<String> {
        while machine.disk.has_power() {
            let edit: &[&str] = if self.listed {
                &["remove", &self.name]
            } else {
                &["add", &self.name, "--preset", "crun"]
            };
            let mut command = machine.command(subject, edit);
            let output = command.args(["--lock-timeout", "60s"]).output();
            let output = output.expect("nsenter starts");
            if output.status.success() {
                self.listed = !self.listed;
                self.acknowledged += 1;
            } else {
                self.open = true;
                return machine
                    .disk
                    .has_power()
                    .then(|| format!("failed without a power failure: {output:?}"));
            }
        }
        None
    }

    /// What of a config contradicts what was acknowledged. It is the truth from then on.
    fn look(&mut self, inventory: &Inventory) -> Option<String> {
        let mut handlers = inventory.handlers.iter();
        let seen = handlers.any(|handler| handler.name == self.name);
        let lost = seen != self.listed && !self.open;
        (self.listed, self.open) = (seen, false);
        lost.then(|| {
            let change = if seen { "removed" } else { "added" };
            format!("{} was {change}, and that is lost", self.name)
        })
    }
}

/// How the disk comes back after the power failed: all that was flushed, any part of the rest.
fn fail(disk: &Disk, random: &mut fastrand::Rng) {
    let recording = disk.recording();
    let state = states::any(&recording, recording.requests.len(), random);
    disk.insert(states::image(&recording, &state));
}

/// What a soak gave.
#[derive(Default)]
struct Soaked {
    report: Report,
    acknowledged: usize,
    lost: usize,
}

impl Soaked {
    /// One power failure; what was wrong.
    fn round(
        &mut self,
        machine: &Machine,
        subject: Subject,
        writers: &mut [Writer],
        random: &mut fastrand::Rng,
    ) -> Vec<String> {
        machine.mount();
        machine.disk.record();
        machine.disk.fail_power_at(random.usize(1..=REQUESTS));
        let mut bad: Vec<String> = std::thread::scope(|scope| {
            let working: Vec<_> = writers
                .iter_mut()
                .map(|writer| scope.spawn(|| writer.work(machine, subject)))
                .collect();
            let working = working.into_iter();
            working
                .filter_map(|writer| writer.join().expect("no panic"))
                .collect()
        });
        machine.unmount();
        fail(&machine.disk, random);
        let found = machine.boot(machine.disk.content());
        let Found::Config(bytes) = &found else {
            bad.push(format!("{found:?}"));
            return bad;
        };
        let inventory = Document::parse(bytes).map(|config| Inventory::of(&config, None));
        if let Ok(Ok(inventory)) = inventory {
            let lost = writers
                .iter_mut()
                .filter_map(|writer| writer.look(&inventory));
            let lost: Vec<String> = lost.collect();
            self.lost += lost.len();
            bad.extend(lost);
        } else {
            bad.push(format!("torn: {found:?}"));
        }
        bad
    }
}

/// Runs all rounds, or for a command with a bug those until something is wrong.
fn soak(filesystem: Filesystem, subject: Subject) -> Soaked {
    let seed = seed::chosen();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut soaked = Soaked::default();
    let machine = Machine::with(filesystem);
    let original = scene::config();
    machine.mount();
    machine.write_config(&original);
    machine.unmount();
    let mut writers: Vec<Writer> = (0..WRITERS).map(Writer::new).collect();
    for round in 1..=ROUNDS {
        let bad = soaked.round(&machine, subject, &mut writers, &mut random);
        let bad = bad
            .into_iter()
            .map(|what| format!("{filesystem:?}, seed {seed}, round {round}: {what}"));
        soaked.report.bad.extend(bad);
        soaked.report.runs = round;
        if subject.bugs.is_some() && !soaked.report.bad.is_empty() {
            return soaked;
        }
    }
    machine.mount();
    for writer in &writers {
        scene::succeed(&mut machine.command(subject, &["remove", &writer.name]));
    }
    if machine.read() != Found::Config(original) {
        let what = "without the handlers, the original bytes are not back";
        soaked
            .report
            .bad
            .push(format!("{filesystem:?}, seed {seed}: {what}"));
    }
    machine.unmount();
    soaked.acknowledged = writers.iter().map(|writer| writer.acknowledged).sum();
    soaked
}

fn sound(filesystem: Filesystem) {
    let started = Instant::now();
    let soaked = soak(filesystem, Subject::SOUND);
    let figures = format!(
        "T9 {}: {} power failures, {} acknowledged changes, {} lost",
        filesystem.name(),
        soaked.report.runs,
        soaked.acknowledged,
        soaked.lost,
    );
    soaked.report.print(&figures, started);
    soaked.report.assert_sound();
    assert!(soaked.acknowledged > ROUNDS, "the writers got nowhere");
}

#[test]
fn four_writers_lose_nothing_on_ext4() {
    sound(Filesystem::Ext4);
}

#[test]
fn four_writers_lose_nothing_on_xfs() {
    sound(Filesystem::Xfs);
}

#[test]
fn four_writers_lose_nothing_on_btrfs() {
    sound(Filesystem::Btrfs);
}

fn is_noticed(filesystem: Filesystem, bug: &'static str) -> Soaked {
    let soaked = soak(filesystem, Subject::with(bug));
    let what = format!("T9 {} {bug}", filesystem.name());
    soaked.report.assert_noticed(&what);
    soaked
}

#[test]
fn acknowledged_changes_that_are_not_durable_are_noticed() {
    for filesystem in Filesystem::ALL {
        let soaked = is_noticed(filesystem, "NoFolderSync,NoLastSync");
        assert!(soaked.lost > 0, "that, and nothing else");
    }
}

#[test]
fn writers_without_a_lock_are_noticed() {
    // They sweep each other's temporary files, and fail: much likelier than a lost update.
    is_noticed(Filesystem::Ext4, "NoLock");
}
