//! What an owner wants before and after a change, in the ledger.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::config::view::Views;
use crate::error::Error;
use crate::ledger::{Ledger, Tombstone, Want};
use crate::want::change::{Change, Overrules};
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, KeyValue, handler_of, handler_path};

use super::cgroup_driver::{DRIVER, Drivers};
use super::refusal;

/// The keys that an edit is about.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// What the owner asks for now.
    pub(super) now: BTreeSet<Key>,
    /// That, and what it wanted before and does not any more.
    pub(super) touched: BTreeSet<Key>,
    /// Where the handlers of the files disagree on the cgroup driver.
    pub(super) other_driver: Option<String>,
}

/// Writes what the acting owner wants from now on into the ledger.
pub(super) fn change_wants(
    ledger: &mut Ledger,
    change: &Change,
    config: &Config,
    views: &Views,
) -> Result<Asked, Error> {
    check_handlers(ledger, change)?;
    let mut owner = ledger
        .owners
        .remove(change.owner.as_str())
        .unwrap_or_default();
    let before = std::mem::take(&mut owner.wants);
    let mut asked = Asked::default();
    let mut wants: BTreeMap<Key, Want> = BTreeMap::new();
    let (desired, other_driver) = with_cgroup_drivers(change, &before, config, views);
    asked.other_driver = other_driver;
    for KeyValue { key, value } in desired {
        let overrules = match change.overrules {
            Overrules::Nothing => false,
            Overrules::Default => key == Key::default_handler(),
            Overrules::All => true,
        };
        let others = ledger.owners.values();
        let newest = others
            .filter_map(|it| it.wants.get(&key))
            .map(|it| it.seq)
            .max();
        let known = before
            .get(&key)
            .filter(|known| !overrules || newest.is_none_or(|newest| newest < known.seq));
        let want = Want {
            value,
            seq: known.map_or_else(|| ledger.next_seq(), |known| known.seq),
            is_adopted: before.get(&key).is_some_and(|known| known.is_adopted),
        };
        asked.now.insert(key.clone());
        wants.insert(key, want);
    }
    let names: BTreeSet<&[String]> = asked.now.iter().filter_map(Key::handler).collect();
    let stays = |key: &Key, want: &Want| {
        let handler = handler_of(&key.path);
        let is_removed =
            handler.is_some_and(|it| change.removes.iter().any(|name| handler_path(name) == it));
        let came_along = want.is_adopted && handler.is_some_and(|it| names.contains(it));
        // An owner that takes its handler away does not want it as the default either.
        let default = want
            .value
            .as_string()
            .filter(|_| *key == Key::default_handler());
        let is_removed = is_removed || default.is_some_and(|it| change.removes.contains(&it));
        !is_removed && !change.unsets.contains(key) && (!change.is_all || came_along)
    };
    let kept = before.iter().filter(|(key, want)| stays(key, want));
    let kept: Vec<(Key, Want)> = kept
        .map(|(key, want)| (key.clone(), want.clone()))
        .collect();
    for (key, want) in kept {
        wants.entry(key).or_insert(want);
    }
    asked.touched.extend(asked.now.iter().cloned());
    asked.touched.extend(change.unsets.iter().cloned());
    let removed = change
        .removes
        .iter()
        .map(|name| Key::new(&handler_path(name)));
    asked.touched.extend(removed);
    let lost = before.keys().filter(|key| !wants.contains_key(key));
    asked.touched.extend(lost.cloned());
    if let Some(name) = &change.file {
        owner.file.clone_from(name);
    } else if owner.file.is_empty() {
        let own = config.imported_drop_in(change.owner.as_str());
        owner.file = own.unwrap_or_else(|| config.main().name.clone());
    }
    owner.wants = wants;
    let has_left = owner.wants.is_empty();
    if has_left {
        if let Some(time) = change.time.clone().filter(|_| !before.is_empty()) {
            ledger
                .left
                .retain(|left| left.owner != change.owner.as_str());
            let owner = change.owner.to_string();
            ledger.left.push(Tombstone { owner, time });
        }
    } else {
        ledger
            .left
            .retain(|left| left.owner != change.owner.as_str());
        ledger.owners.insert(change.owner.to_string(), owner);
    }
    if change.unsets_all_defaults() {
        let default = Key::default_handler();
        for owner in ledger.owners.values_mut() {
            owner.wants.remove(&default);
        }
        ledger.owners.retain(|_, owner| !owner.wants.is_empty());
        asked.touched.insert(default);
    }
    Ok(asked)
}

/// A handler of which another owner wants something is that owner's.
fn check_handlers(ledger: &Ledger, change: &Change) -> Result<(), Error> {
    if change.overrules == Overrules::All {
        return Ok(());
    }
    for handler in change.wants.iter().filter_map(|want| want.key.handler()) {
        let wants_it = |owner: &str| {
            let owner = ledger.owners.get(owner);
            owner.is_some_and(|it| it.wants.keys().any(|key| key.path.starts_with(handler)))
        };
        if wants_it(change.owner.as_str()) {
            continue;
        }
        if let (Some(owner), Some(name)) = (ledger.owner_of(handler), handler.last()) {
            return Err(refusal::foreign_handler(name, owner, change.owner.as_str()));
        }
    }
    Ok(())
}

/// What the change wants; handlers of runc's type use the cgroup driver that the node uses, or pods
/// are unstable.
fn with_cgroup_drivers(
    change: &Change,
    before: &BTreeMap<Key, Want>,
    config: &Config,
    views: &Views,
) -> (Vec<KeyValue>, Option<String>) {
    let mut wants = change.wants.clone();
    let new = change.takes_cgroup_driver.iter().map(String::as_str);
    let new: Vec<&str> = new.collect();
    let asked = &change.wants;
    let drivers = Drivers {
        config,
        views,
        asked,
    };
    let (found, other) = drivers.found(&new);
    for name in new {
        let key = Key::of_handler(name, &DRIVER);
        let own = before.get(&key).map(|want| want.value.clone());
        let value = match name {
            BUILT_IN => own,
            _ => found.clone().or(own),
        };
        if let Some(value) = value {
            wants.push(KeyValue { key, value });
        }
    }
    (wants, other)
}
