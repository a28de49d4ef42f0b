//! The order of steps of one edit under the lock: lock, read, plan, write beside, replace, note down.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::editor::{Editor, Plan};
use crate::error::Error;
use crate::file::lock::{ConfigLock, Patience};
use crate::file::replace::{self, PendingFile, Replaced, Synced};
use crate::file::target::{Snapshot, Target};
use crate::file::{Notice, digest, leftovers, sidecar, site};
use crate::operation_log::{self, LogEntry, LogTo};
use crate::patch::{Handlers, Patch, Warning};
use crate::seeded::{self, Bug};

/// How often an edit is started anew because somebody who ignores the lock changed the file.
const TRIES: u32 = 10;

/// A config whose lock is held.
struct Locked {
    lock: ConfigLock,
    target: Target,
    /// The digest of the config when it was last read.
    read: Option<String>,
}

impl Editor {
    /// Makes an edit, under the lock.
    ///
    /// If nothing is to be changed, the file is left alone: same bytes, inode and times.
    ///
    /// # Errors
    ///
    /// As [`Editor::plan`], and [`Error::LockBusy`], [`Error::KeptChanging`], [`Error::Interrupted`],
    /// or [`Error::Io`]. After any of them the config is as it was. Only after [`Error::NotDurable`]
    /// it has changed, without the certainty that this survives a power cut, and after
    /// [`Error::NotPutBack`] another program's text stands beside it.
    pub fn commit(&self, patch: &Patch) -> Result<Plan, Error> {
        let target = self.find()?;
        let mut locked = match self.lock(target) {
            Ok(locked) => locked,
            Err(error) if is_read_only(&error) => {
                // Nobody can write there, so that nothing to do is nothing to lock for.
                let plan = self.plan(patch)?;
                return if plan.is_change() {
                    Err(error)
                } else {
                    Ok(plan)
                };
            }
            Err(error) => return Err(error),
        };
        let mut result = self.edit(&mut locked, patch);
        if let Some(notice) = self.note(&locked, patch, &result)
            && let Ok(plan) = &mut result
        {
            plan.edited.warnings.push(notice.into());
        }
        result
    }

    fn lock(&self, target: Target) -> Result<Locked, Error> {
        let patience = Patience {
            timeout: self.lock_timeout,
            on_wait: &*self.on_wait,
            interrupted: &*self.interrupted,
        };
        Ok(Locked {
            lock: ConfigLock::acquire(&target.path, &self.command, &patience)?,
            target,
            read: None,
        })
    }

    /// The steps under the lock. What they work on at last is left in `locked`.
    fn edit(&self, locked: &mut Locked, patch: &Patch) -> Result<Plan, Error> {
        for _ in 0..TRIES {
            // A link may have been turned to another file while this run waited.
            let now = self.find()?;
            if now.path != locked.target.path {
                *locked = self.lock(now)?;
                continue;
            }
            let Locked { lock, target, read } = &mut *locked;
            let snapshot = target.read()?;
            let original = snapshot.existing.as_ref();
            let bytes = original.map(|original| &*original.bytes);
            *read = bytes.map(digest::of);
            let mut notices = leftovers::sweep(lock, target, bytes);
            let mut plan = self.plan_from(target, &snapshot, patch)?;
            if plan.is_change() {
                if let Some(done) = self.replace(lock, target, &snapshot, &plan)? {
                    notices.extend(done);
                } else {
                    continue;
                }
            } else {
                let file = original.map(|existing| &existing.file);
                replace::sync(target, file, Synced::Unchanged)?;
            }
            notices.extend(site::notices(target, original));
            let warnings = notices.into_iter().map(Warning::from);
            plan.edited.warnings.extend(warnings);
            return Ok(plan);
        }
        Err(Error::KeptChanging {
            path: self.path.clone(),
            tries: TRIES,
        })
    }

    /// Makes the planned change. `None`: another program has changed the file meanwhile.
    fn replace(
        &self,
        lock: &ConfigLock,
        target: &Target,
        snapshot: &Snapshot,
        plan: &Plan,
    ) -> Result<Option<Vec<Notice>>, Error> {
        let original = snapshot.existing.as_ref();
        site::check(target, original)?;
        let pending = match &plan.edited.text {
            Some(text) => Some(PendingFile::write(lock, target, original, text.as_bytes())?),
            None => None,
        };
        if target.has_changed(snapshot)? && !seeded::has(Bug::NoComparison) {
            return Ok(None);
        }
        // The last moment at which nothing has happened.
        if (self.interrupted)() {
            return Err(Error::Interrupted {
                path: self.path.clone(),
            });
        }
        let replaced = match (pending, original) {
            (Some(pending), _) => pending.commit(snapshot)?,
            (None, Some(original)) => replace::delete(lock, target, original)?,
            (None, None) => Replaced::Done(Vec::new()),
        };
        Ok(match replaced {
            Replaced::Done(notices) => Some(notices),
            Replaced::Overtaken => None,
        })
    }

