//! Making what is there, and nobody's, an owner's.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::error::Error;
use crate::ledger::{Entry, Ledger, Made, Want};
use crate::toml::{Literal, Path};
use crate::want::change::Change;
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, KeyValue, handler_path};
use crate::want::nearest::nearest;

use super::edited::{Absent, Report};
use super::refusal;

/// Adopts what the owner of the change asks for, as far as it is nobody's.
///
/// # Errors
///
/// [`Error`] if the change says what is to stand at a key for which it does not ask.
pub(super) fn adopt(
    ledger: &mut Ledger,
    change: &Change,
    adoption: &[KeyValue],
    views: &Views,
) -> Result<(), Error> {
    let asked: Vec<Key> = change.wants.iter().map(|want| want.key.clone()).collect();
    let default = Key::default_handler();
    for was in adoption {
        let resets = was.key == default && !change.removes.is_empty();
        if !asked.contains(&was.key) && !resets {
            return Err(refusal::was_of_another_key(&was.key));
        }
        if was.key.handler_name().is_some_and(|name| name != BUILT_IN) {
            return Err(refusal::was_in_handler(&was.key));
        }
        if was.key == default {
            check_default(&was.value, views)?;
        }
        if resets {
            adopt_default(ledger, change, &was.value, views);
        }
    }
    forget_found(ledger, change, &asked, views);
    let Some(owner) = ledger.owners.get(change.owner.as_str()) else {
        return Ok(());
    };
    let asked: Vec<Key> = asked
        .into_iter()
        .filter(|key| owner.wants.contains_key(key))
        .collect();
    let mut handlers: Vec<Path> = asked
        .iter()
        .filter_map(|key| key.handler().map(<[String]>::to_vec))
        .collect();
    handlers.dedup();
    for handler in handlers {
        if handler != handler_path(BUILT_IN) {
            adopt_handler(ledger, change, &handler, views);
        }
    }
    for key in asked {
        let was = adoption.iter().find(|it| it.key == key);
        let was = was.map(|it| it.value.clone());
        if key == Key::default_handler() && was.is_none() {
            continue;
        }
        let owner = &ledger.owners[change.owner.as_str()];
        let wanted = owner.wants.get(&key).map(|want| want.value.clone());
        for (file, view) in views {
            let now = view.value(&key);
            if ledger.entry(file, &key).is_none()
                && let Some(now) = now.filter(|now| Some(now) == wanted.as_ref())
            {
                let entry = Entry::new(file, &key, was.clone(), now);
                ledger.entries.push(entry);
            }
        }
    }
    Ok(())
}

/// Forgets of these keys that the owner has only found what it wants there: then it is nobody's again,
/// and can be adopted. With another owner's want it stays.
fn forget_found(ledger: &mut Ledger, change: &Change, keys: &[Key], views: &Views) {
    let others = ledger.owners.iter();
    let others = others.filter(|(name, _)| **name != change.owner.as_str());
    let wanted: BTreeSet<Key> = others
        .flat_map(|(_, owner)| owner.wants.keys().cloned())
        .collect();
    ledger.entries.retain(|entry| {
        let view = views.get(&entry.file);
        let now = view.and_then(|view| view.value(&entry.key));
        let is_found = entry.was.is_some() && entry.was == now;
        !is_found || !keys.contains(&entry.key) || wanted.contains(&entry.key)
    });
}

/// The default that comes back has to be one that is listed: containerd 1.x lists `runc` of itself only
/// where no other handler is.
fn check_default(was: &Literal, views: &Views) -> Result<(), Error> {
    let name = was.as_string().unwrap_or_default();
    let handler = handler_path(&name);
    let lists = |view: &View| view.has(&handler);
    let hides_runc = |view: &View| view.spelling.is_read_by_1x() && view.handlers().is_some();
    let is_built_in = name == BUILT_IN && !views.values().any(hides_runc);
    if is_built_in || views.values().any(lists) {
        return Ok(());
    }
    Err(refusal::default_not_listed(&name))
}

/// Adopts a default, nobody's, that names a handler which goes: `was` is the default from then on.
fn adopt_default(ledger: &mut Ledger, change: &Change, was: &Literal, views: &Views) {
    let key = Key::default_handler();
    for (file, view) in views {
        let Some(now) = view
            .value(&key)
            .filter(|_| ledger.entry(file, &key).is_none())
        else {
            continue;
        };
        if now
            .as_string()
            .is_some_and(|name| change.removes.contains(&name))
        {
            let entry = Entry::new(file, &key, Some(was.clone()), now);
            ledger.entries.push(entry);
        }
    }
}

