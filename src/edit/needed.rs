//! What nobody wants any more and something that stays still needs.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::ledger::{FileKey, Made};
use crate::toml::Path;
use crate::want::key::{Key, handlers_path};

use super::copies::says_nothing;
use super::edited::LeftBehind;
use super::need::{Need, Needed, PROXIES, is_proxy};
use super::refusal;
use super::work::Work;

/// The handler or the proxy plugin that containerd can't use without this key.
fn needing(key: &Key) -> Option<&[String]> {
    let (name, table) = key.path.split_last()?;
    let is_of_handler = key.handler() == Some(table) && name == "runtime_type";
    let is_of_proxy = is_proxy(table) && ["type", "address"].contains(&name.as_str());
    (is_of_handler || is_of_proxy).then_some(table)
}

impl Work<'_> {
    /// Keeps a key of a file that can't be changed.
    pub(super) fn keep_frozen(&mut self, at: &FileKey) {
        let Some(why) = self.frozen.get(&at.file) else {
            return;
        };
        let place = why
            .position()
            .map(|position| format!("{}:{position}: ", at.file));
        let (place, hint) = (place.unwrap_or_default(), why.hint());
        let need = Need::Why {
            needed_by: why.to_string(),
            reason: format!("{place}{why}. To remove it: {hint}. Then run the same command again"),
        };
        self.needed.insert(at.clone(), need);
    }

    /// Whether something that stays needs what the tool has made.
    pub(super) fn is_needed(&self, made: &Made) -> bool {
        let mut needed = self.needed.keys();
        needed.any(|at| at.is_in(&made.file, &made.path))
    }

    /// Keys that this edit removes and that something needs which stays.
    pub(super) fn needed_now(&self) -> Needed {
        let mut needed = Needed::new();
        for (file, before) in &self.start.views {
            for table in [handlers_path(), vec![PROXIES.to_owned()]] {
                let place = before.place(&table);
                let leaves = before.tree.leaves(&place);
                let gone = leaves.filter(|leaf| self.views[file].tree.get(leaf).is_none());
                let paths = gone.map(|leaf| [&table, &leaf[place.len()..]].concat());
                let lost = paths.map(|path| FileKey::new(file, &Key::new(&path)));
                let is_lost = |at: &FileKey| at.now(&self.views).is_none();
                let lost = lost.filter(|at| is_lost(at) && !self.ledger.removes(&at.key));
                let with_needing = lost.filter_map(|at| Some((self.needing(&at)?, at)));
                needed.extend(with_needing.map(|(by, at)| (at, Need::Key(by))));
            }
        }
        needed
    }

    /// What needs a key that is gone: another key that somebody wants in the same handler or proxy
    /// plugin, or a snapshotter that names the proxy plugin.
    fn needing(&self, lost: &FileKey) -> Option<FileKey> {
        let FileKey { file, key } = lost;
        if let Some(table) = needing(key).filter(|table| self.views[file].has(table)) {
            let mut wants = self.ledger.wants_below(table);
            let by = wants.find(|it| it.want.value.is_some())?;
            return Some(FileKey::new(file, by.key));
        }
        let table = key.path.get(..2).filter(|table| is_proxy(table))?;
        if self.views.values().any(|view| view.has(table)) {
            return None;
        }
        self.snapshotter_of(&table[1])
    }

    /// What somebody has set by hand in a proxy plugin that the tool has created stays when its owners
    /// leave, and with it what containerd does not start without: all of that is the file's own.
    pub(super) fn disown_proxies(&mut self) {
        let mut passed: Vec<(FileKey, Path)> = Vec::new();
        let mut emptied: Vec<FileKey> = Vec::new();
        for at in self.ledger.entries.keys() {
            let table = needing(&at.key).filter(|table| is_proxy(table));
            let (Some(table), Some(view)) = (table, self.views.get(&at.file)) else {
                continue;
            };
            let is_left = self.ledger.has_made(&at.file, table)
                && self.ledger.is_in_force(at, &self.views)
                && !self.ledger.is_wanted_below(table);
            if is_left {
                let foreign = self.ledger.foreign(&at.file, view, table).into_iter();
                // A migration writes all that it knows, with no value: that goes along.
                let (nothing, foreign): (Vec<Path>, Vec<Path>) =
                    foreign.partition(|leaf| says_nothing(view, leaf));
                match foreign.into_iter().next() {
                    Some(by) => passed.push((at.clone(), by)),
                    None => emptied.extend(
                        nothing
                            .iter()
                            .map(|leaf| FileKey::new(&at.file, &Key::new(leaf))),
                    ),
                }
            }
        }
        for at in emptied {
            self.give_back(&at, None);
        }
        for (at, by) in passed {
            self.ledger.entries.remove(&at);
            let message = format!("{} stays, since {} was set by hand", at.key, Key::new(&by));
            self.report.warn("set-by-hand", message);
        }
    }

    /// The first key that has this snapshotter, or is to have it: a run that was killed may not have
    /// come to it.
    fn snapshotter_of(&self, name: &str) -> Option<FileKey> {
        let is_snapshotter = |path: &Path| path.last().is_some_and(|it| it == "snapshotter");
        let written = self.views.iter().find_map(|(file, view)| {
            let leaves = view.tree.leaves(&["plugins".to_owned()]);
            let mut leaves = leaves.filter(is_snapshotter);
            let found = leaves.find(|leaf| {
                let value = view.tree.value(leaf);
                value.and_then(|value| value.as_string()).as_deref() == Some(name)
            })?;
            let key = Key::new(&view.spelling.canonical(&found));
            Some(FileKey::new(file, &key))
        });
        let wanted = || {
            let wants = self.ledger.wants();
            let mut wants = wants.filter(|it| is_snapshotter(&it.key.path));
            let found = wants.find(|it| it.want.string().as_deref() == Some(name))?;
            Some(FileKey::new(found.file, found.key))
        };
        written.or_else(wanted)
    }

    /// Reports what stays, with what needs it and where that is. `after`: the files as they will be.
    pub(super) fn report_left_behind(&mut self, after: &Config) {
        // What an earlier run has left behind is not for every later one to tell.
        let concerns = |key: &Key| {
            let touched = &self.start.touched;
            touched.is_empty() || touched.iter().any(|it| key.path.starts_with(&it.path))
        };
        let mut reasons: BTreeMap<(&String, String), Vec<String>> = BTreeMap::new();
        for (at, need) in &self.needed {
            let FileKey { file, key } = at;
            let has_entry = self.ledger.entries.contains_key(at);
            if !concerns(key) || !(has_entry || self.ledger.has_made(file, &key.path)) {
                continue;
            }
            let (needed_by, reason) = match need {
                Need::Why { needed_by, reason } => (needed_by.clone(), reason.clone()),
                Need::Key(by) => {
                    let place = self.views[&by.file].place(&by.key.path);
                    let place = refusal::location(after, &by.file, &place);
                    let reason = format!(
                        "{} ({place}) needs this; the first run after that is gone removes it",
                        by.key
                    );
                    (by.key.to_string(), reason)
                }
            };
            let keys = reasons.entry((file, reason)).or_default();
            keys.push(key.to_string());
            self.report.left_behind.push(LeftBehind {
                key: key.to_string(),
                file: file.clone(),
                needed_by,
            });
        }
        for ((file, reason), keys) in reasons {
            let message = format!("not removed from {file}: {}: {reason}", keys.join(", "));
            self.report.warn("left-behind", message);
        }
    }
}
