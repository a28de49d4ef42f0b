//! The command as a whole: golden cases, messages, exit codes, surroundings and contention.

// Tests set files up with the plain calls that the tool itself must not use.
#![allow(clippy::disallowed_methods)]

mod adopting;
mod apply;
mod broken;
mod check;
mod command_line;
mod distributions;
mod documents;
mod drop_in;
mod edit;
#[path = "../examples/mod.rs"]
mod example_files;
mod examples;
mod filesystems;
#[path = "../folders/mod.rs"]
mod folders;
mod golden;
mod harm;
mod help;
mod hints;
mod host_root;
mod huge;
mod in_use;
mod keys;
mod left_behind;
mod lists;
mod lives;
mod lock;
mod managed;
mod messages;
mod owners;
mod parses;
mod reports;
mod restarting;
mod restore;
mod running;
#[path = "../schema/mod.rs"]
mod schema;
mod schemas;
mod sidecars;
mod spellings;
mod status;
mod strangers;
mod surroundings;
mod tool;
mod undo;
mod unread;
