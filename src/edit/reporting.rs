//! What an edit has done, told by handlers and keys.

use std::collections::BTreeSet;

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::ledger::{FileKey, is_implied, newest_owner};
use crate::toml::{Difference, Inserted};
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

use super::edited::{Handlers, Report};
use super::work::Work;

impl Report {
    /// Tells what differs between two states of the files, and returns the keys outside of handlers.
    /// `config`: one that has all the files. `tells_runc`: whether to report a `runc` that comes or goes,
    /// which is not done for one that is listed only because others are.
    fn tell(
        &mut self,
        before: &Views,
        after: &Views,
        config: &Config,
        tells_runc: bool,
    ) -> BTreeSet<Key> {
        let (mut changed, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for (file, view) in after {
            let old = before.get(file);
            let tree = old.map(|old| old.tree.clone()).unwrap_or_default();
            for difference in tree.differences(&view.tree) {
                let (view, places) = match difference {
                    Difference::Unwritten(_) => continue,
                    Difference::Removed(place) => {
                        (old.unwrap_or(view), tree.leaves(&place).collect())
                    }
                    Difference::Set(place, _)
                    | Difference::Elements(place, ..)
                    | Difference::Inserted(Inserted { path: place, .. }) => (view, vec![place]),
                };
                let paths = places.iter().map(|it| view.spelling.canonical(it));
                for key in paths.map(|path| Key::new(&path)) {
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
            let mut files = config.by_weight().filter_map(|file| views.get(&file.name));
            files.find_map(View::default_handler)
        };
        let new_default = default(after);
        let is_new = default(before) != new_default;
        self.handlers = Handlers {
            added: new_names.difference(&old_names).cloned().collect(),
            removed: old_names.difference(&new_names).cloned().collect(),
            changed: changed.into_iter().collect(),
        };
        self.new_default = is_new.then(|| new_default.unwrap_or_else(|| BUILT_IN.to_owned()));
        keys
    }
}

impl Work<'_> {
    /// Completes the report once the files are as they will be.
    pub(super) fn report_changes(&mut self) {
        let start = self.start;
        let mut touched = start.touched.iter();
        let tells_runc = touched.any(|key| key.handler_name() == Some(BUILT_IN));
        let report = &mut self.report;
        let mut keys = report.tell(&start.views, &self.views, start.config, tells_runc);
        // What is implied elsewhere may be what an owner asks for.
        let asked = start.touched.iter().filter(|key| key.path == ["imports"]);
        let differs = |key: &&Key| {
            let mut files = self.views.keys().map(|file| FileKey::new(file, key));
            files.any(|at| at.now(&start.views) != at.now(&self.views))
        };
        let imports = asked.filter(differs).map(|key| Key::new(&key.path));
        keys.extend(imports);
        let (set, given_back) = keys.into_iter().partition(|key| {
            let mut wants = self.ledger.wants();
            wants.any(|it| it.key.path == key.path)
        });
        report.keys.set = names_of(&set);
        report.keys.given_back = names_of(&given_back);
        // Keys that the owner asks for and a newer owner's want is in force for.
        let overridden = start.asked.iter().filter(|key| {
            let newest = newest_owner(self.ledger.wants_of(key));
            newest.is_some_and(|name| name != start.owner())
        });
        report.keys.overridden = overridden.map(Key::to_string).collect();
    }
}

impl Report {
    /// What differs once a config is taken back to another state.
    pub(crate) fn between(before: &Config, after: &Config) -> Self {
        let (old, new) = (before.views(), after.views());
        let tells_runc = names(&old).contains(BUILT_IN) == names(&new).contains(BUILT_IN);
        let mut report = Self::default();
        let keys = report.tell(&old, &new, after, tells_runc);
        report.keys.given_back = names_of(&keys);
        report
    }
}

fn names_of(keys: &BTreeSet<Key>) -> Vec<String> {
    keys.iter().map(Key::to_string).collect()
}

fn names(views: &Views) -> BTreeSet<String> {
    let names = views.values().flat_map(View::handler_names);
    names.map(str::to_owned).collect()
}
