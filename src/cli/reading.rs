//! The verbs that only read.

use containerd_edit::{
    Check, Code, Effective, Error, ExitCode, NextStep, Outcome, Release, Request, RestoreFrom,
};

use super::arguments::groups::Judging;
use super::arguments::{self, Format};
use super::check_report::Checked;
use super::run::Run;
use super::{handlers_report, key_report, status_report};

impl Run {
    pub(super) fn list(&mut self, list: &arguments::List) -> Result<ExitCode, Error> {
        let effective = self.effective(list)?;
        Ok(self
            .output
            .answer(handlers_report::list(&effective), ExitCode::Success))
    }

    pub(super) fn show(&mut self, show: &arguments::Show) -> Result<ExitCode, Error> {
        let effective = self.effective(&show.list)?;
        let name = &show.name;
        let Some(report) = handlers_report::show(&effective, name) else {
            let message = format!("no handler {name:?} is listed");
            let hint = NextStep::SeeHandlers;
            return Err(Error::new(Code::NoHandler, message, hint).at(&self.config.path));
        };
        Ok(self.output.answer(report, ExitCode::Success))
    }

    fn effective(&self, list: &arguments::List) -> Result<Effective, Error> {
        let editor = list.judging.set_up(self.config.editor());
        let effective = editor.effective(list.plugin.plugin_id.as_deref())?;
        if let Some(why) = &effective.ledger_error {
            let note = format!("owners are unknown: {why}");
            self.output.notes.show(&note);
        }
        Ok(effective)
    }

    pub(super) fn get(&mut self, get: &arguments::Get) -> Result<ExitCode, Error> {
        let editor = get.judging.set_up(self.config.editor());
        let found = editor.key_in_force(&get.key)?;
        self.output.warn(&found.file, &found.warnings);
        Ok(self
            .output
            .answer(key_report::report(&found), ExitCode::Success))
    }

    pub(super) fn check(&mut self, verb: &arguments::Check) -> Result<ExitCode, Error> {
        let checked = if verb.running {
            self.beside_daemon(&verb.daemon, &verb.judging)?
        } else {
            let editor = verb.judging.set_up(self.config.editor());
            Checked::new(editor.check()?, None)
        };
        let Checked { check, daemon } = &checked;
        let exit = match daemon {
            Some(Err(error)) => error.exit_code(),
            Some(Ok(loaded)) if !loaded.in_step => ExitCode::Refused,
            _ if check.serves() => ExitCode::Success,
            _ => ExitCode::Refused,
        };
        self.output.warn(&check.path, &check.warnings);
        let report = checked.report(self.hint(check).as_deref());
        let exit = self.output.verify(report, exit);
        Ok(match daemon {
            // In JSON it stands in the report.
            Some(Err(error)) if self.output.format == Format::Text => self.output.fail(error, None),
            _ => exit,
        })
    }

    /// What has a config serve that does not.
    fn hint(&self, check: &Check) -> Option<String> {
        if check.serves() {
            return None;
        }
        if let Some(managed) = &self.config.managed {
            return Some(managed.hint().to_owned());
        }
        let editor = self.config.editor();
        if let Some(folder) = editor.unmounted() {
            let folder = folder.display();
            return Some(format!(
                "mount the host's {folder} below --host-root as well, or run this on the host: an \
                 import that can't be seen here may be there"
            ));
        }
        let planned = editor.plan(Request::Restore(RestoreFrom::Serving)).ok();
        let planned = planned.filter(Outcome::is_change);
        // A file that is gone comes back, and nothing else is lost.
        let is_gone = |it: &Outcome| it.changes().any(|file| file.before.is_none());
        let is_gone = planned.as_ref().is_some_and(is_gone);
        let version = check.config_version;
        let reads = |release: &Release| release.reads(version);
        Some(match editor.repair(&check.broken()) {
            _ if is_gone => NextStep::Restore.to_string(),
            Some(repair) => NextStep::Repair(&repair).to_string(),
            None if planned.is_some() => NextStep::Restore.to_string(),
            None if check.releases.iter().any(|row| row.reads) => {
                NextStep::RepairByHand.to_string()
            }
            None => match Release::LINES.into_iter().find(reads) {
                Some(first) => format!(
                    "config version {version} takes containerd {first} or newer: upgrade containerd, \
                     or write the config in an older version"
                ),
                None => format!(
                    "fix `version`: no containerd release that this program knows reads config \
                     version {version}; a newer containerd-edit may know one"
                ),
            },
        })
    }

    pub(super) fn status(&mut self, verb: &arguments::Status) -> Result<ExitCode, Error> {
        let status = verb.logging.set_up(self.config.editor()).status()?;
        let is_restorable = || self.config.editor().would_restore(RestoreFrom::Serving);
        let way_back = !status.broken.is_empty() && is_restorable();
        // None is asked about a file that was named alone.
        let has_daemon = self.config.layout.is_some() || verb.daemon.cri_endpoint.is_some();
        let checked = if has_daemon && cfg!(feature = "cri") {
            self.beside_daemon(&verb.daemon, &Judging::default())
        } else {
            let check = self.config.editor().check_if_any();
            check.map(|check| Checked::new(check, None))
        };
        let (serves, daemon) = match checked {
            Ok(checked) => (checked.check.serving(), checked.daemon),
            Err(error) => (Vec::new(), has_daemon.then_some(Err(error))),
        };
        let in_step = daemon.iter().flatten().all(|it| it.in_step);
        let is_good = status.is_in_force() && !serves.is_empty() && in_step;
        let way_back = way_back.then_some(NextStep::Restore);
        let report = status_report::status(&status, way_back, &serves, daemon.as_ref());
        Ok(match (verb.exit_code, is_good) {
            (false, _) => self.output.answer(report, ExitCode::Success),
            (true, true) => self.output.verify(report, ExitCode::Success),
            (true, false) => self.output.verify(report, ExitCode::Changed),
        })
    }

    pub(super) fn log(&mut self, logging: &arguments::Logging) -> Result<ExitCode, Error> {
        let editor = logging.set_up(self.config.editor());
        let report = status_report::log(&self.config.path, &editor.log_entries()?);
        Ok(self.output.answer(report, ExitCode::Success))
    }
}
