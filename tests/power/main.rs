//! Power failures and failing disks: real filesystems on a disk that writes down what it is told,
//! loses what was not flushed, and fails on demand.
//!
//! Not run by `cargo test`: `tests/power/run` does, as root.

// Tests set files up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

#[path = "../crash/command.rs"]
mod command;
mod device_errors;
mod disk;
mod filesystem;
mod image;
mod machine;
#[path = "../crash/mount_namespace.rs"]
#[expect(dead_code, reason = "the other rigs use more of it")]
mod mount_namespace;
mod replay;
mod report;
mod scene;
mod seed;
mod server;
mod soak;
mod states;
