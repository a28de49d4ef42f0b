//! An edit while it is worked out: the files as they will be, and the ledger as it will be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::config::view::{View, Views};
use crate::containerd::spelling;
use crate::error::Error;
use crate::ledger::{Ledger, Made};
use crate::toml::Literal;
use crate::want::key::{Key, handler_path};

use super::edited::Report;
use super::refusal;

/// One key in one file.
pub(super) type At = (String, Key);

/// What is to be in force.
pub(super) type Desired = BTreeMap<At, Value>;

/// A value that is to be in force, and on whose behalf.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) literal: Literal,
    /// `None`: it is implied by what others want.
    pub(super) owner: Option<String>,
    pub(super) rank: u64,
}

impl Value {
    pub(super) fn implied(literal: Literal, rank: u64) -> Self {
        Self {
            literal,
            owner: None,
            rank,
        }
    }
}

/// New keys are written in the order of their ranks.
pub(super) mod rank {
    pub(in crate::edit) const VERSION: u64 = 0;
    pub(in crate::edit) const IMPORTS: u64 = 1;
    pub(in crate::edit) const DEFAULT: u64 = 2;
    pub(in crate::edit) const IMPLIED: u64 = 3;

    pub(in crate::edit) const LAST: u64 = u64::MAX;

    /// That of a key with this number of its want.
    pub(in crate::edit) fn of(seq: u64) -> u64 {
        IMPLIED + 1 + seq
    }
}

/// The files and the ledger while an edit is worked out.
#[derive(Debug, Clone)]
pub(super) struct Work<'c> {
    pub(super) config: &'c Config,
    /// The files as they were when the edit began.
    pub(super) before: &'c Views,
    pub(super) views: Views,
    pub(super) ledger: Ledger,
    /// The owner that acts, and what it asks for now: of these keys it overrules what was set by hand.
    pub(super) acting: String,
    pub(super) asked: BTreeSet<Key>,
    /// What the owner wanted before, wants now, or asks to be gone.
    pub(super) touched: BTreeSet<Key>,
    pub(super) takes_over: bool,
    /// Files that the tool had written to when the edit began.
    pub(super) known: BTreeSet<String>,
    /// Keys that were in force in some file when the edit began.
    pub(super) live: BTreeSet<Key>,
    /// Keys that nobody wants and that stay, each with the key that needs it.
    pub(super) needed: BTreeMap<At, At>,
    /// Files whose text can't be changed, and why: what is to go from them stays.
    pub(super) frozen: BTreeMap<String, Arc<Error>>,
    /// Files from which a default is taken that the tool had not put there.
    pub(super) reset: BTreeSet<String>,
    /// Handlers that the tool had created, and that are gone.
    pub(super) gone: BTreeSet<String>,
    pub(super) report: Report,
}

impl<'c> Work<'c> {
    /// An edit of nothing yet, by nobody.
    pub(super) fn new(config: &'c Config, before: &'c Views, ledger: Ledger) -> Self {
        Self {
            config,
            before,
            views: before.clone(),
            ledger,
            acting: String::new(),
            asked: BTreeSet::new(),
            touched: BTreeSet::new(),
            takes_over: false,
            known: BTreeSet::new(),
            live: BTreeSet::new(),
            needed: BTreeMap::new(),
            frozen: BTreeMap::new(),
            reset: BTreeSet::new(),
            gone: BTreeSet::new(),
            report: Report::default(),
        }
    }

    pub(super) fn main(&self) -> &str {
        &self.config.main().name
    }

    pub(super) fn main_view(&self) -> &View {
        &self.views[self.main()]
    }

    /// All files, the one that is loaded last and wins first. A new one is loaded last.
    pub(super) fn files_by_weight(&self) -> Vec<String> {
        let known = self.config.files().iter().map(|file| file.name.clone());
        let known: Vec<String> = known.collect();
        let new = self.views.keys().filter(|name| !known.contains(name));
        let new: Vec<String> = new.cloned().collect();
        new.into_iter().chain(known.into_iter().rev()).collect()
    }

    pub(super) fn is_writable(&self, file: &str) -> bool {
        self.config.file(file).is_none_or(|file| file.is_writable)
    }

    /// Whether all of CRI has to stand in one file: containerd 1.x, which reads no version above 2,
    /// takes a plugin's section from one file only.
    pub(super) fn has_cri_in_one_file(&self) -> bool {
        !self.config.is_joined && self.main_view().version() <= 2
    }

