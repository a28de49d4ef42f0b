//! A change that a run has made, and that may be taken back.

use crate::commit::editor::FileChange;
#[cfg(feature = "cri")]
use crate::commit::editor::Plan;
use crate::edit::patch::{Handlers, Keys};

/// A change that was made.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) main: FileChange,
    /// The drop-ins that were changed.
    pub(crate) drop_ins: Vec<FileChange>,
    pub(crate) handlers: Handlers,
    /// The installer for whom that was.
    pub(crate) owner: Option<String>,
    /// Keys outside of handlers that were changed, as far as that is known.
    pub(crate) keys: Keys,
    #[cfg(feature = "cri")]
    /// The default that was put into effect, as far as that is known.
    pub(crate) new_default: Option<String>,
}

impl Change {
    /// What an edit has done.
    #[cfg(feature = "cri")]
    pub(crate) fn of(plan: &Plan, owner: Option<String>) -> Self {
        let drop_ins = plan.drop_ins.iter();
        Self {
            main: FileChange {
                path: plan.path.clone(),
                before: plan.before.clone(),
                after: plan.edited.text.clone(),
            },
            drop_ins: drop_ins.filter(|it| it.is_change()).cloned().collect(),
            handlers: plan.edited.handlers.clone(),
            owner,
            keys: plan.edited.keys.clone(),
            new_default: plan.edited.new_default.clone(),
        }
    }
}

/// A change that is taken back.
#[derive(Debug)]
pub(crate) struct Back {
    pub(crate) change: Change,
    /// Whether it is held against the model of each release, as other edits are.
    pub(crate) is_judged: bool,
    /// What the operation log says of it.
    pub(crate) outcome: &'static str,
}
