//! What of each owner's wants is in force.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::commit::path_json;
use crate::config::Config;
use crate::config::view::Views;
use crate::containerd::absolute;
use crate::edit::overridden::in_force;
use crate::ledger::{FileKey, Ledger, OwnersWant, newest_owner};

/// An owner, and what of its want is not in force.
#[derive(Debug, Clone, Serialize)]
pub struct OwnerStatus {
    /// The owner's name.
    pub name: String,
    /// The file that its new keys go to, by its path on the host.
    #[serde(serialize_with = "path_json::path")]
    pub file: PathBuf,
    /// How many keys it wants.
    pub keys: usize,
    /// Those that are not as it wants them. `None`: that is not known, since the config can't be read.
    pub not_in_force: Option<Vec<NotInForce>>,
}

/// A key that is not as its owner wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotInForce {
    /// The key as `get` and `set` take it.
    pub key: String,
    /// `missing`: nothing stands there. `overridden`: an owner that came later wants something else, or
    /// has left and its value had to stay, or a file that is read later has it. `set-by-hand`: another
    /// program or a person has set it.
    pub why: &'static str,
    /// The owner that came later.
    pub by: Option<String>,
    /// The file that has what is in force, by its path on the host.
    #[serde(serialize_with = "path_json::optional")]
    pub file: Option<PathBuf>,
    /// Where in the file that is, from 1.
    pub line: Option<usize>,
}

/// All owners. `config` is `None` if it can't be read; `main` is the main file's path then, too.
/// `is_loaded`: whether containerd reads a file.
pub(super) fn owners(
    ledger: &Ledger,
    config: Option<&Config>,
    main: &Path,
    is_loaded: impl Fn(&Path) -> bool,
) -> Vec<OwnerStatus> {
    let read = config.map(|config| {
        let mut views = config.views();
        views.retain(|file, _| config.is_joined || is_loaded(&config.path_of(file)));
        (config, views)
    });
    let owners = ledger.owners.iter().map(|(name, owner)| {
        let wants = ledger.wants().filter(|it| it.owner == name);
        OwnerStatus {
            name: name.clone(),
            file: absolute(main, &owner.file),
            keys: owner.wants.len(),
            not_in_force: read.as_ref().map(|(config, views)| {
                let missing = |it| not_in_force(config, views, ledger, it);
                wants.filter_map(missing).collect()
            }),
        }
    });
    owners.collect()
}

fn not_in_force(
    config: &Config,
    views: &Views,
    ledger: &Ledger,
    it: OwnersWant<'_>,
) -> Option<NotInForce> {
    let found = in_force(config, views, it.key);
    let value = found.as_ref().map(|found| &found.value);
    if value == it.want.value.as_ref() {
        return None;
    }
    let newest = newest_owner(ledger.wants_of(it.key)).filter(|newest| *newest != it.owner);
    let mut values = views.values().map(|view| view.value(it.key));
    // An owner has left whose value had to stay.
    let is_left_behind = found.as_ref().is_some_and(|found| {
        let entry = ledger.entries.get(&FileKey::new(&found.file, it.key));
        entry.is_some_and(|entry| entry.put.first() == Some(&Some(found.value.clone())))
    });
    let why = if newest.is_some() || is_left_behind {
        "overridden"
    } else if found.is_none() {
        "missing"
    } else if values.any(|value| value == it.want.value) && it.want.value.is_some() {
        "overridden"
    } else {
        "set-by-hand"
    };
    let place = found.as_ref().and_then(|found| {
        let place = views[&found.file].place(&it.key.path);
        config.position(&found.file, &place)
    });
    Some(NotInForce {
        key: it.key.as_argument(),
        why,
        by: newest.map(str::to_owned),
        file: found.map(|found| config.path_of(&found.file)),
        line: place.map(|place| place.line),
    })
}
