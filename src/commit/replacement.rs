//! Whole texts in the place of files, whatever stands there: what somebody has written in an editor,
//! kept texts that are put back, and those from before a change.

use std::path::Path;

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::ledger::Found;
use crate::commit::planning::Plan;
use crate::commit::reading::Reading;
use crate::commit::request::Replacement;
use crate::commit::restored::Restored;
use crate::config::Config;
use crate::disk::digest;
use crate::disk::replace::overtaken;
use crate::disk::target::{Snapshot, Target};
use crate::edit::edited::{Edited, Report};
use crate::edit::judgement::Judged;
use crate::error::{Code, Error, Warning};
use crate::ledger::{Ledger, LedgerPair};

impl Editor {
    /// Reads the file that a [`Replacement`] is for: the config, or the drop-in that was named
    /// ([`DropIn::At`](crate::DropIn::At)).
    ///
    /// # Errors
    ///
    /// The errors of finding and reading a file.
    pub fn read_whole(&self) -> Result<FileChange, Error> {
        self.read_named(Target::read)
    }

    /// Reads it in this way.
    pub(super) fn read_named(
        &self,
        read: impl FnOnce(&Target) -> Result<Snapshot, Error>,
    ) -> Result<FileChange, Error> {
        let main = self.find()?;
        self.check_is_main(&main)?;
        let path = self.named_path()?;
        let read = read(&self.target_of(&path, &main)?)?;
        Ok(FileChange::unchanged(path, read.bytes()))
    }

    /// Works out what whole texts make of the files and of the ledger. `restored`: what a restore has
    /// found.
    pub(crate) fn work_out_replacement(
        &self,
        found: &Found,
        texts: &[Replacement],
        restored: Option<&Restored>,
    ) -> Result<Plan, Error> {
        if texts.is_empty() {
            return self.work_out_nothing(found, restored);
        }
        let mut reading = self.read_any_config(&found.target, &found.main, &found.ledger)?;
        for text in texts {
            self.check_unchanged(&reading, found, &text.change)?;
        }
        let mut after = reading.with(self, texts)?;
        let Ledger { files, written, .. } = &found.ledger;
        let name = |it: &Replacement| reading.config.name_of(&it.change.path);
        // As if nobody had written since: the last change can still be taken back.
        let is_last = texts
            .iter()
            .all(|it| written.get(&name(it)) == it.change.digests().after.as_ref());
        let digest = |name: &str| {
            let text = after.text(&after.path_of(name))?;
            Some(digest::of(text.as_bytes()))
        };
        let killed = found.killed.as_ref().map(|killed| &killed.before);
        let kept = |file: &str| {
            let whole = texts.iter().find(|it| name(it) == file);
            // Of a template, the ledger may have the digest of a part, or of all.
            let known = [digest(file), whole.and_then(|it| it.change.digests().after)];
            let known = || known.iter().flatten();
            let mut ledgers = [Some(&found.ledger), killed].into_iter().flatten();
            ledgers.find_map(|ledger| known().find_map(|it| ledger.kept(file, it)))
        };
        // Whether a file of the last change says again what it said before.
        let is_as_before = |name: &String| {
            let text = digest(name);
            files.get(name).is_some_and(|it| {
                // Somebody had deleted or emptied it: what counts is what the tool had written before.
                let was_lost = it.before.as_ref().is_none_or(|it| it == digest::EMPTY);
                (it.before == text || was_lost && kept(name).is_some()) && it.after != text
            })
        };
        let is_undone =
            texts.iter().any(|it| is_as_before(&name(it))) && files.keys().all(is_as_before);
        // Which ledger holds for a text that comes, that text says.
        let mut ledger = match &found.killed {
            Some(LedgerPair { before, after: new }) => {
                new.clone().after_a_killed_run(before.clone(), &after)
            }
            None => found.ledger.clone(),
        };
        for name in texts.iter().map(name) {
            if let Some(kept) = kept(&name) {
                ledger.bring_back(&name, kept);
            }
        }
        let is_replaced = |path: &Path| texts.iter().any(|it| it.change.path == *path);
        let still_broken = reading.broken.iter().filter(|(path, _)| !is_replaced(path));
        let still_broken: Vec<Warning> = still_broken
            .map(|(path, error)| {
                let (shown, hint) = (path.display(), self.way_out(path, error));
                let message = format!("{shown} is as it was: {}; {hint}", error.described());
                Warning::new("not-restored", message)
            })
            .collect();
        // What can't be read may say what it said.
        if still_broken.is_empty() {
            ledger.choose_tables(&mut after);
            let views = ledger.views_of(&after);
            ledger.settle(&after, &views);
        }
        let serves_but_for_others = self.serves_but_for_others(&reading, texts)?;
        let was_broken = |it: &Replacement| reading.broken.contains_key(&it.change.path);
        let is_comparable = !texts.iter().any(was_broken);
        let edited = reading.replaced_by(texts, after, &found.ledger, ledger);
        let mut work = self.assemble(found, &reading, edited, Some(Judged::WHOLE))?;
        let keys = &mut work.outcome.report.keys;
        let names = std::mem::take(&mut keys.given_back);
        keys.set = if is_comparable { names } else { Vec::new() };
        let mut warnings = work.outcome.report.warnings.iter();
        let urgent = warnings.find(|it| it.is_urgent() || it.code == Warning::NOT_JUDGED);
        let urgent = urgent.filter(|_| !self.allows_not_serving);
        if let Some(Warning { message, at, .. }) = urgent.filter(|_| !serves_but_for_others) {
            let hint = "fix what keeps it from serving; --allow-not-serving puts the text in place \
                        all the same";
            let error = Error::new(Code::ServesNowhere, message.clone(), hint);
            // The place is one in the config.
            let main = texts.iter().find(|it| it.change.path == self.main());
            let source = main.map_or(&self.path, |it| &it.source);
            return Err(error.at(source).position_at(at.clone()));
        }
        let after = &mut work.ledgers.after;
        if is_last {
            after.files.clone_from(&found.ledger.files);
            after.is_undone = found.ledger.is_undone;
        } else {
            // One that takes an undo back is none itself.
            after.is_undone = is_undone && !found.ledger.is_undone && restored.is_some();
        }
        if let Some(restored) = restored {
            let mut restored = restored.clone();
            for part in work.parts.iter_mut().filter(|it| it.change.is_change()) {
                part.target = part.target.clone().keeping_broken();
                let replaced = part.target.previous.clone();
                let is_there = part.change.before.is_some();
                restored.replaced.extend(is_there.then_some(replaced));
            }
            work.outcome.restored = Some(Box::new(restored));
        }
        let warnings = &mut work.outcome.report.warnings;
        warnings.extend(still_broken);
        warnings.extend(not_recorded(found));
        Ok(work)
    }

