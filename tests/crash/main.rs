//! Crashes, faults and other people: what the config looks like when an edit is cut short anywhere,
//! when the system refuses any call, and when others write at any moment.
//!
//! Each rig is run on the command as it is, where it must find nothing, and on the command with a bug
//! (`bugs.c`), where it must find something.

// Tests set files up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

mod command;
mod deeds;
mod disk;
mod drop_ins;
mod edits;
mod faults;
mod figures;
#[path = "../folders/mod.rs"]
mod folders;
mod kills;
mod last_moment;
mod ledgers;
mod loop_filesystem;
mod mount_namespace;
mod open_file;
mod process;
mod promise;
mod rehearsal;
mod report;
mod reruns;
mod short_writes;
mod shutdown;
mod soak;
mod states;
mod stopped;
mod strangers;
mod syscalls;
mod tracer;
mod two_files;
