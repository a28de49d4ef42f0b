//! Edits that are loaded at once, and the verb `restart`.

use std::io::{self, Write as _};

use containerd_edit::{Editor, ExitCode, Outcome, Restart, RestartError, Service};

use super::arguments::{Format, RestartHow};
use super::editing::Edit;
use super::{Run, report, restart_report};

impl Run {
    pub(super) fn restart(&mut self, always: bool, how: &RestartHow) -> ExitCode {
        let editor = self.editor();
        let editor = self.interruptible(editor);
        let mut restart = self.restart_by(how);
        if always {
            restart = restart.always();
        }
        let restarted = match restart.run(&editor) {
            Ok(restarted) => restarted,
            Err(error) => return self.not_restarted(&error),
        };
        let global = &self.arguments.global;
        let code = if global.exit_code && restarted.why.is_some() {
            ExitCode::Changed
        } else {
            ExitCode::Success
        };
        if global.output == Format::Json {
            let report = restart_report::restart_json(&self.config, &restarted);
            return self.report_json(&report, false, code);
        }
        if global.quiet {
            return code;
        }
        let text = restart_report::text(&restarted);
        self.print(&text, false, code)
    }

    /// Has containerd run again, on its config as it is.
    pub(super) fn bring_back(&mut self, how: &RestartHow) -> Result<(), ExitCode> {
        let editor = self.editor();
        let editor = self.interruptible(editor);
        let restarted = self.restart_by(how).run(&editor);
        restarted.map_or_else(|error| Err(self.not_restarted(&error)), |_| Ok(()))
    }

    /// Makes an edit and has it loaded.
    pub(super) fn edit_and_restart(
        &mut self,
        editor: Editor,
        edit: &Edit<'_>,
        how: &RestartHow,
    ) -> ExitCode {
        let editor = self.interruptible(editor);
        let restart = self.restart_by(how);
        let done = match edit {
            Edit::Patch(patch) => restart.edit(&editor, patch),
            Edit::Undo(owner) => restart.undo(&editor, *owner),
        };
        let (plan, restarted) = match done {
            Ok(done) => done,
            Err(error) => return self.not_restarted(&error),
        };
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
            return self.report_json(&json, false, code);
        }
        self.warn(&plan);
        if self.arguments.global.quiet {
            return code;
        }
        let text = self.told(&plan) + &restart_report::text(&restarted);
        self.print(&text, false, code)
    }

    fn told(&self, plan: &Outcome) -> String {
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

    fn not_restarted(&mut self, error: &RestartError) -> ExitCode {
        match error {
            RestartError::Edit(error) => return self.failed(error),
            RestartError::Daemon(error) => return self.no_answer(error),
            _ => {}
        }
        let exit = error.exit_code();
        let signals = self.signals.clone();
        let signal = signals.as_ref().filter(|_| exit == ExitCode::Interrupted);
        if self.arguments.global.output == Format::Json {
            let number = signal.and_then(super::signals::Signals::exit_code);
            let number = number.unwrap_or(exit as u8);
            let report = restart_report::error_json(error, number, &self.config);
            let _ = writeln!(self.out, "{report}");
        } else {
            let text = restart_report::error(error, &self.config);
            let _ = self.err.write_all(text.as_bytes());
        }
        if let Some(signals) = signal {
            signals.end();
        }
        exit
    }
}
