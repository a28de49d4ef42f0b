//! How containerd is restarted on a host: by a command, by systemd, or by whoever watches its files.

mod command;
mod place;
pub(crate) mod process;

use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) use self::command::Failed;
use self::place::CommandPlace;
use crate::disk::HostRoot;
use crate::error::{Code, Error};
use crate::node::{Layout, Units};

/// How long a look at the service may take. It changes nothing.
const LOOK: Duration = Duration::from_secs(5);
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
            Self::Command(command) => return Ok(Prepared::Command(command.clone())),
            Self::ByItself => return Ok(Prepared::ByItself),
            Self::Systemd(units) => units,
        };
        let place = CommandPlace::of_systemd(root)?;
        if let [unit] = *units.names() {
            return Ok(Prepared::Systemd { place, unit });
        }
        // One that is being restarted counts: another run may have asked for that.
        let runs = |unit: &&&'static str| {
            let state = property(unit, "ActiveState", &place);
            state.is_some_and(|state| !matches!(&*state, "inactive" | "failed"))
        };
        let mut running = units.names().iter().filter(runs);
        if let (Some(&unit), None) = (running.next(), running.next()) {
            return Ok(Prepared::Systemd { place, unit });
        }
        let message = format!("cannot restart containerd: the unit is {units}");
        let hint = "none or both of them run: start the one that belongs here, or say how to restart \
                    it with --restart-command";
        Err(Error::new(Code::AmbiguousUnit, message, hint))
    }
}

/// A way to restart containerd that was looked at.
#[derive(Debug)]
pub(crate) enum Prepared {
    Command(OsString),
    Systemd {
        place: CommandPlace,
        unit: &'static str,
    },
    ByItself,
}

impl Prepared {
    /// Whether somebody else does it who watches the files.
    pub(crate) fn is_by_itself(&self) -> bool {
        matches!(self, Self::ByItself)
    }

    /// The command; `None`: there is none to run.
    pub(crate) fn shown(&self) -> Option<String> {
        match self {
            Self::Command(command) => Some(command.to_string_lossy().into_owned()),
            Self::Systemd { unit, .. } => Some(format!("systemctl restart {unit}")),
            Self::ByItself => None,
        }
    }

    /// Runs the command. `None`: the run was interrupted; otherwise what it printed.
    pub(crate) fn run(
        &self,
        deadline: Instant,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<String>, Failed> {
        let (command, place) = match self {
            Self::ByItself => return Ok(Some(String::new())),
            Self::Command(text) => {
                let sh = program("sh", &[OsStr::new("-c"), text]);
                (sh, &CommandPlace::Here)
            }
            Self::Systemd { place, unit } => (program("systemctl", &["restart", unit]), place),
        };
        command::run(command, place, deadline, interrupted)
    }

    /// Whether systemd is starting containerd, which has not said yet that it is up.
    pub(crate) fn is_starting(&self) -> bool {
        let Self::Systemd { place, unit } = self else {
            return false;
        };
        let state = property(unit, "SubState", place);
        // start-pre, start or start-post; not auto-restart, between the starts of one that fails.
        state.is_some_and(|state| state.starts_with("start"))
    }

    /// The last lines that containerd has logged since its unit was started, where systemd keeps
    /// them.
    pub(crate) fn log(&self) -> Option<String> {
        let Self::Systemd { place, unit } = self else {
            return None;
        };
        let arguments = ["--no-pager", "--output=cat", "--lines", LOG_LINES];
        let mut command = program("journalctl", &arguments);
        match property(unit, "InvocationID", place) {
            Some(id) => command.arg(format!("_SYSTEMD_INVOCATION_ID={id}")),
            None => command.args(["--boot", "--unit", unit]),
        };
        printed(command, place)
    }
}

fn program(name: &str, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments);
    command
}

/// What systemd says of a unit; `None`: nothing.
fn property(unit: &str, name: &str, place: &CommandPlace) -> Option<String> {
    let asked = format!("--property={name}");
    let said = printed(
        program("systemctl", &["show", &asked, "--value", unit]),
        place,
    )?;
    Some(said.trim().to_owned())
}

/// What a look at the service prints, if that is anything.
fn printed(command: Command, place: &CommandPlace) -> Option<String> {
    let printed = command::run(command, place, Instant::now() + LOOK, &|| false).ok()?;
    printed.filter(|printed| !printed.trim().is_empty())
}
