//! The way back from a broken config: the first kept text that parses and with which containerd serves.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::commit::editor::{DropIn, Editor};
use crate::commit::kept::Kept;
use crate::commit::request::{Replacement, Request, RestoreFrom};
use crate::commit::restored::Restored;
use crate::commit::task::Task;
use crate::error::{Code, Error, NextStep, Position};

impl Editor {
    /// Chooses a text to put back: none, if containerd serves as it is.
    pub(super) fn restore_task(&self, from: RestoreFrom) -> Result<Task, Error> {
        let mut kept = self.kept_texts()?;
        let told = matches!(self.drop_in, DropIn::At(_)).then(|| self.told_path());
        let from_serving = matches!(from, RestoreFrom::Serving);
        let mut texts = match from {
            RestoreFrom::Serving => kept.serving(told.as_ref()),
            RestoreFrom::Last => self.kept_as("last", &kept, told.as_ref())?,
            RestoreFrom::Previous => self.kept_as("prev", &kept, told.as_ref())?,
            RestoreFrom::Own { text, source } => {
                let mut change = self.read_whole()?;
                change.after = Some(text);
                vec![Replacement { change, source }]
            }
        };
        if texts.is_empty() && kept.now.is_empty() {
            return Err(self.nothing_serves(&kept));
        }
        for text in &mut kept.texts {
            text.is_chosen = texts.contains(&text.replacement);
        }
        let is_serving = from_serving && texts.is_empty();
        texts.retain(|it| it.change.is_change());
        let mut found = kept.found();
        if is_serving && self.would_restore(RestoreFrom::Last) {
            let step = NextStep::RestoreLast(told.as_deref());
            let _ = write!(found, "; {step}");
        }
        let restored = Restored {
            found,
            kept: kept.texts,
            replaced: Vec::new(),
        };
        Ok(Task::Replace {
            texts,
            restored: Some(restored),
        })
    }

    /// The texts that are kept as `last` or `prev`: of the file that was told, or else of those that are
    /// broken, or else of the config.
    fn kept_as(
        &self,
        from: &str,
        kept: &Kept,
        told: Option<&PathBuf>,
    ) -> Result<Vec<Replacement>, Error> {
        let files = match told {
            Some(file) => vec![file.clone()],
            None if kept.broken.is_empty() => vec![self.main()],
            None => kept.broken.keys().cloned().collect(),
        };
        let of_file = |file: &PathBuf| {
            let mut texts = kept.texts.iter();
            let found = texts.find(|it| it.file == *file && it.from == from);
            let why = match found.map(|it| (it, &it.problem)) {
                Some((found, None)) => return Ok(found.replacement.clone()),
                Some((found, Some(problem))) => format!("{} {problem}", found.path.display()),
                None => format!("no .{from} of this file is kept"),
            };
            Err(self.not_restored(&why, file, None))
        };
        files.iter().map(of_file).collect()
    }

    /// No text is put back, at the place that is to blame.
    fn nothing_serves(&self, kept: &Kept) -> Error {
        let own = self.main();
        let broken = kept.broken.iter().next();
        let reason = kept.reason.as_ref().and_then(|it| it.at.as_ref());
        let (file, at) = match (broken, reason) {
            (Some((file, error)), _) => (file, error.position()),
            // What a distribution has made of a template is not to be put right by hand.
            (None, Some((file, at))) if self.generated() != Some(file) => (file, at.as_ref()),
            _ => (&own, None),
        };
        let error = self.not_restored(&kept.told(), file, at.cloned());
        match self.repair(&self.releases) {
            Some(command) => error.with_hint(NextStep::Repair(&command)),
            None => error,
        }
    }

    fn not_restored(&self, why: &str, file: &Path, at: Option<Position>) -> Error {
        let message = format!("nothing can be put back: {why}");
        let own = NextStep::RestoreOwn(self.as_drop_in(file));
        let error = Error::new(Code::NotRestored, message, own);
        self.by_its_name(error.at(file).position_at(at))
    }

    /// Names `restore` in the hint of an error about a file that is not valid TOML, where it would put
    /// another text in place.
    #[must_use]
    pub fn with_way_back(&self, error: Error) -> Error {
        if !matches!(error.code(), Code::NotToml | Code::NoFile | Code::WrongType) {
            return error;
        }
        self.or_restore(error, RestoreFrom::Serving, NextStep::Restore)
    }

    /// The error with one more next step, if restoring from there would change something.
    pub(super) fn or_restore(&self, error: Error, from: RestoreFrom, step: NextStep<'_>) -> Error {
        if !self.would_restore(from) {
            return error;
        }
        let hint = format!("{}; or {step}", error.hint());
        error.with_hint(hint)
    }

    /// Whether restoring from there would change something.
    fn would_restore(&self, from: RestoreFrom) -> bool {
        let planned = self.plan(Request::Restore(from));
        planned.is_ok_and(|it| it.is_change())
    }
}
