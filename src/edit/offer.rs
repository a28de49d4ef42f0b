//! What a release's verdict on a config means to those who use it.

use std::collections::BTreeMap;

use crate::containerd::{LoadedHandler, Verdict};

impl Verdict {
    /// The higher, the better.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Exits { .. } => 0,
            Self::NoCri { .. } => 1,
            Self::Serves { .. } => 2,
        }
    }

    pub(super) fn handlers(&self) -> Option<&BTreeMap<String, LoadedHandler>> {
        match self {
            Self::Serves { handlers, .. } => Some(handlers),
            _ => None,
        }
    }

    pub(super) fn default(&self) -> Option<&str> {
        match self {
            Self::Serves { default, .. } => Some(default),
            _ => None,
        }
    }

    /// What pods find that want a handler.
    pub(super) fn offers(&self, name: &str) -> Offer {
        match self.handlers().and_then(|handlers| handlers.get(name)) {
            Some(handler) if handler.runtime_type.is_empty() => Offer::Nothing,
            Some(handler) if handler.place.is_none() => Offer::BuiltIn,
            Some(_) => Offer::Listed,
            None => Offer::Nothing,
        }
    }
}

/// The later, the more of what the config says of a handler is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Offer {
    /// No pod can run on it: it is not loaded, or has no shim.
    Nothing,
    /// `runc` as containerd has it built in.
    BuiltIn,
    Listed,
}
