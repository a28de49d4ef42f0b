//! Which file the new keys of an owner go to.

use crate::config::Config;
use crate::ledger::Ledger;
use crate::want::change::Change;

/// The newest config version in which all of CRI has to stand in one file.
const CRI_IN_ONE_FILE: i64 = 2;

/// The file that new keys of the acting owner go to: the one that the change names, else the one that
/// the owner's keys went to before. Those of a new owner go to its drop-in, if the main file imports a
/// folder by a pattern and may leave a part of CRI to it; otherwise to the main file.
pub(crate) fn file(config: &Config, ledger: &Ledger, change: &Change) -> String {
    let owner = change.owner.as_str();
    let known = || Some(ledger.owners.get(owner)?.file.clone()).filter(|file| !file.is_empty());
    let imported = || {
        let takes_parts = config.version() > CRI_IN_ONE_FILE;
        config.imported_drop_in(owner).filter(|_| takes_parts)
    };
    let named = change.file.clone().or_else(known).or_else(imported);
    named.unwrap_or_else(|| config.main().name.clone())
}
