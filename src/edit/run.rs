//! The edit: config, ledger and change in; new texts, new ledger and a report out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::config::files::{File, Text};
use crate::config::view::{View, Views};
use crate::containerd::spelling;
use crate::error::Error;
use crate::ledger::{Entry, Ledger, Made, Recovered};
use crate::toml::Difference;
use crate::want::change::{Change, Overrules};
use crate::want::handler::BUILT_IN;
use crate::want::key::{Key, handler_path};

use super::adopting;
use super::edited::{Edited, FileEdit, Report};
use super::tables;
use super::wants::{self, Asked};
use super::work::Work;
use super::writing::{self, Writing};

/// Rounds of keeping what is still needed: a chain of snapshotter, proxy plugin and type takes three.
const MOST_ROUNDS: usize = 8;

/// Works out what becomes of a config when one owner changes what it wants.
///
/// It reads and writes nothing but its arguments. The same change on its own result changes nothing.
///
/// # Errors
///
/// [`Error`] if the change is refused: a handler belongs to another owner, a file can't be changed, or
/// what stands in a file leaves no place for a key. Leaving is never refused for what others have done.
pub fn edit(config: &Config, ledger: &Ledger, change: &Change) -> Result<Edited, Error> {
    let config = &tables::chosen(config, ledger, change)?;
    let views = with_known_files(config, ledger, change);
    let mut report = Report::default();
    let mut settled = ledger.clone();
    settled.settle(&views);
    if ledger.is_blank() {
        let recovered = settled.recover(config, &views);
        tell_recovered(&recovered, &mut report);
    }
    let before = if ledger.is_blank() {
        settled.clone()
    } else {
        ledger.clone()
    };
    let unknown = before.unknown(config, &views);
    let live = live_keys(&settled, &views);
    let made = settled.made.iter().filter(|made| made.path.is_empty());
    let known = made.map(|made| made.file.clone()).collect();
    adopting::prepare_removals(&mut settled, change, config, &views, &mut report)?;
    adopting::check_owner(&settled, change, &mut report);
    let asked = wants::change_wants(&mut settled, change, config, &views)?;
    if let Some(adoption) = &change.adoption {
        adopting::adopt(&mut settled, change, adoption, &views)?;
    }
    let Asked {
        now,
        touched,
        other_driver,
    } = asked;
    if let Some(message) = other_driver {
        report.warn("cgroup-drivers-differ", message);
    }
    let mut start = Work {
        acting: change.owner.to_string(),
        asked: now,
        touched,
        takes_over: change.overrules == Overrules::All,
        known,
        live,
        report,
        ..Work::new(config, &views, settled)
    };
    loop {
        let work = run(start.clone())?;
        match write(&work, &before) {
            Ok(files) => {
                let mut edited = finish(ledger, before, &work, files);
                tell_unknown(&unknown, &work.ledger, &mut edited.report);
                tell_placement(&work, &mut edited.report);
                tell_runc(&work, change, &mut edited.report);
                return Ok(edited);
            }
            // Leaving is never refused: what can't go stays.
            Err((file, why)) if start.asked.is_empty() && !start.frozen.contains_key(&file) => {
                start.frozen.insert(file, Arc::new(why));
            }
            Err((_, refused)) => return Err(refused),
        }
    }
}

/// Returns the config without any key of the tool's, not even one that others have set by hand since:
/// what releases would make of it is what a removal is held against.
///
/// # Errors
///
/// [`Error`] if something stands in the place of a file's version.
pub(crate) fn without_owners(config: &Config, ledger: &Ledger) -> Result<Config, Error> {
    let views = with_known_files(config, ledger, &Change::new());
    let mut ledger = ledger.clone();
    if ledger.is_blank() {
        ledger.recover(config, &views);
    }
    let mut work = Work::new(config, &views, ledger.clone());
    work.take_all_back()?;
    loop {
        match write(&work, &ledger) {
            Ok(files) => return Ok(config_after(config, files)),
            // A text that can't be changed stays.
            Err((file, _)) => {
                let before = views.get(&file).cloned();
                work.views.extend(before.map(|view| (file, view)));
            }
        }
    }
}

