//! A node: its files, its ledger, and one command after another, as a program would run them.

use std::collections::{BTreeMap, BTreeSet};

use containerd_edit::report::FileEdit;
use containerd_edit::{Config, Edited, Ledger, Report, edit};
use serde_json::Value;

use crate::harm::{FOLDER, Judge};
use crate::life::{Command, NAMES, What};
use crate::meaning::{At, Disk, MAIN, Path, canonical, handler, said, values, written};
use crate::wishes::Wishes;

#[derive(Clone)]
pub(crate) struct World {
    pub disk: Disk,
    /// The ledger as JSON; `None`: there is none.
    pub ledger: Option<String>,
    /// The ledger from before a run that was killed.
    pub before: Option<Ledger>,
    /// What foreign hands have made of the base, without the tool's keys.
    pub foreign_values: BTreeMap<At, String>,
    pub backups: Vec<Backup>,
    pub base: Disk,
    /// What foreign hands have changed.
    pub touched: Touched,
    /// Whether the ledger was lost, or one of an older time was put back.
    pub has_lost_ledger: bool,
    pub has_adopted: bool,
    pub wishes: Wishes,
}

/// What foreign hands have changed, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touched {
    Nothing,
    /// They have deleted keys and tables of the tool's.
    Own,
    Anything,
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

/// The canonical key of an entry of a ledger.
pub(crate) fn key_of(entry: &Value) -> Path {
    let key = toml_edit::Key::parse(entry["key"].as_str().unwrap_or_default());
    let key = key.expect("a key");
    key.iter().map(|it| it.get().to_owned()).collect()
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
            touched: Touched::Nothing,
            has_lost_ledger: false,
            has_adopted: false,
            wishes: Wishes::default(),
        }
    }

    /// Makes the ledger of a killed run one again, as the next run does.
    pub(crate) fn recover(&mut self) {
        if let Some(before) = self.before.take() {
            let ledger = parse(self.ledger.as_ref());
            let ledger = ledger.after_a_killed_run(before, &config(&self.disk));
            self.store(&ledger);
        }
    }

    /// What the command has asked for may be its owner's now, and goes with it.
    pub(crate) fn adopt(&mut self, command: &Command) {
        self.has_adopted = true;
        let mut handlers = command.handlers();
        if let What::Remove(name) = &command.what {
            handlers.insert(name.clone());
        }
        self.foreign_values.retain(|(_, path), _| {
            let is_asked = command.wants().iter().any(|want| want.path == *path);
            !is_asked && handler(path).is_none_or(|name| !handlers.contains(name))
        });
    }

    fn store(&mut self, ledger: &Ledger) {
        self.ledger = (!ledger.is_blank()).then(|| ledger.to_json());
    }

    /// Handlers that may go with a command: those that somebody has wanted and no other owner wants.
    fn may_go(&self, command: &Command, judge: &mut Judge) -> BTreeSet<String> {
        let mut may_go = self.wishes.ever.clone();
        match &command.what {
            What::Remove(name) => drop(may_go.insert(name.clone())),
            // What comments say, an older ledger does not.
            _ if self.has_lost_ledger => may_go.extend(NAMES.map(str::to_owned)),
            _ => {}
        }
        let base = judge.of(&self.base);
        let has_runc = base.values().all(|served| served.handlers.contains("runc"));
        if has_runc && !self.has_adopted && !command.adopts && !self.has_lost_ledger {
            may_go.remove("runc");
        }
        if !self.has_lost_ledger {
            for name in self.wishes.of_others(&command.owner) {
                may_go.remove(&name);
            }
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
        // Leaving is no worse than what others have written would be, on the way as in the end.
        // What others have added to a handler of the tool goes with it.
        let stays = |(file, path): &At| {
            let Some(name) = handler(path) else {
                return true;
            };
            let text = after.get(file).cloned().flatten().unwrap_or_default();
            let mut left = values(&text).into_keys();
            left.any(|path| handler(&canonical(&path)) == Some(name))
        };
        let mut foreign = self.foreign_values.clone();
        foreign.retain(|at, _| stays(at));
        let bare = written(&foreign, &after);
        let bare = Some(&bare).filter(|_| command.what == What::Leave);
        if let Some(worse) = judge.harm_beyond(bare, [&self.disk, &after], &may_go) {
            if command.what != What::Leave {
                return Ok(Outcome::Refused(worse));
            }
            return Err(format!(
                "leaving does harm: {worse}\n{}",
                shown(&self.disk, &after)
            ));
        }
        let order = match self.order(&edited, bare, &may_go, judge) {
            Some(order) => order,
            None if command.what == What::Leave && self.touched == Touched::Nothing => {
                return Err(format!("no order serves\n{}", shown(&self.disk, &after)));
            }
            None if command.what == What::Leave => edited.files.clone(),
            None => return Ok(Outcome::Refused("no order serves".to_owned())),
        };
        let outcome = self.write(&edited, &order, command.crash)?;
        if command.crash.is_none() {
            self.wishes.change(command);
        } else {
            self.wishes.may_change(command);
        }
        Ok(outcome)
    }

    /// The order of the edit, or any other in which every state serves.
    fn order(
        &self,
        edited: &Edited,
        bare: Option<&Disk>,
        may_go: &BTreeSet<String>,
        judge: &mut Judge,
    ) -> Option<Vec<FileEdit>> {
        let mut serves = |order: &[FileEdit]| {
            let mut disk = self.disk.clone();
            order.iter().all(|file| {
                disk.insert(file.name.clone(), file.after.clone());
                let is_last = disk == crate::world::disk(&edited.config);
                let mut harm = || judge.harm_beyond(bare, [&self.disk, &disk], may_go);
                is_last || harm().is_none()
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
        let steps = order.len() + 2;
        let killed_after = crash.map_or(steps, |at| usize::from(at) % steps);
        if killed_after > 0 {
            self.store(&edited.ledger);
            self.before = Some(edited.before.clone());
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
