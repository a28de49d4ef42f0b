//! What an edit has done, or would do.

use std::borrow::Cow;
use std::fmt::Write as _;

use containerd_edit::report::{Absent, FileChange};
use containerd_edit::{Layout, NextStep, Outcome, Owner, Request};
use serde_json::{Value, json};

use super::arguments::Format;
use super::diff;
use super::edit::Edit;
use super::output::Output;
use super::report::Report;
use super::restore_report;
use super::text::{MOST_KEYS, colored_diff, first_of};

/// An edit that was made, or worked out.
pub(super) struct Completed<'e> {
    pub(super) edit: &'e Edit<'e>,
    pub(super) plan: Outcome,
    /// What was done for it to be loaded, if that was asked for.
    pub(super) restart: Option<Report>,
    /// Whether a file was changed, or containerd restarted.
    pub(super) is_change: bool,
}

impl Completed<'_> {
    /// The report in the format that is asked for: a diff takes time.
    pub(super) fn report(&self, layout: Option<&Layout>, output: &Output) -> Report {
        if output.format == Format::Json {
            return Report::new(self.json(layout), String::new());
        }
        let is_shown = output.verbose || self.edit.editing.dry_run;
        let diff = is_shown.then(|| colored_diff(&diff::of(&self.plan)));
        Report {
            diff: diff.unwrap_or_default(),
            ..Report::new(Value::Null, self.text(layout))
        }
    }

    fn json(&self, layout: Option<&Layout>) -> Value {
        let (plan, edited) = (&self.plan, &self.plan.report);
        let drop_in = |file: &FileChange| json!({ "path": file.path.to_string_lossy(), "changed": file.is_change() });
        let mut fields = json!({
            "changed": plan.is_change(),
            "restart_required": plan.needs_restart() && !plan.serves_nowhere() && self.restart.is_none(),
            "units": layout.map_or(&["containerd"][..], |layout| layout.units.names()),
            "path": plan.main.path.to_string_lossy(),
            "config_version": plan.config_version,
            "owner": self.edit.request.owner().map(Owner::as_str),
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
            "warnings": edited.warnings,
        });
        if let Some(restored) = &plan.restored {
            fields["restore"] = json!(restored);
        }
        if let Some(handlers) = &self.edit.unused {
            fields["unused"] = json!({ "handlers": handlers });
        }
        if let Some(restart) = &self.restart {
            fields["restart"] = restart.json.clone();
        }
        fields
    }

    fn text(&self, layout: Option<&Layout>) -> String {
        let mut text = String::new();
        let is_dry_run = self.edit.editing.dry_run;
        let is_planned = is_dry_run && self.plan.is_change();
        let would = if is_planned { "dry run: would " } else { "" };
        let path = self.plan.main.path.to_string_lossy();
        let _ = write!(text, "{path}: {would}{}", self.summary());
        if let Some(next) = self.next_step(layout) {
            let _ = write!(text, "; {next}");
        }
        text.push('\n');
        if let Some(restored) = &self.plan.restored {
            let is_change = self.plan.is_change();
            text.push_str(&restore_report::text(restored, is_change, is_dry_run));
        }
        if let Some(restart) = &self.restart {
            text.push_str(&restart.text);
        }
        text
    }

    /// What the edit does, with what was to be removed and is not there.
    fn summary(&self) -> String {
        let edited = &self.plan.report;
        let handlers = edited.absent.iter().map(|it| ("", it, " is not listed"));
        let keys = edited.absent_keys.iter();
        let keys = keys.map(|it| ("", it, " is not set"));
        let owner = edited.unknown_owner.iter();
        let owner = owner.map(|it| ("no owner ", it, " is known"));
        let absent = handlers.chain(keys).chain(owner);
        let absent = absent.map(|(before, Absent { name, near }, after)| {
            let near = near.iter().map(|near| format!(" (did you mean {near}?)"));
            format!("{before}{name}{after}{}", near.collect::<String>())
        });
        let left = edited.left_before.iter();
        let left = left.map(|it| format!("{} was removed at {}", it.owner, it.time));
        let mut more: Vec<String> = absent.chain(left).collect();
        let is_change = self.plan.is_change();
        let deeds = if is_change {
            self.deeds().join(", ")
        } else if edited.is_recorded {
            "recorded, and nothing to change in any file".to_owned()
        } else {
            let undone = || "the last change is undone already".to_owned();
            more.extend(matches!(self.edit.request, Request::Undo(_)).then(undone));
            "nothing to do".to_owned()
        };
        let restored = self.plan.restored.iter().filter(|_| !is_change);
        more.extend(restored.map(|it| it.found.clone()));
        match more.join("; ").as_str() {
            "" => deeds,
            more if is_change => format!("{deeds} ({more})"),
            more => format!("{deeds}: {more}"),
        }
    }

    /// What the edit changes, each in a few words.
    fn deeds(&self) -> Vec<String> {
        let (plan, edited) = (&self.plan, &self.plan.report);
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
            deeds.push(if self.edit.editing.dry_run {
                format!("make {name} the default handler")
            } else {
                format!("the default handler is now {name}")
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
        let ending = match verb {
            _ if self.edit.editing.dry_run => "",
            verb if verb.ends_with('e') => "d",
            _ => "ed",
        };
        format!("{verb}{ending} {what}")
    }

    /// What the user has to do next, if anything.
    fn next_step(&self, layout: Option<&Layout>) -> Option<Cow<'static, str>> {
        if !self.plan.is_change() || self.edit.editing.dry_run || self.restart.is_some() {
            return None;
        }
        if !self.plan.needs_restart() {
            return Some("containerd reads the same as before".into());
        }
        let restarts_by_itself = layout.is_some_and(Layout::restarts_by_itself);
        let mut warnings = self.plan.report.warnings.iter();
        let is_not_serving =
            warnings.any(|it| ["not-serving", "import-not-read"].contains(&it.code));
        if (is_not_serving || self.plan.serves_nowhere()) && !restarts_by_itself {
            return Some(NextStep::CheckBeforeRestart.to_string().into());
        }
        let layout = layout.map(|layout| layout.next_step().into());
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