    /// Notes a run down that changed or refused something. That never costs the edit: what keeps it
    /// from being noted comes back as a notice.
    fn note(&self, locked: &Locked, patch: &Patch, result: &Result<Plan, Error>) -> Option<Notice> {
        let log = match self.log_path(&locked.target)? {
            Ok(log) => log,
            Err(error) => return Some(not_logged(&self.path, &error)),
        };
        let (handlers, after, outcome) = match result {
            Ok(plan) if !plan.is_change() => return None,
            Ok(plan) => {
                let text = plan.edited.text.as_ref();
                let after = text.map(|text| digest::of(text.as_bytes()));
                (plan.edited.handlers.clone(), after, LogEntry::CHANGED)
            }
            Err(error) => (Handlers::default(), locked.read.clone(), error.code()),
        };
        let entry = LogEntry {
            time: LogEntry::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: self.command.clone(),
            owner: patch.adding_owner().map(|owner| owner.as_str().to_owned()),
            handlers,
            before: locked.read.clone(),
            after,
            outcome: outcome.to_owned(),
        };
        let appended = operation_log::append(&locked.lock, &log, &entry);
        appended.err().map(|error| not_logged(&log, &error))
    }

    /// Where this process finds the operation log. `None`: there shall be none.
    pub(crate) fn log_path(&self, target: &Target) -> Option<io::Result<PathBuf>> {
        match &self.log {
            LogTo::Beside => Some(Ok(sidecar::log(&target.path))),
            LogTo::File(path) => Some(self.host_root.entry(path)),
            LogTo::Nowhere => None,
        }
    }
}

fn is_read_only(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if Errno::from_io_error(source) == Some(Errno::ROFS))
}

impl From<Notice> for Warning {
    fn from(notice: Notice) -> Self {
        Self {
            code: notice.code,
            message: notice.message,
            at: None,
        }
    }
}

fn not_logged(path: &Path, error: &io::Error) -> Notice {
    Notice {
        code: "not-logged",
        message: format!(
            "the operation log {} could not be written: {error}; name another place with --log, or \
             --log none",
            path.display()
        ),
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "other programs write as they like"
)]
mod tests {
    use std::cell::Cell;
    use std::fs;
    use std::rc::Rc;

    use super::*;
    use crate::handler::Handler;

    const CONFIG: &str = "version = 3\n";
    const THEIRS: &str = "version = 3\n# theirs\n";

    fn patch() -> Patch {
        Patch::new().ensure(Handler::new(
            "spin".parse().expect("a name"),
            "io.containerd.spin.v2",
        ))
    }

    /// Makes an edit during which, right after the last comparison, `stranger` gets its turn once.
    fn edit_with(
        config: Option<&str>,
        patch: &Patch,
        stranger: impl Fn(&Path) + 'static,
    ) -> (tempfile::TempDir, PathBuf, Result<Plan, Error>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.toml");
        if let Some(config) = config {
            fs::write(&path, config).expect("writes");
        }
        let turns = Rc::new(Cell::new(0));
        let its_path = path.clone();
        let editor = Editor::new(&path).interrupted(move || {
            if turns.replace(1) == 0 {
                stranger(&its_path);
            }
            false
        });
        let result = editor.commit(patch);
        (folder, path, result)
    }

    fn replace_by(text: &'static str) -> impl Fn(&Path) {
        move |path| {
            let new = path.with_extension("new");
            fs::write(&new, text).expect("writes");
            fs::rename(new, path).expect("renames");
        }
    }

