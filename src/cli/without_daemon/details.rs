//! What errors of the running daemon have beside their message: there are none here.

use containerd_edit::Error;
use serde_json::Value;

pub(in crate::cli) fn log(_: &Error) -> &'static str {
    ""
}

pub(in crate::cli) fn fields(_: &Error) -> Option<Value> {
    None
}
