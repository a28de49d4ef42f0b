//! What a run is about, among all that a daemon has loaded.

use std::collections::BTreeSet;

use super::cause::Cause;
use crate::commit::editor::Editor;
use crate::commit::outcome::Outcome;
use crate::commit::rendering::NextStart;
use crate::containerd::Verdict;
use crate::daemon::running::{Drift, Running};
use crate::edit::edited::Handlers;
use crate::node::Layout;
use crate::want::change::Change;
use crate::want::key::Key;

/// What has to be loaded for a run to be good.
#[derive(Default)]
pub(super) struct Expected {
    /// Handlers that have to be loaded.
    present: BTreeSet<String>,
    /// Other handlers whose drift this run answers for.
    others: BTreeSet<String>,
    /// Whether it answers for the default.
    is_default: bool,
    /// Whether it answers for all drift.
    is_all: bool,
}

impl Expected {
    /// What an edit is about.
    pub(super) fn of(change: &Change, outcome: &Outcome) -> Self {
        let handlers = &outcome.report.handlers;
        let keys = change.wants.iter().map(|want| &want.key);
        let ensured = keys.filter_map(Key::handler_name).map(str::to_owned);
        let there = handlers.added.iter().chain(&handlers.changed).cloned();
        let gone = handlers.removed.iter().chain(&change.removes).cloned();
        Self {
            present: ensured.chain(there).collect(),
            others: gone.collect(),
            is_default: change.is_about_default() || outcome.report.new_default.is_some(),
            is_all: false,
        }
    }

    /// What is left once an edit is taken back.
    pub(super) fn without(handlers: &Handlers) -> Self {
        let all = [&handlers.added, &handlers.changed, &handlers.removed];
        Self {
            others: all.into_iter().flatten().cloned().collect(),
            ..Self::default()
        }
    }

    /// The whole config.
    pub(super) fn all() -> Self {
        Self {
            is_all: true,
            ..Self::default()
        }
    }

    /// Why the daemon is better not restarted with a config of which the releases that may run here
    /// make this: none of them would do.
    pub(super) fn refuses(&self, verdicts: &[Verdict], editor: &Editor) -> Option<Cause> {
        if !is_known(editor) {
            return None;
        }
        let refusals = verdicts.iter().map(|verdict| self.refusal(verdict));
        refusals.reduce(|one, other| other.and(one)).flatten()
    }

    fn refusal(&self, verdict: &Verdict) -> Option<Cause> {
        match verdict {
            Verdict::Serves { handlers, .. } => {
                let mut present = self.present.iter();
                let missing = present.find(|name| !handlers.contains_key(*name))?;
                Some(Cause::LeftAlone {
                    why: format!(
                        "{missing} would not be loaded from the config as it is now, so containerd \
                         was not restarted"
                    ),
                    at: None,
                })
            }
            Verdict::NoCri { reason } | Verdict::Exits { reason } => Some(Cause::LeftAlone {
                why: format!(
                    "containerd would not serve with this config, so it was not restarted: \
                         {reason}"
                ),
                at: reason.at.clone(),
            }),
        }
    }

    /// In what a daemon that serves CRI is not what its config says, `verdict`, where that is known:
    /// what this run is about, and what it is not.
    pub(super) fn held_against(
        &self,
        running: &Running,
        verdict: Option<&Verdict>,
    ) -> (Vec<Drift>, Vec<Drift>) {
        let drift = verdict.map_or_else(Vec::new, |verdict| running.drift(verdict));
        let (mut own, others): (Vec<Drift>, Vec<Drift>) =
            drift.into_iter().partition(|drift| self.is_about(drift));
        let loaded = running.cri.as_ref().map(|cri| &cri.loaded.handlers);
        for handler in &self.present {
            let is_loaded = loaded.is_some_and(|loaded| loaded.contains_key(handler));
            let drift = Drift::not_loaded(handler);
            if !is_loaded && !own.contains(&drift) {
                own.push(drift);
            }
        }
        (own, others)
    }

    fn is_about(&self, drift: &Drift) -> bool {
        let is_about = |name: &String| self.present.contains(name) || self.others.contains(name);
        let is_default = self.is_default && drift.code == "other-default";
        self.is_all || is_default || drift.handlers.iter().any(is_about)
    }
}

/// Whether it is known what containerd will be started with: what its distribution makes of the files
/// that are edited.
fn is_known(editor: &Editor) -> bool {
    let layout = editor.layout.as_ref();
    let is_merged = layout.is_some_and(Layout::restarts_by_itself);
    !is_merged && !matches!(editor.next_start(), Ok(NextStart::Unknown))
}