    fn temporaries(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".tmp")).count()
    }

    #[test]
    fn what_a_stranger_writes_at_the_last_moment_is_edited_and_not_lost() {
        let in_place = |path: &Path| fs::write(path, THEIRS).expect("writes");
        let strangers: [Box<dyn Fn(&Path)>; 2] = [Box::new(in_place), Box::new(replace_by(THEIRS))];
        for stranger in strangers {
            let (folder, path, result) = edit_with(Some(CONFIG), &patch(), stranger);
            let plan = result.expect("an edit of theirs");
            assert_eq!(plan.before.as_deref(), Some(THEIRS.as_bytes()));
            let text = fs::read_to_string(&path).expect("readable");
            assert!(
                text.contains("# theirs") && text.contains("runtimes.spin"),
                "{text}"
            );
            let previous = fs::read_to_string(sidecar::previous(&path)).expect("readable");
            assert_eq!(previous, THEIRS);
            assert_eq!(temporaries(folder.path()), 0);
        }
    }

    #[test]
    fn a_file_that_a_stranger_creates_or_deletes_at_the_last_moment_is_seen() {
        let (_folder, path, result) = edit_with(None, &patch(), replace_by(THEIRS));
        result.expect("an edit of theirs");
        let text = fs::read_to_string(&path).expect("readable");
        assert!(
            text.contains("# theirs") && text.contains("runtimes.spin"),
            "{text}"
        );

        let delete = |path: &Path| fs::remove_file(path).expect("removes");
        let (folder, path, result) = edit_with(Some(CONFIG), &patch(), delete);
        result.expect("a new file");
        let text = fs::read_to_string(&path).expect("readable");
        assert!(
            text.starts_with("# containerd-edit v1 owner=manual\nversion = 2\n"),
            "{text}"
        );
        assert_eq!(temporaries(folder.path()), 0);
    }

    #[test]
    fn a_link_that_a_stranger_makes_of_the_config_is_followed() {
        let link = |path: &Path| {
            let real = path.with_file_name("real.toml");
            fs::write(&real, THEIRS).expect("writes");
            fs::remove_file(path).expect("removes");
            std::os::unix::fs::symlink("real.toml", path).expect("links");
        };
        let (folder, path, result) = edit_with(Some(CONFIG), &patch(), link);
        result.expect("an edit of what the link leads to");
        assert!(path.is_symlink(), "the link stays");
        let text = fs::read_to_string(&path).expect("readable");
        assert!(
            text.contains("# theirs") && text.contains("runtimes.spin"),
            "{text}"
        );
        assert_eq!(temporaries(folder.path()), 0);
    }

    #[test]
    fn a_file_of_this_tool_is_not_deleted_once_a_stranger_has_written_to_it() {
        let remove = Patch::new().remove("spin");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.toml");
        Editor::new(&path).commit(&patch()).expect("created");
        let created = fs::read_to_string(&path).expect("readable");
        let append = |path: &Path| {
            let mut text = fs::read(path).expect("readable");
            text.extend_from_slice(b"# theirs\n");
            fs::write(path, text).expect("writes");
        };
        let (folder, path, result) = edit_with(Some(&created), &remove, append);
        result.expect("an edit of theirs");
        let text = fs::read_to_string(&path).expect("the file stays");
        assert!(
            text.contains("# theirs") && !text.contains("spin"),
            "{text}"
        );
        assert_eq!(temporaries(folder.path()), 0);
    }

    #[test]
    fn who_is_interrupted_has_changed_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.toml");
        fs::write(&path, CONFIG).expect("writes");
        let result = Editor::new(&path).interrupted(|| true).commit(&patch());
        assert!(
            matches!(result, Err(Error::Interrupted { .. })),
            "{result:?}"
        );
        assert_eq!(fs::read_to_string(&path).expect("readable"), CONFIG);
        assert_eq!(temporaries(folder.path()), 0);
    }

    /// As a run leaves it that is killed between its exchange and its comparison.
    #[test]
    fn what_a_killed_run_displaced_is_kept_and_told_of() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.toml");
        let theirs = leave(&path, THEIRS, "new");
        let plan = Editor::new(&path).commit(&patch()).expect("goes on");
        let told = plan
            .edited
            .warnings
            .iter()
            .find(|warning| warning.code == "displaced");
        let told = told.expect("a warning");
        assert!(
            told.message.contains(&*theirs.to_string_lossy()),
            "{}",
            told.message
        );
        assert_eq!(fs::read_to_string(&theirs).expect("kept"), THEIRS);
        let status = Editor::new(&path).status().expect("readable");
        assert_eq!(status.displaced, [theirs.clone()]);
        // Until somebody has looked at it.
        fs::remove_file(theirs).expect("removes");
        let plan = Editor::new(&path).commit(&patch()).expect("nothing to do");
        assert_eq!(plan.edited.warnings, []);
    }

    #[test]
    fn what_a_killed_run_replaced_becomes_the_previous_config() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.toml");
        leave(&path, "old", "new");
        Editor::new(&path)
            .commit(&Patch::new())
            .expect("nothing to do");
        let previous = fs::read_to_string(sidecar::previous(&path)).expect("readable");
        assert_eq!(previous, "old");
        assert_eq!(temporaries(folder.path()), 0);
        // If the config has been changed again since, it is older than that.
        leave(&path, "old", "other");
        Editor::new(&path)
            .commit(&Patch::new())
            .expect("nothing to do");
        assert_eq!(temporaries(folder.path()), 0);
    }

    #[test]
    fn what_a_killed_run_did_not_get_to_exchange_is_swept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.toml");
        leave(&path, CONFIG, "new");
        fs::write(&path, "version = 2\n").expect("writes");
        Editor::new(&path)
            .commit(&Patch::new())
            .expect("nothing to do");
        assert!(
            !sidecar::previous(&path).exists(),
            "it never was the config"
        );
        assert_eq!(temporaries(folder.path()), 0);
    }

    /// Leaves `text` under the name of an exchange of "old" for the config, which is written, or for
    /// another text.
    fn leave(path: &Path, text: &str, other: &str) -> PathBuf {
        fs::write(path, CONFIG).expect("writes");
        let after = if other == "new" { CONFIG } else { other };
        let texts = sidecar::Texts::of(Some(b"old"), Some(after.as_bytes()));
        let name = format!(
            ".config.toml.aB3dE5gH7j{}",
            sidecar::exchange_suffix(&texts)
        );
        let left = path.with_file_name(name);
        fs::write(&left, text).expect("writes");
        left
    }
}
