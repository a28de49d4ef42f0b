//! What errors of the running daemon have beside their message.

use containerd_edit::{Error, InUse, RestartFailure, Rollback, RolledBackFiles};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::restart_report::Seconds;
use crate::cli::running_report::RunningReport;

/// Returns lines of another program, for people.
pub(in crate::cli) fn log(error: &Error) -> &str {
    let failure = error.detail::<RestartFailure>();
    failure
        .and_then(|failure| failure.log.as_deref())
        .unwrap_or_default()
}

/// Returns more fields for programs.
pub(in crate::cli) fn fields(error: &Error) -> Option<Value> {
    let fields = if let Some(failure) = error.detail::<RestartFailure>() {
        serde_json::to_value(FailedRestart::new(failure))
    } else if let Some(InUse { pods, .. }) = error.detail::<InUse>() {
        let pods = pods.iter().map(|pod| {
            json!({
                "namespace": pod.namespace,
                "name": pod.name,
                "sandbox": pod.id,
                "handler": pod.handler,
            })
        });
        Ok(json!({ "pods": pods.collect::<Value>() }))
    } else {
        return None;
    };
    fields.ok()
}

/// A restart that has failed.
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

impl<'f> FailedRestart<'f> {
    fn new(failure: &'f RestartFailure) -> Self {
        Self {
            log: failure.log.as_deref(),
            cause: failure.cause.to_string(),
            command: failure.command.as_deref(),
            rollback: failure.rollback.as_ref().map(RollbackReport::new),
        }
    }
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
