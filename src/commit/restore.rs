//! The way back from a broken config: the first kept text that parses and with which containerd serves.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::commit::editor::{DropIn, Editor};
use crate::commit::kept::{Kept, is_of_text};
use crate::commit::request::{Replacement, Request, RestoreFrom};
use crate::commit::restored::{KeptAs, Restored};
use crate::commit::task::Task;
use crate::disk::target::Target;
use crate::error::{Code, Error, NextStep};

impl Editor {
    /// Chooses a text to put back: none, if containerd serves as it is.
    pub(super) fn restore_task(&self, from: RestoreFrom) -> Result<Task, Error> {
        let is_named = matches!(self.drop_in, DropIn::At(_));
        let only = is_named.then(|| self.named_path()).transpose()?;
        let mut kept = self.kept_texts(only)?;
        let from_serving = matches!(from, RestoreFrom::Serving);
        let mut texts = match from {
            RestoreFrom::Serving => std::mem::take(&mut kept.best),
            RestoreFrom::Last => self.texts_as(KeptAs::Last, &kept)?,
            RestoreFrom::Previous => self.texts_as(KeptAs::Previous, &kept)?,
            RestoreFrom::Own { text, source } => {
                let mut change = self.read_named(Target::read_any)?;
                change.after = Some(text);
                vec![Replacement { change, source }]
            }
        };
        for text in &mut kept.texts {
            text.is_chosen = texts.contains(&text.replacement);
        }
        let is_serving = from_serving && texts.is_empty();
        texts.retain(|it| it.change.is_change());
        if texts.is_empty() && kept.now.is_empty() {
            return Err(self.nothing_serves(&kept));
        }
        let mut found = kept.found();
        if let Some(text) = kept.other_last().filter(|_| is_serving) {
            let step = NextStep::RestoreLast(self.as_drop_in(&text.file));
            let _ = write!(found, "; {step}");
        }
        let restored = Some(Restored {
            found,
            kept: kept.texts,
            replaced: Vec::new(),
        });
        Ok(Task::Replace { texts, restored })
    }

    /// The texts that are kept as this: of the only file that counts, or else of those that are broken
    /// and can be replaced, or else of the config.
    fn texts_as(&self, kept_as: KeptAs, kept: &Kept) -> Result<Vec<Replacement>, Error> {
        let broken = kept.broken.iter();
        let broken = broken.filter(|(_, error)| is_of_text(error));
        let files: Vec<&PathBuf> = broken.map(|(file, _)| file).collect();
        let own = self.main();
        let files = match &kept.only {
            Some(file) => vec![file],
            None if files.is_empty() => vec![&own],
            None => files,
        };
        let of_file = |file: &PathBuf| {
            let mut texts = kept.texts.iter();
            let found = texts.find(|it| it.file == *file && it.from == kept_as);
            let why = match found.map(|it| (it, &it.problem)) {
                Some((found, None)) => return Ok(found.replacement.clone()),
                Some((found, Some(problem))) => format!("{} {problem}", found.path.display()),
                None => format!("no .{kept_as} of this file is kept"),
            };
            Err(self.not_restored(&why, file, kept.broken.get(file)))
        };
        files.into_iter().map(of_file).collect()
    }

    /// No text is put back, at the place that is to blame.
    fn nothing_serves(&self, kept: &Kept) -> Error {
        let own = self.main();
        let only = kept.only.iter();
        let mut named = only.filter_map(|file| kept.broken.get_key_value(file));
        let broken = named.next().or(kept.broken.iter().next());
        let reason = kept.reason.as_ref().and_then(|it| it.at.as_ref());
        let (file, at) = match (broken, reason) {
            (Some((file, error)), _) => (file, error.position()),
            // What a distribution has made of a template is not to be put right by hand.
            (None, Some((file, at))) if self.generated() != Some(file) => (file, at.as_ref()),
            _ => (&own, None),
        };
        let error = self.not_restored(&kept.found_and_kept(), file, broken.map(|(_, error)| error));
        let error = error.position_at(at.cloned());
        match self.repair(&self.releases) {
            Some(command) => error.with_hint(NextStep::Repair(&command)),
            // Without the drop-in's name it is put right if that can be done at all.
            None if kept.is_of_others() => error.with_hint(NextStep::Restore),
            None if broken.is_some_and(|(_, it)| it.code() == Code::TemplateDirective) => {
                self.or_restore(error, RestoreFrom::Last, NextStep::RestoreLast(None))
            }
            None => error,
        }
    }

    fn not_restored(&self, why: &str, file: &Path, broken: Option<&Error>) -> Error {
        let message = format!("nothing can be put back: {why}");
        let own = NextStep::RestoreOwn(self.as_drop_in(file)).into();
        let hint = broken.map_or(own, |error| self.way_out(file, error));
        let error = Error::new(Code::NotRestored, message, hint);
        self.by_its_name(error.at(file))
    }

    /// What to do about a broken file of which no text is put back.
    pub(super) fn way_out(&self, file: &Path, broken: &Error) -> String {
        if is_of_text(broken) {
            NextStep::RestoreOwn(self.as_drop_in(file)).into()
        } else {
            broken.hint().to_owned()
        }
    }

    /// Names `restore` in the hint of an error about a file that is not valid TOML, where it would put
    /// another text in place.
    #[must_use]
    pub fn with_way_back(&self, error: Error) -> Error {
        if !is_of_text(&error) {
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

    /// Returns whether restoring from there would change something: not where nothing is kept that serves.
    #[must_use]
    pub fn would_restore(&self, from: RestoreFrom) -> bool {
        let planned = self.plan(Request::Restore(from));
        planned.is_ok_and(|it| it.is_change())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "fixtures need no atomic writes")]
mod tests {
    use super::*;

    /// As for `check`: containerd does not start without it, wherever it is.
    #[test]
    fn a_config_with_an_import_that_is_missing_does_not_serve() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for import in ["x.toml", "/nowhere/x.toml"] {
            let path = folder.path().join("config.toml");
            let text = format!("version = 3\nimports = [\"{import}\"]\n");
            std::fs::write(&path, text).expect("writes");
            let restored = Editor::new(path).plan(Request::Restore(RestoreFrom::Serving));
            let error = restored.expect_err("nothing is kept");
            assert_eq!(error.code(), Code::NotRestored);
            assert!(error.to_string().contains("no such file"), "{error}");
        }
    }
}
