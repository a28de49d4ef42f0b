//! What an edit has done, told by handlers and keys.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::ledger::is_implied;
use crate::toml::{Difference, Path};
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

use super::edited::{Handlers, Report};
use super::work::Work;

/// What differs between two states of the files.
struct Changes {
    handlers: Handlers,
    /// Keys outside of handlers.
    keys: BTreeSet<Key>,
    new_default: Option<String>,
}

impl Changes {
    /// `order`: the names of the files, the one that wins first. `tells_runc`: whether to report a `runc`
    /// that comes or goes, which is not done for one that is listed only because others are.
    fn between(before: &Views, after: &Views, order: &[String], tells_runc: bool) -> Self {
        let (mut changed, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for (file, view) in after {
            let Some(old) = before.get(file) else {
                continue;
            };
            for difference in old.tree.differences(&view.tree) {
                let leaves = match &difference {
                    Difference::Removed(place) => removed(old, place),
                    Difference::Unwritten(_) => Vec::new(),
                    _ => vec![view.spelling.canonical(place(&difference))],
                };
                for key in leaves.iter().map(|leaf| Key::new(leaf)) {
                    match key.handler_name() {
                        Some(name) => drop(changed.insert(name.to_owned())),
                        None if is_implied(&key) || key == Key::default_handler() => {}
                        None => drop(keys.insert(key)),
                    }
                }
            }
        }
        let (mut old_names, mut new_names) = (names(before), names(after));
        if !tells_runc {
            old_names.remove(BUILT_IN);
            new_names.remove(BUILT_IN);
        }
        changed.retain(|name| old_names.contains(name) && new_names.contains(name));
        let default = |views: &Views| {
            let mut files = order.iter().filter_map(|file| views.get(file));
            files.find_map(View::default_handler)
        };
        let new_default = default(after);
        let is_new = default(before) != new_default;
        Self {
            handlers: Handlers {
                added: new_names.difference(&old_names).cloned().collect(),
                removed: old_names.difference(&new_names).cloned().collect(),
                changed: changed.into_iter().collect(),
            },
            keys,
            new_default: is_new.then(|| new_default.unwrap_or_else(|| BUILT_IN.to_owned())),
        }
    }
}

/// Completes the report once the files are as they will be.
pub(super) fn report(work: &Work<'_>, report: &mut Report) {
    let mut keys = work.touched.iter();
    let tells_runc = keys.any(|key| key.handler_name() == Some(BUILT_IN));
    let order = work.files_by_weight();
    let changes = Changes::between(work.before, &work.views, &order, tells_runc);
    report.handlers = changes.handlers;
    report.new_default = changes.new_default;
    for key in changes.keys {
        if work.ledger.is_wanted(&key) {
            report.keys.set.push(key.to_string());
        } else {
            report.keys.given_back.push(key.to_string());
        }
    }
    report.keys.overridden = overridden(work);
}

/// Handlers that the owner does not want any more, and that stay since they were there before it.
pub(super) fn report_what_was_there(work: &Work<'_>, report: &mut Report) {
    let is_left = |handler: &[String]| work.needed.keys().any(|at| at.1.path.starts_with(handler));
    let touched = work.touched.iter().filter_map(Key::handler);
    let mut gone: BTreeSet<Path> = touched.map(<[String]>::to_vec).collect();
    gone.retain(|handler| {
        let wants = work.ledger.owners.values().flat_map(|it| it.wants.keys());
        !wants.into_iter().any(|key| key.path.starts_with(handler)) && !is_left(handler)
    });
    for handler in gone {
        let Some(name) = handler.last().filter(|name| *name != BUILT_IN) else {
            continue;
        };
        let runtime_type = Key::of_handler(name, &["runtime_type"]);
        if work
            .views
            .values()
            .any(|view| view.value(&runtime_type).is_some())
        {
            let message = format!(
                "{name} was there before {} came, and stays; `containerd-edit remove {name} --adopt` \
                 takes it away",
                work.acting
            );
            report.warn("was-there", message);
        }
    }
}

impl Report {
    /// What differs once a config is taken back to another state.
    pub(crate) fn between(before: &Config, after: &Config) -> Self {
        let files = after.files().iter().rev();
        let order: Vec<String> = files.map(|file| file.name.clone()).collect();
        let (before, after) = (before.views(), after.views());
        let tells_runc = names(&before).contains(BUILT_IN) == names(&after).contains(BUILT_IN);
        let changes = Changes::between(&before, &after, &order, tells_runc);
        let mut report = Self {
            handlers: changes.handlers,
            new_default: changes.new_default,
            ..Self::default()
        };
        let keys = changes.keys.iter().map(ToString::to_string);
        report.keys.given_back = keys.collect();
        report
    }
}

/// Keys that the owner asks for and a newer owner's want is in force for.
fn overridden(work: &Work<'_>) -> Vec<String> {
    let is_newest = |key: &&Key| {
        let newest = work.ledger.newest_owner(|wanted| wanted == *key);
        newest.is_some_and(|name| name != work.acting)
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
    let names = views.values().flat_map(View::handler_names);
    names.map(str::to_owned).collect()
}
