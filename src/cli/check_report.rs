//! What `check` shows.

use std::fmt::Write as _;

use serde_json::{Value, json};

use containerd_edit::{Check, CheckedRelease, Reason, Verdict};

use super::report;

/// A config held against the running daemon, already as it is shown.
pub(super) struct Held {
    /// Whether the two are in step.
    pub(super) is_good: bool,
    pub(super) text: String,
    pub(super) json: Value,
}

/// A row for each release, then the running daemon.
pub(super) fn text(check: &Check, held: Option<&Held>) -> String {
    let version = match check.config_version {
        0 => "no config version".to_owned(),
        version => format!("config version {version}"),
    };
    let mut text = format!("{}: {version}\n", check.path.display());
    for row in &check.releases {
        let release = row.release.to_string();
        let what = if check.counts(row) {
            match &row.verdict {
                Verdict::Serves { handlers, default } => {
                    let names: Vec<&str> = handlers.keys().map(String::as_str).collect();
                    format!("serves   {} (default {default})", names.join(", "))
                }
                Verdict::NoCri { reason } => format!("no-cri   {}", reason_text(check, reason)),
                Verdict::Exits { reason } => format!("exits    {}", reason_text(check, reason)),
            }
        } else {
            format!(
                "-        does not read config version {}",
                check.config_version
            )
        };
        let _ = writeln!(text, "{release:<8} {what}");
    }
    if let Some(held) = held {
        text.push_str(&held.text);
    }
    text
}

fn reason_text(check: &Check, reason: &Reason) -> String {
    match &reason.at {
        Some((path, at)) => {
            let path = report::shown(&check.path, path);
            format!("{reason} ({})", report::place(path, at.as_ref()))
        }
        None => reason.to_string(),
    }
}

pub(super) fn json(check: &Check, held: Option<&Held>) -> Value {
    let mut report = json!({
        "schema": 1,
        "path": check.path.to_string_lossy(),
        "config_version": check.config_version,
        "releases": check.releases.iter().map(|row| release_json(check, row)).collect::<Vec<_>>(),
        "warnings": check.warnings.iter().map(report::warning_json).collect::<Vec<_>>(),
    });
    if let Some(held) = held {
        report["running"] = held.json.clone();
    }
    report
}

fn release_json(check: &Check, row: &CheckedRelease) -> Value {
    let counts = check.counts(row);
    let (verdict, handlers, default) = match &row.verdict {
        Verdict::Serves { handlers, default } => (
            "serves",
            handlers.keys().cloned().collect(),
            Some(default.clone()),
        ),
        Verdict::NoCri { .. } => ("no-cri", Vec::new(), None),
        Verdict::Exits { .. } => ("exits", Vec::new(), None),
    };
    let reason = row
        .verdict
        .reason()
        .map(|reason| reason_text(check, reason));
    json!({
        "containerd": row.release.to_string(),
        "reads": row.reads,
        "verdict": counts.then_some(verdict),
        "handlers": if counts { handlers } else { Vec::new() },
        "default": default.filter(|_| counts),
        "reason": reason.filter(|_| counts),
    })
}
