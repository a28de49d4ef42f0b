//! What a run is about, among all that a daemon has loaded.

use std::collections::BTreeSet;

use super::cause::Cause;
use crate::commit::editor::{Editor, Outcome};
use crate::containerd::Verdict;
use crate::daemon::running::{Drift, Running};
use crate::edit::edited::Handlers;
use crate::node::{Kind, Layout};
use crate::want::change::Change;
use crate::want::key::Key;

/// What has to be loaded for a run to be good.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Handlers that have to be loaded.
    present: BTreeSet<String>,
    /// Handlers whose drift this run answers for.
    names: BTreeSet<String>,
    /// Whether it answers for the default.
    is_default: bool,
    /// Whether it answers for all drift.
    is_all: bool,
}

impl Wanted {
    /// What an edit is about.
    pub(super) fn of(change: &Change, plan: &Outcome) -> Self {
        let mut wanted = Self {
            is_default: change.is_about_default() || plan.report.new_default.is_some(),
            ..Self::default()
        };
        wanted.take_in(&plan.report.handlers);
        let keys = change.wants.iter().map(|want| &want.key);
        let ensured = keys.filter_map(Key::handler_name).map(str::to_owned);
        wanted.present.extend(ensured);
        wanted.names.extend(change.removes.iter().cloned());
        wanted.names.extend(wanted.present.iter().cloned());
        wanted
    }

    /// What is left once an edit is taken back.
    pub(super) fn without(handlers: &Handlers) -> Self {
        let mut wanted = Self::default();
        wanted.take_in(handlers);
        wanted.present.clear();
        wanted
    }

    /// The whole config.
    pub(super) fn all() -> Self {
        Self {
            is_all: true,
            ..Self::default()
        }
    }

    /// Also what an edit has done to handlers.
    pub(super) fn take_in(&mut self, handlers: &Handlers) {
        let there = handlers.added.iter().chain(&handlers.changed);
        self.present.extend(there.cloned());
        self.names.extend(handlers.removed.iter().cloned());
        self.names.extend(self.present.iter().cloned());
    }

    /// Why the daemon is better not restarted with a config of which this is known.
    pub(super) fn refuses(&self, verdict: &Verdict, editor: &Editor) -> Option<Cause> {
        if !is_read_as_it_is(editor) {
            return None;
        }
        match verdict {
            Verdict::Serves { handlers, .. } => {
                let missing = self
                    .present
                    .iter()
                    .find(|name| !handlers.contains_key(*name));
                missing.map(|handler| Cause::would_not_load(handler))
            }
            Verdict::NoCri { reason } | Verdict::Exits { reason } => {
                Some(Cause::would_not_serve(&reason.to_string()))
            }
        }
    }

    /// In what a daemon is not what its config says, `verdict`: what this run is about, and what it
    /// is not.
    pub(super) fn held_against(
        &self,
        running: &Running,
        verdict: &Verdict,
    ) -> (Vec<Drift>, Vec<Drift>) {
        let drift = running.drift(verdict);
        let (mut own, others): (Vec<Drift>, Vec<Drift>) =
            drift.into_iter().partition(|drift| self.is_about(drift));
        let loaded = running.cri.as_ref().map(|cri| &cri.loaded.handlers);
        for name in &self.present {
            let drift = Drift::NotLoaded {
                handler: name.clone(),
            };
            let is_loaded = loaded.is_some_and(|loaded| loaded.contains_key(name));
            if !is_loaded && !own.contains(&drift) && !own.contains(&Drift::NoCri) {
                own.push(drift);
            }
        }
        (own, others)
    }

    fn is_about(&self, drift: &Drift) -> bool {
        self.is_all
            || match drift {
                Drift::NoCri => true,
                Drift::WouldNotServe => false,
                Drift::OtherDefault { daemon, config } => {
                    self.is_default || self.names.contains(daemon) || self.names.contains(config)
                }
                Drift::NotLoaded { handler }
                | Drift::Gone { handler }
                | Drift::OtherType { handler, .. } => self.names.contains(handler),
            }
    }
}

/// Whether containerd reads the files that are edited, and not what another program makes of them
/// when it is started.
fn is_read_as_it_is(editor: &Editor) -> bool {
    let is_made = |layout: &Layout| {
        layout.restarts_by_itself() || matches!(layout.kind, Kind::Template { .. })
    };
    !editor.layout.as_ref().is_some_and(is_made)
}
