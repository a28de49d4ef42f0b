//! Taking a change back with which containerd does not serve.

use std::path::PathBuf;

use super::attempt::Phases;
use super::cause::Cause;
use super::inverse;
use crate::commit::change::{Back, Change};
use crate::commit::editor::{Editor, FileChange, Plan};
use crate::commit::operation_log::LogEntry;
use crate::daemon::running::Running;
use crate::disk::target::Target;
use crate::disk::{digest, sidecar};
use crate::edit::patch::is_unmarked;
use crate::error::{Code, Error};
use crate::toml::Document;
use crate::want::handler::Owner;

/// What has become of a change with which containerd does not serve.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rollback {
    /// What has become of the files.
    pub files: RolledBackFiles,
    /// Why containerd does not serve with them either; `None`: it does.
    pub failed: Option<Cause>,
    /// The daemon that serves now, as far as one does.
    pub running: Option<Running>,
    /// How long each phase of the second restart took; zero where none was needed.
    pub phases: Phases,
}

/// What has become of the files of a change with which containerd does not serve.
#[derive(Debug)]
#[non_exhaustive]
pub enum RolledBackFiles {
    /// They are as they were before, the very bytes.
    PutBack,
    /// Others have changed them meanwhile: only what the run had changed was taken out.
    TakenOut,
    /// They still have the change.
    Stuck {
        /// What could not be taken back, and why.
        why: String,
        /// What to do instead, before containerd is restarted.
        instead: String,
    },
}

impl Rollback {
    /// Whether the files are without the change, and containerd serves with them.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failed.is_none() && !matches!(self.files, RolledBackFiles::Stuck { .. })
    }
}

/// What a run has changed.
pub(super) struct Made {
    pub(super) change: Change,
    /// The default that it has put into effect.
    new_default: Option<String>,
}

impl Made {
    pub(super) fn of(plan: &Plan, owner: Option<String>) -> Self {
        let drop_ins = plan.drop_ins.iter();
        Self {
            change: Change {
                main: FileChange {
                    path: plan.path.clone(),
                    before: plan.before.clone(),
                    after: plan.edited.text.clone(),
                },
                drop_ins: drop_ins.filter(|it| it.is_change()).cloned().collect(),
                handlers: plan.edited.handlers.clone(),
                owner,
                keys: plan.edited.keys.clone(),
            },
            new_default: plan.edited.new_default.clone(),
        }
    }
}

/// Takes a change back, as a whole or out of what others have made of the files since.
pub(super) fn take_back(editor: &Editor, made: &Made) -> RolledBackFiles {
    const CHANGED: &str = "others have changed the files since, and ";
    let change = &made.change;
    let stuck = |why: String| RolledBackFiles::Stuck {
        why,
        instead: instead(editor, change),
    };
    let back = Back {
        change: change.clone(),
        is_judged: false,
        outcome: LogEntry::ROLLED_BACK,
    };
    match editor.take_back(&back) {
        // What is not durable is in place all the same.
        Ok(_) => return RolledBackFiles::PutBack,
        Err(error) if error.code() == Code::NotDurable => return RolledBackFiles::PutBack,
        Err(error) if error.code() == Code::ChangedSince => {}
        Err(error) => return stuck(format!("the files could not be put back: {error}")),
    }
    let patches = match inverse::patches(change, made.new_default.as_deref()) {
        Ok(patches) => patches,
        Err(what) => {
            let why =
                format!("{CHANGED}what this run has done to {what} can't be taken out of that");
            return stuck(why);
        }
    };
    for patch in patches {
        let left = match editor.commit(&patch) {
            Ok(plan) => keys_left(editor, change, &plan),
            Err(error) => {
                let why = format!("{CHANGED}this run's change could not be taken out: {error}");
                return stuck(why);
            }
        };
        if !left.is_empty() {
            let why = format!(
                "{CHANGED}no comment says any more that it has set {}",
                left.join(", ")
            );
            return stuck(why);
        }
    }
    // The log need not say it for that to be so.
    let _ = note(editor, change.owner.clone(), LogEntry::ROLLED_BACK);
    RolledBackFiles::TakenOut
}

/// The keys of a change that stay, since another program has dropped their comments.
fn keys_left<'c>(editor: &Editor, change: &'c Change, plan: &Plan) -> Vec<&'c str> {
    let drop_ins = plan.drop_ins.iter().map(|it| &it.after);
    let texts = [&plan.edited.text].into_iter().chain(drop_ins).flatten();
    let texts: Vec<_> = texts.filter_map(|text| editor.as_toml(text)).collect();
    let is_there = |key: &&str| {
        let mut texts = texts.iter();
        texts.any(|text| {
            let config = Document::parse(text.as_bytes());
            config.is_ok_and(|config| is_unmarked(&config, key))
        })
    };
    let set = change.keys.set.iter().map(String::as_str);
    set.filter(is_there).collect()
}

/// The files that hold what the files of a change were before the last one, as far as they are there.
fn previous_of(editor: &Editor, change: &Change) -> Vec<PathBuf> {
    let Ok(main) = editor.find() else {
        return Vec::new();
    };
    let drop_ins = change.drop_ins.iter();
    let drop_ins =
        drop_ins.filter_map(|it| Target::find_drop_in(&it.path, &editor.host_root, &main).ok());
    let beside = drop_ins.map(|drop_in| drop_in.beside);
    let previous = [main.beside.clone()].into_iter().chain(beside);
    let previous = previous.map(|path| sidecar::previous(&path));
    previous.filter(|path| path.exists()).collect()
}

/// Notes down what became of the config as it is now, after it was changed.
pub(super) fn note(editor: &Editor, owner: Option<String>, outcome: &str) -> Result<(), Error> {
    let locked = editor.lock(editor.find()?)?;
    let now = locked.target.read()?.bytes().map(digest::of);
    let entry = LogEntry {
        before: now.clone(),
        after: now,
        ..editor.entry(owner, outcome)
    };
    editor.append(&locked.lock, &locked.target, &entry);
    Ok(())
}

/// What does as much as taking a change back, by hand.
fn instead(editor: &Editor, change: &Change) -> String {
    let owner = change.owner.as_deref();
    let owner = owner.filter(|owner| *owner != Owner::default().as_str());
    let remove = match owner {
        Some(owner) => format!(
            "`containerd-edit remove --owner {owner}` takes away all that {owner} has here, \
             `containerd-edit remove NAME` a handler"
        ),
        None => "`containerd-edit remove NAME` takes away a handler".to_owned(),
    };
    let previous = previous_of(editor, change);
    let previous: Vec<String> = previous
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let repair = match &previous[..] {
        [] => String::new(),
        kept => format!(
            "; or repair the config (before the last change: {})",
            kept.join(", ")
        ),
    };
    format!("`containerd-edit log` says who has changed what; {remove}{repair}")
}
