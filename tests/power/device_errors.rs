//! T7: the device answers a write or a flush with an error, once or from then on.

use std::time::Instant;

use crate::command::Subject;
use crate::disk::{Fault, Kind};
use crate::filesystem::Filesystem;
use crate::image::Image;
use crate::machine::{Found, Machine};
use crate::report::Report;
use crate::scene::{self, Operation};
use crate::states;

/// A machine whose disk holds the old config, and what a run does to it without any fault.
struct Prepared {
    machine: Machine,
    disk: Image,
    old: Found,
    new: Found,
    writes: usize,
    flushes: usize,
}

fn prepare(filesystem: Filesystem) -> Prepared {
    let machine = Machine::with(filesystem);
    Operation::Add.prepare(&machine);
    let old = machine.read();
    machine.unmount();
    let disk = machine.disk.content();
    machine.mount();
    machine.disk.record();
    scene::succeed(&mut machine.command(Subject::SOUND, scene::ADD));
    let (writes, flushes) = (
        machine.disk.asked(Kind::Write),
        machine.disk.asked(Kind::Flush),
    );
    let new = machine.read();
    machine.unmount();
    Prepared {
        machine,
        disk,
        old,
        new,
        writes,
        flushes,
    }
}

impl Prepared {
    fn faults(&self) -> Vec<Fault> {
        let kinds = [(Kind::Flush, self.flushes), (Kind::Write, self.writes)];
        let mut faults = Vec::new();
        for (kind, count) in kinds {
            for nth in 1..=count {
                faults.extend([true, false].map(|lasts| Fault { kind, nth, lasts }));
            }
        }
        faults
    }

    /// A run that meets a fault, a repair and another run; what was wrong, and how the first ended.
    fn run(&self, subject: Subject, fault: Fault) -> (Vec<String>, Option<i32>) {
        let machine = &self.machine;
        let mut bad = Vec::new();
        machine.disk.insert(self.disk.clone());
        machine.mount();
        machine.disk.record();
        machine.disk.fail(Some(fault));
        let output = machine.command(subject, scene::ADD).output();
        let output = output.expect("nsenter starts");
        let recording = machine.disk.recording();
        let either = |found: &Found| *found == self.old || *found == self.new;
        let seen = machine.read();
        // A filesystem that has shut itself down can't be read at all.
        if !either(&seen) && machine.lives() {
            bad.push(format!("with the fault, {seen:?}"));
        }

        machine.disk.fail(None);
        machine.unmount();
        let repaired = machine.boot(machine.disk.content());
        if !either(&repaired) {
            bad.push(format!("after the repair, {repaired:?}"));
        }
        machine.mount();
        let again = machine.command(Subject::SOUND, scene::ADD).output();
        let again = again.expect("nsenter starts");
        machine.unmount();
        let converged = machine.boot(machine.disk.content());
        if !again.status.success() || converged != self.new {
            bad.push(format!(
                "the run after the repair: {again:?}, {converged:?}"
            ));
        }

        match output.status.code() {
            Some(0) => {
                let flushed = states::flushed(&recording, recording.requests.len());
                let durable = states::whole(&recording, 0..flushed);
                let found = machine.boot(states::image(&recording, &durable));
                if found != self.new {
                    bad.push(format!("exit code 0, and a power failure leaves {found:?}"));
                }
            }
            Some(74 | 76) => {}
            _ => bad.push(format!("{output:?}")),
        }
        let bad = bad.into_iter().map(|what| {
            let filesystem = machine.filesystem;
            let code = output.status.code();
            format!("{filesystem:?}, {fault:?}, exit code {code:?}: {what}")
        });
        (bad.collect(), output.status.code())
    }
}

fn sound(filesystem: Filesystem) {
    let started = Instant::now();
    let prepared = prepare(filesystem);
    let mut report = Report::default();
    let mut done = 0;
    for fault in prepared.faults() {
        let (bad, code) = prepared.run(Subject::SOUND, fault);
        report.runs += 1;
        report.bad.extend(bad);
        done += usize::from(code == Some(0));
    }
    report.print(
        &format!(
            "T7 {}: {} device errors at {} flushes and {} writes, {done} runs done in spite of them",
            filesystem.name(),
            report.runs,
            prepared.flushes,
            prepared.writes,
        ),
        started,
    );
    assert!(prepared.flushes >= 2, "each edit syncs more than once");
    report.assert_sound();
}

#[test]
fn device_errors_are_told_on_ext4() {
    sound(Filesystem::Ext4);
}

#[test]
fn device_errors_are_told_on_xfs() {
    sound(Filesystem::Xfs);
}

#[test]
fn device_errors_are_told_on_btrfs() {
    sound(Filesystem::Btrfs);
}

#[test]
fn an_ignored_error_is_noticed() {
    for filesystem in Filesystem::ALL {
        let prepared = prepare(filesystem);
        let mut report = Report::default();
        for fault in prepared.faults() {
            report.runs += 1;
            report.bad = prepared.run(Subject::with("IgnoredSync"), fault).0;
            if !report.bad.is_empty() {
                break;
            }
        }
        report.assert_noticed(&format!("T7 {} IgnoredSync", filesystem.name()));
    }
}
