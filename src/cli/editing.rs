//! The verbs that edit a config.

use std::collections::BTreeSet;

use containerd_edit::{Change, Code, Editor, Error, ExitCode, Handler, Kind, Outcome, Owner};

use super::arguments::{Add, Apply, Editing, Patching, Placing, Remove, SetDefault, Undo};
use super::edit_report::{EditReport, Shown};
use super::patch_file;
use super::run::Run;

/// An edit that the user has asked for.
pub(super) struct Edit<'e> {
    pub(super) request: Request,
    pub(super) editing: &'e Editing,
    /// Where a change goes.
    pub(super) placing: Option<&'e Placing>,
    /// The command in a few words, for whoever waits for the lock or reads the operation log.
    pub(super) summary: String,
}

/// What is done to a config.
pub(super) enum Request {
    Change(Box<Change>),
    /// The last change is taken back, if it is this owner's.
    Undo(Option<Owner>),
}

impl Request {
    fn plan(&self, editor: &Editor) -> Result<Outcome, Error> {
        match self {
            Self::Change(change) => editor.plan(change),
            Self::Undo(owner) => editor.plan_undo(owner.as_ref()),
        }
    }

    fn make(&self, editor: &Editor) -> Result<Outcome, Error> {
        match self {
            Self::Change(change) => editor.commit(change),
            Self::Undo(owner) => editor.undo(owner.as_ref()),
        }
    }

    /// The owner that asks for it.
    fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Change(change) => change.acting_owner(),
            Self::Undo(owner) => owner.as_ref(),
        }
    }
}

impl<'e> Edit<'e> {
    fn of(change: Change, patching: &'e Patching, summary: String) -> Result<Self, Error> {
        let change = patching.adopting.adopt(change)?;
        Ok(Self {
            request: Request::Change(Box::new(patching.placing.plugin.narrow(change))),
            editing: &patching.editing,
            placing: Some(&patching.placing),
            summary,
        })
    }

    fn prints_file(&self) -> bool {
        self.placing.is_some_and(|placing| placing.stdout)
    }
}

impl Run {
    pub(super) fn add(&mut self, add: &Add) -> Result<ExitCode, Error> {
        let settings = add.settings.iter().cloned();
        let handler = Handler::resolve(add.name.clone(), add.preset.as_ref(), settings)?;
        let mut change = Change::new().ensure(handler).owner(add.owning.owner());
        if add.default {
            change = change.default_handler(add.name.clone());
        }
        if add.take_over {
            change = change.take_over();
        }
        let summary = format!("add {}", add.name);
        self.edit(&Edit::of(change, &add.patching, summary)?)
    }

    pub(super) fn apply(&mut self, apply: &Apply) -> Result<ExitCode, Error> {
        let file = patch_file::read(apply)?;
        let owner = patch_file::owner(apply, &file)?;
        let summary = format!("apply {} as {owner}", apply.file.display());
        let mut change = file.clone().into_change().owner(owner);
        if apply.prune {
            change = change.prune();
        }
        if apply.take_over {
            change = change.take_over();
        }
        let edit = Edit::of(change, &apply.patching, summary)?;
        self.edit(&edit).map_err(|error| {
            let position = error.key().and_then(|key| file.position(key));
            match position {
                // The key is to be fixed where the patch file has it.
                Some(position) => error.moved_to(&apply.file, position.clone()),
                None => error,
            }
        })
    }

    pub(super) fn remove(&mut self, remove: &Remove) -> Result<ExitCode, Error> {
        let names = remove.names.iter();
        let mut change = names.clone().fold(Change::new(), Change::remove);
        if let Some(owner) = &remove.owner {
            change = change.owner(owner.clone());
            if remove.names.is_empty() {
                change = change.prune();
            }
        }
        let names = names.map(|name| format!(" {name}"));
        let owner = remove.owner.iter();
        let owner = owner.map(|owner| format!(" --owner {owner}"));
        let summary = format!("remove{}", names.chain(owner).collect::<String>());
        let edit = Edit::of(change, &remove.patching, summary)?;
        let mut unused = None;
        if remove.if_unused || remove.wait_unused.is_some() {
            unused = self.make_sure_unused(remove, &edit)?;
        }
        self.edit_unused(&edit, unused)
    }