/// Adopts all of a handler that no owner has anything to do with.
fn adopt_handler(ledger: &mut Ledger, change: &Change, handler: &[String], views: &Views) {
    let others = ledger
        .owners
        .iter()
        .filter(|(name, _)| **name != change.owner.as_str());
    let mut keys = others.flat_map(|(_, owner)| owner.wants.keys());
    if keys.any(|key| key.path.starts_with(handler)) {
        return;
    }
    for (file, view) in views.iter().filter(|(_, view)| view.has(handler)) {
        // A run that was killed may have written it to another file.
        let entries = ledger.entries.iter();
        let mut own = entries.filter(|it| it.file == *file && it.key.path.starts_with(handler));
        if own.next().is_some() {
            continue;
        }
        for leaf in view.leaves(handler) {
            let key = Key::new(&leaf);
            let Some(value) = view.value(&key).filter(|_| leaf != handler) else {
                continue;
            };
            let seq = ledger.next_seq();
            if let Some(owner) = ledger.owners.get_mut(change.owner.as_str()) {
                let want = Want {
                    value: value.clone(),
                    seq,
                    is_adopted: true,
                };
                owner.wants.entry(key.clone()).or_insert(want);
            }
            let tables = (handler.len()..leaf.len()).map(|depth| &leaf[..depth]);
            ledger
                .made
                .extend(tables.map(|table| Made::new(file, table)));
            ledger.entries.push(Entry::new(file, &key, None, value));
        }
        ledger.made.insert(Made::new(file, handler));
    }
}

/// Looks at the handlers that are to be removed: one that no owner has declared is adopted first, if
/// the change says so.
///
/// # Errors
///
/// [`Error`] if a handler is another owner's, or nobody's without that.
pub(super) fn prepare_removals(
    ledger: &mut Ledger,
    change: &Change,
    config: &Config,
    views: &Views,
    report: &mut Report,
) -> Result<(), Error> {
    let own = ledger.owners.get(change.owner.as_str());
    let own: Vec<Key> = own
        .into_iter()
        .flat_map(|it| it.wants.keys())
        .cloned()
        .collect();
    if change.adoption.is_some() {
        let leaves: Vec<Key> = own
            .iter()
            .filter(|key| {
                let name = key.handler_name().filter(|name| *name != BUILT_IN);
                name.is_some_and(|name| change.is_all || change.removes.iter().any(|it| it == name))
            })
            .cloned()
            .collect();
        forget_found(ledger, change, &leaves, views);
        for handler in leaves.iter().filter_map(Key::handler) {
            adopt_handler(ledger, change, handler, views);
        }
    }
    for name in &change.removes {
        let handler = handler_path(name);
        if own.iter().any(|key| key.path.starts_with(&handler)) {
            continue;
        }
        if let Some(owner) = ledger.owner_of(&handler) {
            return Err(refusal::foreign_removal(name, owner));
        }
        let lists = views.iter().filter(|(_, view)| view.has(&handler));
        let keys: Vec<String> = lists
            .clone()
            .flat_map(|(_, view)| view.leaves(&handler))
            .map(|leaf| Key::new(&leaf[handler.len() - 1..]).to_string())
            .collect();
        if lists.clone().next().is_none() {
            report.absent.push(Absent {
                name: name.clone(),
                near: near(name, views.values().flat_map(View::handler_names)),
            });
            continue;
        }
        if ledger
            .entries
            .iter()
            .any(|it| it.key.path.starts_with(&handler))
        {
            // What is left of a run that was killed, or implied, is no one's to ask.
            continue;
        }
        for (file, view) in lists {
            if let Some(ids) = view.spelling.undecided {
                return Err(refusal::undecided(config, file, ids));
            }
            if config.file(file).is_some_and(|file| !file.is_writable) {
                return Err(refusal::not_removable(config, file, name));
            }
        }
        if name == BUILT_IN {
            return Err(refusal::own_runc(&keys));
        }
        if change.adoption.is_none() {
            return Err(refusal::undeclared_handler(name, &keys));
        }
        adopt_handler(ledger, change, &handler, views);
    }
    Ok(())
}

/// The name that was meant, among those that there are: it differs in a few letters, or begins alike.
fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let known: Vec<&str> = known.collect();
    let close = |known: &&&str| {
        let shared = name.chars().zip(known.chars()).take_while(|(a, b)| a == b);
        let longest = name.len().max(known.len());
        shared.count() * 2 >= longest || known.contains(name) || name.contains(**known)
    };
    let near = nearest(name, &known).or_else(|| known.iter().find(close).copied());
    near.map(str::to_owned)
}

/// Looks at the owner that is to leave.
pub(super) fn check_owner(ledger: &Ledger, change: &Change, report: &mut Report) {
    let name = change.owner.as_str();
    let leaves = change.is_all && !change.adds();
    if leaves && !ledger.owners.contains_key(name) && ledger.left(name).is_none() {
        report.unknown_owner = Some(Absent {
            name: name.to_owned(),
            near: near(name, ledger.owners()),
        });
    }
}
