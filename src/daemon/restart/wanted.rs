//! What a run is about, among all that a daemon has loaded.

use std::collections::BTreeSet;

use super::Cause;
use crate::commit::editor::{Editor, Outcome};
use crate::containerd::Verdict;
use crate::daemon::running::{Drift, Running};
use crate::edit::edited::Handlers;
use crate::node::{Distribution, Kind};
use crate::want::patch::Patch;

/// What has to be loaded for a run to be good.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Handlers that shall be loaded.
    present: BTreeSet<String>,
    /// Handlers that are the run's matter.
    names: BTreeSet<String>,
    /// Whether the default is.
    is_default: bool,
    /// All is its matter.
    is_all: bool,
}

impl Wanted {
    /// What an edit is about.
    pub(super) fn of(patch: &Patch, plan: &Outcome) -> Self {
        let mut wanted = Self {
            is_default: patch.concerns_default() || plan.report.new_default.is_some(),
            ..Self::default()
        };
        wanted.take_in(&plan.report.handlers);
        let ensured = patch.ensured_names().map(str::to_owned);
        wanted.present.extend(ensured);
        let removed = patch.removed().map(|(name, _)| name.to_owned());
        wanted.names.extend(removed);
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
                missing.map(|handler| Cause::WouldNotLoad {
                    handler: handler.clone(),
                })
            }
            Verdict::NoCri { reason } | Verdict::Exits { reason } => Some(Cause::WouldNotServe {
                reason: reason.to_string(),
            }),
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
    editor.layout.as_ref().is_none_or(|layout| {
        let is_k0s = layout.distribution == Distribution::K0s;
        match layout.kind {
            Kind::Plain { .. } => true,
            Kind::DropIn { .. } => !is_k0s,
            Kind::Template { .. } => false,
        }
    })
}