    pub(super) fn set_default(&mut self, set: &SetDefault) -> Result<ExitCode, Error> {
        let (change, summary) = match (&set.name, &set.owning.owner) {
            (Some(name), _) => {
                let change = Change::new().owner(set.owning.owner());
                let summary = format!("set-default {name}");
                (change.default_handler(name.clone()), summary)
            }
            (None, Some(owner)) => {
                let summary = format!("set-default --unset --owner {owner}");
                (Change::new().owner(owner.clone()).unset_default(), summary)
            }
            (None, None) => {
                let summary = "set-default --unset".to_owned();
                (Change::new().unset_default(), summary)
            }
        };
        self.edit(&Edit::of(change, &set.patching, summary)?)
    }

    pub(super) fn undo(&mut self, undo: &Undo) -> Result<ExitCode, Error> {
        self.edit(&Edit {
            request: Request::Undo(undo.owner.clone()),
            editing: &undo.editing,
            placing: None,
            summary: "undo".to_owned(),
        })
    }

    fn edit(&mut self, edit: &Edit<'_>) -> Result<ExitCode, Error> {
        self.edit_unused(edit, None)
    }

    /// Makes an edit, or shows what it would be. `unused` are the handlers that no pod uses, if the
    /// daemon was asked.
    fn edit_unused(
        &mut self,
        edit: &Edit<'_>,
        unused: Option<BTreeSet<String>>,
    ) -> Result<ExitCode, Error> {
        let editing = edit.editing;
        let editor = self.editor_of(edit)?;
        let mut restart = None;
        let plan = if editing.restarting.restart {
            let editor = self.interruptible(editor);
            let (plan, restarted) = self.edit_and_restart(&editor, edit)?;
            restart = Some(restarted);
            plan
        } else if editing.dry_run || edit.prints_file() {
            edit.request.plan(&editor)?
        } else {
            edit.request.make(&self.interruptible(editor))?
        };
        self.output.warn(&plan.path, &plan.report.warnings);
        let was_restarted = restart.as_ref().is_some_and(|restart| restart.done);
        let code = if plan.report.left_behind.is_empty() {
            editing.exiting.code(plan.is_change() || was_restarted)
        } else {
            ExitCode::LeftBehind
        };
        if edit.prints_file() {
            let text = self.one_file(&plan)?;
            return Ok(self.output.print(text, code));
        }
        let layout = self.config.layout.as_ref();
        let mut report = EditReport::new(&plan, edit.request.owner(), layout);
        report.unused(unused);
        if editing.dry_run {
            report.shown = Shown::DryRun;
        } else if self.output.verbose {
            report.shown = Shown::DoneWithDiff;
        }
        if let Some(restart) = restart {
            report.restarted(restart);
        }
        if editing.dry_run && !self.output.is_silent() {
            return Ok(self.output.answer(&report, code));
        }
        Ok(self.output.tell(&report, code))
    }

    /// The editor that makes an edit.
    pub(super) fn editor_of(&self, edit: &Edit<'_>) -> Result<Editor, Error> {
        let editor = edit.editing.set_up(self.editor(&*edit.summary));
        let Some(placing) = edit.placing else {
            return Ok(editor);
        };
        if placing.drop_in.is_some() && self.config.is_template() {
            let message = "--drop-in: this release of the distribution has a template and reads no \
                           drop-ins";
            let hint = "leave it out: the handler goes into the template";
            return Err(Error::new(Code::Usage, message, hint));
        }
        Ok(placing.set_up(editor))
    }

    /// The text of the file that an edit is about, if it is about no other.
    fn one_file<'p>(&self, plan: &'p Outcome) -> Result<&'p str, Error> {
        let kind = self.config.layout.as_ref().map(|layout| &layout.kind);
        let is_drop_in = matches!(kind, Some(Kind::DropIn { .. }));
        // The one that the edit goes to comes first.
        let (own, others) = plan.drop_ins.split_at(usize::from(is_drop_in));
        if let Some(other) = others.iter().find(|change| change.is_change()) {
            let message = format!(
                "--stdout prints one file, and this edit also changes {}",
                other.path.display()
            );
            let hint = "see the changes of all files with --dry-run";
            return Err(Error::new(Code::Usage, message, hint));
        }
        let text = match own {
            [drop_in, ..] => &drop_in.after,
            [] => &plan.main.after,
        };
        Ok(text.as_deref().unwrap_or_default())
    }
}
