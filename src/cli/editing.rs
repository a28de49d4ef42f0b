//! The verbs that edit a config.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde_json::Value;

use containerd_edit::{
    Code, Editor, Error, ExitCode, Handler, Kind, Outcome, Owner, Patch, PatchFile,
};

use super::Run;
use super::arguments::{Add, Apply, Format, Remove, SetDefault, Undo};
use super::report;
use super::signals::Signals;

/// The name that stands for stdin.
const STDIN: &str = "-";

/// What is done to a config.
pub(super) enum Edit<'e> {
    Patch(&'e Patch),
    /// The last change is taken back, if it is this owner's.
    Undo(Option<&'e Owner>),
}

impl Edit<'_> {
    fn plan(&self, editor: &Editor) -> Result<Outcome, Error> {
        match self {
            Self::Patch(patch) => editor.plan(patch),
            Self::Undo(owner) => editor.plan_undo(*owner),
        }
    }

    fn make(&self, editor: &Editor) -> Result<Outcome, Error> {
        match self {
            Self::Patch(patch) => editor.commit(patch),
            Self::Undo(owner) => editor.undo(*owner),
        }
    }

    /// On whose behalf that is.
    pub(super) fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Patch(patch) => patch.acting_owner(),
            Self::Undo(owner) => *owner,
        }
    }
}

impl Run {
    pub(super) fn add(&mut self, add: &Add) -> Result<ExitCode, Error> {
        self.edit(patch_of(add)?, self.arguments.summary())
    }

