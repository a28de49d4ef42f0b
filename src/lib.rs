//! Changes a node's containerd configuration safely.
//!
//! Registers and unregisters CRI runtime handlers (Kata, gVisor, crun, NVIDIA, wasm shims …) in
//! `/etc/containerd/config.toml`, so that installers which overlap, die half-way or retry for ever
//! can't corrupt the file or lose each other's work.
//!
//! - [`Change`] says what an owner wants listed and what not. [`edit()`] is the pure edit: [`Config`],
//!   [`Ledger`] and change in; new texts, a new ledger and a report out. It splices text and leaves
//!   every other byte alone.
//! - [`PatchFile`] reads a change from TOML.
//! - [`Editor`] makes it a transaction: lock, read, edit, judge, write beside, sync, replace the ledger
//!   and then the files, sync. [`Editor::status`] tells what happened to a config.
//! - [`load`] says what a containerd release makes of a config; every edit is held against it.
//! - [`Inventory`] tells what a config lists.
//! - [`Request`] is all that an [`Editor`] can be asked for: a change, to take the last one back, to put
//!   a kept text back.
//! - `Restart` has an edit loaded: it restarts containerd if that is needed, waits for it, verifies
//!   what it has loaded, and takes the edit back if it does not come back with it.
//! - `CriClient` asks a running daemon what it has loaded and which pods use it, `Running` holds a
//!   config against that, and `InUse` tells which pods still use a handler. They take the feature
//!   `cri`, which is on by default, as is `cli`, which only the command needs.
//!
//! # Limitations
//!
//! Linux only. Imported files are read for the judgement; one that the tool has not created is changed
//! only where containerd takes the key from nowhere else. [`Editor`] does not restart containerd, which reads
//! its config only when it starts. A program that ignores the lock and has had the config open since
//! before the edit may write to it once the edit is done: then its text is in `config.toml.prev`.
//!
//! # Examples
//!
//! Register a handler, and take it away again:
//!
//! ```
//! use containerd_edit::{Change, Editor, Handler, Preset};
//!
//! let folder = tempfile::tempdir()?;
//! let config = folder.path().join("config.toml");
//! std::fs::write(&config, "# mine\nversion = 3\n")?;
//!
//! let crun = Preset::named("crun").ok_or("no such preset")?;
//! let change = Change::new().ensure(Handler::from_preset("crun".parse()?, crun));
//! let done = Editor::new(&config).commit(&change)?;
//! assert!(done.needs_restart());
//!
//! Editor::new(&config).commit(Change::new().remove("crun"))?;
//! assert_eq!(std::fs::read_to_string(&config)?, "# mine\nversion = 3\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! See what a patch file would change, as a reconcile loop does:
//!
//! ```
//! use containerd_edit::{Editor, PatchFile};
//!
//! let folder = tempfile::tempdir()?;
//! let patch = PatchFile::parse(b"owner = \"wasm\"\n[handlers.spin]\n")?;
//! let plan = Editor::new(folder.path().join("config.toml")).plan(patch.into_change())?;
//! assert_eq!(plan.report.handlers.added, ["spin"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Ask what each containerd release makes of a config:
//!
//! ```
//! use containerd_edit::{Check, HostRoot, Release};
//!
//! let folder = tempfile::tempdir()?;
//! let config = b"version = 2\ndisabled_plugins = [\"cri\"]\n";
//! let path = folder.path().join("config.toml");
//! let check = Check::of(&path, config, &Release::LINES, &HostRoot::default())?;
//! assert!(!check.serves(), "{:?}", check.broken());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! See who owns what, and who has changed the config last:
//!
//! ```
//! use containerd_edit::{Change, Editor, Handler, Preset};
//!
//! # let folder = tempfile::tempdir()?;
//! # let config = folder.path().join("config.toml");
//! # let spin = Preset::named("spin").ok_or("no such preset")?;
//! let change = Change::new().ensure(Handler::from_preset("spin".parse()?, spin));
//! let editor = Editor::new(&config);
//! editor.commit(change.owner("wasm".parse()?))?;
//! let status = editor.status()?;
//! let spin = status.handlers.iter().find(|handler| handler.name == "spin");
//! assert_eq!(spin.and_then(|handler| handler.owner.as_deref()), Some("wasm"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod commit;
mod config;
mod containerd;
#[cfg(feature = "cri")]
mod daemon;
mod disk;
mod edit;
mod error;
mod inspect;
mod ledger;
mod node;
mod toml;
mod want;

pub use commit::editor::{DEFAULT_LOCK_TIMEOUT, DropIn, Editor};
pub use commit::file_change::FileChange;
pub use commit::operation_log::{LogEntry, LogTo, LoggedDropIn};
pub use commit::outcome::Outcome;
pub use commit::request::{Replacement, Request, RestoreFrom};
pub use commit::restored::{KeptText, Restored};
pub use config::Config;
pub use containerd::{
    Cgroup, ConfigFiles, Disproved, Fact, FactKind, FileState, Host, LoadedHandler, Model, Reason,
    Release, Verdict, load,
};
#[cfg(feature = "cri")]
pub use daemon::{
    cri::{CriClient, RunningHandlers, Sandbox},
    in_use::InUse,
    restart::{
        Cause, ChangeFate, DEFAULT_READY_TIMEOUT, Disagreement, Phases, Restart, RestartFailure,
        Restarted, Why,
    },
    running::{Drift, Running, RunningCri},
    service::Service,
};
pub use disk::HostRoot;
#[doc(hidden)]
pub use disk::existing::read_whole;
pub use disk::holder::HolderFate;
pub use edit::edited::{Absent, Edited, FileEdit, Handlers, Keys, LeftBehind, Report};
pub use edit::refusal::UnreadKey;
pub use edit::run::edit;
#[doc(hidden)]
pub use error::NextStep;
pub use error::{Code, Error, ExitCode, Position, Warning};
pub use inspect::check::{Check, CheckedRelease};
pub use inspect::effective::{Effective, EffectiveHandler, HandlerPlace};
pub use inspect::in_force::{NotInForce, OwnerStatus};
pub use inspect::inventory::{Inventory, ListedHandler};
pub use inspect::key_in_force::{KeyInForce, ReleaseValue};
pub use inspect::status::{DropInStatus, LockHolder, LockStatus, OwnedHandler, Status};
pub use ledger::{Ledger, Tombstone};
pub use node::{Distribution, Kind, Layout, Units};
#[doc(hidden)]
pub use toml::parsed;
pub use toml::{Document, ParseError, Source};
pub use want::change::Change;
pub use want::handler::{Handler, HandlerName, Owner, Preset, Setting};
pub use want::key_name::KeyName;
pub use want::patch_file::PatchFile;

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
