//! The edit: config, ledger and change in; new texts, new ledger and a report out.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::config::view::View;
use crate::containerd::spelling;
use crate::error::{Error, NextStep};
use crate::ledger::{FileKey, Ledger, Made, Places};
use crate::want::change::Change;
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_path};

use super::edited::Edited;
use super::need::Needed;
use super::placement;
use super::refusal;
use super::start::Start;
use super::work::Work;
use super::writing::{self, Writing};

/// Works out what becomes of a config when one owner changes what it wants.
///
/// It reads and writes nothing but its arguments. The same change on its own result changes nothing.
///
/// # Errors
///
/// [`Error`] if the change is refused: a handler belongs to another owner, a file can't be changed, or
/// what stands in a file leaves no place for a key. Leaving is never refused for what others have done.
pub fn edit(config: &Config, ledger: &Ledger, change: &Change) -> Result<Edited, Error> {
    edit_keeping(config, ledger, change, &Needed::new())
}

/// The same, with keys that stay though nobody wants them any more.
pub(crate) fn edit_keeping(
    config: &Config,
    ledger: &Ledger,
    change: &Change,
    kept: &Needed,
) -> Result<Edited, Error> {
    let change = &change.in_version(config.newest_version());
    let config = &placement::with_all_files(config, ledger, change)?;
    let views = config.views();
    let versions = ledger.changed_versions(config, &views);
    let leaves = only_leaves(change, ledger);
    // A file that names no version, and needs none, goes by those of others.
    let mut changed = versions.iter().filter(|(file, _)| !views[*file].is_free);
    if let Some((file, version)) = changed.next().filter(|_| !leaves) {
        return Err(refusal::other_version(config, file, *version));
    }
    let respelled = (!versions.is_empty()).then(|| config.views_by(&versions));
    let (views, respelled) = match respelled {
        Some(respelled) if leaves => (respelled, None),
        respelled => (views, respelled),
    };
    let mut start = Start::new(config, views, ledger, change);
    if !ledger.is_blank() {
        let views = respelled.as_ref().unwrap_or(&start.views);
        start.ledger.settle(config, views);
    }
    if change.adoption.is_some() {
        let ledger = &mut start.ledger;
        ledger.recover(Some(change.owner.as_str()), config, &start.views);
    }
    start.prepare_removals()?;
    start.check_owner();
    start.change_wants()?;
    start.adopt()?;
    let (mut needed, mut frozen) = (kept.clone(), BTreeMap::new());
    loop {
        let mut work = Work::new(&start, &frozen);
        work.needed.clone_from(&needed);
        work.run()?;
        // What is removed and still needed by what stays is kept in the next round: more each time.
        let mut more = work.needed_now();
        more.retain(|at, _| !needed.contains_key(at));
        if !more.is_empty() {
            needed.extend(more);
            continue;
        }
        match work.write() {
            Ok(after) => {
                let edited = work.finish(ledger, after);
                return Ok(match start.known {
                    Cow::Owned(before) => Edited { before, ..edited },
                    Cow::Borrowed(_) => edited,
                });
            }
            // Leaving is never refused: what can't go stays.
            Err((file, why)) if start.asked.is_empty() && !frozen.contains_key(&file) => {
                frozen.insert(file, why);
                needed.clone_from(kept);
            }
            Err((_, refused)) => return Err(refused),
        }
    }
}

/// Whether the owner's own keys and handlers go, and nothing else is changed.
fn only_leaves(change: &Change, ledger: &Ledger) -> bool {
    let owner = ledger.owners.get(change.owner.as_str());
    let is_own = |key: &Key| {
        let mut wants = owner.into_iter().flat_map(|owner| owner.wants.keys());
        wants.any(|want| want.is_within(key))
    };
    !change.adds() && change.adoption.is_none() && change.cleared.iter().all(is_own)
}

