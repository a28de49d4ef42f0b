//! Handlers that another owner has in another file of the same config.

use crate::containerd::{ConfigFiles, plugin};
use crate::document::Document;
use crate::error::Error;
use crate::patch::{Edited, Patch, PatchError, listing};

/// Refuses a new handler that another owner lists in the config or in a file that it imports, unless
/// the patch takes over: containerd would merge the two into one.
pub(super) fn check(patch: &Patch, edited: &Edited, after: &ConfigFiles) -> Result<(), Error> {
    let added = &edited.handlers.added;
    if patch.takes_over() || added.is_empty() {
        return Ok(());
    }
    let own = patch.named_owner().as_str();
    for (path, bytes) in after.all() {
        let Ok(config) = Document::parse(bytes) else {
            continue;
        };
        let mut listed = plugin::IDS.iter().flat_map(|id| listing::of(&config, id));
        let foreign = listed.find_map(|handler| {
            let owner = handler.owner().filter(|owner| *owner != own)?.to_owned();
            added
                .iter()
                .any(|name| name == handler.name)
                .then_some((handler, owner))
        });
        if let Some((handler, owner)) = foreign {
            return Err(Error::Patch {
                path: path.to_owned(),
                source: PatchError::ForeignHandler {
                    name: handler.name.to_owned(),
                    owner,
                    at: config.position(handler.offset),
                },
            });
        }
    }
    Ok(())
}
