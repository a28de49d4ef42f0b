//! What each release makes of a config.

use containerd_edit::{Check, CheckedRelease, Error, Reason, Release, Verdict};
use serde_json::{Value, json};

use super::error_report;
use super::report::{Report, joined, warnings};
use super::text::{grouped, place, shown, table};

pub(super) struct CheckReport<'c> {
    pub(super) check: &'c Check,
    /// What the running daemon has loaded.
    pub(super) running: Option<&'c dyn Report>,
    /// Why that is not known, although it was asked for.
    pub(super) unknown: Option<&'c Error>,
    /// The next step, if the config does not serve.
    pub(super) hint: Option<String>,
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
            "hint": self.hint,
            "warnings": warnings(&check.warnings),
        });
        if let Some(running) = self.running {
            fields["running"] = running.json();
        }
        match self.unknown {
            Some(error) => joined(fields, error_report::json(error, error.exit_code() as u8)),
            None => fields,
        }
    }

    /// A row for all releases of which the same is to be said, the running daemon, and the next step.
    fn text(&self) -> String {
        let check = self.check;
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
        if let Some(running) = self.running {
            text.push_str(&running.text());
        }
        if let Some(hint) = &self.hint {
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
