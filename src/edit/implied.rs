//! What is implied by what owners want: nobody owns it, and each edit computes it anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::containerd::{absolute, plugin};
use crate::error::Error;
use crate::ledger::is_twin;
use crate::toml::Literal;
use crate::want::handler::{BUILT_IN, RUNC_TYPE};
use crate::want::key::{Key, handler_path, handlers_path};

use super::cgroup_driver::{DRIVER, Drivers, is_true};
use super::work::{At, Desired, Value, Work, rank};

/// What the steps need to know of each file before the first of them.
#[derive(Debug)]
pub(super) struct Context {
    /// Files in which the tool had put a default other than `runc`.
    had_default: BTreeSet<String>,
    /// Files in which `runc` was the tool's.
    had_runc: BTreeSet<String>,
}

impl Context {
    pub(super) fn of(work: &Work<'_>) -> Self {
        let default = Key::default_handler();
        let runc = runc_type();
        let has_default = |file: &&String| {
            let named = work.views[*file].default_handler();
            work.ledger.entry(file, &default).is_some() && named.is_some_and(|it| it != BUILT_IN)
        };
        let has_runc = |file: &&String| {
            let entry = work.ledger.entry(file, &runc);
            entry.is_some_and(|entry| entry.was.is_none())
        };
        let files = work.views.keys();
        Self {
            had_default: files.clone().filter(has_default).cloned().collect(),
            had_runc: files.filter(has_runc).cloned().collect(),
        }
    }
}

fn runc_type() -> Key {
    Key::of_handler(BUILT_IN, &["runtime_type"])
}

