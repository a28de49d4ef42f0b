//! What is there, for reading: nothing here takes the lock or writes.

pub(crate) mod check;
pub(crate) mod checked_release;
pub(crate) mod effective;
mod handler_warnings;
pub(crate) mod in_force;
pub(crate) mod inventory;
pub(crate) mod key_in_force;
mod opened;
pub(crate) mod status;
