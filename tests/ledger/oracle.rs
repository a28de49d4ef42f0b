//! What has to hold after each step of a life and at its end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use containerd_edit::Report;

use crate::bases::Base;
use crate::foreign;
use crate::harm::Judge;
use crate::life::{Command, Life, OWNERS, Step, What};
use crate::meaning::{At, Disk, MAIN, handler, plain_literal, runtimes, said};
use crate::world::{Outcome, Touched, World, data, shown, there};

/// Lives on these bases, and what was counted.
pub(crate) struct Run<'b> {
    bases: &'b [Base],
    judge: Judge,
    pub steps: u64,
    pub refused: u64,
    pub recorded: u64,
    pub left_behind: u64,
    /// A bug to plant: it sees the ledger after each step.
    pub plant: Option<fn(&mut String)>,
}

/// The promise that is broken, without what differs from life to life.
pub(crate) fn kind(why: &str) -> String {
    why.chars()
        .take_while(|it| !matches!(it, ':' | '\n'))
        .collect()
}

impl<'b> Run<'b> {
    pub(crate) fn new(bases: &'b [Base]) -> Self {
        Self {
            bases,
            judge: Judge::default(),
            steps: 0,
            refused: 0,
            recorded: 0,
            left_behind: 0,
            plant: None,
        }
    }

    pub(crate) fn bases(&self) -> usize {
        self.bases.len()
    }

    pub(crate) fn size(&self, base: usize) -> usize {
        self.bases[base]
            .text
            .as_ref()
            .map_or(0, |text| text.len() + 1)
    }

    /// Lives one life. `Err`: the promise that is broken.
    pub(crate) fn live(&mut self, life: &Life) -> Result<(), String> {
        let lived = catch_unwind(AssertUnwindSafe(|| self.lived(life)));
        lived.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            Err(format!("panic: {}", text.unwrap_or_default()))
        })
    }

    fn lived(&mut self, life: &Life) -> Result<(), String> {
        let base: Disk = [(MAIN.to_owned(), self.bases[life.base].text.clone())].into();
        let mut world = World::new(&base);
        let mut told = Told::default();
        for step in &life.steps {
            world.backups.push(world.backup());
            match step {
                Step::Foreign { kind, seed } => {
                    foreign::hand(&mut world, *kind, *seed, &mut self.judge);
                }
                Step::Run(command) => self.command(&mut world, command, &mut told)?,
            }
            if let (Some(plant), Some(ledger)) = (self.plant, &mut world.ledger) {
                plant(ledger);
            }
        }
        let mut owners = OWNERS;
        fastrand::Rng::with_seed(life.leaving).shuffle(&mut owners);
        for owner in owners {
            self.steps += 1;
            let command = Command::leave(owner, MAIN);
            if let Outcome::Done(report) = world.run(&command, &mut self.judge)? {
                told.hear(&report);
            }
        }
        at_the_end(&world, &told)
    }

    fn command(
        &mut self,
        world: &mut World,
        command: &Command,
        told: &mut Told,
    ) -> Result<(), String> {
        self.steps += 1;
        let mut whole = world.clone();
        let unbroken = Command {
            crash: None,
            ..command.clone()
        };
        let report = match whole.run(&unbroken, &mut self.judge)? {
            Outcome::Done(report) => report,
            Outcome::Refused(_) => {
                self.refused += 1;
                return Ok(());
            }
            Outcome::Killed => unreachable!("nothing kills it"),
        };
        if command.crash.is_some() {
            world.run(command, &mut self.judge)?;
            if command.crash.is_some_and(|at| at >= 128) {
                world.run(&Command::leave("nobody", MAIN), &mut self.judge)?;
            }
            match world.run(&unbroken, &mut self.judge)? {
                Outcome::Done(_) => {}
                // What was removed meanwhile is nobody's to remove again.
                Outcome::Refused(_) if matches!(command.what, What::Remove(_)) => return Ok(()),
                Outcome::Refused(why) => return Err(format!("refused after a crash: {why}")),
                Outcome::Killed => unreachable!("nothing kills it"),
            }
            // It may have gone to another file that its owner has chosen.
            let loaded = |disk: &Disk| {
                let values = said(disk)
                    .into_iter()
                    .map(|((_, path), value)| (path, value));
                let values =
                    values.filter(|(path, _)| *path != ["version"] && *path != ["imports"]);
                values.collect::<BTreeMap<_, _>>()
            };
            if said(&world.disk) != said(&whole.disk) && loaded(&world.disk) != loaded(&whole.disk)
            {
                let shown = shown(&whole.disk, &world.disk);
                return Err(format!("a crash makes another result:\n{shown}"));
            }
        } else {
            *world = whole;
        }
        if command.adopts {
            world.adopt(command);
        }
        self.recorded += u64::from(report.is_recorded);
        self.left_behind += report.left_behind.len() as u64;
        is_in_force(world, command, &report)?;
        told.hear(&report);
        // The second time it removes the value that has come back the first time.
        if matches!(command.what, What::Clear(_)) {
            return Ok(());
        }
        let once = world.clone();
        if let Outcome::Refused(why) = world.run(&command.again(), &mut self.judge)?
            && !matches!(command.what, What::Remove(_))
        {
            return Err(format!("refused the second time: {why}"));
        }
        if there(&world.disk) != there(&once.disk) {
            let shown = shown(&once.disk, &world.disk);
            return Err(format!("not idempotent:\n{shown}"));
        }
        Ok(())
    }
}

/// What was told over a life.
#[derive(Default)]
struct Told {
    warnings: Vec<String>,
    /// Dotted keys, with the file that they are in.
    left_behind: Vec<(String, String)>,
}

