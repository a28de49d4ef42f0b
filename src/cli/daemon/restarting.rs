//! Edits that are loaded at once, and the verb `restart`.

use std::borrow::Cow;
use std::time::Duration;

use containerd_edit::{
    Editor, Error, ExitCode, Phases, Plan, Restart, RestartFailure, Restarted, Rollback,
    RolledBackFiles, Service, Why,
};
use serde::Serialize;

use crate::cli::Run;
use crate::cli::arguments;
use crate::cli::arguments::groups::RestartHow;
use crate::cli::editing::{Change, Edit};
use crate::cli::error_report::Detail;
use crate::cli::output::Report;
use crate::cli::restart_report::{RestartReport, Seconds};
use crate::cli::running_report::RunningReport;

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
    ) -> Result<(Plan, RestartReport), Error> {
        let restart = self.restart_by(&edit.editing.restarting.how);
        let done = match &edit.change {
            Change::Patch(patch) => restart.edit(editor, patch),
            Change::Undo(owner) => restart.undo(editor, owner.as_ref()),
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

/// What is known of a restart that has failed.
pub(super) fn detail(failure: &RestartFailure) -> Detail {
    let fields = FailedRestart {
        log: failure.log.as_deref(),
        cause: failure.cause.to_string(),
        command: failure.command.as_deref(),
        rollback: failure.rollback.as_ref().map(RollbackReport::new),
    };
    Detail {
        log: failure.log.clone().unwrap_or_default(),
        fields: serde_json::to_value(fields).ok(),
    }
}
