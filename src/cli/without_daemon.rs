//! What stands in for `daemon` in a build without the feature `cri`: a usage error.
#![expect(
    clippy::unnecessary_wraps,
    reason = "the signatures of the module that it stands in for"
)]

use containerd_edit::{Editor, Error, ExitCode, Patch};

use super::Run;
use super::arguments::{Remove, RestartHow};
use super::editing::Edit;

impl Run {
    pub(super) fn check_running(&mut self) -> Result<ExitCode, Error> {
        Ok(self.cannot_ask("--running"))
    }

    pub(super) fn restart(&mut self, _always: bool, _how: &RestartHow) -> ExitCode {
        self.cannot_ask("restart")
    }

    pub(super) fn edit_and_restart(&mut self, _: Editor, _: &Edit<'_>, _: &RestartHow) -> ExitCode {
        self.cannot_ask("--restart")
    }

    pub(super) fn make_sure_unused(
        &mut self,
        _: &Remove,
        _: &Patch,
    ) -> Result<Result<(), ExitCode>, Error> {
        Ok(Err(self.cannot_ask("--if-unused and --wait-unused")))
    }

    fn cannot_ask(&mut self, what: &str) -> ExitCode {
        let message = "this build of containerd-edit can't ask a daemon";
        let message = &format!("{what}: {message}");
        let hint = "use one that was built with the feature cri, which is on by default";
        self.fail(ExitCode::Usage, "no-cri-support", message, hint)
    }
}