    /// Works out a run that has nothing to do. What is gone from the files may come back by another one:
    /// that is not recorded.
    fn work_out_nothing(&self, found: &Found, restored: Option<&Restored>) -> Result<Plan, Error> {
        let mut reading = self.read_any_config(&found.target, &found.main, &found.ledger)?;
        let (config, ledger) = (reading.config.clone(), &found.ledger);
        let edited = reading.replaced_by(&[], config, ledger, ledger.clone());
        let mut work = self.assemble(found, &reading, edited, None)?;
        work.outcome.restored = restored.cloned().map(Box::new);
        work.outcome.report.warnings.extend(not_recorded(found));
        Ok(work)
    }

    /// Refuses to replace what nobody has seen.
    fn check_unchanged(
        &self,
        reading: &Reading,
        found: &Found,
        change: &FileChange,
    ) -> Result<(), Error> {
        let path = &change.path;
        if !reading.config.is_writable(&reading.config.name_of(path)) {
            let message = "the distribution writes this file anew";
            let hint = "put the keys in a drop-in: name one with --drop-in=PATH";
            return Err(Error::new(Code::OutOfReach, message, hint).at(path));
        }
        let target = self.target_of(path, &found.target)?;
        if target.read_any()?.bytes() == change.before.as_deref() {
            return Ok(());
        }
        Err(self.by_its_name(overtaken(path)))
    }
}

impl Reading {
    /// The edit that puts these texts in place, which makes `after` of the config and `ledger` of the
    /// ledger `before`.
    pub(super) fn replaced_by(
        &mut self,
        texts: &[Replacement],
        after: Config,
        before: &Ledger,
        ledger: Ledger,
    ) -> Edited {
        let report = Report::between(&self.config, &after);
        let mut edited = Edited::of(&self.config, after, before, ledger, report);
        for Replacement { change, .. } in texts {
            let digests = edited
                .ledger
                .files
                .get_mut(&self.config.name_of(&change.path));
            // What was no TOML is no text of the config.
            if let Some(digests) = digests.filter(|it| it.before.is_none()) {
                digests.before = change.before.as_deref().map(digest::of);
            }
        }
        self.new_texts = texts.to_vec();
        edited
    }
}

/// What a ledger that can't be read costs.
fn not_recorded(found: &Found) -> Option<Warning> {
    let error = found.damaged.as_ref()?;
    let message = format!("nothing is recorded: {error}; {}", error.hint());
    Some(Warning::new("not-recorded", message))
}
