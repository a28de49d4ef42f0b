//! What nobody wants any more and something that stays still needs.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::ledger::{FileKey, Made, is_implied};
use crate::toml::Path;
use crate::want::key::{Key, handlers_path};

use super::copies::says_nothing;
use super::edited::LeftBehind;
use super::need::{Need, Needed, PROXIES, is_proxy, proxies};
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
        let why = why.in_words();
        let need = Need::Why {
            reason: format!("{place}{why}. To remove it: {hint}. Then run the same command again"),
            needed_by: why,
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
    /// plugin or has set by hand there, or a snapshotter that names the proxy plugin.
    fn needing(&self, lost: &FileKey) -> Option<FileKey> {
        let FileKey { file, key } = lost;
        if let Some(table) = needing(key).filter(|table| self.views[file].has(table)) {
            let mut wants = self.ledger.wants_below(table);
            let by = wants.find(|it| it.want.value.is_some());
            let by = by.map(|by| by.key.clone());
            let by = by.or_else(|| self.set_by_hand(file, table))?;
            return Some(FileKey::new(file, &by));
        }
        let table = key.path.get(..2).filter(|table| is_proxy(table))?;
        if self.views.values().any(|view| view.has(table)) {
            return None;
        }
        self.snapshotter_of(&table[1])
    }

    /// What somebody has set by hand in a proxy plugin that the tool has created, and that its owners leave:
    /// it stays, and without a type and an address containerd does not start.
    fn set_by_hand(&self, file: &str, table: &[String]) -> Option<Key> {
        if !is_proxy(table) || !self.ledger.has_made(file, table) {
            return None;
        }
        let [_, others] = self.foreign_in(file, table);
        others.first().map(|by| Key::new(by))
    }

    /// What is not the tool's at or below a path of a file: what says nothing, and other keys.
    fn foreign_in(&self, file: &str, path: &[String]) -> [Vec<Path>; 2] {
        let view = &self.views[file];
        let foreign = self.ledger.foreign(file, view, path);
        <[_; 2]>::from(foreign.partition::<Vec<Path>, _>(|leaf| says_nothing(view, leaf)))
    }

    /// A migration writes all that it knows of a proxy plugin, with no value: that goes along with one that
    /// the tool has created.
    pub(super) fn clear_proxies(&mut self) {
        let mut emptied: Vec<FileKey> = Vec::new();
        for Made { file, path, .. } in self.views.iter().flat_map(proxies) {
            let is_left = self.ledger.has_made(&file, &path)
                && self.ledger.has_in(&file, &path)
                && !self.ledger.is_wanted_below(&path);
            if is_left
                && let [nothing, others] = self.foreign_in(&file, &path)
                && others.is_empty()
            {
                emptied.extend(nothing.iter().map(|it| FileKey::new(&file, &Key::new(it))));
            }
        }
        for at in emptied {
            self.give_back(&at, None);
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

    /// Whether an earlier run removed the owner and had to leave something of it behind. Repeating the
    /// removal reports it again; removing another owner does not.
    pub(super) fn has_left_something(&self) -> bool {
        let left = self.ledger.tombstone(self.start.owner());
        self.start.touched.is_empty() && left.is_some_and(|left| left.left_behind)
    }

    /// Reports what stays, with what needs it and where that is. `after`: the files as they will be.
    pub(super) fn report_left_behind(&mut self, after: &Config) {
        let (touched, has_left) = (&self.start.touched, self.has_left_something());
        let concerns = |key: &Key| {
            has_left && !is_implied(key) || touched.iter().any(|it| key.path.starts_with(&it.path))
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
