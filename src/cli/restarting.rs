//! Edits that are loaded at once, and the verb `restart`.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use containerd_edit::{
    Editor, Error, ExitCode, Phases, Plan, Restart, RestartError, Restarted, Rollback,
    RolledBackFiles, Service, Why,
};
use serde::Serialize;

use super::arguments;
use super::arguments::groups::RestartHow;
use super::editing::{Change, Edit};
use super::failure::Failure;
use super::output::Report;
use super::restart_report::{RestartReport, Seconds};
use super::running_report::RunningReport;
use super::{Run, running};

impl Run {
    pub(super) fn restart(&mut self, verb: &arguments::Restart) -> Result<ExitCode, Failure> {
        let editor = verb.locking.set_up(self.editor("restart"));
        let editor = self.interruptible(editor);
        let mut restart = self.restart_by(&verb.how);
        if verb.always {
            restart = restart.always();
        }
        let restarted = restart.run(&editor).map_err(|it| self.not_restarted(it))?;
        let restarted = RestartReport::new(&restarted);
        let exit = verb.exiting.code(restarted.done);
        let report = VerbReport {
            path: self.config.path.to_string_lossy(),
            restart: restarted,
        };
        Ok(self.output.tell(&report, exit))
    }

    /// Makes an edit and has it loaded.
    pub(super) fn edit_and_restart(
        &mut self,
        editor: &Editor,
        edit: &Edit<'_>,
    ) -> Result<(Plan, RestartReport), Failure> {
        let restart = self.restart_by(&edit.editing.restarting.how);
        let done = match &edit.change {
            Change::Patch(patch) => restart.edit(editor, patch),
            Change::Undo(owner) => restart.undo(editor, owner.as_ref()),
        };
        let (plan, restarted) = done.map_err(|it| self.not_restarted(it))?;
        Ok((plan, RestartReport::new(&restarted)))
    }

    /// Has containerd run again, on its config as it is.
    pub(super) fn bring_back(&mut self, edit: &Edit<'_>) -> Result<(), Failure> {
        let editor = self.editor_of(edit)?;
        let editor = self.interruptible(editor);
        let restart = self.restart_by(&edit.editing.restarting.how);
        let restarted = restart.run(&editor);
        restarted.map_err(|it| self.not_restarted(it))?;
        Ok(())
    }

    fn not_restarted(&self, error: RestartError) -> Failure {
        failure(error, &self.config.path)
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

impl RestartReport {
    fn new(restarted: &Restarted) -> Self {
        let why = restarted.why.as_ref();
        let running = restarted.running.as_ref();
        Self {
            done: why.is_some(),
            why: why.map(Why::word),
            command: restarted.command.clone().filter(|_| why.is_some()),
            seconds: why.map(|_| Seconds::of(&restarted.phases)),
            running: running.map(|running| RunningReport::new(running, &restarted.drift)),
            reason: why.map(reason).unwrap_or_default(),
        }
    }
}

impl Seconds {
    fn of(phases: &Phases) -> Self {
        let rounded = |duration: Duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0;
        Self {
            command: rounded(phases.command),
            gone: rounded(phases.gone),
            ready: rounded(phases.ready),
            verified: rounded(phases.verified),
            total: rounded(phases.total()),
        }
    }
}

fn reason(why: &Why) -> String {
    match why {
        Why::Changed => "this run has changed what it loads".to_owned(),
        Why::Drift(drift) => {
            let drift: Vec<String> = drift.iter().map(ToString::to_string).collect();
            drift.join(", ")
        }
        Why::Older(path) => format!("it was started before {} was last changed", path.display()),
        Why::NotRunning => "it did not run".to_owned(),
        Why::Silent => "it gave no answer".to_owned(),
        Why::Asked => "that was asked for".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What programs learn of a restart that has failed.
#[derive(Serialize)]
struct FailedRestart<'f> {
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    log: Option<&'f str>,
    cause: String,
    command: Option<&'f str>,
    rollback: Option<RollbackReport>,
}

#[derive(Serialize)]
struct RollbackReport {
    files: &'static str,
    serves: bool,
    seconds: Option<Seconds>,
    running: Option<RunningReport>,
}

impl RollbackReport {
    fn new(rollback: &Rollback) -> Self {
        let running = rollback.running.as_ref();
        let served = rollback.failed.is_none();
        Self {
            files: match &rollback.files {
                RolledBackFiles::PutBack => "put-back",
                RolledBackFiles::TakenOut => "taken-out",
                _ => "stuck",
            },
            serves: rollback.is_good(),
            // Those of a second restart that failed, too, are not known.
            seconds: served.then(|| Seconds::of(&rollback.phases)),
            running: running.map(|running| RunningReport::new(running, &[])),
        }
    }
}

/// What is shown of a restart that has failed.
fn failure(error: RestartError, config: &Path) -> Failure {
    let (code, message, hint) = (error.code(), error.to_string(), error.hint());
    let failed = match error {
        RestartError::Edit(error) => return error.into(),
        RestartError::Daemon(error) => return running::no_answer(&error).into(),
        RestartError::Failed(failed) => Some(failed),
        _ => None,
    };
    let code = running::code(code, ExitCode::NoDaemon);
    let error = Error::new(code, message, hint).at(config);
    let Some(failed) = failed else {
        return error.into();
    };
    let rollback = failed.rollback.as_ref();
    let is_stuck = |rollback: &&Rollback| matches!(rollback.files, RolledBackFiles::Stuck { .. });
    let details = FailedRestart {
        changed: rollback.filter(is_stuck).map(|_| true),
        log: failed.log.as_deref(),
        cause: failed.cause.to_string(),
        command: failed.command.as_deref(),
        rollback: rollback.map(RollbackReport::new),
    };
    Failure {
        details: serde_json::to_value(&details).ok(),
        log: failed.log,
        error,
    }
}
