//! A node: its files, its ledger, and one command after another, as a program would run them.

use std::collections::{BTreeMap, BTreeSet};

use containerd_edit::{
    Config, EditedConfig as Edited, FileEdit, Ledger, Report, edit, without_owners,
};
use serde_json::Value;

use crate::harm::{FOLDER, Judge};
use crate::life::{Command, NAMES, What};
use crate::meaning::{At, Disk, MAIN, said};

#[derive(Clone)]
pub(crate) struct World {
    pub disk: Disk,
    /// The ledger as JSON; `None`: there is none.
    pub ledger: Option<String>,
    /// The ledger from before a run that was killed.
    pub before: Option<Option<String>>,
    /// What foreign hands have made of the base, without the tool's keys.
    pub foreign_values: BTreeMap<At, String>,
    pub backups: Vec<Backup>,
    pub base: Disk,
    /// Whether foreign hands have changed anything.
    pub is_touched: bool,
    /// Whether the ledger was lost, or one of an older time was put back.
    pub has_lost_ledger: bool,
    pub has_adopted: bool,
}

#[derive(Clone)]
pub(crate) struct Backup {
    pub disk: Disk,
    pub foreign_values: BTreeMap<At, String>,
    pub ledger: Option<String>,
}

/// What a command has come to.
pub(crate) enum Outcome {
    Done(Box<Report>),
    Refused(String),
    /// The run was killed.
    Killed,
}

pub(crate) fn config(disk: &Disk) -> Config {
    let main = disk.get(MAIN).cloned().flatten();
    let mut config = Config::new(format!("{FOLDER}/{MAIN}"), main.as_deref()).expect("TOML");
    for (name, text) in disk.iter().filter(|(name, _)| *name != MAIN) {
        let path = format!("{FOLDER}/{name}");
        config.insert(path, text.as_deref(), true).expect("TOML");
    }
    config
}

pub(crate) fn disk(config: &Config) -> Disk {
    let files = config.texts().map(|(path, text)| {
        let name = path.strip_prefix(FOLDER).expect("below the folder");
        (name.to_string_lossy().into_owned(), text.map(str::to_owned))
    });
    files.collect()
}

/// The files that are there.
pub(crate) fn there(disk: &Disk) -> BTreeMap<&String, &String> {
    let there = disk
        .iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)));
    there.collect()
}

pub(crate) fn parse(ledger: Option<&String>) -> Ledger {
    ledger.map_or_else(Ledger::default, |json| {
        Ledger::parse(json.as_bytes()).expect("a ledger")
    })
}

/// A ledger as data.
pub(crate) fn data(ledger: Option<&String>) -> Value {
    ledger.map_or(Value::Null, |json| {
        serde_json::from_str(json).expect("JSON")
    })
}

/// The handlers that an owner wants, by the ledger.
pub(crate) fn handlers_of(ledger: Option<&String>, owner: &str) -> BTreeSet<String> {
    let ledger = data(ledger);
    let wants = ledger["owners"][owner]["wants"].as_array();
    let keys = wants
        .into_iter()
        .flatten()
        .filter_map(|it| it["key"].as_str());
    let below = keys.filter_map(|key| key.split_once(".runtimes."));
    let names = below.filter_map(|(_, rest)| rest.split('.').next());
    names.map(str::to_owned).collect()
}

impl World {
    pub(crate) fn new(base: &Disk) -> Self {
        Self {
            disk: base.clone(),
            ledger: None,
            before: None,
            foreign_values: said(base),
            backups: Vec::new(),
            base: base.clone(),
            is_touched: false,
            has_lost_ledger: false,
            has_adopted: false,
        }
    }

    /// Makes the ledger of a killed run one again, as the next run does.
    pub(crate) fn recover(&mut self) {
        if let Some(before) = self.before.take() {
            let ledger = parse(self.ledger.as_ref());
            let ledger = ledger.after_a_killed_run(parse(before.as_ref()), &config(&self.disk));
            self.store(&ledger);
        }
    }

    fn store(&mut self, ledger: &Ledger) {
        self.ledger = (!ledger.is_blank()).then(|| ledger.to_json());
    }

    /// Handlers that may go with a command: its owner's, where nobody else wants them.
    fn may_go(&self, command: &Command, judge: &mut Judge) -> BTreeSet<String> {
        let ledger = self.ledger.as_ref();
        let mut may_go = handlers_of(ledger, &command.owner);
        if let What::Remove(name) = &command.what {
            may_go.insert(name.clone());
        }
        let data = data(ledger);
        let others = data["owners"].as_object();
        let names: Vec<&String> = others.into_iter().flat_map(|it| it.keys()).collect();
        // What nobody wants and a run before had to leave behind.
        let wanted: BTreeSet<String> = names
            .iter()
            .flat_map(|it| handlers_of(ledger, it))
            .collect();
        let entries = data["entries"].as_array().into_iter().flatten();
        let keys = entries.filter_map(|it| it["key"].as_str()?.split_once(".runtimes."));
        let known = keys.filter_map(|(_, rest)| Some(rest.split('.').next()?.to_owned()));
        may_go.extend(known.filter(|name| !wanted.contains(name)));
        for other in names.into_iter().filter(|it| **it != command.owner) {
            for name in handlers_of(ledger, other) {
                may_go.remove(&name);
            }
        }
        if self.has_lost_ledger {
            // What comments say, an older ledger does not.
            may_go.extend(NAMES.map(str::to_owned));
            return may_go;
        }
        let base = judge.of(&self.base);
        let has_runc = base.values().all(|served| served.handlers.contains("runc"));
        if has_runc && !self.has_adopted && !command.adopts {
            may_go.remove("runc");
        }
        may_go
    }

