//! The config and the edits in which the power fails.

use std::process::Command;

use crate::machine::{Found, Machine};

/// A run that adds a handler.
pub(crate) const ADD: &[&str] = &["add", "crun"];
const REMOVE: &[&str] = &["remove", "crun"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Remove,
}

impl Operation {
    pub(crate) const ALL: [Self; 2] = [Self::Add, Self::Remove];

    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Add => ADD,
            Self::Remove => REMOVE,
        }
    }
}

/// A config of several pages, which can be torn.
pub(crate) fn config() -> Vec<u8> {
    let comments = "# what somebody has to say about this node\n".repeat(200);
    let config = format!(
        "version = 3\n{comments}\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n\
        runtime_type = 'io.containerd.runc.v2'\n"
    );
    config.into_bytes()
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) {
    let output = command.output().expect("nsenter starts");
    assert!(
        output.status.success(),
        "{command:?} without any fault: {}, {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The config where nothing keeps it from being read.
pub(crate) fn read(machine: &Machine) -> Vec<u8> {
    match machine.read() {
        Found::Config(bytes) => bytes,
        other => panic!("no config without any fault: {other:?}"),
    }
}
