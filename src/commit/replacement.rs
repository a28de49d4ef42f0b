//! Whole texts in the place of files, whatever stands there: what somebody has written in an editor,
//! and kept texts that are put back.

use crate::commit::editor::{Editor, FileChange, Outcome};
use crate::commit::ledger::Found;
use crate::commit::planning::Plan;
use crate::commit::reading::Reading;
use crate::commit::restored::Restored;
use crate::config::Config;
use crate::disk::digest;
use crate::edit::edited::{Edited, Report};
use crate::edit::judgement::Judged;
use crate::error::{Code, Error, Warning};
use crate::ledger::Ledger;

/// Whole texts that take the place of files, if these still are what they were.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replacement {
    pub(crate) changes: Vec<FileChange>,
    /// Whether what is replaced is kept as broken, and not as the text before the last change.
    pub(crate) is_of_broken: bool,
}

impl Editor {
    /// Reads the file that [`Editor::replace`] gives another text: the config, or the drop-in that was
    /// named ([`DropIn::At`](crate::DropIn::At)).
    ///
    /// # Errors
    ///
    /// The errors of finding and reading a file.
    pub fn read_whole(&self) -> Result<FileChange, Error> {
        let main = self.find()?;
        self.check_is_main(&main)?;
        let path = self.told_path();
        let read = self.target_of(&path, &main)?.read()?;
        let before = read.bytes().map(<[u8]>::to_vec);
        let after = before
            .as_ref()
            .map(|it| String::from_utf8_lossy(it).into_owned());
        Ok(FileChange {
            path,
            before,
            after,
        })
    }

    /// Puts a whole text in the place of a file, under the lock, if that still holds what it held when
    /// it was read. Nobody owns what the text changes: the ledger takes it as set by hand.
    ///
    /// # Errors
    ///
    /// [`Code::ChangedMeanwhile`] if the file holds something else by now, [`Code::NotToml`] if the
    /// text is not TOML, [`Code::ServesNowhere`] if no containerd release serves CRI with it, and those
    /// of [`Editor::commit`].
    pub fn replace(&self, change: &FileChange) -> Result<Outcome, Error> {
        self.put(&Replacement::of(change))
    }

    /// Works out what [`Editor::replace`] would do.
    ///
    /// # Errors
    ///
    /// As [`Editor::replace`].
    pub fn plan_replace(&self, change: &FileChange) -> Result<Outcome, Error> {
        self.plan_put(&Replacement::of(change))
    }

    /// Works out what becomes of the files and of the ledger.
    pub(crate) fn work_out_replacement(
        &self,
        found: &Found,
        replacement: &Replacement,
    ) -> Result<Plan, Error> {
        let changes = &replacement.changes;
        let mut reading = self.read_any_config(&found.target, &found.main, &found.ledger)?;
        for change in changes {
            self.check_unchanged(&reading, found, change)?;
        }
        let after = reading.with(self, changes)?;
        let fit = Fit::of(found, &reading, &after, changes);
        let mut ledger = match (&found.previous, fit) {
            (Some(previous), Fit::Before) => {
                let ledger = found.ledger.clone();
                ledger.after_a_killed_run(previous.clone(), &after)
            }
            _ => found.ledger.clone(),
        };
        ledger.settle(&after.views());
        let report = Report::between(&reading.config, &after);
        let removed = report.handlers.removed.clone();
        let mut edited = Edited::of(&reading.config, after, &found.ledger, ledger, report);
        if fit == Fit::After {
            // As if nobody had written since: the last change can still be taken back.
            edited.ledger.files.clone_from(&found.ledger.files);
            edited.ledger.is_undone = found.ledger.is_undone;
        }
        for change in changes {
            let name = reading.config.name_of(&change.path);
            let digests = edited.ledger.files.get_mut(&name);
            if let Some(digests) = digests.filter(|it| it.before.is_none() && fit != Fit::After) {
                digests.before = change.before.as_deref().map(digest::of);
            }
        }
        reading.replaced.clone_from(changes);
        let judged = Judged {
            keys: &[],
            overridden: &[],
            removes: &removed,
            is_whole: true,
        };
        let mut work = self.assemble(found, &reading, edited, Some(judged))?;
        let mut warnings = work.outcome.report.warnings.iter();
        let urgent = warnings.find(|it| it.is_urgent() && !self.allows_not_serving);
        if let Some(Warning { message, .. }) = urgent {
            let hint = "fix what keeps it from serving; --allow-not-serving puts the text in place \
                        all the same";
            return Err(Error::new(Code::ServesNowhere, message.clone(), hint).at(&self.path));
        }
        if fit == Fit::Before {
            work.ledgers.after.is_undone = true;
        }
        if replacement.is_of_broken {
            let mut restored = Restored::default();
            for part in work.parts.iter_mut().filter(|it| it.change.is_change()) {
                part.target = part.target.clone().keeping_broken();
                let replaced = part.target.previous().to_owned();
                let is_there = part.change.before.is_some();
                restored.replaced.extend(is_there.then_some(replaced));
            }
            work.outcome.restored = Some(Box::new(restored));
        }
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
        if !reading.config.is_writable(path) {
            let message = "the distribution writes this file anew";
            let hint = "put the keys in a drop-in: name one with --drop-in=PATH";
            return Err(Error::new(Code::OutOfReach, message, hint).at(path));
        }
        let target = self.target_of(path, &found.target)?;
        if target.read()?.bytes() == change.before.as_deref() {
            return Ok(());
        }
        let message = "another program has changed the file meanwhile";
        let hint = "look at what it says now, and run this again";
        Err(self.by_its_name(Error::new(Code::ChangedMeanwhile, message, hint).at(path)))
    }
}

impl Replacement {
    fn of(change: &FileChange) -> Self {
        Self {
            changes: vec![change.clone()],
            is_of_broken: false,
        }
    }
}

/// Which ledger belongs to texts that are put in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// The one that is there: all of them were written last.
    After,
    /// The one before the last change, at least for one of them.
    Before,
    /// None: what the texts say otherwise is set by hand.
    Neither,
}

impl Fit {
    fn of(found: &Found, reading: &Reading, after: &Config, changes: &[FileChange]) -> Self {
        let Ledger { written, files, .. } = &found.ledger;
        let is_last = |change: &FileChange| {
            written.get(&reading.config.name_of(&change.path)) == change.digests().after.as_ref()
        };
        let is_previous = |change: &FileChange| {
            let digests = files.get(&reading.config.name_of(&change.path));
            let text = after.text(&change.path).map(|it| digest::of(it.as_bytes()));
            text.is_some() && digests.is_some_and(|it| it.before == text && it.after != text)
        };
        if changes.iter().all(is_last) {
            Self::After
        } else if found.previous.is_some() && changes.iter().any(is_previous) {
            Self::Before
        } else {
            Self::Neither
        }
    }
}
