//! The edit: config, ledger and change in; new texts, new ledger and a report out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::Config;
use crate::config::files::{File, Text};
use crate::config::view::{View, Views};
use crate::disk::digest;
use crate::error::Error;
use crate::ledger::{Digests, Ledger, Recovered};
use crate::want::key::Key;

use super::adopting;
use super::change::{Change, Placement};
use super::edited::{Edited, FileEdit, LeftBehind, Report};
use super::wants::{self, Asked};
use super::work::Work;
use super::writing::{self, Writing};

/// So often something that stays may need something more.
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
    let views = with_known_files(config, ledger, change);
    let mut report = Report::default();
    let mut settled = ledger.clone();
    settled.settle(&views);
    if ledger.is_blank() {
        let recovered = settled.recover(config, &views);
        tell_recovered(&recovered, &mut report);
    }
    let live = live_keys(&settled, &views);
    adopting::check_removed(&mut settled, change, config, &views, &mut report)?;
    let main = &config.main().name;
    let asked = wants::change_wants(&mut settled, change, main, &views)?;
    if let Some(adoption) = &change.adoption {
        adopting::adopt(&mut settled, change, adoption, &views);
    }
    let Asked { now, touched } = asked;
    let mut start = Work {
        config,
        before: &views,
        views: views.clone(),
        ledger: settled,
        acting: change.owner.clone(),
        asked: now,
        touched,
        takes_over: change.takes_over,
        live,
        needed: BTreeMap::new(),
        frozen: BTreeSet::new(),
        gone: BTreeSet::new(),
        report,
    };
    loop {
        let work = run(start.clone())?;
        match write(&work) {
            Ok(files) => return Ok(finish(ledger, &work, files)),
            // Leaving is never refused: what can't go stays.
            Err((file, _)) if start.asked.is_empty() && start.frozen.insert(file.clone()) => {}
            Err((_, refused)) => return Err(refused),
        }
    }
}

/// Returns the config without any key of the tool's: what releases would make of it is what a removal
/// is held against.
///
/// # Errors
///
/// [`Error`] if a file can't be changed.
pub fn without_owners(config: &Config, ledger: &Ledger) -> Result<Config, Error> {
    let mut nobody = ledger.clone();
    if nobody.is_blank() {
        nobody.recover(config, &config.views());
    }
    nobody.owners.clear();
    let change = Change::leave("", None);
    Ok(edit(config, &nobody, &change)?.config)
}

