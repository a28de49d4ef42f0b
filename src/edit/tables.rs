//! The plugin table of the handlers that an edit is about.

use crate::config::Config;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::want::change::Change;

use super::{placement, refusal};

/// Returns the config with the plugin tables that the ledger knows, and the one that the change names.
///
/// # Errors
///
/// [`Error`] if the change names another table of a file than the one that the tool has written to.
pub(super) fn chosen(config: &Config, ledger: &Ledger, change: &Change) -> Result<Config, Error> {
    let mut config = config.clone();
    ledger.choose_tables(&mut config);
    let Some(id) = &change.plugin_id else {
        return Ok(config);
    };
    let main = Some(config.main().name.clone()).filter(|_| change.file.is_none());
    let own = placement::file(&config, ledger, change);
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
