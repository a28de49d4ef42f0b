//! What errors of the running daemon tell beside their message.

use serde_json::Value;

use containerd_edit::{Error, InUse};

use super::{in_use, restart_report};

/// The lines below the message.
pub(super) fn text(error: &Error) -> String {
    error.detail().map(restart_report::log).unwrap_or_default()
}

/// Adds it to the report of an error.
pub(super) fn add(report: &mut Value, error: &Error) {
    if let Some(failure) = error.detail() {
        restart_report::add(report, failure);
    }
    if let Some(InUse { pods, .. }) = error.detail() {
        report["pods"] = pods.iter().map(in_use::pod_json).collect();
    }
}
