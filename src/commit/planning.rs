//! What becomes of each file of an edit, judged by the model, in an order in which every state
//! between two changes serves.

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::ledger::Found;
use crate::commit::operation_log::LogEntry;
use crate::commit::outcome::Outcome;
use crate::commit::parts::Part;
use crate::commit::reading::Reading;
use crate::config::surroundings::is_program;
use crate::containerd::{ConfigFiles, version};
use crate::disk::existing::{Unread, read_on_host};
use crate::disk::site;
use crate::disk::target::{Snapshot, Target};
use crate::edit::edited::Edited;
use crate::edit::judgement::Judged;
use crate::edit::need::{Need, Needed};
use crate::edit::overridden;
use crate::edit::placement;
use crate::edit::run::{edit, edit_keeping};
use crate::edit::unread;
use crate::error::{Code, Error, TOO_LARGE, Warning};
use crate::ledger::{FileKey, Ledger, LedgerPair};
use crate::node::{Distribution, microk8s};
use crate::want::change::Change;

/// An edit that was worked out, and the files that it is about.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) outcome: Outcome,
    /// All files in the order in which they are changed; those before them are synced.
    pub(crate) parts: Vec<Part>,
    pub(crate) ledgers: LedgerPair,
}

impl Plan {
    /// Looks at the places of the files that change.
    pub(super) fn check_sites(&self) -> Result<(), Error> {
        let mut changes = self.parts.iter().filter(|part| part.change.is_change());
        changes.try_for_each(|part| site::check(&part.target, part.snapshot.existing.as_ref()))
    }

    /// Whether the edit completes a run that was killed, or an earlier try of its own: it wants the
    /// same. Both are one change then, which starts from `begun`; `found` tells what is made of it.
    pub(super) fn completes(&mut self, begun: &Ledger, found: &Ledger) -> bool {
        if !self.ledgers.owners().is_empty() {
            return false;
        }
        for (name, made) in &found.files {
            if begun.files.get(name) != Some(made) {
                let files = self.ledgers.after.files.entry(name.clone());
                files
                    .or_insert_with(|| made.clone())
                    .before
                    .clone_from(&made.before);
            }
        }
        self.ledgers.before.clone_from(begun);
        self.ledgers.after.is_undone = found.is_undone;
        true
    }
}

impl Editor {
    /// Finds the config, and looks at what stands around it.
    pub(super) fn begin(&self) -> Result<(Target, Snapshot), Error> {
        let target = self.find()?;
        self.check_is_main(&target)?;
        let main = target.read_any()?;
        self.check_sidecars(&target, &main)?;
        Ok((target, main))
    }

    /// Works out what becomes of the config and of its drop-ins.
    pub(crate) fn work_out(&self, found: &Found, change: &Change) -> Result<Plan, Error> {
        let mut change = change.clone();
        if change.is_all && !change.adds() {
            change.time = Some(LogEntry::now());
        }
        if change.adds() {
            self.check_can_add(found)?;
        }
        let mut reading = self.read_config(&found.target, &found.main, &found.ledger)?;
        let named = self.named_file(&change.owner, &reading.config, &found.ledger)?;
        change.file = named.map(|path| {
            let path = reading.config.edited_path(path);
            reading.config.name_of(&path)
        });
        if change.file.is_some() || change.adds() {
            let file = placement::file(&reading.config, &found.ledger, &change);
            match self.choose(&mut reading, &found.target, &file) {
                // A pattern may look into a folder that nobody has made.
                Err(error) if error.code() == Code::NoFolder && change.file.is_none() => {
                    change.file = Some(reading.config.main().name.clone());
                }
                chosen => chosen?,
            }
        }
        let main_text = reading.config.main().text.as_ref();
        if let Some(text) = main_text.filter(|_| change.adds_to_plugins()) {
            version::of(text, change.plugin_id.as_deref()).map_err(|error| error.at(&self.path))?;
        }
        match self.try_out(found, &mut reading, &change, &Needed::new()) {
            Err(harm) if harm.code() == Code::Harmful => {
                self.leave_behind(found, &mut reading, &change, harm)
            }
            worked_out => worked_out,
        }
    }

    /// Refuses to add where it is not known what the distribution will make of it.
    fn check_can_add(&self, found: &Found) -> Result<(), Error> {
        let Some(layout) = &self.layout else {
            return Ok(());
        };
        if layout.distribution == Distribution::MicroK8s && found.main.existing.is_none() {
            return Err(microk8s::gone(found.texts.now.is_some()).at(&self.path));
        }
        layout.check_read()
    }

