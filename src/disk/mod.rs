//! The config as a file: finding it, locking it, replacing it, and what stands beside it.

mod attributes;
pub(crate) mod digest;
mod displaced;
pub(crate) mod existing;
pub(crate) mod folder;
pub(crate) mod holder;
mod host_root;
pub(crate) mod ledger_file;
pub(crate) mod leftovers;
pub(crate) mod lock;
pub(crate) mod process_stat;
pub(crate) mod replace;
pub(crate) mod sidecar;
pub(crate) mod site;
mod statx;
pub(crate) mod sync;
pub(crate) mod target;

pub use self::host_root::HostRoot;
