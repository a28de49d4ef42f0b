//! What an edit has done, or would do.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use containerd_edit::{Handlers, Layout, Owner, Plan};
use serde::Serialize;

use super::diff;
use super::output::{Report, WarningReport};
use super::restart_report::RestartReport;
use super::text::colored_diff;

/// So many keys are named in one line.
const MOST_KEYS: usize = 4;

#[derive(Serialize)]
pub(super) struct EditReport<'p> {
    changed: bool,
    restart_required: bool,
    units: &'p [&'static str],
    path: Cow<'p, str>,
    config_version: i64,
    owner: Option<&'p str>,
    handlers: &'p Handlers,
    keys: Vec<&'p str>,
    overridden: &'p [String],
    drop_ins: Vec<DropInReport<'p>>,
    diff: String,
    warnings: Vec<WarningReport<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unused: Option<UnusedReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restart: Option<RestartReport>,
    #[serde(skip)]
    plan: &'p Plan,
    #[serde(skip)]
    layout: Option<&'p Layout>,
    #[serde(skip)]
    pub(super) shown: Shown,
}

/// What the text of an edit shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Done,
    DoneWithDiff,
    /// What would be done, with the diff.
    DryRun,
}

/// The handlers that no pod uses, as the daemon says.
#[derive(Serialize)]
struct UnusedReport {
    handlers: BTreeSet<String>,
}

#[derive(Serialize)]
struct DropInReport<'p> {
    path: Cow<'p, str>,
    changed: bool,
}

impl<'p> EditReport<'p> {
    /// The report of an edit on behalf of an owner.
    pub(super) fn new(
        plan: &'p Plan,
        owner: Option<&'p Owner>,
        layout: Option<&'p Layout>,
    ) -> Self {
        let edited = &plan.edited;
        let drop_ins = plan.drop_ins.iter().map(|change| DropInReport {
            path: change.path.to_string_lossy(),
            changed: change.is_change(),
        });
        Self {
            changed: plan.is_change(),
            restart_required: plan.needs_restart(),
            units: layout.map_or(&["containerd"], |layout| layout.units.names()),
            path: plan.path.to_string_lossy(),
            config_version: edited.version,
            owner: owner.map(Owner::as_str),
            handlers: &edited.handlers,
            keys: edited.keys.changed().collect(),
            overridden: &edited.keys.overridden,
            drop_ins: drop_ins.collect(),
            diff: diff::of(plan),
            warnings: WarningReport::list(&edited.warnings),
            unused: None,
            restart: None,
            plan,
            layout,
            shown: Shown::Done,
        }
    }

    /// Adds the handlers that no pod uses, if the daemon was asked.
    pub(super) fn unused(&mut self, handlers: Option<BTreeSet<String>>) {
        self.unused = handlers.map(|handlers| UnusedReport { handlers });
    }

    /// Adds what was done for the edit to be loaded.
    pub(super) fn restarted(&mut self, restart: RestartReport) {
        self.restart_required = false;
        self.restart = Some(restart);
    }

    fn is_dry_run(&self) -> bool {
        self.shown == Shown::DryRun
    }

    /// What the edit does, in a few words.
    fn deeds(&self) -> String {
        let (plan, edited) = (self.plan, &self.plan.edited);
        if !self.changed {
            return "nothing to do".to_owned();
        }
        let word = |done: &'static str, planned: &'static str| {
            if self.is_dry_run() { planned } else { done }
        };
        let (change, create, delete) = (
            word("changed", "change"),
            word("created", "create"),
            word("deleted", "delete"),
        );
        let mut deeds = Vec::new();
        for (what, names) in [
            (word("added", "add"), &self.handlers.added),
            (change, &self.handlers.changed),
            (word("removed", "remove"), &self.handlers.removed),
        ] {
            if !names.is_empty() {
                deeds.push(format!("{what} {}", names.join(", ")));
            }
        }
        match (&plan.before, &edited.text) {
            (None, Some(_)) => deeds.push(format!("{create} the file")),
            (Some(_), None) => deeds.push(format!("{delete} the file, which held nothing else")),
            _ => {}
        }
        for file in plan.drop_ins.iter().filter(|file| file.is_change()) {
            let what = match (&file.before, &file.after) {
                (None, _) => create,
                (_, None) => delete,
                _ => change,
            };
            deeds.push(format!("{what} {}", file.path.display()));
        }
        if let Some(name) = &edited.new_default {
            deeds.push(if self.is_dry_run() {
                format!("make {name} the default handler")
            } else {
                format!("the default handler is now {name}")
            });
        }
        if plan.needs_restart() && !self.keys.is_empty() {
            deeds.push(format!("{change} the keys {}", listed(&self.keys)));
        }
        if !plan.needs_restart() {
            deeds.push(format!("{change} the comments that name owners"));
        }
        if deeds.is_empty() {
            // As the import of a drop-in that somebody has deleted.
            deeds.push(format!("{change} other lines of this tool"));
        }
        deeds.join(", ")
    }

    /// What the user has to do next, if anything.
    fn next_step(&self) -> Option<Cow<'static, str>> {
        if !self.changed || self.is_dry_run() || self.restart.is_some() {
            return None;
        }
        if !self.restart_required {
            return Some("containerd reads the same as before".into());
        }
        let layout = self.layout.map(|layout| layout.next_step().into());
        Some(layout.unwrap_or("restart containerd to load it".into()))
    }
}

impl Report for EditReport<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        if self.shown != Shown::Done {
            text = colored_diff(&self.diff);
        }
        let would = if self.is_dry_run() && self.changed {
            "dry run: would "
        } else {
            ""
        };
        let _ = write!(text, "{}: {would}{}", self.path, self.deeds());
        if let Some(next) = self.next_step() {
            let _ = write!(text, "; {next}");
        }
        text.push('\n');
        if let Some(restart) = &self.restart {
            text.push_str(&restart.text());
        }
        text
    }
}

/// Names the first few keys, and says how many more there are.
fn listed(keys: &[&str]) -> String {
    let named = keys.len().min(MOST_KEYS);
    let mut text = keys[..named].join(", ");
    if keys.len() > named {
        let _ = write!(text, " and {} more", keys.len() - named);
    }
    text
}
