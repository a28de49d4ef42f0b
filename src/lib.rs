//! Changes a node's containerd configuration safely.
//!
//! Registers and unregisters CRI runtime handlers (Kata, gVisor, crun, NVIDIA, wasm shims …) in
//! `/etc/containerd/config.toml`, so that installers which overlap, die half-way or retry for ever
//! can't corrupt the file or lose each other's work.
//!
//! - [`Patch`] says what shall be listed and what shall not; [`edit`] is the pure edit: it splices
//!   text and leaves every other byte alone.
//! - [`PatchFile`] reads a patch from TOML.
//! - [`Editor`] makes it a transaction: lock, read, patch, check, write beside, sync, exchange, compare,
//!   sync. [`Editor::status`] tells what happened to a config.
//! - [`load`] says what a containerd release makes of a config; every edit is held against it.
//! - [`Inventory`] tells what a config lists.
//! - [`Editor::undo`] takes the last change back.
//! - `Restart` has an edit loaded: it restarts containerd if that is needed, waits for it, verifies
//!   what it has loaded, and takes the edit back if it does not come back with it.
//! - `CriClient` asks a running daemon what it has loaded and which pods use it, `Running` holds a
//!   config against that, and `InUse` tells which pods still use a handler. They take the feature
//!   `cri`, which is on by default.
//!
//! # Limitations
//!
//! Linux only. Imported files are read for the judgement; only drop-ins that were asked for, and
//! those of an owner that leaves, are changed. [`Editor`] does not restart containerd, which reads
//! its config only when it starts. A program that ignores the lock and has had the config open since
//! before the edit may write to it once the edit is done: then its text is in `config.toml.prev`.
//!
//! # Examples
//!
//! ```
//! use containerd_edit::{Editor, Handler, Patch, Preset};
//!
//! let folder = tempfile::tempdir()?;
//! let config = folder.path().join("config.toml");
//! std::fs::write(&config, "# mine\nversion = 3\n")?;
//!
//! let crun = Preset::named("crun").ok_or("no such preset")?;
//! let patch = Patch::new().ensure(Handler::from_preset("crun".parse()?, crun));
//! let done = Editor::new(&config).commit(&patch)?;
//! assert!(done.is_change(), "containerd has to be restarted");
//!
//! Editor::new(&config).commit(&Patch::new().remove("crun"))?;
//! assert_eq!(std::fs::read_to_string(&config)?, "# mine\nversion = 3\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod commit;
mod config;
mod containerd;
mod daemon;
mod disk;
mod edit;
mod error;
mod inspect;
mod ledger;
mod node;
mod toml;
mod want;

pub use commit::editor::{DEFAULT_LOCK_TIMEOUT, DropIn, Editor, FileChange, Outcome};
pub use commit::operation_log::{LogEntry, LogTo, LoggedDropIn};
#[doc(hidden)]
pub use containerd::compatibility_tables;

pub use config::Config;
pub use containerd::{
    Cgroup, ConfigFiles, FileState, Host, LoadedHandler, Model, Reason, Release, Verdict, load,
};
#[cfg(feature = "cri")]
pub use daemon::cri::{CriClient, CriError, RunningHandler, RunningHandlers, Sandbox};
#[cfg(feature = "cri")]
pub use daemon::in_use::{InUse, PodInUse};
#[cfg(feature = "cri")]
pub use daemon::restart::{
    Cause, DEFAULT_READY_TIMEOUT, Phases, Restart, RestartError, RestartFailure, Restarted,
    Rollback, RolledBackFiles, Why,
};
#[cfg(feature = "cri")]
pub use daemon::running::{Drift, Running, RunningCri};
#[cfg(feature = "cri")]
pub use daemon::service::{Service, ServiceError};
pub use disk::HostRoot;
pub use edit::change::Change;
pub use edit::edited::{Absent, Edited, FileEdit, Handlers, Keys, LeftBehind, Report};
pub use edit::inventory::{Inventory, ListedHandler};
pub use edit::run::{edit, without_owners};
pub use error::{Code, Error, ExitCode, Position, Warning};
pub use inspect::check::{Check, CheckedRelease};
pub use inspect::effective::{Effective, EffectiveHandler};
pub use inspect::status::{DropInStatus, LockHolder, OwnedHandler, Status};
pub use ledger::Ledger;
pub use node::{Distribution, Kind, Layout, Units};
pub use toml::{Document, ParseError};
pub use want::handler::{Handler, HandlerName, Owner, Preset, Setting};
pub use want::patch::Patch;
pub use want::patch_file::PatchFile;

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Those for installers do what they say.
#[cfg(doctest)]
#[doc = include_str!("../docs/integrating.md")]
struct Integrating;
