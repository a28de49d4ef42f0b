//! The running containerd: asking it over CRI, restarting it, waiting, verifying, rolling back.

pub(crate) mod cri;
pub(crate) mod in_use;
pub(crate) mod restart;
pub(crate) mod running;
pub(crate) mod service;