/// Works the edit out anew until nothing that it removes is needed by what stays.
fn run(mut start: Work<'_>) -> Result<Work<'_>, Error> {
    let mut rounds = 0;
    loop {
        let mut work = start.clone();
        work.run()?;
        let mut needed = work.needed_now();
        needed.retain(|at, _| !start.needed.contains_key(at));
        if needed.is_empty() || rounds == MOST_ROUNDS {
            return Ok(work);
        }
        start.needed.extend(needed);
        rounds += 1;
    }
}

/// All files that the edit may be about: those of the config, those of the ledger, and the one that the
/// change goes to.
fn with_known_files(config: &Config, ledger: &Ledger, change: &Change) -> Views {
    let mut views = config.views();
    let version = views[&config.main().name].version();
    let imported = || config.imported_drop_in(change.owner.as_str());
    let chosen = change.file.clone().or_else(imported);
    for name in ledger.known_files().into_iter().chain(chosen.as_deref()) {
        if !views.contains_key(name) {
            views.insert(name.to_owned(), config.view_of_missing(name, version));
        }
    }
    views
}

fn live_keys(ledger: &Ledger, views: &Views) -> BTreeSet<Key> {
    let entries = ledger.entries.iter();
    let live = entries.filter(|entry| entry.holds_ours(entry.now(views).as_ref()));
    live.map(|entry| entry.key.clone()).collect()
}

fn tell_recovered(recovered: &Recovered, report: &mut Report) {
    let owners: BTreeSet<&String> = recovered.found.iter().map(|(owner, _)| owner).collect();
    for owner in owners {
        let keys = recovered.found.iter().filter(|(it, _)| it == owner);
        let keys: Vec<String> = keys.map(|(_, key)| key.to_string()).collect();
        let keys = keys.join(", ");
        let message =
            format!("no ledger is there; by the comments these keys are {owner}'s: {keys}");
        report.warn("recovered", message);
    }
    for key in &recovered.lost {
        let message =
            format!("no ledger is there: who has set {key}, and what stood there before, is lost");
        report.warn("not-recovered", message);
    }
}

/// Blocks that a ledger from before their owners came does not know, and that this edit does not adopt.
fn tell_unknown(unknown: &BTreeMap<String, Vec<Key>>, ledger: &Ledger, report: &mut Report) {
    for (owner, keys) in unknown {
        let entries = || ledger.entries.iter().filter(|entry| entry.was.is_none());
        let is_lost = |key: &&Key| entries().all(|entry| entry.key != **key);
        let keys: Vec<String> = keys.iter().filter(is_lost).map(Key::to_string).collect();
        if keys.is_empty() {
            continue;
        }
        let message = format!(
            "a comment says that {owner} has set {}, and the ledger does not: it stays when {owner} is \
             removed. To record it, run the same command of {owner} again with --adopt",
            keys.join(", ")
        );
        report.warn("not-recovered", message);
    }
}

/// Keys that do not stand in the owner's file.
fn tell_placement(work: &Work<'_>, report: &mut Report) {
    let owner = work.ledger.owners.get(&work.acting);
    let Some(owner) = owner.filter(|_| work.has_cri_in_one_file()) else {
        return;
    };
    let entries = work.ledger.entries.iter();
    let asked = entries.filter(|it| it.file != owner.file && work.asked.contains(&it.key));
    let mut elsewhere: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for Entry { file, key, .. } in asked.filter(|it| spelling::is_cri(&it.key.path)) {
        let name = key.handler_name().map(str::to_owned);
        let name = name.unwrap_or_else(|| key.to_string());
        elsewhere.entry(file).or_default().insert(name);
    }
    for (file, names) in elsewhere {
        let names: Vec<String> = names.into_iter().collect();
        let message = format!(
            "written to {file}, not to {}: {}; containerd 1.x takes the section of CRI from one file",
            owner.file,
            names.join(", ")
        );
        report.warn("in-one-file", message);
    }
}

/// `runc` was to go, and stays for the sake of others.
fn tell_runc(work: &Work<'_>, change: &Change, report: &mut Report) {
    if !change.removes.iter().any(|name| name == BUILT_IN) {
        return;
    }
    let runc = handler_path(BUILT_IN);
    let mut lists = work.views.values().filter(|view| view.has(&runc));
    let Some(view) = lists.next() else {
        return;
    };
    let names = view.handler_names();
    let others: Vec<&str> = names.into_iter().filter(|it| *it != BUILT_IN).collect();
    let message = format!(
        "runc stays: containerd 1.x needs it listed beside {}, and it goes with the last of them",
        others.join(", ")
    );
    report.warn("runc-stays", message);
}

/// Writes every file that changes; the error comes with the name of the file.
fn write(work: &Work<'_>, known: &Ledger) -> Result<Vec<File>, (String, Error)> {
    let mut files = Vec::new();
    for name in work.files_by_weight().into_iter().rev() {
        let writing = Writing {
            config: work.config,
            ledger: &work.ledger,
            known,
            name: &name,
            before: &work.before[&name],
            after: &work.views[&name],
        };
        files.extend(writing.file().map_err(|error| (name.clone(), error))?);
    }
    Ok(files)
}

fn finish(old: &Ledger, before: Ledger, work: &Work<'_>, changed: Vec<File>) -> Edited {
    let config = work.config;
    let mut ledger = work.ledger.clone();
    // A ledger is recognized by its digests after a killed run: each edit has its own.
    ledger.files.clear();
    let mut files = Vec::new();
    for file in &changed {
        let name = &file.name;
        let (old_view, view) = (&work.before[name], &work.views[name]);
        if let Some(text) = &file.text {
            let made = writing::made(name, [old_view, view], &text.tree);
            ledger.made.extend(made);
        }
        let known = config.file(name).and_then(|file| file.text.as_ref());
        let text = |text: Option<&Arc<Text>>| text.map(|text| text.document.text().to_owned());
        let edit = FileEdit {
            name: name.clone(),
            before: text(known),
            after: text(file.text.as_ref()),
            only_gains: only_gains(old_view, view) && file.text.is_some(),
        };
        ledger.files.insert(name.clone(), edit.digests());
        files.push(edit);
    }
    keep_made(&mut ledger, &work.views);
    ledger.remember_tables(&work.views);
    ledger.sort_entries();
    let main = &config.main().name;
    files.sort_by_key(|file| match (file.name == *main, file.only_gains) {
        (false, true) => 0,
        (true, _) => 1,
        (false, false) => 2,
    });
    let mut report = work.report.clone();
    super::reporting::report(work, &mut report);
    report.is_recorded = files.is_empty() && ledger.is_other_than(old);
    if files.is_empty() && !report.is_recorded {
        ledger.files.clone_from(&old.files);
    } else {
        ledger.is_undone = false;
    }
    let after = config_after(config, changed);
    work.report_left_behind(&ledger, &after, &mut report);
    super::reporting::report_what_was_there(work, &mut report);
    Edited {
        config: after,
        before,
        ledger,
        files,
        report,
    }
}

/// What the tool has made is its own as long as something below it is.
fn keep_made(ledger: &mut Ledger, views: &Views) {
    let entries = std::mem::take(&mut ledger.entries);
    ledger.made.retain(|Made { file, path, .. }| {
        let Some(view) = views.get(file) else {
            return false;
        };
        let is_there = path.is_empty() || view.has(path);
        let place = view.place(path);
        let mut own = entries.iter().filter(|entry| entry.file == *file);
        is_there && own.any(|entry| view.place(&entry.key.path).starts_with(&place))
    });
    ledger.entries = entries;
}

/// Whether all that a file says, it still says.
fn only_gains(before: &View, after: &View) -> bool {
    let differences = before.tree.differences(&after.tree);
    differences.iter().all(|difference| match difference {
        Difference::Inserted(..) => true,
        Difference::Elements(_, gone, _) => gone.is_empty(),
        _ => false,
    })
}

/// The config with the files that have changed.
fn config_after(config: &Config, changed: Vec<File>) -> Config {
    let mut after = config.clone();
    for file in changed {
        after.put(file);
    }
    after
}
