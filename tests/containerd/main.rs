//! Tests against real containerd daemons, one of each release line.
//!
//! They need root and Debian's containerd packages. `tests/run` fetches the packages
//! and runs every test; a plain `cargo test` lists these as ignored.

// Fixtures need no atomic writes.
#![allow(clippy::disallowed_methods)]

mod add;
mod apply;
mod control;
mod cri;
mod daemon;
mod differential;
mod disagreement;
mod distributions;
mod drop_in;
#[path = "../examples/mod.rs"]
mod example_files;
mod examples;
#[path = "../folders/mod.rs"]
mod folders;
mod generated;
mod harm;
mod in_use;
mod lifecycle;
mod migrated;
mod pods;
mod restart;
mod restart_by_k0s;
mod restart_by_systemd;
mod running;
#[path = "../schema/mod.rs"]
mod schema;
mod suites;
mod supervisor;
