//! What an edit has done, or would do.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use containerd_edit::{Absent, Handlers, Layout, LeftBehind, Outcome, Owner};
use serde::{Serialize, Serializer};

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
    new_default: Option<&'p str>,
    overridden: &'p [String],
    drop_ins: Vec<DropInReport<'p>>,
    recorded: bool,
    absent: &'p [Absent],
    unknown_owner: Option<&'p Absent>,
    left_behind: &'p [LeftBehind],
    #[serde(rename = "diff", serialize_with = "diff")]
    plan: &'p Outcome,
    warnings: Vec<WarningReport<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unused: Option<UnusedReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restart: Option<RestartReport>,
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

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
fn diff<S: Serializer>(plan: &&Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&diff::of(plan))
}

impl<'p> EditReport<'p> {
    /// The report of an edit on behalf of an owner.
    pub(super) fn new(
        plan: &'p Outcome,
        owner: Option<&'p Owner>,
        layout: Option<&'p Layout>,
    ) -> Self {
        let edited = &plan.report;
        let drop_ins = plan.drop_ins.iter().map(|change| DropInReport {
            path: change.path.to_string_lossy(),
            changed: change.is_change(),
        });
        Self {
            changed: plan.is_change(),
            restart_required: plan.needs_restart(),
            units: layout.map_or(&["containerd"], |layout| layout.units.names()),
            path: plan.path.to_string_lossy(),
            config_version: plan.config_version,
            owner: owner.map(Owner::as_str),
            handlers: &edited.handlers,
            keys: edited.keys.changed().collect(),
            new_default: edited.new_default.as_deref(),
            overridden: &edited.keys.overridden,
            drop_ins: drop_ins.collect(),
            recorded: edited.is_recorded,
            absent: &edited.absent,
            unknown_owner: edited.unknown_owner.as_ref(),
            left_behind: &edited.left_behind,
            plan,
            warnings: WarningReport::list(&edited.warnings),
            unused: None,
            restart: None,
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
        let (plan, edited) = (self.plan, &self.plan.report);
        if !self.changed {
            return if edited.is_recorded {
                "recorded, and nothing to change in any file".to_owned()
            } else {
                "nothing to do".to_owned()
            };
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
        match (&plan.main.before, &plan.main.after) {
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
            deeds.push(format!("{change} comments"));
        }
        if deeds.is_empty() {
            // As the import of a drop-in that somebody has deleted.
            deeds.push(format!("{change} other lines of this tool"));
        }
        deeds.join(", ")
    }

    /// What the edit does, with the handlers that were to be removed and are not there.
    fn told(&self) -> String {
        let deeds = self.deeds();
        let absent = self.absent.iter().map(not_listed);
        let owner = self.unknown_owner.map(not_known);
        let absent: Vec<String> = absent.chain(owner).collect();
        match (absent.join("; "), self.changed) {
            (absent, _) if absent.is_empty() => deeds,
            (absent, true) => format!("{deeds} ({absent})"),
            (absent, false) => format!("{deeds}: {absent}"),
        }
    }

    /// What the user has to do next, if anything.
    fn next_step(&self) -> Option<Cow<'static, str>> {
        if !self.changed || self.is_dry_run() || self.restart.is_some() {
            return None;
        }
        if !self.restart_required {
            return Some("containerd reads the same as before".into());
        }
        let restarts_by_itself = self.layout.is_some_and(Layout::restarts_by_itself);
        let serves = self.warnings.iter().all(|it| it.code != "not-serving");
        if !serves && !restarts_by_itself {
            return Some(
                "do not restart containerd before `containerd-edit check` says that its release \
                 serves"
                    .into(),
            );
        }
        let layout = self.layout.map(|layout| layout.next_step().into());
        Some(layout.unwrap_or("restart containerd to load it".into()))
    }
}

impl Report for EditReport<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        if self.shown != Shown::Done {
            text = colored_diff(&diff::of(self.plan));
        }
        let would = if self.is_dry_run() && self.changed {
            "dry run: would "
        } else {
            ""
        };
        let _ = write!(text, "{}: {would}{}", self.path, self.told());
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

/// Says that a handler which was to be removed is not there.
fn not_listed(absent: &Absent) -> String {
    format!("{} is not listed{}", absent.name, meant(absent))
}

/// Says that an owner which was to leave is not there.
fn not_known(absent: &Absent) -> String {
    format!("no owner {} is known{}", absent.name, meant(absent))
}

fn meant(absent: &Absent) -> String {
    let near = absent.near.as_ref();
    near.map_or_else(String::new, |near| format!(" (did you mean {near}?)"))
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
