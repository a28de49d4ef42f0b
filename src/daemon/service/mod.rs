//! How containerd is restarted on a host: by a command, by systemd, or by whoever watches its files.

mod command;
mod error;
mod place;
pub(crate) mod process;

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::time::Instant;

use self::command::Ran;
use self::place::Place;
use crate::disk::HostRoot;
use crate::error::Error;
use crate::node::{Layout, Units};

/// So many of the service's last log lines are shown.
const LOG_LINES: &str = "15";

/// How containerd is restarted. It never gets a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// `sh -c` runs this command, where this process runs.
    Command(OsString),
    /// `systemctl restart` of the unit that runs containerd, on the host: in the mount namespace of
    /// the host's first process where that is seen, else with the host root as root.
    Systemd(Units),
    /// Whoever watches its files restarts it: k0s.
    ByItself,
}

impl Service {
    /// How it is done on a host of this layout; `None`: containerd that no distribution brings
    /// along.
    #[must_use]
    pub fn of(layout: Option<&Layout>) -> Self {
        match layout {
            None => Self::Systemd(Units::default()),
            Some(layout) if layout.restarts_by_itself() => Self::ByItself,
            Some(layout) => Self::Systemd(layout.units.clone()),
        }
    }

    /// Finds out how to do it, before anything is changed.
    pub(crate) fn prepare(&self, root: &HostRoot) -> Result<Prepared, Error> {
        let units = match self {
            Self::Command(command) => return Ok(Prepared(Way::Command(command.clone()))),
            Self::ByItself => return Ok(Prepared(Way::ByItself)),
            Self::Systemd(units) => units,
        };
        let place = Place::of_systemd(root)?;
        let unit = match units.names() {
            [unit] => *unit,
            names => {
                let mut active = names.iter().filter(|unit| is_active(unit, &place));
                match (active.next(), active.next()) {
                    (Some(unit), None) => unit,
                    _ => {
                        return Err(error::ambiguous_unit(units));
                    }
                }
            }
        };
        Ok(Prepared(Way::Systemd { place, unit }))
    }
}

/// A way to restart containerd that was looked at.
#[derive(Debug)]
pub(crate) struct Prepared(Way);

#[derive(Debug)]
enum Way {
    Command(OsString),
    Systemd { place: Place, unit: &'static str },
    ByItself,
}

/// How a command that was to restart containerd failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// In words, behind the command itself.
    pub(crate) how: String,
    /// What it printed.
    pub(crate) output: String,
}

impl Prepared {
    /// Whether somebody else does it who watches the files.
    pub(crate) fn is_by_itself(&self) -> bool {
        matches!(self.0, Way::ByItself)
    }

    /// The command; `None`: there is none to run.
    pub(crate) fn shown(&self) -> Option<String> {
        match &self.0 {
            Way::Command(command) => Some(command.to_string_lossy().into_owned()),
            Way::Systemd { unit, .. } => Some(format!("systemctl restart {unit}")),
            Way::ByItself => None,
        }
    }

    /// Runs the command. `None`: the run was interrupted; otherwise what it printed.
    pub(crate) fn run(
        &self,
        deadline: Instant,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<String>, Failed> {
        let here = Place::Here;
        let (command, place) = match &self.0 {
            Way::ByItself => return Ok(Some(String::new())),
            Way::Command(text) => {
                let mut command = Command::new("sh");
                command.arg("-c").arg(text);
                (command, &here)
            }
            Way::Systemd { place, unit } => (systemctl(&["restart", unit]), place),
        };
        let failed = |how: String, output| Failed { how, output };
        match command::run(command, place, deadline, interrupted) {
            Ok(None) => Ok(None),
            Ok(Some(Ran { status, output })) => match status {
                Some(status) if status.success() => Ok(Some(output)),
                Some(status) => Err(failed(format!("ended with {status}"), output)),
                None => Err(failed("did not end in time".to_owned(), output)),
            },
            Err(error) => Err(failed(
                format!("could not be started: {error}"),
                String::new(),
            )),
        }
    }

    /// The last lines that containerd has logged since its unit was started, where systemd keeps
    /// them.
    pub(crate) fn log(&self, deadline: Instant) -> Option<String> {
        let Way::Systemd { place, unit } = &self.0 else {
            return None;
        };
        let printed = |command| {
            let ran = command::run(command, place, deadline, &|| false);
            let ran = ran.ok().flatten()?;
            let is_good = ran.status.is_some_and(|status| status.success());
            Some(ran.output).filter(|output| is_good && !output.trim().is_empty())
        };
        let invocation = printed(systemctl(&[
            "show",
            "--property=InvocationID",
            "--value",
            unit,
        ]));
        let mut command = Command::new("journalctl");
        command.args(["--no-pager", "--output=cat", "--lines", LOG_LINES]);
        match invocation {
            Some(id) => command.arg(format!("_SYSTEMD_INVOCATION_ID={}", id.trim())),
            None => command.args(["--boot", "--unit", unit]),
        };
        printed(command)
    }
}

fn systemctl(arguments: &[&str]) -> Command {
    let mut command = Command::new("systemctl");
    command.args(arguments);
    command
}

fn is_active(unit: &str, place: &Place) -> bool {
    let deadline = Instant::now() + std::time::Duration::from_secs(10);
    let command = systemctl(&["is-active", "--quiet", unit]);
    let ran: io::Result<Option<Ran>> = command::run(command, place, deadline, &|| false);
    let status = ran.ok().flatten().and_then(|ran| ran.status);
    status.is_some_and(|status| status.success())
}
