//! What errors of the running daemon tell beside their message.

use serde_json::{Value, json};

use containerd_edit::{Error, InUse, PodInUse};

use super::restart_report;

/// The lines below the message.
pub(in crate::cli) fn text(error: &Error) -> String {
    error.detail().map(restart_report::log).unwrap_or_default()
}

/// Adds it to the report of an error.
pub(in crate::cli) fn add(report: &mut Value, error: &Error) {
    if let Some(failure) = error.detail() {
        restart_report::add(report, failure);
    }
    if let Some(InUse { pods, .. }) = error.detail() {
        report["pods"] = pods.iter().map(pod_json).collect();
    }
}

fn pod_json(pod: &PodInUse) -> Value {
    json!({
        "namespace": pod.namespace,
        "name": pod.name,
        "sandbox": pod.sandbox,
        "handler": pod.handler,
    })
}
