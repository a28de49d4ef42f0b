//! The verb `edit`: a file in the user's editor, judged before it takes the file's place.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use containerd_edit::report::FileChange;
use containerd_edit::{
    Change, Code, Editor, Error, ExitCode, NextStep, Replacement, Request, read_whole,
};
use tempfile::TempDir;

use super::arguments;
use super::edit::Edit;
use super::editing::{as_text, drop_in_at};
use super::run::Run;
use super::signals;

/// A copy of a file in a private folder, by the same name.
struct Copy {
    folder: TempDir,
    path: PathBuf,
}

impl Run {
    pub(super) fn edit_by_hand(&mut self, verb: &arguments::Edit) -> Result<ExitCode, Error> {
        let mut edit = Edit::new(Change::new(), &verb.editing, "edit");
        edit.drop_in = drop_in_at(verb.drop_in.as_ref());
        let editor = self.editor_of(&edit);
        let found = editor.read_whole()?;
        let copy = Copy::of(&found)?;
        loop {
            let Err(error) = copy.edited(&editor, &found, &mut edit.request) else {
                break;
            };
            if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
                return Err(copy.kept(error, &found, verb.drop_in.as_deref()));
            }
            let code = self.output.fail(&error, None);
            if !wants_to_go_on() {
                return Ok(code);
            }
        }
        self.edit(&edit).map_err(|error| {
            // The lock is busy, or another program has changed the file meanwhile.
            copy.kept(error, &found, verb.drop_in.as_deref())
        })
    }
}

impl Copy {
    fn of(file: &FileChange) -> Result<Self, Error> {
        let named = tempfile::Builder::new()
            .prefix("containerd-edit-")
            .tempdir();
        let make = || {
            let folder = named?;
            let path = folder
                .path()
                .join(file.path.file_name().unwrap_or_default());
            #[expect(clippy::disallowed_methods, reason = "the copy is this run's own")]
            fs::write(&path, file.before.as_deref().unwrap_or_default())?;
            Ok(Self { folder, path })
        };
        make().map_err(|error: io::Error| {
            let hint = "name a folder with $TMPDIR that can be written to";
            let message = "cannot copy the file for the editor";
            Error::new(Code::Io, message, hint)
                .at(env::temp_dir())
                .caused_by(error)
        })
    }

    /// Has the user edit the copy, and works out what putting it in place would do. `request` is that
    /// then; nothing, if the text is the same.
    fn edited(
        &self,
        editor: &Editor,
        file: &FileChange,
        request: &mut Request,
    ) -> Result<(), Error> {
        self.open()?;
        let bytes = self.read().map_err(|error| {
            let hint = "have the editor write to the file that it is given";
            let message = "cannot read what the editor has left";
            Error::new(Code::Io, message, hint)
                .at(&self.path)
                .caused_by(error)
        })?;
        let is_same = bytes == file.before.as_deref().unwrap_or_default();
        let mut change = file.clone();
        if !is_same {
            change.after = Some(as_text(bytes, &self.path, "save the text as UTF-8")?);
        }
        let source = self.path.clone();
        *request = Request::Replace(Replacement { change, source });
        // Nothing is to be done only where all is well.
        let planned = if is_same {
            Change::new().into()
        } else {
            request.clone()
        };
        editor.plan(planned).map(drop)
    }

    /// What the editor has left.
    fn read(&self) -> io::Result<Vec<u8>> {
        if !fs::metadata(&self.path)?.is_file() {
            return Err(io::Error::other("it is no regular file any more"));
        }
        read_whole(File::open(&self.path)?, 0)
    }

    /// Opens the copy in the user's editor.
    fn open(&self) -> Result<(), Error> {
        // Those of the keyboard are for the editor.
        signals::leave_to_child();
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let program = set("VISUAL").or_else(|| set("EDITOR"));
        let program = program.unwrap_or_else(|| "vi".into());
        let mut script = OsString::from(&program);
        script.push(" \"$@\"");
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).arg(&program).arg(&self.path);
        let why = match command.status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let message = format!("the editor {} failed: {why}", program.to_string_lossy());
        let hint = "nothing was changed; name another editor with $VISUAL or $EDITOR";
        Err(Error::new(Code::EditorFailed, message, hint))
    }

    /// The error, with the command that puts the text in place later: if it was changed, it is kept.
    fn kept(self, error: Error, file: &FileChange, drop_in: Option<&Path>) -> Error {
        let now = self.read().ok();
        if now.is_none() || now.as_deref() == Some(file.before.as_deref().unwrap_or_default()) {
            return error;
        }
        // From here on the folder stays.
        let _ = self.folder.keep();
        let from = &self.path;
        let step = NextStep::RestoreOnceFixed { from, drop_in };
        let hint = format!("{}; {step}", error.hint());
        error.with_hint(hint)
    }
}

/// Asks whether to edit the text again.
fn wants_to_go_on() -> bool {
    loop {
        let _ = write!(
            io::stderr(),
            "(e)dit again, or e(x)it without changing anything? "
        );
        let mut answer = String::new();
        match io::stdin().read_line(&mut answer) {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
        match answer.trim() {
            "e" => return true,
            "x" => return false,
            _ => {}
        }
    }
}
