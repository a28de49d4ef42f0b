//! Making what is there, and nobody's, an owner's.

use crate::config::Config;
use crate::config::view::Views;
use crate::error::Error;
use crate::ledger::{Entry, Ledger, Want};
use crate::toml::Path;
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_path};

use super::change::{Adoption, Change};
use super::edited::{Absent, Report};
use super::refusal;

/// Adopts what the owner of the change asks for, as far as it is nobody's.
pub(super) fn adopt(ledger: &mut Ledger, change: &Change, adoption: &Adoption, views: &Views) {
    let Some(owner) = ledger.owners.get(&change.owner) else {
        return;
    };
    let asked: Vec<Key> = change.wants.iter().map(|want| want.key.clone()).collect();
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
        let was = adoption.was.iter().find(|it| it.key == key);
        let was = was.map(|it| it.value.clone());
        if key == Key::default_handler() && was.is_none() {
            continue;
        }
        let owner = &ledger.owners[&change.owner];
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
}

/// Adopts all of a handler that no owner has anything to do with.
fn adopt_handler(ledger: &mut Ledger, change: &Change, handler: &[String], views: &Views) {
    let others = ledger
        .owners
        .iter()
        .filter(|(name, _)| **name != change.owner);
    let mut keys = others.flat_map(|(_, owner)| owner.wants.keys());
    let mut entries = ledger.entries.iter();
    if keys.any(|key| key.path.starts_with(handler))
        || entries.any(|entry| entry.key.path.starts_with(handler))
    {
        return;
    }
    for (file, view) in views.iter().filter(|(_, view)| view.has(handler)) {
        for leaf in view.leaves(handler) {
            let key = Key::new(&leaf);
            let Some(value) = view.value(&key).filter(|_| leaf != handler) else {
                continue;
            };
            let seq = ledger.next_seq();
            if let Some(owner) = ledger.owners.get_mut(&change.owner) {
                let want = Want {
                    value: value.clone(),
                    seq,
                    is_adopted: true,
                };
                owner.wants.entry(key.clone()).or_insert(want);
            }
            let tables = (handler.len()..leaf.len()).map(|depth| leaf[..depth].to_vec());
            let tables = tables.map(|table| (file.clone(), table));
            ledger.made.extend(tables);
            ledger.entries.push(Entry::new(file, &key, None, value));
        }
        ledger.made.insert((file.clone(), handler.to_vec()));
    }
}

/// Looks at the handlers that are to be removed: one that no owner has declared is adopted first, if
/// the change says so.
///
/// # Errors
///
/// [`Error`] if a handler is another owner's, or nobody's without that.
pub(super) fn check_removed(
    ledger: &mut Ledger,
    change: &Change,
    config: &Config,
    views: &Views,
    report: &mut Report,
) -> Result<(), Error> {
    for name in &change.removes {
        let handler = handler_path(name);
        let owner = ledger.owners.get(&change.owner);
        if owner.is_some_and(|it| it.wants.keys().any(|key| key.path.starts_with(&handler))) {
            continue;
        }
        if let Some(owner) = ledger.owner_of(&handler) {
            return Err(refusal::foreign_handler(name, owner, &change.owner));
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
                near: near(name, views),
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
        if name == BUILT_IN {
            return Err(refusal::own_runc(&keys));
        }
        if change.adoption.is_none() {
            return Err(refusal::undeclared_handler(name, &keys));
        }
        for (file, _) in lists {
            if config.file(file).is_some_and(|file| !file.is_writable) {
                return Err(refusal::not_writable(config, file, name));
            }
        }
        adopt_handler(ledger, change, &handler, views);
    }
    Ok(())
}

/// A handler whose name differs in a few letters.
fn near(name: &str, views: &Views) -> Option<String> {
    let names = views.values().flat_map(|view| view.handler_names());
    let close = |known: &&str| {
        let shared = name.chars().zip(known.chars()).take_while(|(a, b)| a == b);
        let longest = name.len().max(known.len());
        shared.count() * 2 >= longest || known.contains(name) || name.contains(*known)
    };
    names.into_iter().find(close).map(str::to_owned)
}
