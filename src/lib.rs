//! Changes a node's containerd configuration safely.
//!
//! Registers and unregisters CRI runtime handlers (Kata, gVisor, crun, NVIDIA, wasm shims …) in
//! `/etc/containerd/config.toml`, so that installers which overlap, die half-way or retry for ever
//! can't corrupt the file or lose each other's work.
//!
//! - [`Patch`] says what shall be listed and what shall not; [`apply`] is the pure edit: it splices
//!   text and leaves every other byte alone.
//! - [`PatchFile`] reads a patch from TOML.
//! - [`Editor`] makes it a transaction: lock, read, patch, check, write beside, sync, exchange, compare,
//!   sync. [`Editor::status`] tells what happened to a config.
//! - [`load`] says what a containerd release makes of a config; every edit is held against it.
//! - [`Inventory`] tells what a config lists.
//! - [`Editor::undo`] takes the last change back.
//! - `Restart` has an edit loaded: it restarts containerd if that is needed, waits for it, verifies
//!   what it has loaded, and takes the edit back if it does not come back with it.
//! - [`InUse`] tells which pods still use a handler.
//! - `CriClient` asks a running daemon what it has loaded and which pods use it, and `Running` holds
//!   a config against that. They take the feature `cri`, which is on by default.
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

mod change;
mod check;
mod containerd;
#[cfg(feature = "cri")]
mod cri;
mod distribution;
mod document;
mod editor;
mod effective;
mod error;
mod file;
mod handler;
mod in_use;
mod inventory;
mod judgement;
mod operation_log;
mod own_copy;
mod ownership;
mod patch;
mod patch_file;
mod planning;
#[cfg(feature = "cri")]
mod restart;
#[cfg(feature = "cri")]
mod running;
mod seeded;
#[cfg(feature = "cri")]
mod service;
mod status;
mod surroundings;
mod transaction;
mod undo;

pub use check::{Check, CheckedRelease};
#[doc(hidden)]
pub use containerd::compatibility_tables;
pub use containerd::version::VersionError;
pub use containerd::{
    Cgroup, ConfigFiles, FileState, Host, LoadedHandler, Model, Reason, Release, ReleaseError,
    Verdict, load,
};
#[cfg(feature = "cri")]
pub use cri::{CriClient, CriError, RunningHandler, RunningHandlers, Sandbox};
pub use distribution::{
    Distribution, DistributionError, Kind, Layout, TemplateError, Units, UnknownDistribution,
};
pub use document::{Document, ParseError, Position};
pub use editor::{DEFAULT_LOCK_TIMEOUT, DropIn, Editor, FileChange, Plan};
pub use effective::{Effective, EffectiveHandler};
pub use error::{Error, ExitCode};
pub use file::HostRoot;
pub use handler::{Handler, HandlerName, NameError, Owner, Preset, Setting, SettingError};
pub use in_use::{InUse, KnownBy, PodInUse, UnclearShim, UseUnknown};
pub use inventory::{Inventory, ListedHandler};
pub use operation_log::{LogEntry, LogTo, LoggedDropIn};
pub use own_copy::{OwnCopy, RemovedCopy};
pub use ownership::{OwnedHandler, UnmarkedKey};
pub use patch::{Edited, Handlers, Keys, Patch, PatchError, Warning, apply};
pub use patch_file::{PatchFile, PatchFileError};
#[cfg(feature = "cri")]
pub use restart::{
    Cause, DEFAULT_READY_TIMEOUT, Phases, Restart, RestartError, RestartFailure, Restarted,
    Rollback, RolledBackFiles, Why,
};
#[cfg(feature = "cri")]
pub use running::{Drift, Running, RunningCri};
#[cfg(feature = "cri")]
pub use service::{Service, ServiceError};
pub use status::{DropInStatus, LockHolder, Status};
pub use surroundings::{BinaryAnswer, ask_binary};

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Those for installers do what they say.
#[cfg(doctest)]
#[doc = include_str!("../docs/integrating.md")]
struct Integrating;