    /// Runs a command. `Err`: a promise is broken.
    pub(crate) fn run(&mut self, command: &Command, judge: &mut Judge) -> Result<Outcome, String> {
        self.recover();
        let ledger = parse(self.ledger.as_ref());
        let now = config(&self.disk);
        let edited = match edit(&now, &ledger, &command.change()) {
            Ok(edited) => edited,
            Err(why) if why.code().as_str() == "defect" => return Err(format!("defect: {why}")),
            Err(why) if command.what == What::Leave => {
                return Err(format!("leaving is refused: {why}"));
            }
            Err(why) => return Ok(Outcome::Refused(why.to_string())),
        };
        let may_go = self.may_go(command, judge);
        let after = disk(&edited.config);
        if let Some(why) = judge.harm(&self.disk, &after, &may_go) {
            if command.what != What::Leave {
                return Ok(Outcome::Refused(why));
            }
            // No worse than without any key of the tool's.
            let bare = without_owners(&now, &ledger).map_err(|why| format!("without: {why}"))?;
            if let Some(worse) = judge.harm(&disk(&bare), &after, &may_go) {
                return Err(format!(
                    "leaving does harm: {why}, and {worse}\n{}",
                    shown(&self.disk, &after)
                ));
            }
        }
        let order = match self.order(&edited, &may_go, judge) {
            Some(order) => order,
            None if command.what == What::Leave && !self.is_touched => {
                return Err(format!("no order serves\n{}", shown(&self.disk, &after)));
            }
            None if command.what == What::Leave => edited.files.clone(),
            None => return Ok(Outcome::Refused("no order serves".to_owned())),
        };
        self.write(&edited, &order, command.crash)
    }

    /// The order of the edit, or any other in which every state serves.
    fn order(
        &self,
        edited: &Edited,
        may_go: &BTreeSet<String>,
        judge: &mut Judge,
    ) -> Option<Vec<FileEdit>> {
        let mut serves = |order: &[FileEdit]| {
            let mut disk = self.disk.clone();
            order.iter().all(|file| {
                disk.insert(file.name.clone(), file.after.clone());
                let is_last = disk == crate::world::disk(&edited.config);
                is_last || judge.harm(&self.disk, &disk, may_go).is_none()
            })
        };
        let mut order = edited.files.clone();
        for _ in 0..24 {
            if serves(&order) {
                return Some(order);
            }
            if !next_permutation(&mut order) {
                order.sort_by(|a, b| a.name.cmp(&b.name));
            }
        }
        None
    }

    /// Writes the ledger, then the files.
    fn write(
        &mut self,
        edited: &Edited,
        order: &[FileEdit],
        crash: Option<u8>,
    ) -> Result<Outcome, String> {
        let old = self.ledger.clone();
        let steps = order.len() + 2;
        let killed_after = crash.map_or(steps, |at| usize::from(at) % steps);
        if killed_after > 0 {
            self.store(&edited.ledger);
            self.before = Some(old);
        }
        for file in order.iter().take(killed_after.saturating_sub(1)) {
            self.disk.insert(file.name.clone(), file.after.clone());
        }
        if killed_after < steps {
            return Ok(Outcome::Killed);
        }
        self.before = None;
        if self
            .disk
            .iter()
            .any(|(_, text)| text.as_ref().is_some_and(|it| !crate::meaning::is_toml(it)))
        {
            return Err("a file is no TOML".to_owned());
        }
        Ok(Outcome::Done(Box::new(edited.report.clone())))
    }
}

fn next_permutation(files: &mut [FileEdit]) -> bool {
    let Some(pivot) = (1..files.len())
        .rev()
        .find(|&it| files[it - 1].name < files[it].name)
    else {
        return false;
    };
    let larger = (pivot..files.len())
        .rev()
        .find(|&it| files[it].name > files[pivot - 1].name);
    files.swap(pivot - 1, larger.expect("the pivot's right is larger"));
    files[pivot..].reverse();
    true
}

pub(crate) fn shown(before: &Disk, after: &Disk) -> String {
    let files = |disk: &Disk| {
        let there = there(disk);
        let files = there
            .iter()
            .map(|(name, text)| format!("== {name}\n{text}"));
        files.collect::<Vec<_>>().join("\n")
    };
    format!("--- before\n{}\n--- after\n{}", files(before), files(after))
}
