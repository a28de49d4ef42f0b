//! Taking a change back: the bytes from before it where nobody has changed the files since, and else
//! what its owner wanted before.

use crate::commit::editor::{Editor, Outcome};
use crate::commit::ledger::Found;
use crate::commit::operation_log::LogEntry;
use crate::commit::planning::Plan;
use crate::commit::reading::Reading;
use crate::commit::restored::RestoreFrom;
use crate::config::Config;
use crate::disk::existing::Existing;
use crate::disk::target::Target;
use crate::disk::{digest, sidecar};
use crate::edit::edited::{Edited, Report};
use crate::edit::judgement::Judged;
use crate::edit::run::edit;
use crate::error::{Code, Error, NextStep};
use crate::ledger::{Ledger, LedgerPair};
use crate::want::change::Change;
use crate::want::handler::Owner;

/// A change that is taken back.
#[derive(Debug)]
pub(crate) struct Undo {
    pub(crate) made: LedgerPair,
    /// Whether it is held against the model of each release, as other edits are.
    pub(crate) is_judged: bool,
    /// What the operation log says of it.
    pub(crate) outcome: &'static str,
}

impl Editor {
    /// Takes the last change back: each file is what it was before, the very bytes. Where others have
    /// changed a file since, its owner wants from now on what it wanted before.
    ///
    /// Where the last change was taken back already, nothing is done, but for what a killed run had
    /// left to do. With an owner, the last change must be that one's.
    ///
    /// # Errors
    ///
    /// [`Code::NotUndone`] says why not and what to do instead; the other errors are those of
    /// [`Editor::commit`].
    pub fn undo(&self, owner: Option<&Owner>) -> Result<Outcome, Error> {
        match self.undo_of(owner)? {
            Some(undo) => self.take_back(&undo),
            None => self.commit(&Change::new()),
        }
    }

    /// Works out what [`Editor::undo`] would do.
    ///
    /// # Errors
    ///
    /// As of [`Editor::undo`].
    pub fn plan_undo(&self, owner: Option<&Owner>) -> Result<Outcome, Error> {
        match self.undo_of(owner)? {
            Some(undo) => self.plan_take_back(&undo),
            None => self.plan(&Change::new()),
        }
    }

