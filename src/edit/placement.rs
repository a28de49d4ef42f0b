//! Which file the new keys of an owner go to, and which plugin table of it the handlers.

use crate::config::Config;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::want::change::Change;

use super::refusal;

/// The newest config version in which all of CRI has to stand in one file.
const CRI_IN_ONE_FILE: i64 = 2;

/// The file that new keys of the acting owner go to: the one that the change names, else the one that
/// the owner's keys went to before. Those of a new owner go to its drop-in, if the main file imports a
/// folder by a pattern and may leave a part of CRI to it; otherwise to the main file.
pub(crate) fn file(config: &Config, ledger: &Ledger, change: &Change) -> String {
    let owner = change.owner.as_str();
    let known = || Some(ledger.owners.get(owner)?.file.clone()).filter(|file| !file.is_empty());
    let imported = || {
        // The version of an older drop-in holds for all that older releases read before it.
        let takes_parts = config.oldest_version() > CRI_IN_ONE_FILE;
        config.imported_drop_in(owner).filter(|_| takes_parts)
    };
    let named = change.file.clone().or_else(known).or_else(imported);
    named.unwrap_or_else(|| config.main().name.clone())
}

/// Returns the config with all files that an edit may be about, those that are missing too: the ledger's,
/// and the one that the change goes to. The plugin tables are those that the ledger knows, and the one
/// that the change names.
///
/// # Errors
///
/// [`Error`] if the change names another table of a file than the one that the tool has written to.
pub(super) fn with_all_files(
    config: &Config,
    ledger: &Ledger,
    change: &Change,
) -> Result<Config, Error> {
    let mut config = config.clone();
    let own = file(&config, ledger, change);
    for name in ledger.known_files().into_iter().chain([&*own]) {
        if config.file(name).is_none() {
            config.set_text(name, None);
        }
    }
    ledger.choose_tables(&mut config);
    let Some(id) = &change.plugin_id else {
        return Ok(config);
    };
    let main = Some(config.main().name.clone()).filter(|_| change.file.is_none());
    for file in main.into_iter().chain([own]) {
        if !ledger.has_runtime_keys(&file) {
            config.set_table(&file, id);
            continue;
        }
        let views = config.views();
        let known = views.get(&file).map(|view| view.spelling.plugin());
        if let Some(known) = known.filter(|known| known != id)
            && !(change.wants.is_empty() && change.removes.is_empty())
        {
            return Err(refusal::other_table(&config, &file, known));
        }
    }
    Ok(config)
}
