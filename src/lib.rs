//! Changes a node's containerd configuration safely.
//!
//! Registers and unregisters CRI runtime handlers (Kata, gVisor, crun, NVIDIA, wasm shims …) in
//! `/etc/containerd/config.toml`, so that installers which overlap, die half-way or retry for ever
//! can't corrupt the file or lose each other's work.
//!
//! - [`Change`] says what an owner wants; [`PatchFile`] reads one from TOML.
//! - [`Editor`] carries out a [`Request`] on a node's files: a change, an undo, a restore. It locks,
//!   reads, edits, judges and replaces them. [`Editor::status`] tells what happened to a config.
//! - [`edit()`] is the edit alone, without a disk: [`Config`], [`Ledger`] and change in; new texts, a
//!   new ledger and a report out.
//! - [`Editor::check`], [`Editor::effective`] and [`Editor::key_in_force`] read what is there, and
//!   [`Inventory`] what one file lists.
//!
//! Three modules hold what few callers name: [`report`], the parts of what these return; [`model`],
//! what a containerd release makes of a config; `cri`, the running daemon (feature `cri`, on by
//! default, as is `cli`, which only the command needs).
//!
//! # Limitations
//!
//! Linux only. Imported files are read for the judgement; one that the tool has not created is changed
//! only where containerd takes the key from nowhere else. [`Editor`] does not restart containerd, which
//! reads its config only when it starts. A program that ignores the lock and has had the config open since
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
//! use containerd_edit::Editor;
//!
//! let folder = tempfile::tempdir()?;
//! let config = folder.path().join("config.toml");
//! std::fs::write(&config, "version = 2\ndisabled_plugins = [\"cri\"]\n")?;
//! let check = Editor::new(&config).check()?;
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
pub use commit::operation_log::LogTo;
pub use commit::outcome::Outcome;
pub use commit::request::{Replacement, Request, RestoreFrom};
pub use config::Config;
pub use containerd::Release;
pub use disk::HostRoot;
#[doc(hidden)]
pub use disk::existing::read_whole;
pub use edit::edited::{Edited, Report};
pub use edit::run::edit;
#[doc(hidden)]
pub use error::NextStep;
pub use error::{Code, Error, ExitCode, Position, Warning};
pub use inspect::check::Check;
pub use inspect::effective::Effective;
pub use inspect::inventory::Inventory;
pub use inspect::key_in_force::KeyInForce;
pub use inspect::status::Status;
pub use ledger::Ledger;
pub use node::{Distribution, Layout, Units};
pub use toml::{Document, ParseError, Source, Value};
#[doc(hidden)]
pub use toml::{dotted_key, parsed};
pub use want::change::Change;
pub use want::handler::{Handler, HandlerName, Owner, Preset, Setting};
pub use want::key_name::KeyName;
pub use want::patch_file::PatchFile;

/// The parts of what edits and reads return.
///
/// Of an [`Outcome`], its [`Report`], a [`Check`], an [`Inventory`], an [`Effective`] config, a
/// [`KeyInForce`] and a [`Status`]. You read their fields and need not name them.
pub mod report {
    pub use crate::commit::file_change::FileChange;
    pub use crate::commit::operation_log::{LogEntry, LoggedDropIn};
    pub use crate::commit::restored::{KeptAs, KeptText, Restored};
    pub use crate::disk::holder::HolderFate;
    pub use crate::edit::edited::{Absent, FileEdit, Handlers, Keys, LeftBehind};
    pub use crate::edit::refusal::WantedKey;
    pub use crate::inspect::checked_release::CheckedRelease;
    pub use crate::inspect::effective::{EffectiveHandler, HandlerPlace};
    pub use crate::inspect::in_force::{NotInForce, OwnerStatus};
    pub use crate::inspect::inventory::ListedHandler;
    pub use crate::inspect::key_in_force::ReleaseValue;
    pub use crate::inspect::status::{
        BrokenFile, DropInStatus, LockHolder, LockStatus, OwnedHandler,
    };
    pub use crate::ledger::Tombstone;
}

/// The model of containerd's loader: what each [`Release`] makes of a config.
///
/// [`load`](model::load) is pure: files and what of the host matters in, a verdict out. [`Check`]
/// asks it about the files of a node.
pub mod model {
    pub use crate::containerd::{
        Cgroup, ConfigFiles, Disproved, FileState, Host, LoadedHandler, Model, Reason, Verdict,
        load,
    };
}

/// The running daemon, asked over CRI. Feature `cri`.
///
/// [`Restart`](cri::Restart) has an edit loaded: it restarts containerd if that is needed, waits for
/// it, verifies what it has loaded, and takes the edit back if it does not come back with it.
/// [`Running`](cri::Running) holds a config against what is loaded, [`InUse`](cri::InUse) tells which
/// pods use a handler.
#[cfg(feature = "cri")]
pub mod cri {
    pub use crate::daemon::{
        cri::{CriClient, RunningHandlers, Sandbox},
        in_use::InUse,
        restart::{
            Cause, ChangeFate, DEFAULT_READY_TIMEOUT, Disagreement, Phases, Restart,
            RestartFailure, Restarted, Why, changed_since_start,
        },
        running::{Drift, Running, RunningCri},
        service::Service,
    };
}

/// The example in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
