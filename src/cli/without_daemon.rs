//! What stands in for `daemon` in a build without the feature `cri`: a usage error.

use std::collections::BTreeSet;

use containerd_edit::{Code, Editor, Error, ExitCode};

use super::arguments::groups::{Daemon, Judging};
use super::arguments::{Remove, Restart};
use super::check_report::Checked;
use super::edit::Edit;
use super::edit_report::Completed;
use super::run::Run;

#[expect(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "the signatures of the methods that these stand in for"
)]
impl Run {
    pub(super) fn beside_daemon(&self, _: &Daemon, _: &Judging) -> Result<Checked, Error> {
        Err(cannot_ask("--running"))
    }

    pub(super) fn restart(&mut self, _: &Restart) -> Result<ExitCode, Error> {
        Err(cannot_ask("restart"))
    }

    pub(super) fn edit_and_restart<'e>(
        &mut self,
        _: &Editor,
        _: &'e Edit<'e>,
    ) -> Result<Completed<'e>, Error> {
        Err(cannot_ask("--restart"))
    }

    pub(super) fn make_sure_unused(
        &mut self,
        _: &Remove,
        _: &Edit<'_>,
    ) -> Result<Option<BTreeSet<String>>, Error> {
        Err(cannot_ask("--if-unused and --wait-unused"))
    }
}

fn cannot_ask(what: &str) -> Error {
    let message = format!("{what}: this build of containerd-edit can't ask a daemon");
    let hint = "use one that was built with the feature cri, which is on by default";
    Error::new(Code::NoCriSupport, message, hint)
}
