//! Who wants what, and what was written over what: the state beside a config that an edit starts
//! from and leaves behind.

mod entry;
mod fields;
mod file_key;
mod implied;
mod json;
mod kept;
mod lost;
mod owner;
mod places;
mod recovery;
mod renamed;
mod settling;
mod stored;
mod tables;
mod unfinished;

pub(crate) use self::entry::{Entry, Made};
pub(crate) use self::file_key::FileKey;
pub(crate) use self::implied::{is_implied, is_twin};
pub use self::owner::Tombstone;
pub(crate) use self::owner::{Owner, OwnersWant, Want, newest_owner};
pub(crate) use self::places::Places;
pub use self::stored::Ledger;
pub(crate) use self::stored::{Digests, IMPLIED, LedgerPair};
