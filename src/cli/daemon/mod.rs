//! The verbs and flags that ask or restart the running daemon.

mod in_use;
mod restarting;
mod running;

use containerd_edit::{Error, InUse, RestartFailure};

use super::error_report::Detail;

/// What an error has beside its message.
pub(super) fn detail(error: &Error) -> Detail {
    if let Some(failure) = error.detail::<RestartFailure>() {
        restarting::detail(failure)
    } else if let Some(found) = error.detail::<InUse>() {
        in_use::detail(found)
    } else {
        Detail::default()
    }
}
