//! The verbs that only read.

use std::io::Write as _;

use containerd_edit::{Check, Editor, Effective, EffectiveHandler, Error, ExitCode, Release};

use super::arguments::Format;
use super::check_report::Held;
use super::{Run, check_report, handlers_report, report, status_report};

impl Run {
    pub(super) fn log(&mut self) -> Result<ExitCode, Error> {
        let entries = self.editor().log_entries()?;
        let path = &self.config;
        if self.arguments.global.output == Format::Json {
            let report = status_report::log_json(path, &entries);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = if entries.is_empty() {
            format!("{}: no entries in its operation log\n", path.display())
        } else {
            status_report::log(&entries)
        };
        Ok(self.print(&text, true, ExitCode::Success))
    }

    pub(super) fn status(&mut self) -> Result<ExitCode, Error> {
        let status = self.editor().status()?;
        if self.arguments.global.output == Format::Json {
            let report = status_report::status_json(&status);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = status_report::status(&status);
        Ok(self.print(&text, true, ExitCode::Success))
    }

    /// Reads the config as containerd gets it.
    pub(super) fn read(&self) -> Result<Vec<u8>, Error> {
        let editor = Editor::new(&self.config).host_root(self.host_root.clone());
        let bytes = editor.read()?;
        let (Some(layout), Ok(text)) = (&self.layout, str::from_utf8(&bytes)) else {
            return Ok(bytes);
        };
        Ok(layout.rendered(text).into_owned().into_bytes())
    }

    pub(super) fn effective(&self, bytes: &[u8], releases: &[Release]) -> Result<Effective, Error> {
        let global = &self.arguments.global;
        let plugin_id = global.plugin_id.as_deref();
        let ledger = self.editor().ledger()?;
        let root = &self.host_root;
        Effective::of(&self.config, bytes, releases, plugin_id, root, &ledger)
    }

    pub(super) fn list(&mut self) -> Result<ExitCode, Error> {
        let bytes = self.read()?;
        let effective = self.effective(&bytes, &self.releases())?;
        let global = &self.arguments.global;
        if global.output == Format::Json {
            let report = handlers_report::list_json(&self.config, &effective);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = handlers_report::list(&self.config, &effective);
        Ok(self.print(&text, true, ExitCode::Success))
    }

    pub(super) fn check(&mut self) -> Result<ExitCode, Error> {
        let bytes = self.read()?;
        let check = Check::of(&self.config, &bytes, &self.releases(), &self.host_root)?;
        Ok(self.report_check(&check, None))
    }

    /// Shows a check, with what the running daemon has loaded.
    pub(super) fn report_check(&mut self, check: &Check, held: Option<&Held>) -> ExitCode {
        let global = &self.arguments.global;
        let good = check.serves() && held.is_none_or(|held| held.is_good);
        let code = if good {
            ExitCode::Success
        } else {
            ExitCode::Refused
        };
        if global.output == Format::Json {
            let report = check_report::json(check, held);
            return self.report_json(&report, true, code);
        }
        let text = check_report::text(check, held);
        if !global.quiet {
            for warning in &check.warnings {
                let text = report::warning(&check.path, warning);
                let _ = self.err.write_all(text.as_bytes());
            }
        }
        self.print(&text, true, code)
    }

    pub(super) fn show(&mut self, name: &str) -> Result<ExitCode, Error> {
        let bytes = self.read()?;
        let effective = self.effective(&bytes, &self.releases())?;
        let global = &self.arguments.global;
        let path = &self.config;
        let found: Vec<&EffectiveHandler> = effective
            .handlers
            .iter()
            .filter(|handler| handler.name == name)
            .collect();
        // One that some release loads before one that none does, newer releases first.
        let newest = |handler: &&&EffectiveHandler| handler.releases.iter().max().copied();
        let Some(handler) = found.iter().max_by_key(newest) else {
            let message = format!("{} lists no handler {name:?}", path.display());
            let hint = "see `containerd-edit list`";
            return Ok(self.fail(ExitCode::Other, "no-handler", &message, hint));
        };
        if global.output == Format::Json {
            let report = handlers_report::show_json(path, &effective, handler);
            return Ok(self.report_json(&report, true, ExitCode::Success));
        }
        let text = handlers_report::show(path, &effective, handler, &found);
        Ok(self.print(&text, true, ExitCode::Success))
    }
}
