//! Edits that are loaded at once, and the verb `restart`.

use containerd_edit::cri::{DEFAULT_READY_TIMEOUT, Restart, Service};
use containerd_edit::{Editor, Error, ExitCode};
use serde_json::json;

use super::reports;
use crate::cli::arguments;
use crate::cli::arguments::groups::RestartHow;
use crate::cli::edit::Edit;
use crate::cli::edit_report::Completed;
use crate::cli::report::Report;
use crate::cli::run::Run;

impl Run {
    pub(in crate::cli) fn restart(&mut self, verb: &arguments::Restart) -> Result<ExitCode, Error> {
        let editor = verb.locking.set_up(self.editor("restart"));
        let editor = self.interruptible(editor);
        let restart = self.restart_by(&verb.how).always(verb.always);
        let restarted = restart.run(&editor)?;
        let disagreement = restarted.disagreement.as_slice();
        self.output.warn(&self.config.path, disagreement);
        let exit = verb.exiting.code(restarted.why.is_some());
        let done = reports::restarted(&restarted);
        let json = json!({
            "path": self.config.path.to_string_lossy(),
            "restart": done.json,
            "warnings": disagreement,
        });
        Ok(self.output.tell(Report::new(json, done.text), exit))
    }

    /// Makes an edit and has it loaded.
    pub(in crate::cli) fn edit_and_restart<'e>(
        &mut self,
        editor: &Editor,
        edit: &'e Edit<'e>,
    ) -> Result<Completed<'e>, Error> {
        let restart = self.restart_by(&edit.editing.how);
        let (plan, restarted) = restart.edit(editor, edit.request.clone())?;
        Ok(Completed {
            edit,
            is_change: plan.is_change() || restarted.why.is_some(),
            plan,
            restart: Some(reports::restarted(&restarted)),
        })
    }

    /// Has containerd run again, on its config as it is.
    pub(super) fn bring_back(&mut self, edit: &Edit<'_>) -> Result<(), Error> {
        let editor = self.editor_of(edit);
        let editor = self.interruptible(editor);
        self.restart_by(&edit.editing.how).run(&editor)?;
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
            .ready_timeout(how.ready_timeout.unwrap_or(DEFAULT_READY_TIMEOUT))
            .on_progress(move |what| notes.show(what))
    }
}
