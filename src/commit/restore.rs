//! The way back from a broken config: the newest kept text that parses and with which containerd serves.

use std::path::PathBuf;

use crate::commit::editor::{DropIn, Editor, FileChange, Outcome};
use crate::commit::kept::{Kept, not_restored};
use crate::commit::replacement::Replacement;
use crate::commit::restored::{RestoreFrom, Restored};
use crate::error::{Code, Error, NextStep};
use crate::want::change::Change;

impl Editor {
    /// Puts back the text of a file from before others have broken it, and keeps what stands there as
    /// `config.toml.broken-TIME`. Where containerd serves with what is there, nothing is done, unless
    /// the text to put back is named.
    ///
    /// # Errors
    ///
    /// [`Code::NotRestored`] if no kept text parses and serves, and those of [`Editor::replace`].
    pub fn restore(&self, from: &RestoreFrom) -> Result<Outcome, Error> {
        self.restored(from, Self::put)
    }

    /// Works out what [`Editor::restore`] would do.
    ///
    /// # Errors
    ///
    /// As [`Editor::restore`].
    pub fn plan_restore(&self, from: &RestoreFrom) -> Result<Outcome, Error> {
        self.restored(from, Self::plan_put)
    }

    /// Chooses a text and puts it back. Where there is nothing to put back, the ledger stays as it is,
    /// too: what is gone from the files may come back by another restore.
    fn restored(
        &self,
        from: &RestoreFrom,
        put: impl Fn(&Self, &Replacement) -> Result<Outcome, Error>,
    ) -> Result<Outcome, Error> {
        let (replacement, restored) = self.choose_text(from)?;
        let outcome = if replacement.changes.is_empty() {
            let mut nothing = self.plan(&Change::new())?;
            nothing.report.is_recorded = false;
            nothing
        } else {
            put(self, &replacement)?
        };
        Ok(outcome.of_restore(restored))
    }

    /// Names `restore` in the hint of an error about a file that is not valid TOML, where it would put
    /// another text in place.
    #[must_use]
    pub fn with_way_back(&self, error: Error) -> Error {
        if error.code() != Code::NotToml {
            return error;
        }
        self.or_restore(error, &RestoreFrom::Newest, NextStep::PutBack)
    }

    /// The error with one more next step, if restoring from there would change something.
    pub(super) fn or_restore(&self, error: Error, from: &RestoreFrom, step: NextStep<'_>) -> Error {
        if !self.plan_restore(from).is_ok_and(|it| it.is_change()) {
            return error;
        }
        let hint = format!("{}; or {step}", error.hint());
        error.with_hint(hint)
    }

    /// Chooses what is put back: nothing, if containerd serves as it is.
    fn choose_text(&self, from: &RestoreFrom) -> Result<(Replacement, Restored), Error> {
        let kept = self.kept_texts()?;
        let chosen = match from {
            RestoreFrom::Newest => match self.drop_in {
                DropIn::At(_) => kept.newest_of(&self.told_path()),
                _ => kept.newest(),
            },
            RestoreFrom::Last => kept.named("last", &self.told_files(&kept))?,
            RestoreFrom::Previous => kept.named("prev", &self.told_files(&kept))?,
            RestoreFrom::Text(text) => vec![FileChange {
                after: Some(text.clone()),
                ..self.read_whole()?
            }],
        };
        if chosen.is_empty() && kept.now.is_empty() {
            let error = not_restored(&kept.told()).at(&self.path);
            return Err(match self.repair(&self.releases) {
                Some(command) => error.with_hint(NextStep::Repair(&command)),
                None => error,
            });
        }
        let restored = Restored {
            found: kept.found(),
            kept: kept.marked(&chosen),
            replaced: Vec::new(),
        };
        let replacement = Replacement {
            changes: chosen.into_iter().filter(FileChange::is_change).collect(),
            is_of_broken: true,
        };
        Ok((replacement, restored))
    }

    /// The files that get a kept text of a kind: the one that was named, or else those that are broken,
    /// or else the config.
    fn told_files(&self, kept: &Kept) -> Vec<PathBuf> {
        match self.drop_in {
            DropIn::At(_) => vec![self.told_path()],
            _ if kept.broken.is_empty() => vec![self.main()],
            _ => kept.broken.keys().cloned().collect(),
        }
    }
}

impl Outcome {
    fn of_restore(mut self, restored: Restored) -> Self {
        let replaced = self.restored.take().map(|it| it.replaced);
        // What was broken is not to come back, whatever becomes of a restart.
        self.made = None;
        self.restored = Some(Box::new(Restored {
            replaced: replaced.unwrap_or_default(),
            ..restored
        }));
        self
    }
}
