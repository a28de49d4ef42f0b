//! What stands in for asking a running daemon in a build without the feature `cri`.
#![expect(
    clippy::unnecessary_wraps,
    reason = "the signatures of the module that it stands in for"
)]

use std::path::Path;

use containerd_edit::{Error, ExitCode};

use super::Run;

impl Run {
    pub(super) fn list_running(&mut self) -> Result<ExitCode, Error> {
        Ok(self.cannot_ask())
    }

    pub(super) fn check_running(&mut self, _binary: Option<&Path>) -> Result<ExitCode, Error> {
        Ok(self.cannot_ask())
    }

    fn cannot_ask(&mut self) -> ExitCode {
        let message = "--running: this build of containerd-edit can't ask a daemon";
        let hint = "use one that was built with the feature cri, which is on by default";
        self.fail(ExitCode::Usage, "no-cri-support", message, hint)
    }
}
