//! What the end of a run says of the config, and what a disk may hold then.

use crate::edits::shown;

/// The exit code of a change that the disk has not confirmed.
const NOT_DURABLE: i32 = 76;

/// What the end of a run says of the config; see docs/json.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    Done,
    Untouched,
    /// It has not ended yet or was killed, or says itself that the disk has not confirmed the change.
    None,
}

impl Promise {
    pub(crate) fn of(exit: i32) -> Self {
        match exit {
            0 => Self::Done,
            NOT_DURABLE => Self::None,
            _ => Self::Untouched,
        }
    }

    /// Whether the disk may hold this, when the config was `old` and is to be `new`.
    pub(crate) fn allows(
        self,
        bytes: Option<&[u8]>,
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> bool {
        (self != Self::Done && bytes == old) || (self != Self::Untouched && bytes == new)
    }
}

/// What was found where a config ought to be, to be shown to people.
pub(crate) fn shown_beside(bytes: Option<&[u8]>, old: Option<&[u8]>) -> String {
    if bytes == old {
        "the old config".to_owned()
    } else {
        shown(bytes)
    }
}
