//! The verbs that edit a config.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use containerd_edit::report::WantedKey;
use containerd_edit::{
    Change, Code, DropIn, Editor, Error, ExitCode, Handler, KeyName, Outcome, Request, RestoreFrom,
    Setting,
};

use super::arguments::{Add, Apply, Remove, Restore, STDIN, Set, SetDefault, Undo, Unset};
use super::edit::Edit;
use super::edit_report::Completed;
use super::patch_file::{self, PatchFiles};
use super::run::Run;

impl Run {
    pub(super) fn add(&mut self, add: &Add) -> Result<ExitCode, Error> {
        let (name, settings) = (&add.name, add.settings.iter().cloned());
        let has_type = add.settings.iter().any(|it| it.path() == ["runtime_type"]);
        let change = add.owning.change();
        let is_part = !add.settings.is_empty() || !add.unsets.is_empty();
        let mut change = if add.preset.is_none() && is_part && !has_type {
            change.extend(name, settings)?
        } else {
            let handler = Handler::resolve(name.clone(), add.preset.as_ref(), settings)?;
            change.ensure(handler)
        };
        for key in &add.unsets {
            if add.settings.iter().any(|it| it.key() == *key) {
                let message = format!("{key} is both set and unset");
                return Err(Error::new(Code::Usage, message, "name it once"));
            }
            let key: KeyName = format!("handlers.{name}.{key}").parse()?;
            change = change.clear(&key)?;
        }
        if add.default {
            change = change.default_handler(add.name.clone());
        }
        let summary = format!("add {}", add.name);
        self.edit(&Edit::of(change, &add.patching, summary)?)
    }

    pub(super) fn apply(&mut self, apply: &Apply) -> Result<ExitCode, Error> {
        let files = PatchFiles::read(apply)?;
        let owner = files.owner(apply)?;
        let mut summary = "apply".to_owned();
        for file in &apply.files {
            let _ = write!(summary, " {}", file.display());
        }
        let _ = write!(summary, " as {owner}");
        let mut change = apply.owning.overruling(files.change().owner(owner));
        if apply.prune {
            change = change.prune();
        }
        let mut edit = Edit::of(change, &apply.patching, summary)?;
        edit.files = Some(&files);
        self.edit(&edit).map_err(|error| {
            let key = error.detail::<WantedKey>();
            match key.and_then(|key| files.place(&key.0)) {
                // The key is to be fixed where the patch file has it.
                Some((path, at)) => {
                    let error = match error.code() {
                        Code::KeyNotRead => error,
                        _ => Error::new(Code::BadPatchFile, error.to_string(), error.hint()),
                    };
                    error.moved_to(path, at)
                }
                None => error,
            }
        })
    }

    pub(super) fn remove(&mut self, remove: &Remove) -> Result<ExitCode, Error> {
        let mut summary = "remove".to_owned();
        let mut change = Change::new();
        for name in &remove.names {
            let _ = write!(summary, " {name}");
            change = change.remove(name);
        }
        if let Some(owner) = &remove.owner {
            let _ = write!(summary, " --owner {owner}");
            change = change.owner(owner.clone());
            if remove.names.is_empty() {
                change = change.prune();
            }
        }
        let mut edit = Edit::of(change, &remove.patching, summary)?;
        if remove.if_unused || remove.wait_unused.is_some() {
            edit.unused = self.make_sure_unused(remove, &edit)?;
        }
        self.edit(&edit)
    }

    pub(super) fn set(&mut self, set: &Set) -> Result<ExitCode, Error> {
        let mut settings = set.settings.iter();
        let change = settings.try_fold(set.owning.change(), Change::key)?;
        // A value may be a secret.
        let keys: Vec<String> = set.settings.iter().map(Setting::key).collect();
        let summary = format!("set {}", keys.join(" "));
        self.edit(&Edit::of(change, &set.patching, summary)?)
    }

    pub(super) fn unset(&mut self, unset: &Unset) -> Result<ExitCode, Error> {
        let mut keys = unset.keys.iter();
        let change = keys.try_fold(unset.owning.change(), Change::clear)?;
        let keys: Vec<String> = unset.keys.iter().map(KeyName::dotted).collect();
        let summary = format!("unset {}", keys.join(" "));
        self.edit(&Edit::of(change, &unset.patching, summary)?)
    }

    pub(super) fn set_default(&mut self, set: &SetDefault) -> Result<ExitCode, Error> {
        if let Some(name) = &set.name {
            let change = set.owning.change().default_handler(name.clone());
            let summary = format!("set-default {name}");
            return self.edit(&Edit::of(change, &set.patching, summary)?);
        }
        let mut change = Change::new().unset_default();
        let mut summary = "set-default --unset".to_owned();
        if let Some(owner) = &set.owning.owner {
            change = change.owner(owner.clone());
            let _ = write!(summary, " --owner {owner}");
        }
        self.edit(&Edit::of(change, &set.patching, summary)?)
    }

