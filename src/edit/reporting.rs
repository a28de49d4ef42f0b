//! What an edit has done, told by handlers and keys.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::ledger::is_implied;
use crate::toml::{Difference, Path};
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_of, handler_path};

use super::edited::Report;
use super::work::Work;

/// Completes the report once the files are as they will be.
pub(super) fn report(work: &Work<'_>, report: &mut Report) {
    let (before, after) = (names(work.before), names(&work.views));
    let mut set = BTreeSet::new();
    let mut given_back = BTreeSet::new();
    let mut changed = BTreeSet::new();
    for (file, view) in &work.views {
        let old = &work.before[file];
        for difference in old.tree.differences(&view.tree) {
            let place = place(&difference);
            let path = view.spelling.canonical(place);
            if let Some(name) = handler_of(&path).and_then(|it| it.last()) {
                changed.insert(name.clone());
                continue;
            }
            let leaves = match difference {
                Difference::Removed(place) => removed(old, &place),
                Difference::Unwritten(_) => Vec::new(),
                _ => vec![path],
            };
            for leaf in leaves {
                let key = Key::new(&leaf);
                if is_implied(&key) || key == Key::default_handler() || key.handler().is_some() {
                    continue;
                }
                if work.ledger.is_wanted(&key) {
                    set.insert(key.to_string());
                } else {
                    given_back.insert(key.to_string());
                }
            }
        }
    }
    // What is listed for the sake of others is not told of.
    let mut keys = work.touched.iter();
    let concerns_runc = keys.any(|key| key.handler_name() == Some(BUILT_IN));
    let (mut before, mut after) = (before, after);
    if !concerns_runc && before.contains(BUILT_IN) != after.contains(BUILT_IN) {
        before.remove(BUILT_IN);
        after.remove(BUILT_IN);
    }
    let is_kept = |name: &&String| before.contains(*name) && after.contains(*name);
    report.handlers.added = after.difference(&before).cloned().collect();
    report.handlers.removed = before.difference(&after).cloned().collect();
    report.handlers.changed = changed.iter().filter(is_kept).cloned().collect();
    report.keys.set = set.into_iter().collect();
    report.keys.given_back = given_back.into_iter().collect();
    report.keys.overridden = overridden(work);
    let default = |views: &Views| {
        let files = work.files_by_weight().into_iter();
        let mut named = files.filter_map(|file| views.get(&file)?.default_handler());
        named.next()
    };
    let (old, new) = (default(work.before), default(&work.views));
    if old != new {
        report.new_default = Some(new.unwrap_or_else(|| BUILT_IN.to_owned()));
    }
}

impl Report {
    /// What differs between two states of a config.
    pub(crate) fn between(before: &Config, after: &Config) -> Self {
        let (before, after) = (before.views(), after.views());
        let mut report = Self::default();
        let (mut old_names, mut new_names) = (names(&before), names(&after));
        if old_names.contains(BUILT_IN) != new_names.contains(BUILT_IN) {
            old_names.remove(BUILT_IN);
            new_names.remove(BUILT_IN);
        }
        let (mut changed, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for (file, view) in &after {
            let Some(old) = before.get(file) else {
                continue;
            };
            for difference in old.tree.differences(&view.tree) {
                let path = view.spelling.canonical(place(&difference));
                let leaves = match difference {
                    Difference::Removed(place) => removed(old, &place),
                    Difference::Unwritten(_) => Vec::new(),
                    _ => vec![path],
                };
                for leaf in leaves {
                    let key = Key::new(&leaf);
                    match key.handler_name() {
                        Some(name) => drop(changed.insert(name.to_owned())),
                        None if is_implied(&key) || key == Key::default_handler() => {}
                        None => drop(keys.insert(key.to_string())),
                    }
                }
            }
        }
        let is_kept = |name: &String| old_names.contains(name) && new_names.contains(name);
        report.handlers.added = new_names.difference(&old_names).cloned().collect();
        report.handlers.removed = old_names.difference(&new_names).cloned().collect();
        report.handlers.changed = changed.into_iter().filter(is_kept).collect();
        report.keys.given_back = keys.into_iter().collect();
        let default = |views: &Views| views.values().find_map(|view| view.default_handler());
        let new_default = default(&after);
        if default(&before) != new_default {
            report.new_default = Some(new_default.unwrap_or_else(|| BUILT_IN.to_owned()));
        }
        report
    }
}

/// Keys that the owner asks for and a newer owner's want is in force for.
fn overridden(work: &Work<'_>) -> Vec<String> {
    let is_newest = |key: &&Key| {
        let owners = work.ledger.owners.iter();
        let wanting = owners.filter_map(|(name, owner)| Some((owner.wants.get(*key)?.seq, name)));
        wanting.max().is_some_and(|(_, name)| *name != work.acting)
    };
    let keys = work.asked.iter().filter(is_newest);
    keys.map(ToString::to_string).collect()
}

/// The canonical paths of the values that go with what stands at a place.
fn removed(old: &View, place: &[String]) -> Vec<Path> {
    let leaves = old.tree.leaves(place).into_iter();
    leaves.map(|leaf| old.spelling.canonical(&leaf)).collect()
}

fn place(difference: &Difference) -> &Path {
    match difference {
        Difference::Removed(path)
        | Difference::Unwritten(path)
        | Difference::Set(path, _)
        | Difference::Elements(path, ..)
        | Difference::Inserted(path, ..) => path,
    }
}

fn names(views: &Views) -> BTreeSet<String> {
    let names = views.values().flat_map(|view| view.handler_names());
    let names = names.filter(|name| views.values().any(|it| it.has(&handler_path(name))));
    names.map(str::to_owned).collect()
}
