//! What each release makes of a config.

use std::borrow::Cow;
use std::fmt::Write as _;

use containerd_edit::{Check, CheckedRelease, Reason, Verdict};
use serde::Serialize;

use super::output::{Report, WarningReport};
use super::running_report::RunningReport;
use super::text::{place, shown};

#[derive(Serialize)]
pub(super) struct CheckReport<'c> {
    path: Cow<'c, str>,
    config_version: i64,
    releases: Vec<ReleaseReport<'c>>,
    warnings: Vec<WarningReport<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<RunningReport>,
    #[serde(skip)]
    serves: bool,
}

/// A release; it has a verdict if it counts.
#[derive(Serialize)]
struct ReleaseReport<'c> {
    containerd: String,
    reads: bool,
    verdict: Option<&'static str>,
    handlers: Vec<&'c str>,
    default: Option<&'c str>,
    reason: Option<String>,
}

impl<'c> CheckReport<'c> {
    pub(super) fn new(check: &'c Check, running: Option<RunningReport>) -> Self {
        let releases = check.releases.iter();
        Self {
            path: check.path.to_string_lossy(),
            config_version: check.config_version,
            releases: releases.map(|row| ReleaseReport::new(check, row)).collect(),
            warnings: WarningReport::list(&check.warnings),
            running,
            serves: check.serves(),
        }
    }

    /// Whether every release that counts serves, and the daemon has loaded the config.
    pub(super) fn is_good(&self) -> bool {
        self.serves && self.running.as_ref().is_none_or(|running| running.in_step)
    }
}

impl<'c> ReleaseReport<'c> {
    fn new(check: &'c Check, row: &'c CheckedRelease) -> Self {
        let mut report = Self {
            containerd: row.release.to_string(),
            reads: row.reads,
            verdict: None,
            handlers: Vec::new(),
            default: None,
            reason: None,
        };
        if !check.counts(row) {
            return report;
        }
        let verdict = match &row.verdict {
            Verdict::Serves { handlers, default } => {
                report.handlers = handlers.keys().map(String::as_str).collect();
                report.default = Some(default);
                "serves"
            }
            Verdict::NoCri { .. } => "no-cri",
            Verdict::Exits { .. } => "exits",
        };
        report.verdict = Some(verdict);
        report.reason = row.verdict.reason().map(|it| with_place(check, it));
        report
    }
}

impl Report for CheckReport<'_> {
    /// A row for each release, then the running daemon.
    fn text(&self) -> String {
        let version = match self.config_version {
            0 => "no config version".to_owned(),
            version => format!("config version {version}"),
        };
        let mut text = format!("{}: {version}\n", self.path);
        for row in &self.releases {
            let verdict = row.verdict.unwrap_or("-");
            let what = match (row.default, &row.reason) {
                (Some(default), _) => format!("{} (default {default})", row.handlers.join(", ")),
                (None, Some(reason)) => reason.clone(),
                (None, None) => format!("does not read config version {}", self.config_version),
            };
            let _ = writeln!(text, "{:<8} {verdict:<8} {what}", row.containerd);
        }
        if let Some(running) = &self.running {
            text.push_str(&running.text(self.serves));
        }
        text
    }
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
