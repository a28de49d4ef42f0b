//! Changes a node's containerd configuration safely.
mod containerd;
mod document;
mod error;
mod handler;
mod inventory;
mod lock;
mod patch;
mod replace;
mod target;
mod transaction;

pub use containerd::version::VersionError;
pub use document::{Document, ParseError, Position};
pub use error::{Error, ExitCode};
pub use handler::{Handler, HandlerName, NameError, Owner, Preset, Setting, SettingError};
pub use inventory::{Inventory, ListedHandler};
pub use lock::ConfigLock;
pub use patch::{Edited, Handlers, Patch, PatchError, Warning, apply};
pub use transaction::{DEFAULT_LOCK_TIMEOUT, Editor, Plan};
