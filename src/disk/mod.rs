//! The config as a file: finding it, locking it, replacing it, and what stands beside it.

mod attributes;
pub(crate) mod digest;
mod displaced;
pub(crate) mod folder;
mod holder;
mod host_root;
pub(crate) mod leftovers;
pub(crate) mod lock;
pub(crate) mod process_stat;
pub(crate) mod replace;
pub(crate) mod sidecar;
pub(crate) mod site;
pub(crate) mod state;
pub(crate) mod target;

pub use self::host_root::HostRoot;

/// Something that an edit came across and that did not stop it, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// A stable word for programs.
    pub(crate) code: &'static str,
    /// A sentence for people.
    pub(crate) message: String,
}
