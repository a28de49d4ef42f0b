//! What becomes of each file of an edit, held against the model, in an order in which every state
//! between two changes serves.

use crate::commit::editor::{Editor, FileChange, LedgerPair, Outcome};
use crate::commit::judging::Judged;
use crate::commit::ledger::Found;
use crate::commit::operation_log::LogEntry;
use crate::commit::parts::Part;
use crate::commit::reading::Reading;
use crate::containerd::version;
use crate::disk::site;
use crate::disk::target::{Snapshot, Target};
use crate::edit::edited::Edited;
use crate::edit::overridden;
use crate::edit::run::edit;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::toml::render::{self, Quotes};
use crate::want::change::Change;
use crate::want::handler;

/// An edit that was worked out, and the files that it is about.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) outcome: Outcome,
    /// All files in the order in which they are changed; those before them are synced.
    pub(crate) parts: Vec<Part>,
    pub(crate) ledgers: LedgerPair,
}

impl Work {
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
    /// Works an edit out. Takes no lock and writes nothing: the config is only ever replaced as a
    /// whole, so that reading it is safe.
    ///
    /// # Errors
    ///
    /// [`Error`] if the config can't be found, read or parsed, if the change is refused, or if
    /// a containerd release would do worse with the result.
    pub fn plan(&self, change: &Change) -> Result<Outcome, Error> {
        let target = self.find()?;
        self.check_is_main(&target)?;
        let snapshot = target.read()?;
        self.check_sidecars(&target, &snapshot)?;
        let found = self.read_ledger(&target, &snapshot)?;
        let work = self.work_out(&target, snapshot, &found, change)?;
        for part in work.parts.iter().filter(|part| part.change.is_change()) {
            site::check(&part.target, part.snapshot.existing.as_ref())?;
        }
        Ok(work.outcome)
    }

    /// Works out what becomes of the config, of which `main` was read, and of its drop-ins.
    pub(crate) fn work_out(
        &self,
        target: &Target,
        main: Snapshot,
        found: &Found,
        change: &Change,
    ) -> Result<Work, Error> {
        let mut change = change.clone();
        if change.is_all && !change.adds() {
            change.time = Some(LogEntry::now());
        }
        let chosen = self.chosen_drop_in(&change.owner)?;
        if let Some(path) = &chosen {
            self.find_drop_in(path, target)?;
        }
        let reading = self.read_config(target, &main, &found.ledger, chosen.as_deref())?;
        let main_text = reading.config.main().text.as_ref();
        if let Some(text) = main_text.filter(|_| change.adds_to_plugins()) {
            version::of_or_named(&text.document, change.plugin_id.as_deref())
                .map_err(|error| error.at(&self.path))?;
        }
        if let Some(path) = &chosen {
            change.file = Some(reading.config.name_of(path));
        } else if self.generated().is_some() {
            change.file = Some(reading.config.name_of(&self.main()));
        }
        let mut edited = edit(&reading.config, &found.ledger, &change)
            .map_err(|error| self.by_its_name(reading.with_unread(error)))?;
        for want in &change.wants {
            let below = want.key.handler().map_or(0, <[String]>::len);
            let path = &want.key.path[below..];
            if below > 0 && !handler::is_known(path) {
                let key = render::dotted(path, Quotes::Basic);
                let message = format!("{key} is no key that this release knows: written as given");
                edited.report.warn("unknown-key", message);
            }
        }
        let removed = edited.report.handlers.removed.clone();
        let judged = Judged {
            adds: change.adds(),
            // What was adopted goes because this change says so.
            removes: if change.adoption.is_some() {
                &removed
            } else {
                &change.removes
            },
        };
        let overridden = overridden::overridden(&reading.config, &edited, &change);
        for file in &edited.files {
            reading
                .change(self, file)
                .map_err(|error| error.at(&self.path))?;
        }
        if edited.is_change() {
            let warnings = self.judge(&reading, &mut edited, found, judged)?;
            edited.report.warnings.extend(warnings);
        }
        edited.report.warnings.extend(overridden);
        self.assemble(target, main, &reading, edited)
    }

    /// Puts together what becomes of each file.
    pub(crate) fn assemble(
        &self,
        target: &Target,
        main: Snapshot,
        reading: &Reading,
        edited: Edited,
    ) -> Result<Work, Error> {
        let Edited {
            config,
            ledger,
            before,
            files,
            mut report,
        } = edited;
        let notice = self.layout.as_ref().and_then(|it| it.notice.clone());
        report.warnings.extend(notice);
        let changes = files.iter().map(|file| reading.change(self, file));
        let changes = changes.collect::<Result<_, _>>()?;
        let parts = self.parts(target, main, reading, &ledger, changes)?;
        let is_chosen = |change: &FileChange| Some(&change.path) == reading.chosen.as_ref();
        let mut main = FileChange {
            path: self.path.clone(),
            before: None,
            after: None,
        };
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
            path: self.path.clone(),
            main,
            drop_ins,
            report,
            config_version: config.version(),
            means_otherwise: reading.config.means_otherwise(&config),
            is_put_back: false,
            made: None,
        };
        Ok(Work {
            outcome,
            parts,
            ledgers: LedgerPair {
                before,
                after: ledger,
            },
        })
    }
}
