//! What errors of the running daemon have beside their message.

use containerd_edit::Error;
use containerd_edit::cri::{ChangeFate, InUse, RestartFailure};
use serde_json::{Value, json};

use super::reports::{running, seconds};
use crate::cli::text::printable;

/// Returns lines of another program, for people.
pub(in crate::cli) fn log(error: &Error) -> String {
    let failure = error.detail::<RestartFailure>();
    let log = failure.and_then(|failure| failure.log.as_deref());
    let lines = log.unwrap_or_default().lines();
    lines
        .map(|line| format!("  | {}", printable(line)) + "\n")
        .collect()
}

/// Returns more fields for programs.
pub(in crate::cli) fn fields(error: &Error) -> Value {
    if let Some(failure) = error.detail::<RestartFailure>() {
        return json!({
            "log": failure.log,
            "cause": failure.cause.to_string(),
            "command": failure.command,
            "rollback": rolled_back(&failure.change),
        });
    }
    let Some(InUse { pods, .. }) = error.detail::<InUse>() else {
        return Value::Null;
    };
    json!({ "pods": pods })
}

fn rolled_back(change: &ChangeFate) -> Value {
    // Of a second restart that failed, too, the phases are not known.
    let (files, now) = match change {
        ChangeFate::TakenBack { is_as_before, now } if *is_as_before => {
            ("put-back", now.as_ref().ok())
        }
        ChangeFate::TakenBack { now, .. } => ("taken-out", now.as_ref().ok()),
        ChangeFate::Stuck(_) => ("stuck", None),
        _ => return Value::Null,
    };
    let daemon = now.and_then(|now| now.running.as_ref());
    json!({
        "files": files,
        "serves": now.is_some(),
        "seconds": now.map(|now| seconds(&now.phases)),
        "running": daemon.map(|daemon| running(daemon, &[])),
    })
}
