//! The edit: config, ledger and change in; new texts, new ledger and a report out.

use crate::config::Config;
use crate::error::Error;
use crate::ledger::Ledger;

use super::change::Change;
use super::edited::Edited;

/// Works out what becomes of a config when one owner changes what it wants.
///
/// It reads and writes nothing but its arguments. The same change on its own result changes nothing.
///
/// # Errors
///
/// [`Error`] if the change is refused: a handler belongs to another owner, a file can't be changed, or
/// what stands in a file leaves no place for a key. Leaving is never refused.
pub fn edit(config: &Config, ledger: &Ledger, change: &Change) -> Result<Edited, Error> {
    let _ = (config, ledger, change);
    unimplemented!("the stages follow")
}

/// Returns the config without any key of the tool's: what releases would make of it is what a removal
/// is held against.
///
/// # Errors
///
/// [`Error`] if a file can't be changed.
pub fn without_owners(config: &Config, ledger: &Ledger) -> Result<Config, Error> {
    let _ = (config, ledger);
    unimplemented!("the stages follow")
}
