//! What nobody wants any more and something that stays still needs.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::ledger::Ledger;
use crate::toml::{Path, Table};
use crate::want::key::{Key, handlers_path};

use super::edited::{LeftBehind, Report};
use super::refusal;
use super::work::{At, Work};

impl Work<'_> {
    /// Keys that this edit removes and that something needs which stays, each with the key that needs
    /// it.
    pub(super) fn needed_now(&self) -> BTreeMap<At, At> {
        let mut needed = self.needed_types();
        needed.extend(self.needed_proxies());
        needed
    }

    /// What a handler or a proxy plugin can't be without, where another owner wants something of it.
    fn needed_types(&self) -> BTreeMap<At, At> {
        let mut needed = BTreeMap::new();
        for (table, keys) in [
            (handlers_path(), &["runtime_type"][..]),
            (proxies(), &["type", "address"]),
        ] {
            for (file, view) in &self.views {
                let names = view.tree.table(&view.place(&table)).into_iter();
                for name in names.flat_map(Table::names) {
                    let mut path = table.clone();
                    path.push(name.to_owned());
                    let lost = keys.iter().map(|key| self.lost(file, &path, key));
                    needed.extend(lost.flatten());
                }
            }
        }
        needed
    }

    /// The key of a table, with a key that is wanted there, if this edit removes it.
    fn lost(&self, file: &str, table: &[String], name: &str) -> Option<(At, At)> {
        let mut key = Key::new(table);
        key.path.push(name.to_owned());
        let owners = self.ledger.owners.values();
        let mut wants = owners.flat_map(|owner| owner.wants.keys());
        let by = wants.find(|key| key.path.starts_with(table))?;
        let at = (file.to_owned(), key);
        let was_there = self.before.get(file)?.value(&at.1).is_some();
        let is_lost = was_there && self.now(&at).is_none();
        is_lost.then(|| (at, (file.to_owned(), by.clone())))
    }

    /// What somebody has set by hand in a proxy plugin that the tool has created stays when its owners
    /// leave, and with it what containerd does not start without: all of that is the file's own.
    pub(super) fn disown_proxies(&mut self) {
        let mut passed: Vec<(At, Path)> = Vec::new();
        for entry in &self.ledger.entries {
            let table: Path = entry.key.path.iter().take(2).cloned().collect();
            let is_needed = ["type", "address"].iter().any(|name| {
                let mut needed = table.clone();
                needed.push((*name).to_owned());
                table.starts_with(&proxies()) && entry.key.path == needed
            });
            let mut wants = self.ledger.owners.values().flat_map(|it| it.wants.keys());
            let is_wanted = wants.any(|key| key.path.starts_with(&table));
            let Some(view) = self.views.get(&entry.file).filter(|_| is_needed) else {
                continue;
            };
            let holds_ours = entry.holds_ours(view.value(&entry.key).as_ref());
            if is_wanted || !holds_ours || !self.ledger.has_made(&entry.file, &table) {
                continue;
            }
            let foreign = self.ledger.foreign(&entry.file, view, &table);
            if let Some(by) = foreign.into_iter().next() {
                passed.push(((entry.file.clone(), entry.key.clone()), by));
            }
        }
        for ((file, key), by) in passed {
            self.ledger.take(&file, &key);
            let by = Key::new(&by);
            let message = format!("{key} stays, since {by} was set by hand");
            self.report.warn("set-by-hand", message);
        }
    }

    /// The proxy plugin that a snapshotter names.
    fn needed_proxies(&self) -> BTreeMap<At, At> {
        let table = proxies();
        let mut needed = BTreeMap::new();
        for (file, before) in self.before {
            let names = before.tree.table(&before.place(&table));
            for name in names.into_iter().flat_map(Table::names) {
                let plugin = [table[0].clone(), name.to_owned()];
                if self.views.values().any(|view| view.has(&plugin)) {
                    continue;
                }
                let Some(by) = self.snapshotter_of(name) else {
                    continue;
                };
                let leaves = before.leaves(&plugin).into_iter();
                let keys = leaves.map(|leaf| (file.clone(), Key::new(&leaf)));
                needed.extend(keys.map(|at| (at, by.clone())));
            }
        }
        needed
    }

    /// The first key that has this snapshotter, or is to have it: a run that was killed may not have
    /// come to it.
    fn snapshotter_of(&self, name: &str) -> Option<At> {
        let written = self.views.iter().find_map(|(file, view)| {
            let leaves = view.tree.leaves(&[String::from("plugins")]).into_iter();
            let mut named = leaves.filter(|leaf| leaf.last().is_some_and(|it| it == "snapshotter"));
            let found = named.find(|leaf| {
                let value = view.tree.value(leaf);
                value.and_then(|value| value.as_string()).as_deref() == Some(name)
            })?;
            Some((file.clone(), Key::new(&view.spelling.canonical(&found))))
        });
        let wanted = || {
            self.ledger.owners.values().find_map(|owner| {
                let mut wants = owner.wants.iter();
                let (key, _) = wants.find(|(key, want)| {
                    let is_snapshotter = key.path.last().is_some_and(|it| it == "snapshotter");
                    is_snapshotter && want.value.as_string().as_deref() == Some(name)
                })?;
                Some((owner.file.clone(), key.clone()))
            })
        };
        written.or_else(wanted)
    }

    /// Reports what stays, with what needs it and where that is. `after`: the files as they will be.
    pub(super) fn report_left_behind(&self, ledger: &Ledger, after: &Config, report: &mut Report) {
        // What an earlier run has left behind is not for every later one to tell.
        let concerns = |key: &Key| {
            let mut touched = self.touched.iter();
            self.touched.is_empty() || touched.any(|it| key.path.starts_with(&it.path))
        };
        let mut reasons: BTreeMap<(&String, String), Vec<String>> = BTreeMap::new();
        for ((file, key), (needing, by)) in &self.needed {
            let is_own = ledger.entry(file, key).is_some() || self.ledger.has_made(file, &key.path);
            if !concerns(key) || !is_own {
                continue;
            }
            let (needed_by, reason) = if let Some(why) = self.frozen.get(file) {
                let place = why.position().map(|at| format!("{file}:{at}: "));
                let (place, hint) = (place.unwrap_or_default(), why.hint());
                let reason =
                    format!("{place}{why}. To remove it: {hint}. Then run the same command again");
                (why.to_string(), reason)
            } else {
                let place = self.views[needing].place(&by.path);
                let place = refusal::place(after, needing, &place);
                let reason = format!(
                    "{by} ({place}) needs this; the first run after that is gone removes it"
                );
                (by.to_string(), reason)
            };
            reasons
                .entry((file, reason))
                .or_default()
                .push(key.to_string());
            report.left_behind.push(LeftBehind {
                key: key.to_string(),
                file: file.clone(),
                needed_by,
            });
        }
        for ((file, reason), keys) in reasons {
            let message = format!("not removed from {file}: {}: {reason}", keys.join(", "));
            report.warn("left-behind", message);
        }
    }
}

fn proxies() -> Path {
    vec!["proxy_plugins".to_owned()]
}
