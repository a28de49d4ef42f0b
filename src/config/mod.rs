//! All files that containerd reads, and what of the host matters for them.

pub(crate) mod surroundings;
