//! The config and the edits in which the power fails.

use std::process::Command;

use crate::command::Subject;
use crate::machine::Machine;

/// A run that adds a handler.
pub(crate) const ADD: &[&str] = &["add", "crun"];
const REMOVE: &[&str] = &["remove", "crun"];

/// What the power fails in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Remove,
    /// `add` where there is no config.
    Create,
    /// `remove` of all that is in a config which `add` created.
    Delete,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Add, Self::Remove, Self::Create, Self::Delete];
    /// Those with a config before and after.
    pub(crate) const EDITS: [Self; 2] = [Self::Add, Self::Remove];

    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Add | Self::Create => ADD,
            Self::Remove | Self::Delete => REMOVE,
        }
    }

    /// Mounts the disk and makes what the run starts from.
    pub(crate) fn prepare(self, machine: &Machine) {
        machine.mount();
        if self == Self::Add || self == Self::Remove {
            machine.write_config(&config());
        }
        if self == Self::Remove || self == Self::Delete {
            succeed(&mut machine.command(Subject::SOUND, ADD));
        }
        machine.sync();
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
