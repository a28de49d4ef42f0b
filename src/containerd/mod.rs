//! What containerd makes of a config file.

pub(crate) mod plugin;
pub(crate) mod version;
