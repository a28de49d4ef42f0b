//! What an edit has done, or would do.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use containerd_edit::report::FileChange;
use containerd_edit::{Layout, NextStep, Outcome, Owner};
use serde_json::{Value, json};

use super::diff;
use super::report::{Report, warnings};
use super::restore_report;
use super::text::{colored_diff, first_of};

/// So many keys are named in one line.
const MOST_KEYS: usize = 4;

pub(super) struct EditReport<'p> {
    pub(super) plan: &'p Outcome,
    /// On whose behalf it was made.
    pub(super) owner: Option<&'p Owner>,
    /// Whether it takes the last change back.
    pub(super) is_undo: bool,
    pub(super) layout: Option<&'p Layout>,
    /// The handlers that no pod uses, if the daemon was asked.
    pub(super) unused: Option<BTreeSet<String>>,
    /// What was done for the edit to be loaded.
    pub(super) restart: Option<&'p dyn Report>,
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

impl Report for EditReport<'_> {
    fn json(&self) -> Value {
        let (plan, edited) = (self.plan, &self.plan.report);
        let drop_in = |file: &FileChange| json!({ "path": file.path.to_string_lossy(), "changed": file.is_change() });
        let mut fields = json!({
            "changed": plan.is_change(),
            "restart_required": plan.needs_restart() && !plan.serves_nowhere() && self.restart.is_none(),
            "units": self.layout.map_or(&["containerd"][..], |layout| layout.units.names()),
            "path": plan.main.path.to_string_lossy(),
            "config_version": plan.config_version,
            "owner": self.owner.map(Owner::as_str),
            "handlers": edited.handlers,
            "keys": edited.keys.changed().collect::<Vec<_>>(),
            "new_default": edited.new_default,
            "overridden": edited.keys.overridden,
            "drop_ins": plan.drop_ins.iter().map(drop_in).collect::<Value>(),
            "recorded": edited.is_recorded,
            "absent": edited.absent,
            "absent_keys": edited.absent_keys,
            "unknown_owner": edited.unknown_owner,
            "left_before": edited.left_before,
            "left_behind": edited.left_behind,
            "diff": diff::of(plan),
            "warnings": warnings(&edited.warnings),
        });
        if let Some(restored) = &plan.restored {
            fields["restore"] = json!(restored);
        }
        if let Some(handlers) = &self.unused {
            fields["unused"] = json!({ "handlers": handlers });
        }
        if let Some(restart) = self.restart {
            fields["restart"] = restart.json();
        }
        fields
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let is_planned = self.shown == Shown::DryRun && self.plan.is_change();
        let would = if is_planned { "dry run: would " } else { "" };
        let path = self.plan.main.path.to_string_lossy();
        let _ = write!(text, "{path}: {would}{}", self.summary());
        if let Some(next) = self.next_step() {
            let _ = write!(text, "; {next}");
        }
        text.push('\n');
        if let Some(restored) = &self.plan.restored {
            let is_planned = self.shown == Shown::DryRun;
            text.push_str(&restore_report::text(
                restored,
                self.plan.is_change(),
                is_planned,
            ));
        }
        if let Some(restart) = self.restart {
            text.push_str(&restart.text());
        }
        text
    }

    fn diff(&self) -> String {
        match self.shown {
            Shown::Done => String::new(),
            _ => colored_diff(&diff::of(self.plan)),
        }
    }
}