    pub(super) fn undo(&mut self, undo: &Undo) -> Result<ExitCode, Error> {
        let request = Request::Undo(undo.owner.clone());
        self.edit(&Edit::new(request, &undo.editing, "undo"))
    }

    pub(super) fn restore(&mut self, restore: &Restore) -> Result<ExitCode, Error> {
        let from = match &restore.from {
            None => RestoreFrom::Serving,
            Some(word) if word == Path::new("last") => RestoreFrom::Last,
            Some(word) if word == Path::new("prev") => RestoreFrom::Previous,
            Some(path) => {
                let bytes = patch_file::read(path, "text to put back")?;
                if bytes.is_empty() && path == Path::new(STDIN) {
                    let message = "there was nothing to read: the program before the pipe has most \
                                   likely failed";
                    let hint =
                        "look at that program; to put an empty text in place, name an empty file";
                    return Err(Error::new(Code::BadPatchFile, message, hint).at(path));
                }
                let hint = "save the text as UTF-8; the config is as it was";
                RestoreFrom::Own {
                    text: as_text(bytes, path, hint)?,
                    source: path.clone(),
                }
            }
        };
        let mut edit = Edit::new(Request::Restore(from), &restore.editing, "restore");
        edit.drop_in = drop_in_at(restore.drop_in.as_ref());
        self.edit(&edit)
    }

    /// Makes an edit, or shows what it would be.
    pub(super) fn edit(&mut self, edit: &Edit<'_>) -> Result<ExitCode, Error> {
        let editing = edit.editing;
        let mut completed = self.make(edit)?;
        let plan = &mut completed.plan;
        if let Some(files) = edit.files {
            files.place_warnings(&mut plan.report.warnings);
        }
        self.output.warn(&plan.main.path, &plan.report.warnings);
        let code = if plan.report.left_behind.is_empty() {
            editing.exiting.code(completed.is_change)
        } else {
            ExitCode::LeftBehind
        };
        if edit.prints_file {
            let text = Self::one_file(plan)?;
            return Ok(self.output.print(text, code));
        }
        let report = completed.report(self.config.layout.as_ref(), &self.output);
        Ok(if editing.dry_run {
            self.output.verify(report, code)
        } else {
            self.output.tell(report, code)
        })
    }

    fn make<'e>(&mut self, edit: &'e Edit<'e>) -> Result<Completed<'e>, Error> {
        let editor = self.editor_of(edit);
        let plan = if edit.editing.dry_run || edit.prints_file {
            editor.plan(edit.request.clone())?
        } else {
            let editor = self.interruptible(editor);
            if edit.editing.restart {
                return self.edit_and_restart(&editor, edit);
            }
            editor.commit(edit.request.clone())?
        };
        Ok(Completed {
            edit,
            is_change: plan.is_change(),
            plan,
            restart: None,
        })
    }

    /// The editor that makes an edit.
    pub(super) fn editor_of(&self, edit: &Edit<'_>) -> Editor {
        let editor = edit.editing.set_up(self.editor(&*edit.summary));
        editor.drop_in(edit.drop_in.clone())
    }

    /// The text of the file that an edit is about, if it is about no other.
    fn one_file(plan: &Outcome) -> Result<&str, Error> {
        let mut changes = plan.changes();
        let (first, second) = (changes.next(), changes.next());
        if let (Some(first), Some(second)) = (first, second) {
            let message = format!(
                "--stdout prints one file, and this edit changes both {} and {}",
                first.path.display(),
                second.path.display()
            );
            let hint = "see the changes of all files with --dry-run";
            return Err(Error::new(Code::Usage, message, hint));
        }
        // The one that the edit goes to comes first.
        let file = first.or(plan.drop_ins.first()).unwrap_or(&plan.main);
        Ok(file.after.as_deref().unwrap_or_default())
    }
}

/// A file that gets a whole text; `None`: the config.
pub(super) fn drop_in_at(path: Option<&PathBuf>) -> DropIn {
    path.map_or(DropIn::Automatic, |path| DropIn::At(path.clone()))
}

/// A whole text for a file, read from `path`.
pub(super) fn as_text(bytes: Vec<u8>, path: &Path, hint: &str) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| {
        let refused = Error::new(Code::NotToml, "not valid TOML: not UTF-8", hint);
        refused.at(path).caused_by(error)
    })
}
