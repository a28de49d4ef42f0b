//! Taking a change back with which containerd does not serve.

use std::time::Duration;

use super::attempt::Ended;
use super::cause::Cause;
use super::inverse;
use super::old::Old;
use super::wanted::Wanted;
use super::{Phases, Restart};
use crate::commit::change::{Back, Change};
use crate::commit::editor::{Editor, Plan};
use crate::commit::operation_log::LogEntry;
use crate::daemon::running::Running;
use crate::daemon::service::Prepared;
use crate::edit::patch::is_unmarked;
use crate::error::Code;
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

/// Takes a change back, as a whole or out of what others have made of the files since.
fn take_back(editor: &Editor, change: &Change) -> RolledBackFiles {
    const CHANGED: &str = "others have changed the files since, and ";
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
    let patches = match inverse::patches(change) {
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
    let _ = editor.note_later(change.owner.clone(), LogEntry::ROLLED_BACK);
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
    let previous = editor.previous_of(change);
    let previous: Vec<String> = previous
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let mend = match &previous[..] {
        [] => String::new(),
        kept => format!(
            "; or mend the config (before the last change: {})",
            kept.join(", ")
        ),
    };
    format!("`containerd-edit log` says who has changed what; {remove}{mend}")
}

impl Restart {
    /// Takes a change back and has containerd serve without it. `old` is the daemon that ran before
    /// the restart that has failed.
    pub(super) fn roll_back(
        &self,
        editor: &Editor,
        service: &Prepared,
        change: &Change,
        old: &Old,
        cause: &Cause,
    ) -> Rollback {
        // It is finished, whatever asks to end: half a roll-back is worse than none.
        editor.finishes.set(true);
        let rollback = self.serve_without(editor, service, change, old, cause);
        editor.finishes.set(false);
        rollback
    }

    fn serve_without(
        &self,
        editor: &Editor,
        service: &Prepared,
        change: &Change,
        old: &Old,
        cause: &Cause,
    ) -> Rollback {
        (self.on_progress)("rolling back: taking this run's change out of the config");
        let now = self.look(editor).unwrap_or(Old::None);
        let files = take_back(editor, change);
        let mut rollback = Rollback {
            files,
            failed: None,
            running: None,
            phases: Phases::default(),
        };
        if let RolledBackFiles::Stuck { .. } = rollback.files {
            let _ = editor.note_later(change.owner.clone(), "not-rolled-back");
            return rollback;
        }
        let was_left_alone =
            cause.is_before_restart() || old.is_there() && !old.ends_within(Duration::ZERO);
        if was_left_alone && !service.is_by_itself() && now.serves() {
            rollback.running = now.into_running();
            return rollback;
        }
        let wanted = Wanted::without(&change.handlers);
        match self.attempt(editor, service).make(&now, &wanted) {
            Ended::Back {
                running, phases, ..
            } => {
                rollback.running = Some(running);
                rollback.phases = phases;
            }
            Ended::Failed(cause) => rollback.failed = Some(cause),
            // Nobody is asked any more.
            Ended::Interrupted => {}
        }
        rollback
    }
}
