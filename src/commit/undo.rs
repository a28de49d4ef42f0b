//! Taking the last change back by hand, as far as the operation log and the previous files tell what it was.

use std::path::{Path, PathBuf};

use crate::commit::change::{Back, Change};
use crate::commit::editor::{Editor, FileChange, Plan};
use crate::commit::operation_log::LogEntry;
use crate::disk::target::{Existing, Target};
use crate::disk::{digest, sidecar};
use crate::edit::patch::Handlers;
use crate::error::{Code, Error};
use crate::want::handler::Owner;
use crate::want::patch::Patch;

/// Why a change that was logged can't be taken back as a whole.
#[derive(Debug)]
pub(crate) enum Lost {
    /// A file is not what the change has left.
    ChangedSince(PathBuf),
    /// What the file was before is not kept any more.
    NoPrevious(PathBuf),
    /// The system's reason.
    Failed(Error),
}

impl Editor {
    /// Takes the last change back: each file is what it was before, the very bytes.
    ///
    /// That takes the operation log and the previous files, and works only if nobody has changed
    /// them since. Where the last change was taken back already, nothing is done.
    ///
    /// With an owner, the last change must be that one's.
    ///
    /// # Errors
    ///
    /// [`Code::NotUndone`] says why not and what to do instead; the other errors are those of
    /// [`Editor::commit`].
    pub fn undo(&self, owner: Option<&Owner>) -> Result<Plan, Error> {
        match self.back(owner)? {
            Some(back) => self.take_back(&back),
            None => self.plan(&Patch::new()),
        }
    }

    /// Works out what [`Editor::undo`] would do.
    ///
    /// # Errors
    ///
    /// As of [`Editor::undo`].
    pub fn plan_undo(&self, owner: Option<&Owner>) -> Result<Plan, Error> {
        let Some(back) = self.back(owner)? else {
            return self.plan(&Patch::new());
        };
        let target = self.find()?;
        let snapshot = target.read()?;
        Ok(self.work_out_back(&target, &snapshot, &back)?.plan)
    }

    /// What is to be taken back; `None`: it was already.
    fn back(&self, owner: Option<&Owner>) -> Result<Option<Back>, Error> {
        let entries = self.log_entries()?;
        let target = self.find()?;
        let not_undone = |why: String, instead: String| {
            let message = format!("cannot undo the last change: {why}");
            Error::new(Code::NotUndone, message, instead).at(&self.path)
        };
        let Some(last) = entries.iter().rfind(|entry| entry.is_change()) else {
            let why = "the operation log holds none".to_owned();
            let instead = "see the owners with `containerd-edit list`, and remove handlers with \
                           `containerd-edit remove`";
            return Err(not_undone(why, instead.to_owned()));
        };
        let told = told(last);
        if let Some(owner) = owner
            && last.owner.as_deref() != Some(owner.as_str())
        {
            let why = format!("it is not {owner}'s, but {told}");
            let instead = format!(
                "to take away what {owner} has added: `containerd-edit remove --owner {owner}`"
            );
            return Err(not_undone(why, instead));
        }
        let was_taken_back = [LogEntry::UNDONE, LogEntry::ROLLED_BACK];
        if was_taken_back.contains(&last.outcome.as_str()) && self.is_left(&target, last) {
            return Ok(None);
        }
        let change = self.logged(&target, last).map_err(|lost| match lost {
            Lost::ChangedSince(path) => not_undone(
                format!(
                    "{} is not what {told} has left, another program or a run that was killed has \
                     changed it since",
                    path.display()
                ),
                instead(last),
            ),
            Lost::NoPrevious(path) => not_undone(
                format!("{} is not what was there before {told}", path.display()),
                instead(last),
            ),
            Lost::Failed(error) => error,
        })?;
        Ok(Some(Back {
            change,
            is_judged: true,
            outcome: LogEntry::UNDONE,
        }))
    }

    /// Whether the files are what a logged change has left.
    pub(crate) fn is_left(&self, target: &Target, entry: &LogEntry) -> bool {
        let is = |target: &Target, wanted: &Option<String>| {
            let read = target.read();
            read.is_ok_and(|read| read.bytes().map(digest::of) == *wanted)
        };
        is(target, &entry.after)
            && entry.drop_ins.iter().all(|drop_in| {
                let found = Target::find_drop_in(&drop_in.path, &self.host_root, target);
                found.map_or(drop_in.after.is_none(), |found| is(&found, &drop_in.after))
            })
    }

    /// A logged change with its texts, which must be there: after it in the files themselves, before
    /// it in the previous ones.
    pub(crate) fn logged(&self, target: &Target, entry: &LogEntry) -> Result<Change, Lost> {
        let texts =
            |target: &Target, path: &Path, before: &Option<String>, after: &Option<String>| {
                let now = target.read().map_err(Lost::Failed)?;
                let now = now.bytes();
                if now.map(digest::of) != *after {
                    return Err(Lost::ChangedSince(path.to_owned()));
                }
                let text = now.map(str::from_utf8).transpose();
                let text = text.map_err(|_| Lost::ChangedSince(path.to_owned()))?;
                let previous = sidecar::previous(&target.beside);
                let was = match before {
                    None => None,
                    _ if before == after => now.map(<[u8]>::to_vec),
                    Some(_) => {
                        let read = Existing::read(&previous).ok().flatten();
                        let was = read.map(|read| read.bytes);
                        if was.as_deref().map(digest::of) != *before {
                            return Err(Lost::NoPrevious(previous));
                        }
                        was
                    }
                };
                Ok(FileChange {
                    path: path.to_owned(),
                    before: was,
                    after: text.map(str::to_owned),
                })
            };
        let mut drop_ins = Vec::new();
        for it in &entry.drop_ins {
            let target = Target::find_drop_in(&it.path, &self.host_root, target);
            let target = target.map_err(Lost::Failed)?;
            drop_ins.push(texts(&target, &it.path, &it.before, &it.after)?);
        }
        Ok(Change {
            main: texts(target, &self.path, &entry.before, &entry.after)?,
            drop_ins,
            handlers: entry.handlers.clone(),
            owner: entry.owner.clone(),
            keys: entry.keys.clone(),
        })
    }
}

/// A logged change, for a sentence.
fn told(entry: &LogEntry) -> String {
    let owner = entry.owner.iter().map(|owner| format!(" for {owner}"));
    let owner: String = owner.collect();
    format!("`{}`{owner} at {}", entry.command, entry.time)
}

/// What does as much as taking a change back.
fn instead(entry: &LogEntry) -> String {
    let Handlers {
        added,
        changed,
        removed,
    } = &entry.handlers;
    let mut steps = Vec::new();
    if !added.is_empty() {
        steps.push(format!("`containerd-edit remove {}`", added.join(" ")));
    }
    for (names, what) in [(changed, "has changed"), (removed, "has removed")] {
        if !names.is_empty() {
            let names = names.join(", ");
            steps.push(format!("`containerd-edit add` what it {what}: {names}"));
        }
    }
    if steps.is_empty() {
        "see what came since with `containerd-edit log`".to_owned()
    } else {
        format!(
            "{}; `containerd-edit log` says what came since",
            steps.join(", ")
        )
    }
}