impl EditReport<'_> {
    /// What the edit does, with what was to be removed and is not there.
    fn summary(&self) -> String {
        let edited = &self.plan.report;
        let absent = edited.absent.iter();
        let absent = absent.map(|it| (format!("{} is not listed", it.name), &it.near));
        let keys = edited.absent_keys.iter();
        let keys = keys.map(|it| (format!("{} is not set", it.name), &it.near));
        let owner = edited.unknown_owner.iter();
        let owner = owner.map(|it| (format!("no owner {} is known", it.name), &it.near));
        let near = absent
            .chain(keys)
            .chain(owner)
            .map(|(what, near)| match near {
                Some(near) => format!("{what} (did you mean {near}?)"),
                None => what,
            });
        let left = edited.left_before.iter();
        let left = left.map(|it| format!("{} was removed at {}", it.owner, it.time));
        let undone = self
            .is_undo
            .then(|| "the last change is undone already".to_owned());
        let found = self.plan.restored.iter().filter(|_| !self.plan.is_change());
        let found = found.map(|it| it.found.clone());
        let undone = undone.filter(|_| !self.plan.is_change() && !edited.is_recorded);
        let absent: Vec<String> = near.chain(left).chain(undone).chain(found).collect();
        let absent = absent.join("; ");
        let deeds = if self.plan.is_change() {
            self.deeds().join(", ")
        } else if edited.is_recorded {
            "recorded, and nothing to change in any file".to_owned()
        } else {
            "nothing to do".to_owned()
        };
        match absent.as_str() {
            "" => deeds,
            absent if self.plan.is_change() => format!("{deeds} ({absent})"),
            absent => format!("{deeds}: {absent}"),
        }
    }

    /// What the edit changes, each in a few words.
    fn deeds(&self) -> Vec<String> {
        let (plan, edited) = (self.plan, &self.plan.report);
        if let Some(restored) = &plan.restored {
            return vec![restore_report::deed(restored)];
        }
        let mut deeds = Vec::new();
        for (verb, names) in [
            ("add", &edited.handlers.added),
            ("change", &edited.handlers.changed),
            ("remove", &edited.handlers.removed),
        ] {
            if !names.is_empty() {
                deeds.push(self.deed(verb, &names.join(", ")));
            }
        }
        match verb(&plan.main) {
            "create" => deeds.push(self.deed("create", "the file")),
            "delete" => deeds.push(self.deed("delete", "the file, which held nothing else")),
            _ => {}
        }
        for file in plan.drop_ins.iter().filter(|file| file.is_change()) {
            deeds.push(self.deed(verb(file), &file.path.display().to_string()));
        }
        if let Some(name) = &edited.new_default {
            deeds.push(match self.shown {
                Shown::DryRun => format!("make {name} the default handler"),
                _ => format!("the default handler is now {name}"),
            });
        }
        let keys: Vec<&str> = edited.keys.changed().collect();
        if !plan.needs_restart() {
            deeds.push(self.deed("change", "comments"));
        } else if !keys.is_empty() {
            let keys = first_of(MOST_KEYS, &keys);
            deeds.push(self.deed("change", &format!("the keys {keys}")));
        }
        if deeds.is_empty() {
            // As the import of a drop-in that somebody has deleted.
            deeds.push(self.deed("change", "other lines of this tool"));
        }
        deeds
    }

    /// A verb, in the past tense where the edit was made, and its object.
    fn deed(&self, verb: &str, what: &str) -> String {
        let ending = match self.shown {
            Shown::DryRun => "",
            _ if verb.ends_with('e') => "d",
            _ => "ed",
        };
        format!("{verb}{ending} {what}")
    }

    /// What the user has to do next, if anything.
    fn next_step(&self) -> Option<Cow<'static, str>> {
        if !self.plan.is_change() || self.shown == Shown::DryRun || self.restart.is_some() {
            return None;
        }
        if !self.plan.needs_restart() {
            return Some("containerd reads the same as before".into());
        }
        let restarts_by_itself = self.layout.is_some_and(Layout::restarts_by_itself);
        let mut warnings = self.plan.report.warnings.iter();
        let is_not_serving =
            warnings.any(|it| ["not-serving", "import-not-read"].contains(&it.code));
        if (is_not_serving || self.plan.serves_nowhere()) && !restarts_by_itself {
            return Some(NextStep::CheckBeforeRestart.to_string().into());
        }
        let layout = self.layout.map(|layout| layout.next_step().into());
        Some(layout.unwrap_or("restart containerd to load it".into()))
    }
}

/// What becomes of a file.
fn verb(file: &FileChange) -> &'static str {
    match (&file.before, &file.after) {
        (None, Some(_)) => "create",
        (Some(_), None) => "delete",
        _ => "change",
    }
}