    pub(super) fn apply(&mut self, apply: &Apply) -> Result<ExitCode, Error> {
        let bytes = match read(&apply.file) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(self.no_patch_file(&apply.file, &error)),
        };
        if bytes.is_empty() && apply.prune && apply.file == Path::new(STDIN) {
            // Rather a program that failed than an installer that wants nothing.
            let message = "there was nothing to read, and --prune would remove all of the owner's";
            let hint = "see why the program before the pipe printed nothing; to remove all, use \
                        `containerd-edit remove --owner ID`";
            return Err(Error::new(Code::BadPatchFile, message, hint).at(&apply.file));
        }
        let file = match PatchFile::parse(&bytes) {
            Ok(file) => file,
            Err(error) => return Err(error.at(&apply.file)),
        };
        let owner = match (file.owner(), &apply.owner) {
            (Some(its), Some(given)) if its != given => {
                let message = format!(
                    "{} belongs to {its}, and --owner (or $CONTAINERD_EDIT_OWNER) says {given}",
                    apply.file.display()
                );
                let hint = "name the owner in one place, or the same one in both";
                return Ok(self.fail(ExitCode::Usage, "usage", &message, hint));
            }
            (Some(owner), _) | (None, Some(owner)) => owner.clone(),
            (None, None) => Owner::default(),
        };
        let command = format!("{} as {owner}", self.arguments.summary());
        let mut patch = file.clone().into_patch().owner(owner);
        if apply.prune {
            patch = patch.prune();
        }
        if apply.take_over {
            patch = patch.take_over();
        }
        if apply.adopt {
            patch = patch.adopt();
        }
        self.edit(patch, command).map_err(|error| {
            match error.key().and_then(|key| file.position(key)) {
                // The key is to be fixed where the patch file has it.
                Some(position) => error.moved_to(&apply.file, position.clone()),
                None => error,
            }
        })
    }

    pub(super) fn remove(&mut self, remove: &Remove) -> Result<ExitCode, Error> {
        let names = remove.names.iter();
        let patch = match &remove.owner {
            None => names.fold(Patch::new(), Patch::remove),
            Some(owner) if remove.names.is_empty() => Patch::new().owner(owner.clone()).prune(),
            Some(owner) => names.fold(Patch::new().owner(owner.clone()), Patch::remove_owned),
        };
        let patch = if remove.adopt { patch.adopt() } else { patch };
        if (remove.if_unused || remove.wait_unused.is_some())
            && let Err(exit) = self.make_sure_unused(remove, &patch)?
        {
            return Ok(exit);
        }
        self.edit(patch, self.arguments.summary())
    }

    pub(super) fn set_default(&mut self, set: &SetDefault) -> Result<ExitCode, Error> {
        let patch = match (&set.name, &set.owner) {
            (Some(name), owner) => Patch::new()
                .owner(owner.clone().unwrap_or_default())
                .default_handler(name.clone()),
            (None, Some(owner)) => Patch::new().unset_default_of(owner.clone()),
            (None, None) => Patch::new().unset_default(),
        };
        self.edit(patch, self.arguments.summary())
    }

    pub(super) fn undo(&mut self, undo: &Undo) -> Result<ExitCode, Error> {
        let edit = Edit::Undo(undo.owner.as_ref());
        self.make(&edit, self.arguments.summary())
    }

    /// Makes an edit, or shows what it would be. `command` says in a few words what was asked for.
    fn edit(&mut self, patch: Patch, command: String) -> Result<ExitCode, Error> {
        let patch = self.in_plugin(patch);
        self.make(&Edit::Patch(&patch), command)
    }

    fn make(&mut self, edit: &Edit<'_>, command: String) -> Result<ExitCode, Error> {
        let editor = self.editor().command(command);
        let restart = self.arguments.restart_too().filter(|too| too.restart);
        if let Some(how) = restart.map(|too| too.how.clone()) {
            return Ok(self.edit_and_restart(editor, edit, &how));
        }
        let plan = if self.arguments.global.dry_run || self.arguments.global.stdout {
            edit.plan(&editor)?
        } else {
            edit.make(&self.interruptible(editor))?
        };
        let global = &self.arguments.global;
        let code = if !plan.report.left_behind.is_empty() {
            ExitCode::LeftBehind
        } else if global.exit_code && plan.is_change() {
            ExitCode::Changed
        } else {
            ExitCode::Success
        };
        if global.output == Format::Json {
            let report = self.edit_json(&plan, edit);
            return Ok(self.report_json(&report, global.dry_run, code));
        }
        self.warn(&plan);
        let global = &self.arguments.global;
        if global.stdout {
            return Ok(self.print_result(&plan, code));
        }
        if global.quiet {
            return Ok(code);
        }
        let mut text = String::new();
        if global.dry_run || global.verbose {
            text = report::colored(&report::diff(&plan));
        }
        text.push_str(&report::summary(
            &plan,
            global.dry_run,
            self.layout.as_ref(),
        ));
        Ok(self.print(&text, global.dry_run, code))
    }

    /// The JSON report of an edit.
    pub(super) fn edit_json(&self, plan: &Outcome, edit: &Edit<'_>) -> Value {
        let mut report = report::edit_json(plan, edit.owner(), self.layout.as_ref());
        if let Some(unused) = &self.unused {
            report["unused"] = unused.clone();
        }
        report
    }

    /// A patch for the plugin table that was asked for, if one was.
    pub(super) fn in_plugin(&self, patch: Patch) -> Patch {
        match &self.arguments.global.plugin_id {
            Some(id) => patch.plugin_id(id),
            None => patch,
        }
    }

    /// Prints the one file that the edit is about.
    fn print_result(&mut self, plan: &Outcome, code: ExitCode) -> ExitCode {
        let is_drop_in = matches!(
            self.layout.as_ref().map(|layout| &layout.kind),
            Some(Kind::DropIn { .. })
        );
        // The one that the edit goes to comes first.
        let (own, others) = plan.drop_ins.split_at(usize::from(is_drop_in));
        let mut others = others.iter().filter(|change| change.is_change());
        if let Some(other) = others.next() {
            let message = format!(
                "--stdout prints one file, and this edit changes {}, too",
                other.path.display()
            );
            let hint = "see all of it with --dry-run, which shows what becomes of each file";
            return self.fail(ExitCode::Usage, "usage", &message, hint);
        }
        let text = match own {
            [drop_in, ..] => &drop_in.after,
            [] => &plan.main.after,
        };
        self.print(text.as_deref().unwrap_or_default(), true, code)
    }

    /// Has a signal that comes before anything has changed interrupt an edit.
    pub(super) fn interruptible(&mut self, editor: Editor) -> Editor {
        // Where they can't be noted, a signal ends the run at once, as it does any program.
        let Some(signals) = self.noted_signals() else {
            return editor;
        };
        editor.interrupted(move || signals.is_asked_to_end())
    }

    /// Says what people should know of an edit.
    pub(super) fn warn(&mut self, plan: &Outcome) {
        if self.arguments.global.quiet {
            return;
        }
        for left in &plan.report.left_behind {
            let text = report::left_behind(&plan.path, left);
            let _ = self.err.write_all(text.as_bytes());
        }
        for warning in &plan.report.warnings {
            let text = report::warning(&plan.path, warning);
            let _ = self.err.write_all(text.as_bytes());
        }
    }

    /// Notes signals from now on, if they aren't yet.
    pub(super) fn noted_signals(&mut self) -> Option<Signals> {
        if self.signals.is_none() {
            self.signals = Signals::noted().ok();
        }
        self.signals.clone()
    }

    /// A patch file that can't be read.
    fn no_patch_file(&mut self, file: &Path, error: &io::Error) -> ExitCode {
        let hint = "name the patch file by a path of this process (--host-root is for the config \
                    alone), or - to read it from stdin";
        let (exit, code, message) = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => (
                ExitCode::Missing,
                "no-patch-file",
                "there is no such patch file".to_owned(),
            ),
            io::ErrorKind::IsADirectory => (
                ExitCode::Missing,
                "no-patch-file",
                "this is a folder, not a patch file".to_owned(),
            ),
            kind => {
                let exit = if kind == io::ErrorKind::PermissionDenied {
                    ExitCode::Permission
                } else {
                    ExitCode::Io
                };
                (exit, "io", format!("cannot read the patch file: {error}"))
            }
        };
        self.fail_at(exit, code, &message, hint, (file, None))
    }
}

fn patch_of(add: &Add) -> Result<Patch, Error> {
    let settings = add.settings.iter().cloned();
    let handler = Handler::resolve(add.name.clone(), add.preset.as_ref(), settings)?;
    let mut patch = Patch::new().ensure(handler).owner(add.owner.clone());
    if add.default {
        patch = patch.default_handler(add.name.clone());
    }
    if add.take_over {
        patch = patch.take_over();
    }
    if add.adopt {
        patch = patch.adopt();
    }
    Ok(patch)
}

/// Reads a patch file: one of this process, wherever the host's files are.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new(STDIN) {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
