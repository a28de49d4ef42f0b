//! What each release makes of a config.

use std::fmt::Write as _;

use containerd_edit::{Check, CheckedRelease, Reason, Verdict};
use serde_json::{Value, json};

use super::report::{Report, warnings};
use super::text::{place, shown};

pub(super) struct CheckReport<'c> {
    pub(super) check: &'c Check,
    /// What the running daemon has loaded.
    pub(super) running: Option<&'c dyn Report>,
}

impl Report for CheckReport<'_> {
    fn json(&self) -> Value {
        let check = self.check;
        let releases = check.releases.iter().map(|row| {
            let (handlers, default) = match &row.verdict {
                Some(Verdict::Serves { handlers, default }) => {
                    (handlers.keys().collect(), Some(default))
                }
                _ => (Vec::new(), None),
            };
            json!({
                "containerd": row.release.to_string(),
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
            "warnings": warnings(&check.warnings),
        });
        if let Some(running) = self.running {
            fields["running"] = running.json();
        }
        fields
    }

    /// A row for each release, then the running daemon.
    fn text(&self) -> String {
        let check = self.check;
        let version = match check.config_version {
            0 => "no config version".to_owned(),
            version => format!("config version {version}"),
        };
        let mut text = format!("{}: {version}\n", check.path.display());
        for row in &check.releases {
            let verdict = row.verdict.as_ref().map_or("-", word);
            let what = match (&row.verdict, reason(row)) {
                (Some(Verdict::Serves { handlers, default }), _) => {
                    let names: Vec<&str> = handlers.keys().map(String::as_str).collect();
                    format!("{} (default {default})", names.join(", "))
                }
                (_, Some(reason)) => with_place(check, reason),
                _ => format!("does not read config version {}", check.config_version),
            };
            let release = row.release.to_string();
            let _ = writeln!(text, "{release:<8} {verdict:<8} {what}");
        }
        if let Some(running) = self.running {
            text.push_str(&running.text());
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
