//! Edits that are loaded at once, and the verb `restart`.

use std::io::{self, Write as _};

use containerd_edit::{Editor, Error, ExitCode, Plan, Restart, Service};

use super::restart_report;
use crate::cli::arguments::{Format, RestartHow};
use crate::cli::editing::Edit;
use crate::cli::{Run, report};

impl Run {
    pub(in crate::cli) fn restart(
        &mut self,
        always: bool,
        how: &RestartHow,
    ) -> Result<ExitCode, Error> {
        let editor = self.editor();
        let editor = self.interruptible(editor);
        let mut restart = self.restart_by(how);
        if always {
            restart = restart.always();
        }
        let restarted = restart.run(&editor)?;
        let global = &self.arguments.global;
        let code = if global.exit_code && restarted.why.is_some() {
            ExitCode::Changed
        } else {
            ExitCode::Success
        };
        if global.output == Format::Json {
            let report = restart_report::restart_json(&self.config, &restarted);
            return Ok(self.report_json(&report, false, code));
        }
        if global.quiet {
            return Ok(code);
        }
        let text = restart_report::text(&restarted);
        Ok(self.print(&text, false, code))
    }

    /// Has containerd run again, on its config as it is.
    pub(super) fn bring_back(&mut self, how: &RestartHow) -> Result<(), Error> {
        let editor = self.editor();
        let editor = self.interruptible(editor);
        let restarted = self.restart_by(how).run(&editor);
        restarted.map(drop)
    }

    /// Makes an edit and has it loaded.
    pub(in crate::cli) fn edit_and_restart(
        &mut self,
        editor: Editor,
        edit: &Edit<'_>,
        how: &RestartHow,
    ) -> Result<ExitCode, Error> {
        let editor = self.interruptible(editor);
        let restart = self.restart_by(how);
        let done = match edit {
            Edit::Patch(patch) => restart.edit(&editor, patch),
            Edit::Undo(owner) => restart.undo(&editor, *owner),
        };
        let (plan, restarted) = done?;
        let global = &self.arguments.global;
        let is_change = plan.is_change() || restarted.why.is_some();
        let code = if global.exit_code && is_change {
            ExitCode::Changed
        } else {
            ExitCode::Success
        };
        if global.output == Format::Json {
            let mut json = self.edit_json(&plan, edit);
            json["restart_required"] = false.into();
            json["restart"] = restart_report::json(&restarted);
            return Ok(self.report_json(&json, false, code));
        }
        self.warn(&plan);
        if self.arguments.global.quiet {
            return Ok(code);
        }
        let text = self.told(&plan) + &restart_report::text(&restarted);
        Ok(self.print(&text, false, code))
    }

    fn told(&self, plan: &Plan) -> String {
        let diff = self.arguments.global.verbose.then(|| report::diff(plan));
        let diff = report::colored(&diff.unwrap_or_default());
        format!("{diff}{}: {}\n", plan.path.display(), report::deeds(plan))
    }

    /// The restart that the flags and the distribution ask for.
    fn restart_by(&self, how: &RestartHow) -> Restart {
        let service = match &how.restart_command {
            Some(command) => Service::Command(command.clone()),
            None => Service::of(self.layout.as_ref()),
        };
        let quiet = self.arguments.global.quiet;
        Restart::new(service, self.endpoint())
            .ready_timeout(how.ready_timeout)
            .on_progress(move |what| {
                if !quiet {
                    let _ = writeln!(io::stderr(), "{what}");
                }
            })
    }
}