    /// Works out an edit that does `harm` with all that it takes away: as much of that stays as has to,
    /// also over what another owner wants since before.
    ///
    /// # Errors
    ///
    /// `harm`, if that is not what does it.
    fn leave_behind(
        &self,
        found: &Found,
        reading: &mut Reading,
        change: &Change,
        harm: Error,
    ) -> Result<Plan, Error> {
        let edited = edit(&reading.config, &found.ledger, change)?;
        let (before, after) = (reading.config.views(), edited.config.views());
        let own = edited.ledger.owners.get(change.owner.as_str());
        let goes = |at: &&FileKey| {
            let is_own = own.is_some_and(|own| own.wants.contains_key(&at.key));
            !is_own && at.now(&before) != at.now(&after)
        };
        let going = edited.before.entries.keys().filter(goes);
        let mut kept: Needed = going.map(|at| (at.clone(), Need::harm(&harm))).collect();
        let mut try_out = |kept: &Needed| self.try_out(found, reading, change, kept);
        if kept.is_empty() || try_out(&kept).is_err() {
            return Err(harm);
        }
        for unit in kept.clone().keys().map(FileKey::unit) {
            let mut fewer = kept.clone();
            fewer.retain(|at, _| at.unit() != unit);
            if fewer.len() == kept.len() {
                continue;
            }
            match try_out(&fewer) {
                Ok(_) => kept = fewer,
                Err(harm) => {
                    let units = kept.iter_mut().filter(|(at, _)| at.unit() == unit);
                    units.for_each(|(_, need)| *need = Need::harm(&harm));
                }
            }
        }
        try_out(&kept)
    }

    /// Works out what becomes of all files, where these keys stay though nobody wants them any more.
    fn try_out(
        &self,
        found: &Found,
        reading: &mut Reading,
        change: &Change,
        kept: &Needed,
    ) -> Result<Plan, Error> {
        let mut edited = edit_keeping(&reading.config, &found.ledger, change, kept)
            .map_err(|error| self.by_its_name(reading.with_unread(error)))?;
        if change.adds() {
            self.check_imports(reading.files())?;
            let added = reading.check_added(&edited.report.handlers.added);
            added.map_err(|error| error.at(&self.path))?;
        }
        let views = edited.config.views();
        let has_program = |name: &str| is_program(&self.host_root, name);
        let names: Vec<&str> = edited.files.iter().map(|it| it.name.as_str()).collect();
        let loaded = || reading.loaded(self, &edited.config, &names);
        let unread = unread::warnings(&edited, change, &self.releases, &loaded, &has_program);
        edited.report.warnings.extend(unread);
        let overridden = overridden::overridden(&reading.config, &edited, &views, change);
        // A handler that the tool has made, or that an owner has adopted, goes once nobody wants it.
        let (before, after) = (&edited.before, &edited.ledger);
        let made = before.made_handlers().map(|made| &made.path);
        let gone = made.filter(|path| !after.is_wanted_below(path));
        let gone = gone.filter_map(|path| path.last());
        let removes: Vec<String> = change.removes.iter().chain(gone).cloned().collect();
        let judged = Judged {
            keys: &change.wants,
            overridden: &overridden,
            // What was adopted goes because this change says so.
            removes: Some(&removes[..]).filter(|_| change.adoption.is_none()),
            is_whole: false,
        };
        let mut work = self.assemble(found, reading, edited, Some(judged))?;
        work.outcome.report.warnings.extend(overridden);
        Ok(work)
    }

    /// Refuses to add where an import is too large to be judged: containerd reads it.
    fn check_imports(&self, files: &ConfigFiles) -> Result<(), Error> {
        for path in files.unread() {
            match read_on_host(&self.host_root, path) {
                Err(Unread::Failed(error)) if error.kind() == TOO_LARGE => {
                    return Err(Error::io(path, "read what the config imports", error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts together what becomes of each file, and holds it against the model if it is to be judged.
    pub(crate) fn assemble(
        &self,
        found: &Found,
        reading: &Reading,
        mut edited: Edited,
        judged: Option<Judged<'_>>,
    ) -> Result<Plan, Error> {
        let changes = edited.files.iter().map(|file| reading.change(self, file));
        let changes = changes.collect::<Result<Vec<FileChange>, Error>>();
        let mut changes = changes.map_err(|error| error.at(&self.path))?;
        if let Some(judged) = judged {
            let warnings = self.judge(reading, &edited, &mut changes, found, judged)?;
            edited
                .report
                .warnings
                .extend(warnings.into_iter().map(|it| Warning {
                    // A template has no line of what is made of it.
                    at: it.at.filter(|_| !reading.is_template()),
                    ..it
                }));
        }
        let notice = self.layout.as_ref().and_then(|it| it.notice.clone());
        edited.report.warnings.extend(notice);
        for change in &changes {
            let name = reading.config.name_of(&change.path);
            edited.ledger.note_written(&name, change.digests().after);
        }
        self.note_folders(&reading.config, &changes, &mut edited.ledger)?;
        let parts = self.parts(found, reading, &edited.ledger, changes)?;
        let is_chosen = |change: &FileChange| Some(&change.path) == reading.chosen.as_ref();
        let mut main = FileChange::unchanged(self.path.clone(), None);
        let mut drop_ins = Vec::new();
        for part in &parts {
            let change = part.change.clone();
            if part.is_main {
                (main.before, main.after) = (change.before, change.after);
            } else if change.is_change() || is_chosen(&change) {
                drop_ins.push(change);
            }
        }
        drop_ins.sort_by_key(|change| !is_chosen(change));
        let outcome = Outcome {
            main,
            drop_ins,
            report: edited.report,
            config_version: edited.config.version(),
            means_otherwise: reading.config.means_otherwise(&edited.config),
            is_as_before: false,
            restored: None,
            made: None,
        };
        Ok(Plan {
            outcome,
            parts,
            ledgers: LedgerPair {
                before: edited.before,
                after: edited.ledger,
            },
        })
    }
}
