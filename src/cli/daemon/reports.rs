//! What the running daemon has loaded, and what was done for that.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use containerd_edit::cri::{Drift, Phases, Restarted, Running, Why};
use serde_json::{Value, json};

use crate::cli::report::{Loaded, Report};

/// What a daemon has loaded, and in what that differs from its config. `changed`: what was changed since
/// it was started; `serves`: whether the config would serve.
pub(super) fn loaded(
    daemon: &Running,
    drift: &[Drift],
    changed: Option<&Path>,
    serves: bool,
) -> Loaded {
    let endpoint = daemon.endpoint.display();
    let mut lines = Vec::new();
    if let Some(cri) = &daemon.cri {
        let step = match (drift, changed) {
            ([], None) => "in step with the config",
            ([], Some(_)) => "its handlers are those of the config",
            _ => "not in step with the config",
        };
        lines.push(format!("containerd {} at {endpoint}: {step}", cri.version));
        lines.extend(changed.map(older));
        lines.extend(drift.iter().map(|drift| drift.message.clone()));
    } else {
        lines.push(format!("a daemon without CRI at {endpoint}"));
    }
    if !drift.is_empty() || changed.is_some() {
        let next_step = if serves {
            "restart containerd to load the config"
        } else {
            "fix the config before containerd is restarted"
        };
        lines.push(next_step.to_owned());
    }
    let in_step = drift.is_empty() && changed.is_none();
    let mut json = running(daemon, drift);
    json["in_step"] = in_step.into();
    json["changed_since_start"] = json!(changed.map(Path::to_string_lossy));
    Loaded {
        in_step,
        json,
        lines,
    }
}

fn older(changed: &Path) -> String {
    format!(
        "it was started before {} was last changed",
        changed.display()
    )
}

/// A daemon for programs.
pub(super) fn running(running: &Running, drift: &[Drift]) -> Value {
    let cri = running.cri.as_ref();
    let loaded = cri.map(|cri| &cri.loaded);
    let handlers = loaded.iter().flat_map(|loaded| &loaded.handlers);
    let handlers = handlers.map(|(name, runtime_type)| {
        let kind = Some(runtime_type).filter(|kind| !kind.is_empty());
        json!({ "name": name, "runtime_type": kind })
    });
    json!({
        "endpoint": running.endpoint.to_string_lossy(),
        "containerd": cri.map(|cri| &cri.version),
        "cri": cri.is_some(),
        "ready": loaded.is_some_and(|loaded| loaded.ready),
        "handlers": handlers.collect::<Value>(),
        "default": loaded.map(|loaded| &loaded.default),
        "in_step": drift.is_empty(),
        "drift": drift.iter().map(difference).collect::<Value>(),
    })
}

fn difference(drift: &Drift) -> Value {
    let Drift {
        code,
        handlers,
        message,
        ..
    } = drift;
    json!({ "code": code, "handler": handlers.first(), "message": message })
}

/// What was done, and what runs now.
pub(super) fn restarted(done: &Restarted) -> Report {
    let json = json!({
        "done": done.why.is_some(),
        "why": done.why.as_ref().map(Why::word),
        "command": done.command,
        "seconds": done.why.as_ref().map(|_| seconds(&done.phases)),
        "running": done.running.as_ref().map(|daemon| running(daemon, &done.drift)),
    });
    let cri = done.running.as_ref().and_then(|daemon| daemon.cri.as_ref());
    let version = cri.map(|cri| format!(" {}", cri.version));
    let daemon = format!("containerd{}", version.unwrap_or_default());
    let mut text = match &done.why {
        Some(why) => {
            let by = match &done.command {
                Some(command) => format!("`{command}`"),
                None => "by itself".to_owned(),
            };
            let seconds = seconds_text(&done.phases);
            let reason = reason(why);
            format!("restarted  {by}, since {reason}\nserves     {daemon}; {seconds}\n")
        }
        None => format!("restart    not needed: {daemon} is what its config says\n"),
    };
    for drift in &done.drift {
        let _ = writeln!(text, "differs    {}", drift.message);
    }
    Report::new(json, text)
}

/// How long each phase took, for programs.
pub(super) fn seconds(phases: &Phases) -> Value {
    let rounded = |duration: Duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0;
    json!({
        "command": rounded(phases.command),
        "gone": rounded(phases.gone),
        "ready": rounded(phases.ready),
        "verified": rounded(phases.verified),
        "total": rounded(phases.total()),
    })
}

fn seconds_text(phases: &Phases) -> String {
    format!(
        "command {:.3} s, old one gone {:.3} s, new one ready {:.3} s, verified {:.3} s",
        phases.command.as_secs_f64(),
        phases.gone.as_secs_f64(),
        phases.ready.as_secs_f64(),
        phases.verified.as_secs_f64()
    )
}

fn reason(why: &Why) -> String {
    match why {
        Why::Changed => "this run has changed what it loads".to_owned(),
        Why::Drift(drift) => Drift::listed(drift),
        Why::Older(path) => older(path),
        Why::NotRunning => "it did not run".to_owned(),
        Why::Silent => "it gave no answer".to_owned(),
        Why::Asked => "that was asked for".to_owned(),
        other => format!("{other:?}"),
    }
}
