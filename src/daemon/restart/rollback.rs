//! Taking a change back with which containerd does not serve.

use std::time::Duration;

use super::attempt::Ended;
use super::old::Old;
use super::wanted::Wanted;
use super::{Cause, Phases, Restart};
use crate::commit::editor::{Editor, Made, Outcome};
use crate::commit::operation_log::LogEntry;
use crate::commit::undo::Back;
use crate::daemon::running::Running;
use crate::daemon::service::Prepared;
use crate::edit::edited::Handlers;
use crate::error::Code;
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

/// A change of this run, or of one of the same owner that was killed.
pub(super) struct Own {
    made: Made,
    pub(super) handlers: Handlers,
}

impl Own {
    /// What this run has changed.
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        Some(Self {
            made: (**outcome.made.as_ref()?).clone(),
            handlers: outcome.report.handlers.clone(),
        })
    }

    /// A change that a killed run of this owner has left.
    pub(super) fn unfinished(editor: &Editor, owner: Option<&str>) -> Option<Self> {
        let (made, _) = editor.last_change().ok()??;
        let owner = owner?;
        if !made.owners().contains(owner) {
            return None;
        }
        let names = |it: &crate::ledger::Ledger| -> std::collections::BTreeSet<String> {
            let wants = it
                .owners
                .get(owner)
                .into_iter()
                .flat_map(|it| it.wants.keys());
            wants
                .filter_map(|key| key.handler_name().map(str::to_owned))
                .collect()
        };
        let (before, after) = (names(&made.before), names(&made.after));
        let handlers = Handlers {
            added: after.difference(&before).cloned().collect(),
            changed: after.intersection(&before).cloned().collect(),
            removed: before.difference(&after).cloned().collect(),
        };
        Some(Self { made, handlers })
    }

    fn owner(&self) -> Option<String> {
        self.made.owners().into_iter().next()
    }

    /// Takes the change back, as a whole or out of what others have made of the files since.
    fn take_back(&self, editor: &Editor) -> RolledBackFiles {
        let back = Back {
            made: self.made.clone(),
            is_judged: false,
            outcome: LogEntry::ROLLED_BACK,
        };
        match editor.take_back(&back) {
            Ok(outcome) => {
                if outcome.is_put_back {
                    RolledBackFiles::PutBack
                } else {
                    RolledBackFiles::TakenOut
                }
            }
            // What is not durable is in place all the same.
            Err(error) if error.code() == Code::NotDurable => RolledBackFiles::PutBack,
            Err(error) => RolledBackFiles::Stuck {
                why: format!("it could not be taken back: {error}"),
                instead: instead(editor, &self.made),
            },
        }
    }
}

/// What does as much as taking a change back, by hand.
fn instead(editor: &Editor, made: &Made) -> String {
    let owner = made.owners().into_iter().next();
    let owner = owner.filter(|owner| *owner != Owner::default().as_str());
    let remove = match owner {
        Some(owner) => format!(
            "`containerd-edit remove --owner {owner}` takes away all that {owner} has here, \
             `containerd-edit remove NAME` a handler"
        ),
        None => "`containerd-edit remove NAME` takes away a handler".to_owned(),
    };
    let previous = editor.previous_of(made);
    let previous: Vec<String> = previous
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let other_way = match &previous[..] {
        [] => String::new(),
        kept => format!(
            "; or edit the config by hand (before the last change: {})",
            kept.join(", ")
        ),
    };
    format!("`containerd-edit log` says who has changed what; {remove}{other_way}")
}

impl Restart {
    /// Takes a change back and has containerd serve without it. `old` is the daemon that ran before
    /// the restart that has failed.
    pub(super) fn roll_back(
        &self,
        editor: &Editor,
        service: &Prepared,
        own: &Own,
        old: &Old,
        cause: &Cause,
    ) -> Rollback {
        // It is finished, whatever asks to end: half a roll-back is worse than none.
        editor.finishes.set(true);
        let rollback = self.take_back(editor, service, own, old, cause);
        editor.finishes.set(false);
        rollback
    }

    fn take_back(
        &self,
        editor: &Editor,
        service: &Prepared,
        own: &Own,
        old: &Old,
        cause: &Cause,
    ) -> Rollback {
        (self.on_progress)("rolling back: taking this run's change out of the config");
        let now = self.look(editor).unwrap_or(Old::None);
        let files = own.take_back(editor);
        let mut rollback = Rollback {
            files,
            failed: None,
            running: None,
            phases: Phases::default(),
        };
        if let RolledBackFiles::Stuck { .. } = rollback.files {
            let _ = editor.note_later(own.owner(), "not-rolled-back");
            return rollback;
        }
        let was_left_alone =
            cause.is_before_restart() || old.is_there() && !old.ends_within(Duration::ZERO);
        if was_left_alone && !service.is_by_itself() && now.serves() {
            rollback.running = now.into_running();
            return rollback;
        }
        let wanted = Wanted::without(&own.handlers);
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
