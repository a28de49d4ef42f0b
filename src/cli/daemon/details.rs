//! What errors of the running daemon have beside their message.

use containerd_edit::Error;
use containerd_edit::cri::{InUse, RestartFailure, Rollback, RolledBackFiles};
use serde_json::{Value, json};

use super::reports::{running, seconds};

/// Returns lines of another program, for people.
pub(in crate::cli) fn log(error: &Error) -> &str {
    let failure = error.detail::<RestartFailure>();
    failure
        .and_then(|failure| failure.log.as_deref())
        .unwrap_or_default()
}

/// Returns more fields for programs.
pub(in crate::cli) fn fields(error: &Error) -> Value {
    if let Some(failure) = error.detail::<RestartFailure>() {
        return json!({
            "log": failure.log,
            "cause": failure.cause.to_string(),
            "command": failure.command,
            "rollback": failure.rollback.as_ref().map(rolled_back),
        });
    }
    let Some(InUse { pods, .. }) = error.detail::<InUse>() else {
        return Value::Null;
    };
    let pods = pods.iter().map(|pod| {
        json!({
            "namespace": pod.namespace,
            "name": pod.name,
            "sandbox": pod.id,
            "handler": pod.handler,
        })
    });
    json!({ "pods": pods.collect::<Value>() })
}

fn rolled_back(rollback: &Rollback) -> Value {
    let daemon = rollback.running.as_ref();
    // Those of a second restart that failed, too, are not known.
    let is_known = rollback.failed.is_none();
    json!({
        "files": match &rollback.files {
            RolledBackFiles::AsBefore => "put-back",
            RolledBackFiles::TakenOut => "taken-out",
            _ => "stuck",
        },
        "serves": rollback.is_good(),
        "seconds": is_known.then(|| seconds(&rollback.phases)),
        "running": daemon.map(|daemon| running(daemon, &[])),
    })
}
