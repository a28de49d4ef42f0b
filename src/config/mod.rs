//! All files that containerd reads, and what of the host matters for them.

pub(crate) mod files;
pub(crate) mod surroundings;
pub(crate) mod view;

pub use self::files::Config;
