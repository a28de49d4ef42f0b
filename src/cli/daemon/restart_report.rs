//! What is shown of a restart.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use containerd_edit::{Phases, RestartFailure, Restarted, Rollback, RolledBackFiles, Why};

use super::running_report;

/// What was done about a restart, and what runs now.
pub(super) fn text(restarted: &Restarted) -> String {
    let running = restarted.running.as_ref();
    let daemon = running.and_then(|running| running.cri.as_ref());
    let daemon = daemon.map_or_else(
        || "containerd".to_owned(),
        |cri| format!("containerd {}", cri.version),
    );
    let mut text = String::new();
    match &restarted.why {
        None => {
            let _ = writeln!(
                text,
                "restart    not needed: {daemon} is what its config says"
            );
        }
        Some(why) => {
            let by = match &restarted.command {
                Some(command) => format!("`{command}`"),
                None => "by itself".to_owned(),
            };
            let _ = writeln!(text, "restarted  {by}, since {}", reason(why));
            let _ = writeln!(text, "serves     {daemon}; {}", phases(&restarted.phases));
        }
    }
    for one in &restarted.drift {
        let _ = writeln!(text, "differs    {one}");
    }
    text
}

fn reason(why: &Why) -> String {
    match why {
        Why::Changed => "this run has changed what it loads".to_owned(),
        Why::Drift(drift) => {
            let drift: Vec<String> = drift.iter().map(ToString::to_string).collect();
            drift.join(", ")
        }
        Why::Older(path) => format!("it was started before {} was last changed", path.display()),
        Why::NotRunning => "it did not run".to_owned(),
        Why::Silent => "it gave no answer".to_owned(),
        Why::Asked => "that was asked for".to_owned(),
        other => format!("{other:?}"),
    }
}

fn phases(phases: &Phases) -> String {
    let Phases {
        command,
        gone,
        ready,
        verified,
        ..
    } = *phases;
    format!(
        "command {}, old one gone {}, new one ready {}, verified {}",
        seconds(command),
        seconds(gone),
        seconds(ready),
        seconds(verified)
    )
}

fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}

/// The report of the verb `restart`.
pub(super) fn restart_json(path: &Path, restarted: &Restarted) -> Value {
    json!({
        "schema": 1,
        "path": path.to_string_lossy(),
        "restart": json(restarted),
    })
}

/// What was done about a restart.
pub(super) fn json(restarted: &Restarted) -> Value {
    let why = restarted.why.as_ref();
    let running = restarted.running.as_ref();
    json!({
        "done": why.is_some(),
        "why": why.map(Why::word),
        "command": restarted.command.as_ref().filter(|_| why.is_some()),
        "seconds": why.map(|_| phases_json(&restarted.phases)),
        "running": running.map(|running| running_report::json(running, &restarted.drift)),
    })
}

fn phases_json(phases: &Phases) -> Value {
    let rounded = |duration: Duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0;
    json!({
        "command": rounded(phases.command),
        "gone": rounded(phases.gone),
        "ready": rounded(phases.ready),
        "verified": rounded(phases.verified),
        "total": rounded(phases.total()),
    })
}

/// The words of others on a restart that failed, a line each: containerd's, or the command's.
pub(super) fn log(failure: &RestartFailure) -> String {
    let mut text = String::new();
    for line in failure.log.iter().flat_map(|log| log.lines()) {
        let _ = write!(text, "\n  | {}", printable(line));
    }
    text
}

/// Adds what is known of a restart that failed to the report of the error.
pub(super) fn add(report: &mut Value, failure: &RestartFailure) {
    report["log"] = failure.log.as_deref().into();
    report["cause"] = failure.cause.to_string().into();
    report["command"] = failure.command.as_deref().into();
    let rollback = failure.rollback.as_ref();
    report["rollback"] = rollback.map_or(Value::Null, rollback_json);
}

fn rollback_json(rollback: &Rollback) -> Value {
    let files = match &rollback.files {
        RolledBackFiles::PutBack => "put-back",
        RolledBackFiles::TakenOut => "taken-out",
        _ => "stuck",
    };
    let running = rollback.running.as_ref();
    json!({
        "files": files,
        "serves": rollback.is_good(),
        // Those of a second restart that failed, too, are not known.
        "seconds": rollback.failed.is_none().then(|| phases_json(&rollback.phases)),
        "running": running.map(|running| running_report::json(running, &[])),
    })
}

/// What others have printed moves no cursor.
fn printable(line: &str) -> String {
    line.chars().filter(|char| !char.is_control()).collect()
}
