//! What each release makes of a config.

use std::fmt::Write as _;

use containerd_edit::model::{Reason, Verdict};
use containerd_edit::report::CheckedRelease;
use containerd_edit::{Check, Error, Release};
use serde_json::{Value, json};

use super::error_report;
use super::report::{Loaded, Report, joined};
use super::text::{grouped, place, shown, table};

/// What the releases make of a config, and the daemon beside it.
pub(super) struct Checked {
    pub(super) check: Check,
    /// What the running daemon has loaded, or why that is not known; `None`: it was not asked.
    pub(super) daemon: Option<Result<Loaded, Error>>,
}

impl Checked {
    pub(super) fn new(check: Check, daemon: Option<Result<Loaded, Error>>) -> Self {
        Self { check, daemon }
    }

    /// `hint`: the next step, if the config does not serve.
    pub(super) fn report(&self, hint: Option<&str>) -> Report {
        Report::new(self.json(hint), self.text(hint))
    }

    fn json(&self, hint: Option<&str>) -> Value {
        let check = &self.check;
        let releases = check.releases.iter().map(|row| {
            let (handlers, default) = match &row.verdict {
                Some(Verdict::Serves { handlers, default }) => {
                    (handlers.keys().collect(), Some(default))
                }
                _ => (Vec::new(), None),
            };
            json!({
                "containerd": row.release,
                "reads": row.reads,
                "verdict": row.verdict.as_ref().map(word),
                "handlers": handlers,
                "default": default,
                "reason": reason(row).map(|it| with_place(check, it)),
            })
        });
        let mut fields = json!({
            "path": check.path.to_string_lossy(),
            "config_version": check.config_version,
            "releases": releases.collect::<Value>(),
            "hint": hint,
            "warnings": check.warnings,
        });
        match &self.daemon {
            Some(Ok(loaded)) => fields["running"] = loaded.json.clone(),
            Some(Err(error)) => {
                let error = error_report::json(error, error.exit_code() as u8);
                fields = joined(fields, error);
            }
            None => {}
        }
        fields
    }

    /// A row for all releases of which the same is to be said, the running daemon, and the next step.
    fn text(&self, hint: Option<&str>) -> String {
        let check = &self.check;
        let version = match check.config_version {
            0 => "no config version".to_owned(),
            version => format!("config version {version}"),
        };
        let mut text = format!("{}: {version}\n", check.path.display());
        let rows = check.releases.iter().map(|row| {
            let verdict = row.verdict.as_ref().map_or("-", word);
            let what = match (&row.verdict, reason(row)) {
                (Some(Verdict::Serves { handlers, default }), _) => {
                    let names: Vec<&str> = handlers.keys().map(String::as_str).collect();
                    format!("{} (default {default})", names.join(", "))
                }
                (_, Some(reason)) => with_place(check, reason),
                _ => format!("can't read config version {}", check.config_version),
            };
            ((verdict, what), row.release)
        });
        let rows = grouped(rows)
            .into_iter()
            .map(|((verdict, what), releases)| {
                let releases = format!("{:<7}", Release::ranges(&releases));
                [releases, verdict.to_owned(), what]
            });
        text.push_str(&table(&rows.collect::<Vec<_>>()));
        if let Some(Ok(loaded)) = &self.daemon {
            let names = ["running"].into_iter().chain(std::iter::repeat(""));
            for (name, line) in names.zip(&loaded.lines) {
                let _ = writeln!(text, "{name:<8} {line}");
            }
        }
        if let Some(hint) = hint {
            text = format!("{text}hint: {hint}\n");
        }
        text
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Serves { .. } => "serves",
        Verdict::NoCri { .. } => "no-cri",
        Verdict::Exits { .. } => "exits",
    }
}

fn reason(row: &CheckedRelease) -> Option<&Reason> {
    row.verdict.as_ref()?.reason()
}

fn with_place(check: &Check, reason: &Reason) -> String {
    match &reason.at {
        Some((path, at)) => {
            let path = shown(&check.path, path);
            format!("{reason} ({})", place(path, at.as_ref()))
        }
        None => reason.to_string(),
    }
}