impl Work<'_> {
    /// On containerd 1.x a listed handler replaces the built-in `runc`, which has to be listed too.
    pub(super) fn merge_runc(
        &mut self,
        mut desired: Desired,
        context: &Context,
    ) -> Result<Desired, Error> {
        let (kind, driver) = (runc_type(), Key::of_handler(BUILT_IN, &DRIVER));
        let files: Vec<String> = self.views.keys().cloned().collect();
        let drivers = Drivers {
            config: self.config,
            views: &self.views,
            asked: &[],
        };
        let uses_systemd = drivers.found(&[BUILT_IN]).0.filter(is_true);
        let mut keys: BTreeSet<At> = BTreeSet::new();
        for file in files {
            // What an owner wants and somebody has removed counts as not wanted.
            let holds_ours = |key: &Key| {
                let at = (file.clone(), key.clone());
                desired.contains_key(&at) && self.now(&at).is_some()
            };
            if holds_ours(&kind) {
                continue;
            }
            let own = [&kind, &driver].into_iter().filter(|key| !holds_ours(key));
            let own = own.map(|key| (file.clone(), key.clone()));
            keys.extend(own.filter(|at| !desired.contains_key(at) || at.1 == kind));
            let is_made = self.ledger.has_made(&file, &handler_path(BUILT_IN));
            if is_made && context.had_runc.contains(&file) && self.has_foreign_runc(&file) {
                // Somebody has added to it: from now on it is the file's own.
                self.disown_runc(&file);
                continue;
            }
            if !self.needs_runc(&file, context) {
                self.tell_partial_runc(&file);
                continue;
            }
            let implied = |literal| Value::implied(literal, rank::IMPLIED);
            let kind_at = (file.clone(), kind.clone());
            desired.insert(kind_at, implied(Literal::string(RUNC_TYPE)));
            if let Some(found) = uses_systemd.clone() {
                let driver_at = (file.clone(), driver.clone());
                desired.entry(driver_at).or_insert(implied(found));
            }
        }
        self.merge(&keys, &desired)?;
        Ok(desired)
    }

    /// The user's own `runc` is left alone.
    fn tell_partial_runc(&mut self, file: &str) {
        let view = &self.views[file];
        let runc = handler_path(BUILT_IN);
        let is_partial = view.has(&runc) && view.value(&runc_type()).is_none();
        if is_partial && view.spelling.is_read_by_1x() && !self.asked.is_empty() {
            let message = "the runc handler has no runtime_type: containerd 1.x can run no pod with \
                           it (`containerd-edit add runc` adds it)";
            self.report.warn("partial-runc", message);
        }
    }

    /// The `runc` that was implied is the file's own from now on.
    fn disown_runc(&mut self, file: &str) {
        let runc = handler_path(BUILT_IN);
        let is_it = |path: &[String]| path.starts_with(&runc);
        self.ledger
            .entries
            .retain(|entry| entry.file != file || !is_it(&entry.key.path));
        self.ledger
            .made
            .retain(|made| made.file != file || !is_it(&made.path));
    }

    /// Whether below `runc` in a file stands what nobody has put there.
    fn has_foreign_runc(&self, file: &str) -> bool {
        let view = &self.views[file];
        let foreign = self.ledger.foreign(file, view, &handler_path(BUILT_IN));
        !foreign.is_empty()
    }

    fn needs_runc(&self, file: &str, context: &Context) -> bool {
        let view = &self.views[file];
        let is_read = view.exists && view.spelling.is_read_by_1x();
        // What a distribution joins lists `runc` itself.
        // A main file that others have migrated changes nothing for a drop-in of before.
        let is_new = self.main_view().version() > 2 && !context.had_runc.contains(file);
        if !is_read || is_new || self.config.is_joined {
            return false;
        }
        let runtimes = view.place(&handlers_path());
        let foreign = self.ledger.foreign(file, view, &handlers_path());
        let of_others = foreign.iter().filter_map(|leaf| leaf.get(runtimes.len()));
        let of_others: BTreeSet<&String> = of_others.collect();
        if of_others.contains(&BUILT_IN.to_owned()) {
            return false;
        }
        let has_others = view.handler_names().any(|name| name != BUILT_IN);
        let default = view.default_handler();
        let has_entry = self.ledger.entry(file, &Key::default_handler()).is_some();
        let is_asked = default.as_deref() == Some(BUILT_IN) && has_entry;
        // Where nothing was listed, containerd's own was there.
        let was_built_in = of_others.is_empty() || self.ledger.has_made(file, &handlers_path());
        // With the default, containerd falls back to `runc`, which 1.x needs beside an owner's handler.
        // When the last of those goes, the file is given back as it was.
        let entries = self.ledger.entries.iter().filter(|it| it.file == file);
        let mut names = entries.filter_map(|it| it.key.handler_name());
        let had_default = context.had_default.contains(file) || context.had_runc.contains(file);
        // What a default was that others have set nobody knows: containerd falls back to its own.
        let falls_back = (self.reset.contains(file)
            || (had_default && names.any(|name| name != BUILT_IN)))
            && default.is_none_or(|default| default == BUILT_IN);
        has_others && (was_built_in || is_asked || falls_back)
    }

    /// containerd 2.0 to 2.2 pull a handler's images with the snapshotter that the images plugin is
    /// configured with, and create its containers with the handler's own. Files of older versions are migrated by containerd.
    pub(super) fn merge_twins(&mut self, desired: &Desired) -> Result<(), Error> {
        let entries = self.ledger.entries.iter().filter(|it| is_twin(&it.key));
        let known = entries.map(|it| (it.file.clone(), it.key.clone()));
        let mut keys: BTreeSet<At> = known.collect();
        let mut twins = Desired::new();
        for (at, value) in desired {
            let Some(name) = at.1.handler_name() else {
                continue;
            };
            let snapshotter = value.literal.as_string().filter(|it| !it.is_empty());
            let is_it = at.1 == Key::of_handler(name, &["snapshotter"]) && snapshotter.is_some();
            let is_read = self.views.get(&at.0).is_some_and(|view| view.version() > 2);
            if !is_it || !is_read || self.now(at).as_ref() != Some(&value.literal) {
                continue;
            }
            let twin = Key::new(&[
                "plugins",
                plugin::IMAGES,
                "runtime_platforms",
                name,
                "snapshotter",
            ]);
            let twin = (at.0.clone(), twin);
            if self.touched.contains(&at.1) || keys.contains(&twin) {
                keys.insert(twin.clone());
                let value = Value::implied(value.literal.clone(), rank::LAST);
                twins.insert(twin, value);
            }
        }
        self.merge(&keys, &twins)
    }

    /// Each drop-in that holds something is imported, if the tool has imported it before or puts
    /// something into it.
    pub(super) fn merge_imports(&mut self, desired: &Desired) -> Result<(), Error> {
        let main = self.main().to_owned();
        let known = self
            .ledger
            .entries
            .iter()
            .filter(|it| it.key.path == ["imports"]);
        let mut keys: BTreeSet<At> = known.map(|it| (it.file.clone(), it.key.clone())).collect();
        let mut imports: Desired = BTreeMap::new();
        for (file, view) in &self.views {
            if *file == main || !view.exists || view.is_empty() || self.config.is_joined {
                continue;
            }
            let path = self.config.path_of(file);
            let literal = Literal::string(&path.to_string_lossy());
            let at = (main.clone(), Key::element(&["imports"], &literal));
            let is_own = self.ledger.entry(&at.0, &at.1).is_some();
            let version = Key::new(&["version"]);
            let entries = self.ledger.entries.iter();
            let mut inside = entries.filter(|it| it.file == *file && it.key != version);
            let is_asked = inside.next().is_some()
                && desired
                    .keys()
                    .any(|(it, key)| it == file && self.asked.contains(key));
            let mut files = self.config.files().iter();
            let is_imported = files.any(|it| it.leads_to(&path));
            if is_own || (is_asked && !is_imported) {
                keys.insert(at.clone());
                let value = Value::implied(literal, rank::IMPORTS);
                imports.insert(at, value);
            }
        }
        self.merge(&keys, &imports)?;
        self.remove_dangling_imports(&main);
        Ok(())
    }

    /// An import of a file that goes would keep containerd from starting, whoever has written it.
    fn remove_dangling_imports(&mut self, main: &str) {
        let goes = |file: &String| {
            let (view, before) = (&self.views[file], self.before.get(file));
            let was_there = before.is_some_and(|before| before.exists);
            was_there && view.is_empty() && self.ledger.has_made(file, &[])
        };
        let gone = self.views.keys().filter(|file| *file != main && goes(file));
        let gone: Vec<_> = gone.map(|file| self.config.path_of(file)).collect();
        let importer = self.config.main().path.clone();
        let Some(view) = self.views.get_mut(main).filter(|_| !gone.is_empty()) else {
            return;
        };
        let place = view.place(&["imports".to_owned()]);
        let elements: Vec<Literal> = view.tree.elements(&place).cloned().collect();
        for element in elements {
            let target = element.as_string();
            let target = target.map(|target| absolute(&importer, &target));
            if target.is_some_and(|target| gone.contains(&target)) {
                view.tree.remove_element(&place, &element);
            }
        }
    }

    /// A file that meant the same with any version gets one as soon as that is no longer so.
    pub(super) fn merge_versions(&mut self) -> Result<(), Error> {
        let key = Key::new(&["version"]);
        let mut keys: BTreeSet<At> = BTreeSet::new();
        let mut versions = Desired::new();
        for (file, view) in &self.views {
            let at = (file.clone(), key.clone());
            let is_own = self.ledger.entry(file, &key).is_some();
            let may_come = view.is_free && view.value(&key).is_none();
            if !is_own && !may_come {
                continue;
            }
            keys.insert(at.clone());
            let created = !self.before.get(file).is_some_and(|before| before.exists)
                || self.ledger.has_made(file, &[]);
            let goes_by_it = ["plugins", "disabled_plugins", "required_plugins", "imports"];
            let needs_it = goes_by_it.iter().any(|key| view.has(&[(*key).to_owned()]));
            if view.exists && (needs_it || (created && !view.is_empty())) {
                let written = Literal::new(view.version().to_string());
                let literal = view.value(&key).unwrap_or(written);
                let value = Value::implied(literal, rank::VERSION);
                versions.insert(at, value);
            }
        }
        // Whatever stands there by now counts as the tool's: somebody has migrated the file.
        for at in &keys {
            let now = self.now(at);
            if let (Some(now), Some(entry)) = (now, self.ledger.entry_mut(&at.0, &at.1)) {
                entry.put(&now);
            }
        }
        self.merge(&keys, &versions)
    }
}