impl Told {
    fn hear(&mut self, report: &Report) {
        for warning in &report.warnings {
            self.warnings
                .push(format!("{}: {}", warning.code, warning.message));
        }
        for left in &report.left_behind {
            self.left_behind.push((left.file.clone(), left.key.clone()));
        }
    }
}

impl World {
    fn backup(&self) -> crate::world::Backup {
        crate::world::Backup {
            disk: self.disk.clone(),
            foreign_values: self.foreign_values.clone(),
            ledger: self.ledger.clone(),
        }
    }
}

/// What an owner asks for is there, unless a newer owner's value is.
fn is_in_force(world: &World, command: &Command, report: &Report) -> Result<(), String> {
    let said = said(&world.disk);
    for want in command.wants() {
        let mut now = said.iter().filter(|((_, path), _)| {
            let same = path
                .iter()
                .zip(&want.path)
                .all(|(a, b)| a.eq_ignore_ascii_case(b));
            path.len() == want.path.len() && same
        });
        let value = plain_literal(&want.value);
        let is_there = now
            .clone()
            .any(|(_, now)| *now == value || (want.is_element && now.contains(&value)));
        // A default goes by what is listed.
        let is_default = want
            .path
            .last()
            .is_some_and(|it| it == "default_runtime_name");
        let mut other = || {
            let others = &world.wishes;
            let values = others.values_of_others(&command.owner, &want.path);
            let now = now.next().map(|(_, now)| now.clone());
            let is_it = |value: &&str| Some(plain_literal(value)) == now;
            world.has_lost_ledger
                || others.is_cleared_by_others(&command.owner, want)
                || values.iter().any(is_it)
        };
        if !is_there && !is_default && (report.keys.overridden.is_empty() || !other()) {
            let shown = shown(&world.base, &world.disk);
            return Err(format!(
                "asked for and not in force: {:?}\n{shown}",
                want.path
            ));
        }
    }
    Ok(())
}

fn at_the_end(world: &World, told: &Told) -> Result<(), String> {
    let ledger = data(world.ledger.as_ref());
    let entries = ledger["entries"].as_array().map_or(0, Vec::len);
    if world.touched == Touched::Nothing && !world.has_adopted && !world.has_lost_ledger {
        if there(&world.disk) != there(&world.base) {
            let shown = shown(&world.base, &world.disk);
            return Err(format!(
                "not the original bytes:\n{shown}\n{:#?}",
                told.warnings
            ));
        }
        if entries > 0 {
            return Err(format!("the ledger is not empty:\n{ledger:#}"));
        }
        return Ok(());
    }
    if world.has_lost_ledger || world.has_adopted {
        return Ok(());
    }
    // Where a person has deleted a table, an empty line may be left.
    let lines = |disk: &Disk| {
        let full = |text: &String| {
            text.lines()
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let lines = there(disk)
            .into_iter()
            .map(|(name, text)| (name.clone(), full(text)));
        lines
            .filter(|(_, lines): &(_, Vec<String>)| !lines.is_empty())
            .collect::<BTreeMap<_, _>>()
    };
    if world.touched == Touched::Own && lines(&world.disk) != lines(&world.base) {
        let shown = shown(&world.base, &world.disk);
        return Err(format!(
            "something stays of what a person has deleted:\n{shown}\n{:#?}",
            told.warnings
        ));
    }
    let has_comment = |text: &&String| text.contains("# containerd-edit");
    if entries == 0
        && there(&world.disk)
            .into_values()
            .any(|text| has_comment(&text))
    {
        let shown = shown(&world.base, &world.disk);
        return Err(format!("a comment is left over:\n{shown}"));
    }
    let left = said(&world.disk);
    keeps_what_is_foreign(world, &left, told)?;
    leaves_nothing(world, &left, told)
}

fn keeps_what_is_foreign(
    world: &World,
    left: &BTreeMap<At, String>,
    told: &Told,
) -> Result<(), String> {
    for (at, value) in &world.foreign_values {
        let (file, path) = at;
        let is_alone = !world
            .foreign_values
            .keys()
            .any(|it| it.0 == *file && it != at);
        let went_along = told.warnings.iter().any(|it| {
            let is_with = it.starts_with("removed-with") || it.starts_with("default-reset");
            is_with && handler(path).is_none_or(|name| it.contains(name))
        });
        match left.get(at) {
            Some(now) if now == value => {}
            // The import of a drop-in that others have put something into.
            Some(_) if *path == ["imports"] => {}
            // A file that says nothing else can't be told from one that the tool has made.
            None if *path == ["version"] && is_alone => {}
            _ if went_along => {}
            now => {
                let shown = shown(&world.base, &world.disk);
                let told = &told.warnings;
                return Err(format!(
                    "a foreign value is lost: {at:?} = {value}, now {now:?}\n{told:#?}\n{shown}"
                ));
            }
        }
    }
    Ok(())
}

fn leaves_nothing(world: &World, left: &BTreeMap<At, String>, told: &Told) -> Result<(), String> {
    for (at, value) in left {
        let (_, path) = at;
        let is_runc = handler(path) == Some("runc") && path.len() > runtimes().len() + 1;
        let is_told = told.left_behind.iter().any(|(_, key)| {
            let last = path.last().map(String::as_str).unwrap_or_default();
            key.contains(last)
        });
        let may_stay = *path == ["version"] || *path == ["imports"] || is_runc || is_told;
        if !world.foreign_values.contains_key(at) && !may_stay {
            let shown = shown(&world.base, &world.disk);
            let told = &told.warnings;
            return Err(format!(
                "left behind without a word: {at:?} = {value}\n{told:#?}\n{shown}\n{}",
                world.ledger.clone().unwrap_or_default()
            ));
        }
    }
    Ok(())
}