/// Returns the config without any key of the tool's, not even one that others have set by hand since:
/// what releases would make of it is what a removal is judged by.
///
/// # Errors
///
/// [`Error`] if something stands in the place of a file's version.
pub(crate) fn without_owners(config: &Config, ledger: &Ledger) -> Result<Config, Error> {
    let (nothing, none) = (Change::new(), BTreeMap::new());
    let config = &placement::with_all_files(config, ledger, &nothing)?;
    let start = Start::new(config, ledger.views_of(config), ledger, &nothing);
    let mut work = Work::new(&start, &none);
    work.take_all_back()?;
    loop {
        match work.write() {
            Ok(after) => return Ok(after),
            // A text that can't be changed stays.
            Err((file, _)) => {
                let before = start.views.get(&file).cloned();
                work.views.extend(before.map(|view| (file, view)));
            }
        }
    }
}

impl Work<'_> {
    /// The config with the text of every file that changes; an error comes with the name of the file.
    fn write(&self) -> Result<Config, (String, Error)> {
        let mut after = self.start.config.clone();
        for name in self.start.writable().rev() {
            let writing = Writing {
                work: self,
                name,
                own: self.ledger.places(name, &self.views[name]),
            };
            let written = writing.write(&mut after);
            written.map_err(|error| (name.to_owned(), error))?;
        }
        Ok(after)
    }

    fn finish(mut self, found: &Ledger, after: Config) -> Edited {
        self.report_changes();
        self.report_left_behind(&after);
        self.report_held();
        if !self.report.left_behind.is_empty() {
            let owner = self.start.owner();
            let mut left = self.ledger.left.iter_mut();
            if let Some(left) = left.find(|left| left.owner == owner) {
                left.left_behind = true;
            }
        }
        self.report_what_stays(&after);
        self.report_unknown();
        self.report_placement();
        self.report_runc();
        for (name, view) in &self.views {
            let text = after.file(name).and_then(|file| file.text.as_ref());
            let before = &self.start.views[name];
            let made = text.map(|text| writing::made(name, [before, view], text.tree()));
            self.ledger.made.extend(made.into_iter().flatten());
        }
        self.keep_made(&after);
        let lost = self.start.lost.clone();
        self.ledger.keep_lost(lost, &self.views);
        self.remember_texts(&after);
        self.ledger.remember_tables(&self.views);
        Edited::of(self.start.config, after, found, self.ledger, self.report)
    }

    /// Remembers what a file that changes was with all that owners have had removed from it.
    fn remember_texts(&mut self, after: &Config) {
        let Start { config, full, .. } = self.start;
        let changed = after.files().iter().filter_map(|file| {
            let before = config.file(&file.name)?.text.as_ref()?;
            let is_same = file.text.as_ref().is_some_and(|it| Arc::ptr_eq(it, before));
            let full = full.get(&file.name).unwrap_or(before);
            (!is_same).then(|| (file.name.clone(), full.text().to_owned()))
        });
        let mut texts = std::mem::take(&mut self.ledger.full_texts);
        texts.extend(changed);
        texts.retain(|file, _| self.ledger.removed_from(file).next().is_some());
        self.ledger.full_texts = texts;
    }

    /// What the tool has made is its own as long as something below it is, and a file as long as an
    /// owner may write to it again.
    fn keep_made(&mut self, after: &Config) {
        let views = self.views.iter();
        let own = views.map(|(file, view)| (file, (view, self.ledger.places(file, view))));
        let own: BTreeMap<&String, (&View, Places<'_>)> = own.collect();
        let mut made = self.ledger.made.clone();
        made.retain(|Made { file, path, .. }| {
            let Some((view, own)) = own.get(file) else {
                return false;
            };
            let is_file = path.is_empty();
            let has_own = || own.below(&view.place(path)).next().is_some();
            let is_there = || after.file(file).is_some_and(|it| it.text.is_some());
            let stays = is_file && is_there() && self.ledger.is_some_owners(file);
            // Somebody may have emptied a table in which an owner still wants something.
            let is_wanted = || !is_file && self.ledger.is_wanted_below(path);
            stays || (is_file || view.has(path)) && (has_own() || is_wanted())
        });
        self.ledger.made = made;
    }

    /// Blocks that a ledger from before their owners came does not know, and that this edit does not
    /// adopt.
    fn report_unknown(&mut self) {
        let start = self.start;
        if !start.known.misses_block(start.config, &start.views) {
            return;
        }
        let mut known = Ledger::clone(&start.known);
        let unknown = known.recover(None, start.config, &start.views);
        for (owner, keys) in unknown {
            let is_lost = |key: &&Key| {
                let entries = self.ledger.entries.iter();
                let mut entries = entries.filter(|(_, entry)| entry.was.is_none());
                let mut views = self.views.values();
                entries.all(|(at, _)| at.key != **key) && views.any(|it| it.value(key).is_some())
            };
            let keys: Vec<&Key> = keys.iter().filter(is_lost).collect();
            if keys.is_empty() {
                continue;
            }
            let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let names = names.join(", ");
            let so = if owner == start.owner() && !self.ledger.owners.contains_key(&owner) {
                // Its comments go with it.
                format!("it stays; {}", self.ways_out(&keys))
            } else {
                format!(
                    "it stays when {owner} is removed. To record it, run the same command of {owner} \
                     again with --adopt"
                )
            };
            let message = format!(
                "a comment says that {owner} has set {names}, and the ledger does not: {so}"
            );
            self.report.warn("not-recovered", message);
        }
    }

    /// What takes away keys that nobody owns.
    fn ways_out(&self, keys: &[&Key]) -> String {
        let main = &self.views[self.start.main()];
        let ways = keys.iter().map(|key| match key.handler_name() {
            Some(name) => NextStep::RemoveWhatWasThere(name).to_string(),
            None if main.value(key).is_none() => format!("remove {key} there by hand"),
            None => NextStep::UnsetWhatIsThere(&key.on_command_line()).to_string(),
        });
        let ways: BTreeSet<String> = ways.collect();
        Vec::from_iter(ways).join("; ")
    }

    /// Keys that do not stand in the owner's file.
    fn report_placement(&mut self) {
        let owner = self.ledger.owners.get(self.start.owner());
        let Some(owner) = owner.filter(|_| self.has_cri_in_one_file()) else {
            return;
        };
        let mut elsewhere: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let keys = self.ledger.entries.keys();
        let is_asked = |at: &&FileKey| self.start.asked.contains(&at.key);
        for at in keys.filter(|at| at.file != owner.file).filter(is_asked) {
            if spelling::is_cri(&at.key.path) {
                let name = at.key.handler_name().map(str::to_owned);
                let name = name.unwrap_or_else(|| at.key.to_string());
                elsewhere.entry(&at.file).or_default().insert(name);
            }
        }
        for (file, names) in elsewhere {
            let names: Vec<String> = names.into_iter().collect();
            let message = format!(
                "written to {file}, not to {}: {}; containerd 1.x takes the section of CRI from one file",
                owner.file,
                names.join(", ")
            );
            self.report.warn("in-one-file", message);
        }
    }

    /// `runc` was to go, and stays for the sake of others.
    fn report_runc(&mut self) {
        let mut removes = self.start.change.removes.iter();
        let is_asked = removes.any(|name| name == BUILT_IN);
        let runc = handler_path(BUILT_IN);
        let files = self.start.config.writable(&self.views);
        let mut lists = files.filter(|(_, view)| view.has(&runc));
        let Some((file, view)) = lists.next().filter(|_| is_asked) else {
            return;
        };
        if !self.ledger.has_in(file, &runc) {
            let message = format!(
                "runc was there before {} came, and stays",
                self.start.owner()
            );
            self.report.warn("was-there", message);
            return;
        }
        let names = view.handler_names();
        let others: Vec<&str> = names.into_iter().filter(|it| *it != BUILT_IN).collect();
        let message = format!(
            "runc stays: containerd 1.x needs it listed beside {}, and it goes with the last of them",
            others.join(", ")
        );
        self.report.warn("runc-stays", message);
    }
}
