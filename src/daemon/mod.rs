//! The running containerd: asking it over CRI, restarting it, waiting, verifying, rolling back.

#[cfg(feature = "cri")]
pub(crate) mod cri;
#[cfg(feature = "cri")]
pub(crate) mod in_use;
#[cfg(feature = "cri")]
pub(crate) mod restart;
#[cfg(feature = "cri")]
pub(crate) mod running;
#[cfg(feature = "cri")]
pub(crate) mod service;
