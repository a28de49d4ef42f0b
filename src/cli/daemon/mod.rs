//! The verbs and flags that ask or restart the running daemon; `without_daemon` stands in for them.

pub(super) mod details;
mod in_use;
mod reports;
mod restarting;
mod running;
