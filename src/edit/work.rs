//! An edit while it is worked out: the files as they will be, and the ledger as it will be.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use crate::config::view::{View, Views};
use crate::containerd::spelling;
use crate::error::Error;
use crate::ledger::{FileKey, Ledger, Made};
use crate::toml::{Literal, Value};
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;

use super::edited::Report;
use super::need::{self, Needed};
use super::refusal;
use super::start::Start;

/// What is to be in force.
pub(super) type Desired = BTreeMap<FileKey, DesiredValue>;

/// A value that is to be in force, and on whose behalf.
#[derive(Debug, Clone)]
pub(super) struct DesiredValue {
    /// `None`: nothing is to stand there.
    pub(super) literal: Option<Literal>,
    /// `None`: it is implied by what others want.
    pub(super) owner: Option<String>,
    pub(super) rank: u64,
}

impl DesiredValue {
    pub(super) fn implied(literal: Literal, rank: u64) -> Self {
        Self {
            literal: Some(literal),
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

/// The files and the ledger in one round of working an edit out.
#[derive(Debug)]
pub(super) struct Work<'e> {
    pub(super) start: &'e Start<'e>,
    pub(super) views: Views,
    pub(super) ledger: Ledger,
    pub(super) needed: Needed,
    /// Files whose text can't be changed, and why: what is to go from them stays.
    pub(super) frozen: &'e BTreeMap<String, Error>,
    /// Files from which a default is taken that the tool had not put there.
    pub(super) reset: BTreeSet<String>,
    pub(super) report: Report,
}

impl<'e> Work<'e> {
    pub(super) fn new(start: &'e Start<'e>, frozen: &'e BTreeMap<String, Error>) -> Self {
        Self {
            start,
            views: start.views.clone(),
            ledger: start.ledger.clone(),
            needed: Needed::new(),
            frozen,
            reset: BTreeSet::new(),
            report: start.report.clone(),
        }
    }

    pub(super) fn main_view(&self) -> &View {
        &self.views[self.start.main()]
    }

    /// Whether all of CRI has to stand in one file: containerd 1.x, which reads no version above 2 in
    /// any file, takes a plugin's section from one file only.
    pub(super) fn has_cri_in_one_file(&self) -> bool {
        let config = self.start.config;
        let is_for_1x = self.main_view().version() <= 2 && config.newer_drop_in().is_none();
        !config.is_joined && is_for_1x
    }

    /// Whether a default handler of this name would be found from this file.
    pub(super) fn is_listed(&self, name: &str, file: &str) -> bool {
        let is_alone = self.views.get(file).is_some_and(|it| it.version() <= 2);
        let is_alone = is_alone && !self.start.config.is_joined;
        let views = self.views.iter().filter(|(it, _)| !is_alone || *it == file);
        let mut views = views.filter(|(it, _)| self.is_loaded(it));
        name == BUILT_IN || views.any(|(_, view)| view.lists(name))
    }

    /// Whether containerd reads a file, or will once this edit is made. A run that was killed may have
    /// left a drop-in that nothing imports.
    fn is_loaded(&self, file: &str) -> bool {
        let Start { config, views, .. } = self.start;
        let existed = views.get(file).is_some_and(|before| before.exists);
        if file == self.start.main() || !existed || config.is_joined {
            return true;
        }
        let acting = self.ledger.owners.get(self.start.owner());
        acting.is_some_and(|owner| owner.file == file) || self.is_imported(file)
    }

    /// Whether the files as they were import a file.
    pub(super) fn is_imported(&self, file: &str) -> bool {
        let path = self.start.config.path_of(file);
        let mut files = self.start.config.files().iter();
        files.any(|it| it.leads_to(&path))
    }

    /// Whether a handler of this name is in any file.
    pub(super) fn is_anywhere(&self, name: &str) -> bool {
        self.views.values().any(|view| view.lists(name))
    }

    /// Where the tool has written one of these keys.
    pub(super) fn keys_of(&self, is_one: impl Fn(&Key) -> bool) -> BTreeSet<FileKey> {
        let keys = self.ledger.entries.keys();
        keys.filter(|at| is_one(&at.key)).cloned().collect()
    }

    /// Puts a value at a key of a file, or removes what stands there.
    pub(super) fn put(&mut self, at: &FileKey, value: &DesiredValue) -> Result<(), Error> {
        let FileKey { file, key } = at;
        let config = self.start.config;
        let Some(view) = self.views.get_mut(file) else {
            return Ok(());
        };
        let undecided = view.spelling.undecided;
        if let Some(ids) = undecided.filter(|_| spelling::is_runtime(&key.path)) {
            return Err(refusal::undecided(config, file, ids));
        }
        if !view.spelling.has_place(&key.path) {
            return Err(refusal::no_place(key, view.version()));
        }
        let Some(literal) = value.literal.clone() else {
            self.give_back(at, None);
            return Ok(());
        };
        if key.path.len() == 1 && config.file(file).is_some_and(|it| it.is_part) {
            return Err(refusal::no_place_in_part(key));
        }
        let place = view.place(&key.path);
        if let Some((_, table)) = place.split_last()
            && let Some(obstacle) = view.tree.obstacle(table)
        {
            return Err(refusal::obstacle(config, file, obstacle, "a table"));
        }
        let there = view.tree.get(&place);
        if let Some(table) = there.filter(|it| it.is_table() && !literal.is_table()) {
            // One in braces comes back as it was, if it is nobody's.
            let mut entries = self.ledger.entries_in(file, &key.path);
            if !table.is_inline() || entries.any(|(it, _)| it != at) {
                return Err(refusal::table_in_the_way(config, file, &place));
            }
        }
        if key.element.is_some() {
            if there.is_some_and(|it| it.array().is_none()) {
                return Err(refusal::obstacle(config, file, &place, "an array"));
            }
            view.tree.put_element(&place, &literal, value.rank);
        } else {
            view.put(&place, Some(&literal), value.rank);
        }
        view.exists = true;
        Ok(())
    }

    /// Gives back what stood at a key before; `None`: nothing.
    pub(super) fn give_back(&mut self, at: &FileKey, was: Option<&Literal>) {
        let Some(view) = self.views.get_mut(&at.file) else {
            return;
        };
        let place = view.place(&at.key.path);
        match (&at.key.element, was) {
            (Some(element), None) => {
                view.tree.remove_element(&place, &Literal::new(element));
            }
            (Some(_), Some(was)) if view.tree.has_element(&place, was) => {}
            (Some(_), Some(was)) => {
                // As often as it stood there, and as it was written.
                let known = view.full.elements(&place).filter(|it| it.says_just(was));
                let known: Vec<Literal> = known.collect();
                let known = if known.is_empty() {
                    slice::from_ref(was)
                } else {
                    &known
                };
                for element in known {
                    view.tree.put_element(&place, element, rank::LAST);
                }
            }
            (None, was) => view.put(&place, was, 0),
        }
    }

    /// Removes tables and arrays that the tool has made and this edit has emptied, and proxy plugins:
    /// containerd panics at an empty one. A table of which only the header was made loses that.
    pub(super) fn prune(&mut self) {
        let proxies: Vec<Made> = self.views.iter().flat_map(need::proxies).collect();
        let mut made: Vec<&Made> = self.ledger.made.iter().chain(&proxies).collect();
        made.retain(|made| !made.path.is_empty() && !self.frozen.contains_key(&made.file));
        made.sort_by_key(|made| std::cmp::Reverse(made.path.len()));
        for made @ Made { file, path, .. } in made {
            // One that somebody has emptied goes once nobody wants anything there.
            let is_left = self.ledger.made.contains(made)
                && !self.ledger.has_in(file, path)
                && !self.ledger.is_wanted_below(path);
            let views = self.start.views.get(file).zip(self.views.get_mut(file));
            let changed =
                views.filter(|(before, view)| is_left || !before.tree.is_shared_by(&view.tree));
            let Some((before, view)) = changed else {
                continue;
            };
            let place = view.place(path);
            let Some(node) = view.tree.get(&place) else {
                continue;
            };
            let old = before.tree.get(&before.place(path));
            if node.is_empty() {
                if is_left || old.is_some_and(|old| !old.is_empty()) {
                    view.tree.remove(&place);
                }
            } else if node.is_written()
                && (is_left || old.is_some_and(Value::has_leaf))
                && !node.has_leaf()
                && node.has_table()
            {
                view.tree.unwrite(&place);
            }
        }
    }
}
