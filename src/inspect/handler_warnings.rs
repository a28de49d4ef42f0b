//! What a pod would stumble over later: handlers that some releases do not load, and keys that they do
//! not read.

use std::collections::BTreeSet;
use std::path::Path;

use crate::containerd::release::{listed, listed_do};
use crate::containerd::{ConfigFiles, Verdict, read_as};
use crate::edit::unread::Reading;
use crate::error::Warning;
use crate::toml::{Value, dotted_key};
use crate::want::handler;

use super::checked_release::{CheckedRelease, releases_of};
use super::inventory::{Inventory, ListedHandler};

/// Warnings about the handlers of all files, each with its place.
pub(super) fn warnings(
    files: &ConfigFiles,
    releases: &[CheckedRelease],
    reading: &Reading<'_>,
) -> Vec<Warning> {
    let inventories = files.in_order().filter_map(|(path, source)| {
        let inventory = Inventory::of(source.document().ok()?, None);
        Some((path, inventory.ok()?.handlers))
    });
    let inventories: Vec<(&Path, Vec<ListedHandler>)> = inventories.collect();
    let listed = || inventories.iter().flat_map(|(_, handlers)| handlers);
    let typed = listed().filter(|it| it.runtime_type.as_ref().is_some_and(|it| !it.is_empty()));
    let typed: BTreeSet<&str> = typed.map(|it| it.name.as_str()).collect();
    let mut warnings = Vec::new();
    for (path, handlers) in &inventories {
        for handler in handlers {
            let mut found = Vec::new();
            found.extend(not_loaded(handler, releases));
            found.extend(untyped(handler, &typed));
            for (path, value) in &handler.settings {
                found.extend(key(handler, path, value));
                found.extend(case(handler, path, releases));
                found.extend(reading.warnings(&handler.name, path, value));
            }
            let placed = |warning: Warning| warning.in_file(path, &handler.at, files.main());
            warnings.extend(found.into_iter().map(placed));
        }
    }
    warnings
}

/// A handler for which releases that read the file look elsewhere.
fn not_loaded(handler: &ListedHandler, releases: &[CheckedRelease]) -> Option<Warning> {
    let ListedHandler { name, plugin, .. } = handler;
    let is_ignored = |row: &CheckedRelease| match &row.verdict {
        Some(Verdict::Serves { handlers, .. }) => row.reads && !handlers.contains_key(name),
        _ => false,
    };
    let ignoring = releases_of(releases, is_ignored);
    let does = listed_do(&ignoring);
    let message = format!("containerd {does} not load {name} from plugins.\"{plugin}\"");
    (!ignoring.is_empty()).then(|| Warning::new("not-loaded", message))
}

/// `typed`: the handlers that have a type in some file.
fn untyped(handler: &ListedHandler, typed: &BTreeSet<&str>) -> Option<Warning> {
    let name = &handler.name;
    let has_type = typed.contains(name.as_str());
    let message =
        format!("{name} has no runtime_type: no pod can run on it (2.x gives runc its own)");
    (!has_type).then(|| Warning::new("no-runtime-type", message))
}

/// A key that no release reads so.
fn key(handler: &ListedHandler, path: &[String], value: &Value) -> Option<Warning> {
    let (name, key) = (&handler.name, dotted_key(path));
    if path.is_empty() {
        return Some(Warning::new("wrong-type", format!("{name} wants a table")));
    }
    let Some((_, wanted)) = handler::known(path) else {
        let message =
            format!("unknown key {key} in handler {name}: no containerd release reads it");
        return Some(Warning::new("unknown-key", message));
    };
    let message = format!("{key} of {name} wants {}", wanted.text());
    (!wanted.accepts(value)).then(|| Warning::new("wrong-type", message))
}

/// A key that releases do not read because of its case, or of another key's that they take for it.
fn case(handler: &ListedHandler, path: &[String], releases: &[CheckedRelease]) -> Option<Warning> {
    let (name, shown) = (&handler.name, dotted_key(path));
    (1..=path.len()).find_map(|depth| {
        let (key, table) = path[..depth].split_last()?;
        let (right, _) = handler::known(&path[..depth])?;
        let beside = handler.settings.iter().filter_map(|(other, _)| {
            let (other, rest) = (other.get(depth - 1)?, &other[..depth - 1]);
            (rest == table && other.eq_ignore_ascii_case(key)).then_some(other.as_str())
        });
        let beside: Vec<&str> = beside.collect();
        let reads_other = |release| read_as(right, &beside, release).filter(|other| other != key);
        let is_unread = |row: &CheckedRelease| {
            row.reads && read_as(right, &beside, row.release) != Some(key.as_str())
        };
        let ignoring = releases_of(releases, is_unread);
        let (first, listed) = (ignoring.first()?, listed(&ignoring));
        let message = match reads_other(*first) {
            Some(other) => format!("containerd {listed} read {other} instead of {shown} of {name}"),
            None => format!(
                "{shown} of {name} is spelled {right}: containerd {listed} read no other case"
            ),
        };
        Some(Warning::new("key-case", message))
    })
}
