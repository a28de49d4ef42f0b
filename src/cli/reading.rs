//! The verbs that only read.

use containerd_edit::{
    Check, Code, Effective, Error, ExitCode, KeyInForce, NextStep, Request, RestoreFrom,
};

use super::arguments::{self, Format};
use super::check_report::CheckReport;
use super::handlers_report::{ListReport, ShowReport};
use super::key_report::KeyReport;
use super::report::Report;
use super::run::Run;
use super::status_report::{LogReport, StatusReport};

impl Run {
    pub(super) fn list(&mut self, list: &arguments::List) -> Result<ExitCode, Error> {
        let effective = self.effective(list)?;
        let report = ListReport(&effective);
        Ok(self.output.answer(&report, ExitCode::Success))
    }

    pub(super) fn show(&mut self, show: &arguments::Show) -> Result<ExitCode, Error> {
        let effective = self.effective(&show.list)?;
        let name = &show.name;
        let Some(report) = ShowReport::new(&effective, name) else {
            let message = format!("no handler {name:?} is listed");
            let hint = NextStep::SeeHandlers;
            return Err(Error::new(Code::NoHandler, message, hint).at(&self.config.path));
        };
        Ok(self.output.answer(&report, ExitCode::Success))
    }

    fn effective(&self, list: &arguments::List) -> Result<Effective, Error> {
        let config = &self.config;
        let (bytes, releases) = (config.read()?, list.judging.releases());
        let plugin_id = list.plugin.plugin_id.as_deref();
        let ledger = self.editor("list").ledger()?;
        let root = &config.host_root;
        Effective::of(&config.path, &bytes, &releases, plugin_id, root, &ledger)
    }

    pub(super) fn get(&mut self, get: &arguments::Get) -> Result<ExitCode, Error> {
        let config = &self.config;
        let (bytes, releases) = (config.read()?, get.judging.releases());
        let (path, root) = (&config.path, &config.host_root);
        let ledger = self.editor("get").ledger()?;
        let found = KeyInForce::of(path, &bytes, &releases, &get.key, root, &ledger)?;
        self.output.warn(&found.file, &found.warnings);
        Ok(self.output.answer(&KeyReport(&found), ExitCode::Success))
    }

    pub(super) fn check(&mut self, check: &arguments::Check) -> Result<ExitCode, Error> {
        let config = &self.config;
        let (bytes, releases) = (config.read()?, check.judging.releases());
        let check = Check::of(&config.path, &bytes, &releases, &config.host_root)?;
        Ok(self.report_check(&check, None, true))
    }

    /// Shows a check, with what the running daemon has loaded, or why that is not known. `in_step`:
    /// whether that is the config.
    pub(super) fn report_check(
        &mut self,
        check: &Check,
        running: Option<Result<&dyn Report, &Error>>,
        in_step: bool,
    ) -> ExitCode {
        let unknown = running.and_then(Result::err);
        let exit = match unknown {
            Some(error) => error.exit_code(),
            None if check.serves() && in_step => ExitCode::Success,
            None => ExitCode::Refused,
        };
        self.output.warn(&check.path, &check.warnings);
        let report = CheckReport {
            check,
            running: running.and_then(Result::ok),
            unknown,
            hint: self.hint(check),
        };
        let exit = self.output.verify(&report, exit);
        match unknown {
            // In JSON it stands in the report.
            Some(error) if self.output.format == Format::Text => self.output.fail(error, None),
            _ => exit,
        }
    }

    /// What has a config serve that does not.
    fn hint(&self, check: &Check) -> Option<String> {
        let broken = check.broken();
        let first = *broken.first()?;
        if !first.reads(check.config_version) {
            return Some("name the release that runs here with --containerd-version".to_owned());
        }
        let editor = self.config.editor();
        let puts_back = || editor.plan(Request::Restore(RestoreFrom::Serving));
        Some(match editor.repair(&broken) {
            Some(repair) => NextStep::Repair(&repair).to_string(),
            None if puts_back().is_ok_and(|it| it.is_change()) => NextStep::Restore.to_string(),
            None => NextStep::RepairByHand.to_string(),
        })
    }

    pub(super) fn status(&mut self, verb: &arguments::Status) -> Result<ExitCode, Error> {
        let status = verb.logging.set_up(self.config.editor()).status()?;
        let daemon = self.daemon_beside(&verb.daemon);
        let in_step = daemon.as_ref().is_none_or(|it| it.in_step);
        let is_in_force = status.is_in_force() && in_step;
        let report = StatusReport { status, daemon };
        Ok(match (verb.exit_code, is_in_force) {
            (false, _) => self.output.answer(&report, ExitCode::Success),
            (true, true) => self.output.verify(&report, ExitCode::Success),
            (true, false) => self.output.verify(&report, ExitCode::Changed),
        })
    }

    pub(super) fn log(&mut self, logging: &arguments::Logging) -> Result<ExitCode, Error> {
        let editor = logging.set_up(self.config.editor());
        let report = LogReport {
            path: &self.config.path,
            entries: &editor.log_entries()?,
        };
        Ok(self.output.answer(&report, ExitCode::Success))
    }
}
