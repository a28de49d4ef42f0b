//! What stands in for `daemon` in a build without the feature `cri`: a usage error.
#![expect(
    clippy::unused_self,
    reason = "the signatures of the module that it stands in for"
)]

use containerd_edit::{Code, Editor, Error, ExitCode, Patch};

use super::Run;
use super::arguments::{Remove, RestartHow};
use super::editing::Edit;

impl Run {
    pub(super) fn check_running(&mut self) -> Result<ExitCode, Error> {
        Err(cannot_ask("--running"))
    }

    pub(super) fn restart(&mut self, _: bool, _: &RestartHow) -> Result<ExitCode, Error> {
        Err(cannot_ask("restart"))
    }

    pub(super) fn edit_and_restart(
        &mut self,
        _: Editor,
        _: &Edit<'_>,
        _: &RestartHow,
    ) -> Result<ExitCode, Error> {
        Err(cannot_ask("--restart"))
    }

    pub(super) fn make_sure_unused(&mut self, _: &Remove, _: &Patch) -> Result<(), Error> {
        Err(cannot_ask("--if-unused and --wait-unused"))
    }
}

fn cannot_ask(what: &str) -> Error {
    let message = format!("{what}: this build of containerd-edit can't ask a daemon");
    let hint = "use one that was built with the feature cri, which is on by default";
    Error::new(Code::NoCriSupport, message, hint)
}

/// What errors of the running daemon tell beside their message: there are none.
pub(super) mod details {
    use containerd_edit::Error;
    use serde_json::Value;

    pub(in crate::cli) fn text(_: &Error) -> &'static str {
        ""
    }

    pub(in crate::cli) fn add(_: &mut Value, _: &Error) {}
}
