//! What is implied by what owners want: nobody owns it, and each edit computes it anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::containerd::imports::{absolute, leads_to};
use crate::containerd::{plugin, spelling, version};
use crate::error::{Error, NextStep};
use crate::ledger::{FileKey, is_twin};
use crate::toml::Literal;
use crate::want::handler::{BUILT_IN, RUNC_TYPE};
use crate::want::key::{Key, handler_path, handlers_path};

use super::cgroup_driver::{DRIVER, Drivers};
use super::work::{Desired, DesiredValue, Work, rank};

fn runc_type() -> Key {
    Key::of_handler(BUILT_IN, &["runtime_type"])
}

impl Work<'_> {
    /// On containerd 1.x a listed handler replaces the built-in `runc`, which has to be listed too.
    pub(super) fn merge_runc(&mut self, desired: &mut Desired) -> Result<(), Error> {
        let (kind, driver) = (runc_type(), Key::of_handler(BUILT_IN, &DRIVER));
        let drivers = Drivers {
            config: self.start.config,
            views: &self.views,
            asked: &[],
        };
        let uses_systemd = drivers.beside_runc().filter(|it| it.is_true());
        let mut keys: BTreeSet<FileKey> = BTreeSet::new();
        let mut fallbacks: Vec<&str> = Vec::new();
        for file in self.start.views.keys() {
            let [kind, driver] = [&kind, &driver].map(|key| FileKey::new(file, key));
            // What an owner wants and somebody has removed counts as not wanted.
            if desired.contains_key(&kind) && kind.now(&self.views).is_some() {
                continue;
            }
            keys.insert(kind.clone());
            if !desired.contains_key(&driver) {
                keys.insert(driver.clone());
            }
            let is_made = self.ledger.has_made(file, &handler_path(BUILT_IN));
            if is_made && self.had_runc(file) && self.has_foreign_runc(file) {
                // Somebody has added to it: from now on it is the file's own.
                self.disown_runc(file);
                continue;
            }
            if !self.needs_runc(file, desired) {
                self.warn_of_partial_runc(file);
                continue;
            }
            let implied = |literal| DesiredValue::implied(literal, rank::IMPLIED);
            // What an owner wants counts again, now that something has to stand there.
            let wanted = desired.get(&kind).and_then(|it| it.literal.clone());
            let literal = wanted.unwrap_or_else(|| Literal::string(RUNC_TYPE));
            desired.insert(kind, implied(literal));
            if let Some(found) = uses_systemd.clone() {
                desired.entry(driver).or_insert(implied(found));
            }
            if self.reset.contains(file) && !self.was_built_in(file, desired) {
                fallbacks.push(file);
            }
        }
        self.merge(&keys, desired)?;
        // Where the default of others was, no later edit sees any more.
        for file in fallbacks {
            self.disown_runc(file);
        }
        Ok(())
    }

    /// Warns if a listed `runc` has no type: containerd 1.x can't use it, and the tool leaves it
    /// as it is.
    fn warn_of_partial_runc(&mut self, file: &str) {
        let view = &self.views[file];
        let runc = handler_path(BUILT_IN);
        let is_partial = view.has(&runc) && view.value(&runc_type()).is_none();
        if is_partial && view.spelling.is_read_by_1x() && !self.start.asked.is_empty() {
            let complete = NextStep::CompleteRunc;
            let message = format!(
                "the runc handler has no runtime_type: containerd 1.x can run no pod with it ({complete})"
            );
            self.report.warn("partial-runc", message);
        }
    }

    /// The `runc` that was implied is the file's own from now on.
    fn disown_runc(&mut self, file: &str) {
        let runc = handler_path(BUILT_IN);
        let ledger = &mut self.ledger;
        let wanted = ledger.wants_below(&runc).map(|it| it.key.clone());
        let wanted: BTreeSet<_> = wanted.collect();
        ledger
            .entries
            .retain(|at, _| !at.is_in(file, &runc) || wanted.contains(&at.key));
        ledger
            .made
            .retain(|made| made.file != file || !made.path.starts_with(&runc));
    }

    /// Whether a value below `runc` in a file is one that the tool has not put there.
    fn has_foreign_runc(&self, file: &str) -> bool {
        let view = &self.views[file];
        let runc = handler_path(BUILT_IN);
        let mut foreign = self.ledger.foreign(file, view, &runc);
        foreign.any(|leaf| view.tree.table(&view.place(&leaf)).is_none())
    }

    /// Whether `runc` was the tool's in a file when the edit began.
    fn had_runc(&self, file: &str) -> bool {
        let at = FileKey::new(file, &runc_type());
        let entry = self.start.ledger.entries.get(&at);
        entry.is_some_and(|entry| entry.was.is_none())
    }

    /// Whether the tool had put a default other than `runc` into a file when the edit began.
    fn had_default(&self, file: &str) -> bool {
        let at = FileKey::new(file, &Key::default_handler());
        let named = self.start.views[file].default_handler();
        self.start.ledger.entries.contains_key(&at) && named.is_some_and(|it| it != BUILT_IN)
    }

    /// Whether a file has to list `runc`: containerd 1.x reads the file, it lists another handler, and
    /// `runc` was containerd's own before, is asked for as the default, or is the default again.
    fn needs_runc(&self, file: &str, desired: &Desired) -> bool {
        let view = &self.views[file];
        let is_read = view.exists && view.spelling.is_read_by_1x();
        let had_runc = self.had_runc(file);
        // A drop-in that was written for 1.x keeps its `runc` if others migrate the main file later.
        let is_new = self.main_view().version() > 2 && !had_runc;
        // What a distribution joins lists `runc` itself.
        if !is_read || is_new || self.start.config.is_joined {
            return false;
        }
        let runtimes = handlers_path();
        if self.has_foreign_runc(file) {
            return false;
        }
        let has_others = view.handler_names().any(|name| name != BUILT_IN);
        let default = view.default_handler();
        let default_at = FileKey::new(file, &Key::default_handler());
        // No default is one, too: `runc`.
        let entry = self.ledger.entries.get(&default_at);
        // Whoever wants it as the default still does below another owner's.
        let mut wants = self.ledger.wants_of(&default_at.key);
        let is_wanted = wants.any(|it| it.want.string().is_some_and(|name| name == BUILT_IN));
        let is_asked = match &default {
            Some(name) => (is_wanted || name == BUILT_IN) && entry.is_some(),
            None => entry.is_some_and(|entry| entry.holds_ours(None)),
        };
        // With the default, containerd falls back to `runc`, which 1.x needs beside an owner's handler.
        // When the last of those goes, the file is given back as it was.
        let keys = self.ledger.keys_in(file, &runtimes);
        let mut names = keys.filter_map(Key::handler_name);
        let had_default = self.had_default(file) || had_runc;
        // What a default was that others have set nobody knows: containerd falls back to its own.
        let falls_back = (self.reset.contains(file)
            || (had_default && names.any(|name| name != BUILT_IN)))
            && default.is_none_or(|default| default == BUILT_IN);
        has_others && (is_asked || falls_back || self.was_built_in(file, desired))
    }

    /// Whether `runc` was containerd's own: nothing was listed, or nothing that containerd read.
    fn was_built_in(&self, file: &str, desired: &Desired) -> bool {
        let (view, runtimes) = (&self.views[file], handlers_path());
        let foreign = self.ledger.foreign(file, view, &runtimes);
        let mut names = foreign.filter_map(|leaf| leaf.into_iter().nth(runtimes.len()));
        let others_list_some = names.any(|name| name != BUILT_IN);
        !others_list_some
            || self.ledger.has_made(file, &runtimes)
            || self.is_brought_in(file, desired)
    }

    /// Whether containerd reads the section of CRI in a drop-in because the tool imports the drop-in: this
    /// edit does so, or an earlier one that has put `runc` there.
    fn is_brought_in(&self, file: &str, desired: &Desired) -> bool {
        let start = self.start;
        if self.is_imported(file) {
            return self.had_runc(file) && start.ledger.entries.contains_key(&self.import_of(file));
        }
        let is_asked = |at: &FileKey| at.file == file && start.asked.contains(&at.key);
        let mut asked = desired.keys().filter(|at| is_asked(at));
        file != start.main() && asked.any(|at| spelling::is_cri(&at.key.path))
    }

    /// The element of the main file that imports a drop-in.
    fn import_of(&self, file: &str) -> FileKey {
        let path = self.start.config.path_of(file);
        let literal = Literal::string(&path.to_string_lossy());
        FileKey::new(self.start.main(), &Key::element(&["imports"], &literal))
    }

    /// Puts implied values, and gives up those of their kind that are not implied any more. What owners
    /// want there counts more.
    fn merge_implied(
        &mut self,
        is_one: impl Fn(&Key) -> bool,
        implied: &Desired,
        wanted: &Desired,
    ) -> Result<(), Error> {
        let mut keys = self.keys_of(is_one);
        keys.extend(implied.keys().cloned());
        keys.retain(|at| !wanted.contains_key(at));
        self.merge(&keys, implied)
    }

    /// containerd 2.0 to 2.2 pull a handler's images with the snapshotter that the images plugin is
    /// configured with, and create its containers with the handler's own. In files of older versions
    /// containerd's migration copies the snapshotter itself.
    pub(super) fn merge_twins(&mut self, desired: &Desired) -> Result<(), Error> {
        let mut twins = Desired::new();
        for (at, value) in desired {
            let (Some((name, [key])), Some(literal)) = (at.key.in_handler(), &value.literal) else {
                continue;
            };
            let names_one = literal.as_str().is_some_and(|it| !it.is_empty());
            let view = self.views.get(&at.file);
            let is_read = view.is_some_and(|view| view.version() > 2);
            let is_there = at.now(&self.views).as_ref() == Some(literal);
            if key != "snapshotter" || !names_one || !is_read || !is_there {
                continue;
            }
            let twin = Key::new(&[
                "plugins",
                plugin::IMAGES,
                "runtime_platforms",
                name,
                "snapshotter",
            ]);
            let twin = FileKey::new(&at.file, &twin);
            if self.start.touched.contains(&at.key) || self.ledger.entries.contains_key(&twin) {
                twins.insert(twin, DesiredValue::implied(literal.clone(), rank::LAST));
            }
        }
        self.merge_implied(is_twin, &twins, desired)
    }

    /// Each drop-in that holds something is imported, if the tool has imported it before by itself or
    /// puts something into it. One that is gone still is, while its owner misses what it held: only a
    /// file that is imported can be put back.
    pub(super) fn merge_imports(&mut self, desired: &Desired) -> Result<(), Error> {
        let start = self.start;
        let mut imports = Desired::new();
        for (file, view) in &self.views {
            let is_missed = self.ledger.misses(&start.lost, file, &self.views);
            let is_needed = is_missed || (view.exists && !view.is_empty());
            if file == start.main() || !is_needed || start.config.is_joined {
                continue;
            }
            let at = self.import_of(file);
            let mut inside = self.ledger.keys_in(file, &[]);
            let has_keys = is_missed || inside.any(|key| key.path != ["version"]);
            let mut inside = desired.keys().filter(|at| at.file == *file);
            // What a killed run was to move there leaves its old place with whoever finds it.
            let moves = |at: &FileKey| {
                let mut others = self.views.keys().filter(|other| *other != file);
                others.any(|other| {
                    start
                        .ledger
                        .is_in_force(&FileKey::new(other, &at.key), &start.views)
                })
            };
            let is_asked = has_keys && inside.any(|at| start.asked.contains(&at.key) || moves(at));
            // What an owner has asked for by name goes with that owner.
            let is_declared = start.known.wants_of(&at.key).next().is_some();
            let is_own = self.ledger.entries.contains_key(&at) && (has_keys || !is_declared);
            let is_left_out = view.exists && has_keys && self.is_left_out(file, desired);
            if is_own || is_left_out || (is_asked && !self.is_imported(file)) {
                let literal = at.key.element.as_ref().map(Literal::new);
                imports.extend(literal.map(|it| (at, DesiredValue::implied(it, rank::IMPORTS))));
            }
        }
        self.merge_implied(|key| key.path == ["imports"], &imports, desired)?;
        self.remove_dangling_imports();
        Ok(())
    }

    /// Whether the last import of a file goes with this edit: nobody desires it any more.
    fn is_left_out(&self, file: &str, desired: &Desired) -> bool {
        let (config, view) = (self.start.config, self.main_view());
        let (main, path) = (config.main(), config.path_of(file));
        let stays = |element: &Literal| {
            let at = FileKey::new(&main.name, &Key::element(&["imports"], element));
            let is_needed = desired.contains_key(&at) || self.needed.contains_key(&at);
            is_needed || !self.ledger.entries.contains_key(&at)
        };
        let place = view.place(&["imports".to_owned()]);
        let imports = view.tree.elements(&place).filter(stays);
        let imports = imports.filter_map(|it| it.as_string());
        let mut imports = imports.map(|import| absolute(&main.path, &import));
        let mut others = config.files().iter().filter(|it| it.name != main.name);
        self.is_imported(file)
            && !imports.any(|import| leads_to(&import, &path))
            && !others.any(|other| other.leads_to(&path))
    }

    /// An import of a file that goes would keep containerd from starting, whoever has written it.
    fn remove_dangling_imports(&mut self) {
        let start = self.start;
        let goes = |file: &str| {
            let was_there = start.views.get(file).is_some_and(|before| before.exists);
            let is_emptied = was_there && self.views[file].is_empty();
            is_emptied && self.ledger.has_made(file, &[]) && self.held_by(file).is_none()
        };
        let drop_ins = self.views.keys().filter(|file| *file != start.main());
        let gone = drop_ins.filter(|file| goes(file));
        let gone: Vec<PathBuf> = gone.map(|file| start.config.path_of(file)).collect();
        let view = self.views.get_mut(start.main());
        let Some(view) = view.filter(|_| !gone.is_empty()) else {
            return;
        };
        let place = view.place(&["imports".to_owned()]);
        let elements: Vec<Literal> = view.tree.elements(&place).collect();
        let importer = &start.config.main().path;
        for element in elements {
            let target = element.as_string();
            let target = target.map(|target| absolute(importer, &target));
            if target.is_some_and(|target| gone.contains(&target)) {
                view.tree.remove_element(&place, &element);
            }
        }
    }

    /// A file that meant the same with any version gets one as soon as that is no longer so.
    pub(super) fn merge_versions(&mut self) -> Result<(), Error> {
        let key = Key::new(&["version"]);
        let mut versions = Desired::new();
        for (file, view) in &self.views {
            let at = FileKey::new(file, &key);
            let now = view.value(&key);
            match self.ledger.entries.get_mut(&at) {
                // Whatever stands there by now counts as the tool's: somebody has migrated the file.
                Some(entry) => {
                    if let Some(now) = &now {
                        entry.put(Some(now));
                    }
                }
                None if view.is_free && now.is_none() => {}
                None => continue,
            }
            let before = self.start.views.get(file);
            let created =
                !before.is_some_and(|before| before.exists) || self.ledger.has_made(file, &[]);
            let mut names = version::GO_BY_VERSION.into_iter();
            let needs_it = names.any(|key| view.has(&[key.to_owned()]));
            // It is also what a drop-in keeps that can't be deleted yet.
            let stays = || !view.is_empty() || self.held_by(file).is_some();
            if view.exists && (needs_it || (created && stays())) {
                let written = Literal::new(view.version().to_string());
                let value = DesiredValue::implied(now.unwrap_or(written), rank::VERSION);
                versions.insert(at, value);
            }
        }
        self.merge_implied(|it| *it == key, &versions, &Desired::new())
    }
}
