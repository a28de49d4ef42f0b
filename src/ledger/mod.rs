//! Who wants what, and what was written over what: the state beside a config that an edit starts
//! from and leaves behind.

mod fields;
mod file_key;
mod implied;
mod json;
mod kept;
mod lost;
mod places;
mod recovery;
mod renamed;
mod settling;
mod stored;
mod tables;
mod unfinished;

pub(crate) use self::file_key::FileKey;
pub(crate) use self::implied::{is_implied, is_twin};
pub(crate) use self::lost::Lost;
pub(crate) use self::places::Places;
pub(crate) use self::stored::{
    Digests, Entry, IMPLIED, LedgerPair, Made, Owner, OwnersWant, Want, entries_in, newest_owner,
};
pub use self::stored::{Ledger, Tombstone};