    /// What is to be taken back; `None`: it was already.
    fn undo_of(&self, owner: Option<&Owner>) -> Result<Option<Undo>, Error> {
        let not_undone = |why: &str, instead: NextStep<'_>| {
            let message = format!("cannot undo the last change: {why}");
            Error::new(Code::NotUndone, message, instead).at(&self.path)
        };
        self.check_is_main(&self.find()?)?;
        let Some(made) = self.last_change()? else {
            let error = not_undone("the ledger holds none", NextStep::RemoveInstead);
            return Err(self.or_restore(error, &RestoreFrom::Previous, NextStep::PutBackPrevious));
        };
        let owners = made.owners();
        if owners.is_empty() && made.after.files.is_empty() {
            let why = "the last run has noted what others had taken out of the files, and changed \
                       nothing itself";
            return Err(not_undone(why, NextStep::RemoveInstead));
        }
        if let Some(owner) = owner
            && !owners.contains(owner.as_str())
        {
            let names: Vec<String> = owners.into_iter().collect();
            let by = match names.as_slice() {
                [] => "it changed no wants".to_owned(),
                names => format!("{} made it, not {owner}", names.join(" and ")),
            };
            let logged = self.as_logged().filter(|_| !made.after.files.is_empty());
            let why = format!("{by}{}", logged.unwrap_or_default());
            return Err(not_undone(
                &why,
                NextStep::RemoveOwnerInstead(owner.as_str()),
            ));
        }
        let is_undone = made.after.is_undone;
        let undo = Undo {
            made,
            is_judged: true,
            outcome: LogEntry::UNDONE,
        };
        Ok((!is_undone).then_some(undo))
    }

    /// What the operation log calls the last change of a file, for people.
    fn as_logged(&self) -> Option<String> {
        let entries = self.log_entries().unwrap_or_default();
        let changed = entries.iter().rev().find(|entry| entry.is_change());
        changed.map(|it| format!(" (`{}` at {})", it.command, it.time))
    }

    /// The last change as the ledgers tell of it.
    fn last_change(&self) -> Result<Option<LedgerPair>, Error> {
        let target = self.find()?;
        let found = self.read_ledger(&target, target.read()?)?;
        // Nothing can be done with a config that can't be read: no other next step than its own works.
        self.read_config(&target, &found.main, &found.ledger)?;
        let after = found.ledger;
        Ok(found.previous.map(|before| LedgerPair { before, after }))
    }

    /// Works out what taking a change back does.
    pub(crate) fn work_out_undo(&self, found: &Found, undo: &Undo) -> Result<Plan, Error> {
        let reading = self.read_config(&found.target, &found.main, &found.ledger)?;
        let before = if found.ledger == undo.made.after {
            self.vouched(&reading, &found.target, &undo.made.after)?
        } else {
            None
        };
        let is_put_back = before.is_some();
        let edited = match before {
            Some(before) => put_back(&reading.config, before, &undo.made),
            None => as_before(&reading.config, &found.ledger, &undo.made)
                .map_err(|error| self.by_its_name(error))?,
        };
        let is_undone = edited.is_change() || edited.report.is_recorded;
        let judged = undo.is_judged.then_some(Judged {
            keys: &[],
            overridden: &[],
            removes: &[],
            is_whole: false,
        });
        let mut work = self.assemble(found, &reading, edited, judged)?;
        work.ledgers.after.is_undone = is_undone;
        work.outcome.is_put_back = is_put_back;
        Ok(work)
    }

    /// The config as it was before a change, if the files are what it has left and the ones before it
    /// are still there.
    fn vouched(
        &self,
        reading: &Reading,
        target: &Target,
        after: &Ledger,
    ) -> Result<Option<Config>, Error> {
        let mut config = reading.config.clone();
        for (name, digests) in &after.files {
            let path = config.path_of(name);
            let now = config.text(&path);
            if now.map(|text| digest::of(text.as_bytes())) != digests.after {
                return Ok(None);
            }
            let Some(wanted) = &digests.before else {
                config.replace(name, None)?;
                continue;
            };
            let found = self.target_of(&path, target)?;
            let previous = Existing::read(&sidecar::previous(&found.beside));
            let bytes = previous.ok().flatten().map(|it| it.bytes);
            let text = bytes.and_then(|it| reading.text_of(self, &path, &it).ok());
            let is_it = |text: &String| digest::of(text.as_bytes()) == *wanted;
            let Some(text) = text.filter(is_it) else {
                return Ok(None);
            };
            config.replace(name, Some(&text))?;
        }
        Ok(Some(config))
    }
}

/// The files as they were before a change, with the ledger of then.
fn put_back(config: &Config, before: Config, made: &LedgerPair) -> Edited {
    let mut ledger = made.before.clone();
    ledger.seq = ledger.seq.max(made.after.seq);
    ledger.settle(&before.views());
    let report = Report::between(config, &before);
    Edited::of(config, before, &made.after, ledger, report)
}

/// The owners of a change want again what they wanted before it.
fn as_before(config: &Config, ledger: &Ledger, made: &LedgerPair) -> Result<Edited, Error> {
    let (mut after, mut wanted) = (config.clone(), ledger.clone());
    let mut told = Report::default();
    for name in made.owners() {
        let mut change = Change::of(&name).prune();
        let before = made.before.owners.get(&name);
        for (key, want) in before.into_iter().flat_map(|owner| &owner.wants) {
            change = match &want.value {
                Some(value) => change.want(key.clone(), value.clone()),
                None => change.want_nothing(key.clone()),
            };
        }
        let edited = edit(&after, &wanted, &change)?;
        (after, wanted) = (edited.config, edited.ledger);
        told.warnings.extend(edited.report.warnings);
        told.left_behind.extend(edited.report.left_behind);
    }
    let report = Report {
        warnings: told.warnings,
        left_behind: told.left_behind,
        ..Report::between(config, &after)
    };
    Ok(Edited::of(config, after, ledger, wanted, report))
}
