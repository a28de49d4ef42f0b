//! Edits that are loaded at once, and the verb `restart`.

use std::borrow::Cow;

use containerd_edit::{Editor, Error, ExitCode, Outcome, Restart, Service};
use serde::Serialize;

use crate::cli::arguments;
use crate::cli::arguments::groups::RestartHow;
use crate::cli::editing::{Edit, Request};
use crate::cli::output::Report;
use crate::cli::restart_report::RestartReport;
use crate::cli::run::Run;

impl Run {
    pub(in crate::cli) fn restart(&mut self, verb: &arguments::Restart) -> Result<ExitCode, Error> {
        let editor = verb.locking.set_up(self.editor("restart"));
        let editor = self.interruptible(editor);
        let mut restart = self.restart_by(&verb.how);
        if verb.always {
            restart = restart.always();
        }
        let restarted = restart.run(&editor)?;
        let restarted = RestartReport::new(&restarted);
        let exit = verb.exiting.code(restarted.done);
        let report = VerbReport {
            path: self.config.path.to_string_lossy(),
            restart: restarted,
        };
        Ok(self.output.tell(&report, exit))
    }

    /// Makes an edit and has it loaded.
    pub(in crate::cli) fn edit_and_restart(
        &mut self,
        editor: &Editor,
        edit: &Edit<'_>,
    ) -> Result<(Outcome, RestartReport), Error> {
        let restart = self.restart_by(&edit.editing.restarting.how);
        let done = match &edit.request {
            Request::Change(change) => restart.edit(editor, change),
            Request::Undo(owner) => restart.undo(editor, owner.as_ref()),
        };
        let (plan, restarted) = done?;
        Ok((plan, RestartReport::new(&restarted)))
    }

    /// Has containerd run again, on its config as it is.
    pub(super) fn bring_back(&mut self, edit: &Edit<'_>) -> Result<(), Error> {
        let editor = self.editor_of(edit)?;
        let editor = self.interruptible(editor);
        let restart = self.restart_by(&edit.editing.restarting.how);
        let restarted = restart.run(&editor);
        restarted?;
        Ok(())
    }

    /// The restart that the flags and the distribution ask for.
    fn restart_by(&self, how: &RestartHow) -> Restart {
        let service = match &how.restart_command {
            Some(command) => Service::Command(command.clone()),
            None => Service::of(self.config.layout.as_ref()),
        };
        let notes = self.output.notes;
        Restart::new(service, self.config.endpoint(&how.daemon))
            .ready_timeout(how.ready_timeout)
            .on_progress(move |what| notes.show(what))
    }
}

/// The report of the verb `restart`.
#[derive(Serialize)]
struct VerbReport<'r> {
    path: Cow<'r, str>,
    restart: RestartReport,
}

impl Report for VerbReport<'_> {
    fn text(&self) -> String {
        self.restart.text()
    }
}
