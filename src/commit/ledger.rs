//! The ledger beside a config: what holds of it, whatever has become of the last run.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::commit::editor::Editor;
use crate::commit::request::Replacement;
use crate::commit::task::Task;
use crate::containerd::{ConfigFiles, absolute};
use crate::disk::existing::Existing;
use crate::disk::ledger_file::{LedgerFile, LedgerTexts};
use crate::disk::lock::ConfigLock;
use crate::disk::sidecar;
use crate::disk::sync::Synced;
use crate::disk::target::{Snapshot, Target};
use crate::error::{Code, Error, NextStep};
use crate::ledger::{Ledger, LedgerPair};

/// A config and its ledgers, as they were read.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) target: Target,
    pub(crate) main: Rc<Snapshot>,
    pub(crate) texts: LedgerTexts,
    /// The one that holds.
    pub(crate) ledger: Ledger,
    /// The one before the last change, if that is known.
    pub(crate) previous: Option<Ledger>,
    /// What a run that was killed has found, and what it has written.
    pub(super) killed: Option<LedgerPair>,
    /// What keeps the ledger from being read: then it stays as it is. Only a restore goes on.
    pub(crate) damaged: Option<Error>,
}

impl Found {
    /// A config of which no ledger has been read.
    fn new(target: &Target, main: impl Into<Rc<Snapshot>>) -> Self {
        Self {
            target: target.clone(),
            main: main.into(),
            texts: LedgerTexts::default(),
            ledger: Ledger::default(),
            previous: None,
            killed: None,
            damaged: None,
        }
    }

    pub(super) fn is_of_a_killed_run(&self) -> bool {
        self.killed.is_some()
    }

    /// What a killed run has found, if it has made something of that.
    pub(super) fn begun(&self) -> Option<Ledger> {
        let before = self.killed.as_ref().map(|killed| &killed.before);
        before.filter(|before| **before != self.ledger).cloned()
    }
}

impl Editor {
    /// Reads the ledgers of a config for a task. One that can't be read does not stop a restore.
    pub(super) fn read_ledger_for(
        &self,
        target: &Target,
        main: impl Into<Rc<Snapshot>>,
        task: &Task,
    ) -> Result<Found, Error> {
        let main = main.into();
        match self.read_ledger(target, Rc::clone(&main), task.texts()) {
            Err(error) if task.is_restore() => Ok(Found {
                damaged: Some(error),
                ..Found::new(target, main)
            }),
            found => found,
        }
    }

    /// Reads the ledgers of a config, of which `main` was read. Where a run was killed, each file says
    /// which of them holds for it. For a broken one that gets a whole text, that says it.
    pub(crate) fn read_ledger(
        &self,
        target: &Target,
        main: impl Into<Rc<Snapshot>>,
        new_texts: &[Replacement],
    ) -> Result<Found, Error> {
        let mut found = Found::new(target, main);
        let texts = LedgerTexts::read(&target.path)?;
        let parsed = |bytes: &Option<Vec<u8>>, path: PathBuf| {
            let parsed = bytes.as_deref().map(Ledger::parse).transpose();
            parsed.map_err(|error| error.at(path))
        };
        let previous = parsed(&texts.previous, sidecar::owners_previous(&self.path));
        let previous = previous.ok().flatten();
        let now = parsed(&texts.now, sidecar::owners(&self.path)).map_err(|error| {
            let path = sidecar::owners(&target.path);
            match &texts.now {
                Some(bytes) if Ledger::is_of_another_format(bytes) => error,
                _ if previous.is_some() => error.with_hint(NextStep::PreviousLedger(&path)),
                _ => error.with_hint(NextStep::LedgerAway(&path)),
            }
        })?;
        let before = parsed(&texts.before, sidecar::owners_before(&self.path));
        let before = before.map_err(|error| match &texts {
            LedgerTexts {
                now: Some(_),
                before: Some(bytes),
                ..
            } if !Ledger::is_of_another_format(bytes) => error.with_hint(
                "move it away: then the ledger that holds is the one that the killed run has \
                 written (.owners beside it); run that installer again",
            ),
            _ => error,
        })?;
        let (was_there, after) = (now.is_some(), now.unwrap_or_default());
        found.texts = texts;
        let Some(before) = before else {
            found.previous = previous.filter(|_| was_there);
            found.ledger = after;
            self.follow_renamed(&mut found);
            return Ok(found);
        };
        found.ledger = if was_there {
            // The files of both: one that is to go may be imported no more.
            let mut both = after.clone();
            both.entries.extend(before.entries.clone());
            both.made.extend(before.made.iter().cloned());
            let mut reading = self.read_any_config(target, &found.main, &both)?;
            let mut texts = new_texts.to_vec();
            texts.retain(|it| reading.broken.remove(&it.change.path).is_some());
            let config = reading.whole(self)?.with(self, &texts)?;
            let after = after.clone();
            after.after_a_killed_run(before.clone(), &config)
        } else {
            before.clone()
        };
        // A folder may be all that the run has made.
        let mut with_folders = before.clone();
        with_folders.folders.clone_from(&found.ledger.folders);
        found.previous = if found.ledger == with_folders {
            previous
        } else {
            Some(before.clone())
        };
        found.killed = Some(LedgerPair { before, after });
        self.follow_renamed(&mut found);
        Ok(found)
    }