/// Works the edit out anew until nothing that it removes is needed by what stays.
fn run(mut start: Work<'_>) -> Result<Work<'_>, Error> {
    for _ in 0..MOST_ROUNDS {
        let mut work = start.clone();
        work.run()?;
        let mut needed = work.needed_now();
        needed.retain(|at, _| !start.needed.contains_key(at));
        if needed.is_empty() {
            return Ok(work);
        }
        start.needed.extend(needed);
    }
    let mut work = start.clone();
    work.run()?;
    Ok(work)
}

/// All files that the edit may be about: those of the config, those of the ledger, and the one that the
/// change goes to.
fn with_known_files(config: &Config, ledger: &Ledger, change: &Change) -> Views {
    let mut views = config.views();
    let version = views[&config.main().name].version();
    let of_owners = ledger.owners.values().map(|owner| owner.file.as_str());
    let chosen = match &change.placement {
        Placement::File(name) => Some(name.as_str()),
        Placement::AsBefore => None,
    };
    let names = ledger.files().into_iter().chain(of_owners).chain(chosen);
    for name in names {
        if !views.contains_key(name) {
            views.insert(name.to_owned(), View::missing(version));
        }
    }
    views
}

fn live_keys(ledger: &Ledger, views: &Views) -> BTreeSet<Key> {
    let entries = ledger.entries.iter().filter(|entry| {
        let now = views
            .get(&entry.file)
            .and_then(|view| view.value(&entry.key));
        entry.is_in_force(now.as_ref())
    });
    entries.map(|entry| entry.key.clone()).collect()
}

fn tell_recovered(recovered: &Recovered, report: &mut Report) {
    let owners: BTreeSet<&String> = recovered.found.iter().map(|(owner, _)| owner).collect();
    for owner in owners {
        let keys = recovered.found.iter().filter(|(it, _)| it == owner);
        let keys: Vec<String> = keys.map(|(_, key)| key.to_string()).collect();
        let keys = keys.join(", ");
        let message = format!("no ledger is there; by the comments these keys are {owner}'s: {keys}");
        report.warn("recovered", message);
    }
    for key in &recovered.lost {
        let message =
            format!("no ledger is there: who has set {key}, and what stood there before, is lost");
        report.warn("not-recovered", message);
    }
}

/// Writes every file that changes; the error comes with the name of the file.
fn write(work: &Work<'_>) -> Result<Vec<File>, (String, Error)> {
    let mut files = Vec::new();
    for name in work.files_by_weight().into_iter().rev() {
        let writing = Writing {
            config: work.config,
            ledger: &work.ledger,
            name: &name,
            before: &work.before[&name],
            after: &work.views[&name],
        };
        files.extend(writing.file().map_err(|error| (name.clone(), error))?);
    }
    Ok(files)
}

fn finish(old: &Ledger, work: &Work<'_>, changed: Vec<File>) -> Edited {
    let config = work.config;
    let mut ledger = work.ledger.clone();
    // What the ledger is told apart by after a killed run: each edit has its own.
    let earlier = std::mem::take(&mut ledger.files);
    let mut files = Vec::new();
    for file in &changed {
        let name = &file.name;
        let (before, after) = (&work.before[name], &work.views[name]);
        if let Some(text) = &file.text {
            let made = writing::made(before, after, &text.tree).into_iter();
            ledger.made.extend(made.map(|path| (name.clone(), path)));
        }
        let known = config.file(name).and_then(|file| file.text.as_ref());
        let text = |text: Option<&Arc<Text>>| text.map(|text| text.document.text().to_owned());
        let edit = FileEdit {
            name: name.clone(),
            before: text(known),
            after: text(file.text.as_ref()),
            only_gains: only_gains(before, after) && file.text.is_some(),
        };
        let digest = |text: &Option<String>| text.as_ref().map(|it| digest::of(it.as_bytes()));
        let digests = Digests {
            before: digest(&edit.before),
            after: digest(&edit.after),
        };
        ledger.files.insert(name.clone(), digests);
        files.push(edit);
    }
    if files.is_empty() {
        ledger.files = earlier;
    }
    keep_made(&mut ledger, &work.views);
    let main = &config.main().name;
    files.sort_by_key(|file| match (file.name == *main, file.only_gains) {
        (false, true) => 0,
        (true, _) => 1,
        (false, false) => 2,
    });
    let mut report = work.report.clone();
    // What an earlier run has left behind is not for every later one to tell.
    let concerns = |key: &Key| work.touched.is_empty() || work.touched.contains(key);
    let entries = work
        .needed
        .iter()
        .filter(|(at, _)| concerns(&at.1) && ledger.entry(&at.0, &at.1).is_some());
    report.left_behind = entries
        .map(|((file, key), by)| LeftBehind {
            key: key.to_string(),
            file: file.clone(),
            needed_by: by.clone(),
        })
        .collect();
    super::reporting::report(work, &mut report);
    report.is_recorded = files.is_empty() && ledger != *old;
    let after = config_after(config, changed);
    Edited {
        config: after,
        ledger,
        files,
        report,
    }
}

/// What the tool has made is its own as long as something below it is.
fn keep_made(ledger: &mut Ledger, views: &Views) {
    let entries = std::mem::take(&mut ledger.entries);
    ledger.made.retain(|(file, path)| {
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
    let mut leaves = before.tree.leaves(&[]).into_iter();
    leaves.all(|leaf| before.tree.value(&leaf) == after.tree.value(&leaf))
}

/// The config with the files that have changed.
fn config_after(config: &Config, changed: Vec<File>) -> Config {
    let mut after = config.clone();
    for file in changed {
        after.put(file);
    }
    after
}