    /// Whether a default handler of this name would be found from this file.
    pub(super) fn is_listed(&self, name: &str, file: &str) -> bool {
        let is_alone = self.views.get(file).is_some_and(|it| it.version() <= 2);
        let is_alone = is_alone && !self.config.is_joined;
        let views = self.views.iter().filter(|(it, _)| !is_alone || *it == file);
        let mut views = views.filter(|(it, _)| self.is_loaded(it));
        name == crate::want::handler::BUILT_IN
            || views.any(|(_, view)| view.handler_names().any(|known| known == name))
    }

    /// Whether containerd reads a file, or will once this edit is made. A run that was killed may have
    /// left a drop-in that nothing imports.
    fn is_loaded(&self, file: &str) -> bool {
        let existed = self.before.get(file).is_some_and(|before| before.exists);
        if file == self.main() || !existed || self.config.is_joined {
            return true;
        }
        let path = self.config.path_of(file);
        let acting = self.ledger.owners.get(&self.acting);
        let mut files = self.config.files().iter();
        acting.is_some_and(|owner| owner.file == file) || files.any(|it| it.leads_to(&path))
    }

    /// Whether a handler of this name is in any file.
    pub(super) fn is_anywhere(&self, name: &str) -> bool {
        let path = handler_path(name);
        self.views.values().any(|view| view.has(&path))
    }

    /// Puts a value at a key of a file.
    pub(super) fn put(
        &mut self,
        (file, key): &At,
        literal: &Literal,
        rank: u64,
    ) -> Result<(), Error> {
        let (config, version) = (self.config, self.main_view().version());
        let view = self
            .views
            .entry(file.clone())
            .or_insert_with(|| config.view_of_missing(file, version));
        if let Some(ids) = view
            .spelling
            .undecided
            .filter(|_| spelling::is_runtime(&key.path))
        {
            return Err(refusal::undecided(config, file, ids));
        }
        let place = view.place(&key.path);
        if let Some((_, table)) = place.split_last()
            && let Some(obstacle) = view.tree.obstacle(table)
        {
            return Err(refusal::obstacle(self.config, file, obstacle, "a table"));
        }
        if key.element.is_some() {
            let there = view.tree.get(&place);
            if there.is_some_and(|it| !it.is_array()) {
                return Err(refusal::obstacle(self.config, file, &place, "an array"));
            }
            view.tree.put_element(&place, literal.clone(), rank);
        } else {
            view.tree.put(&place, literal.clone(), rank);
        }
        view.exists = true;
        Ok(())
    }

    /// Gives back what stood at a key before; `None`: nothing.
    pub(super) fn give_back(&mut self, (file, key): &At, was: Option<&Literal>) {
        let Some(view) = self.views.get_mut(file) else {
            return;
        };
        let place = view.place(&key.path);
        match (&key.element, was) {
            (Some(element), None) => {
                view.tree.remove_element(&place, &Literal::new(element));
            }
            (Some(_), Some(_)) => {}
            (None, Some(was)) => view.tree.put(&place, was.clone(), 0),
            (None, None) => view.tree.remove(&place),
        }
    }

    pub(super) fn now(&self, (file, key): &At) -> Option<Literal> {
        self.views.get(file)?.value(key)
    }

    /// Removes tables and arrays that the tool has made and this edit has emptied. A table of which
    /// only the header was made loses that.
    pub(super) fn prune(&mut self) {
        let mut made: Vec<&Made> = self.ledger.made.iter().collect();
        made.retain(|made| !made.path.is_empty() && !self.frozen.contains_key(&made.file));
        made.sort_by_key(|made| std::cmp::Reverse(made.path.len()));
        for Made { file, path, .. } in made {
            let Some(view) = self.views.get_mut(file) else {
                continue;
            };
            let place = view.place(path);
            let (Some(node), before) = (view.tree.get(&place), self.before.get(file)) else {
                continue;
            };
            let old = before.and_then(|before| before.tree.get(&before.place(path)));
            if node.is_empty() {
                if old.is_some_and(|old| !old.is_empty()) {
                    view.tree.remove(&place);
                }
            } else if let (Some(now), Some(old)) = (node.table(), old.and_then(|old| old.table()))
                && now.is_written()
                && old.has_leaf()
                && !now.has_leaf()
                && now.has_table()
            {
                view.tree.unwrite(&place);
            }
        }
    }
}