    /// Finds the drop-ins that have got other names. What can't be read can't be told.
    fn follow_renamed(&self, found: &mut Found) {
        let mut written = found.ledger.written.keys();
        let is_gone = |name: &String| {
            let found = self.host_root.resolve(&absolute(&self.main(), name));
            found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
        };
        if written.any(is_gone)
            && let Ok(reading) = self.read_any_config(&found.target, &found.main, &found.ledger)
        {
            for (old, new) in found.ledger.renamed(&reading.config) {
                let ledgers = [Some(&mut found.ledger), found.previous.as_mut()];
                for ledger in ledgers.into_iter().flatten() {
                    ledger.rename(&old, &new);
                }
            }
        }
    }

    /// Ends a run that was killed: what its files hold is made durable, and then one ledger holds for
    /// all of them. Before that, a second crash could bring the old texts back without their ledger.
    pub(super) fn end_killed_run(&self, lock: &ConfigLock, found: &Found) -> Result<(), Error> {
        let Some(LedgerPair { before, after }) = &found.killed else {
            return Ok(());
        };
        for drop_in in self.last_drop_ins(found) {
            sync_as_it_is(&drop_in, &drop_in.read()?)?;
        }
        sync_as_it_is(&found.target, &found.main)?;
        let file = LedgerFile::new(lock, &found.target, found.main.existing.as_ref());
        if found.ledger == *before {
            return file.end_unchanged(!before.is_blank());
        }
        let merged = (found.ledger != *after).then(|| found.ledger.to_json());
        file.end(merged.as_deref())
    }

    /// The drop-ins that the last run has changed, and the one before it if the last was killed.
    pub(super) fn last_drop_ins(&self, found: &Found) -> Vec<Target> {
        let own = self.main();
        let killed = found.killed.iter();
        let killed = killed.flat_map(|killed| [&killed.before, &killed.after]);
        let ledgers = killed.chain([&found.ledger]);
        let names: BTreeSet<&String> = ledgers.flat_map(|it| it.files.keys()).collect();
        let paths = names.into_iter().map(|name| absolute(&own, name));
        let drop_ins = paths.filter(|path| *path != own);
        // A folder that is gone holds no file.
        let found = drop_ins.filter_map(|path| self.target_of(&path, &found.target).ok());
        found.collect()
    }

    /// Refuses to edit a drop-in as a config of its own: the config that imports it, in the same
    /// folder or in the one above, lists it in its ledger.
    pub(crate) fn check_is_main(&self, target: &Target) -> Result<(), Error> {
        let mut ledgers = [
            sidecar::owners(&target.path),
            sidecar::owners_before(&target.path),
        ]
        .into_iter();
        if ledgers.any(|ledger| ledger.symlink_metadata().is_ok()) {
            return Ok(());
        }
        let folders = [Some(target.folder()), target.folder().parent()];
        let mains = folders
            .into_iter()
            .flatten()
            .flat_map(sidecar::configs_with_ledgers);
        for main in mains.filter(|main| *main != target.path) {
            if self.has_as_drop_in(&main, target) {
                let main = self.host_root.on_host(&main);
                let main = main.display();
                let message = format!("this is a drop-in of {main}, and has its ledger there");
                let hint = format!(
                    "run the same command with `--config {main}`; to add something to this file: \
                     `--config {main} --drop-in={}`",
                    self.main().display()
                );
                return Err(Error::new(Code::ListedDropIn, message, hint).at(&self.path));
            }
        }
        Ok(())
    }

    /// Whether a config is there, imports the target and has it in its ledger. Copies and what is left
    /// of them do not count, nor does what this process may not read.
    fn has_as_drop_in(&self, main: &Path, target: &Target) -> bool {
        let read = |path: &Path| Existing::read(path).ok().flatten();
        let ledger = read(&sidecar::owners(main));
        let ledger = ledger.and_then(|found| Ledger::parse(&found.bytes).ok());
        let (Some(ledger), Some(config)) = (ledger, read(main)) else {
            return false;
        };
        let main = self.host_root.on_host(main);
        let own = [self.main(), self.host_root.on_host(&target.path)];
        let mut listed = ledger.files().into_iter().map(|it| absolute(&main, it));
        let is_renamed = || read(&target.path).is_some_and(|it| ledger.has_written(&it.bytes));
        if !listed.any(|path| own.contains(&path)) && !is_renamed() {
            return false;
        }
        let files = ConfigFiles::read(&self.host_root, &main, &*config.bytes);
        own.iter().any(|path| files.files.contains_key(path))
    }

    /// Who wants what in the config as it is, for reading. Without any ledger: what its comments say.
    ///
    /// # Errors
    ///
    /// [`Code::BadLedger`] if the ledger can't be read, and the errors of
    /// finding and reading a config.
    pub fn ledger(&self) -> Result<Ledger, Error> {
        let target = self.find()?;
        let found = self.read_ledger(&target, target.read_any()?, &[])?;
        let mut ledger = found.ledger;
        if ledger.is_blank()
            && let Ok(reading) = self.read_config(&target, &found.main, &ledger)
        {
            ledger.recover(None, &reading.config, &reading.config.views());
        }
        Ok(ledger)
    }
}

fn sync_as_it_is(target: &Target, read: &Snapshot) -> Result<(), Error> {
    let file = read.existing.as_ref().map(|existing| &existing.file);
    target.open_folders()?.sync(file, Synced::Unchanged)
}
