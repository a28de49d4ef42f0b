//! What `list --running` and `check --running` show of the daemon.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use containerd_edit::{Drift, Effective, EffectiveHandler, Running, RunningHandlers};

use super::handlers_report::{list_json as handlers_json, row, table};

/// The handlers of the config and of the daemon as a table, and whether the two are in step.
pub(super) fn list(
    path: &Path,
    effective: &Effective,
    running: &Running,
    drift: &[Drift],
) -> String {
    let loaded = running.cri.as_ref().map(|cri| &cri.loaded);
    let header = ["NAME", "RUNTIME TYPE", "OWNER", "FROM", "DAEMON", ""];
    let mut rows = vec![header.map(str::to_owned)];
    for handler in &effective.handlers {
        let [name, runtime_type, owner, from, notes] = row(path, effective, handler);
        let daemon = if is_elsewhere(effective, handler) {
            "-".to_owned()
        } else {
            in_daemon(loaded, handler)
        };
        rows.push([name, runtime_type, owner, from, daemon, notes]);
    }
    for (name, handler) in loaded.iter().flat_map(|loaded| &loaded.handlers) {
        if effective.handlers.iter().all(|known| known.name != *name) {
            let runtime_type = Some(&handler.runtime_type).filter(|kind| !kind.is_empty());
            let runtime_type = runtime_type.map_or("-", String::as_str);
            let mut daemon = "loaded".to_owned();
            if loaded.is_some_and(|loaded| loaded.default == *name) {
                daemon.push_str(", default");
            }
            let dash = || "-".to_owned();
            let (name, runtime_type) = (name.clone(), runtime_type.to_owned());
            rows.push([name, runtime_type, dash(), dash(), daemon, String::new()]);
        }
    }
    let mut text = table(&rows);
    let _ = writeln!(text, "{}", summary(running, drift));
    text
}

/// Whether a handler is listed here, but the daemon would take it from another place.
fn is_elsewhere(effective: &Effective, handler: &EffectiveHandler) -> bool {
    let mut others = effective.handlers.iter();
    handler.releases.is_empty()
        && others.any(|other| other.name == handler.name && !other.releases.is_empty())
}

/// What the daemon has of a handler.
fn in_daemon(loaded: Option<&RunningHandlers>, handler: &EffectiveHandler) -> String {
    let Some((loaded, found)) =
        loaded.and_then(|loaded| Some((loaded, loaded.handlers.get(&handler.name)?)))
    else {
        return "-".to_owned();
    };
    let mut text = "loaded".to_owned();
    if found.runtime_type != handler.runtime_type {
        let _ = write!(text, " as {}", shown_type(&found.runtime_type));
    }
    if loaded.default == handler.name {
        text.push_str(", default");
    }
    text
}

fn shown_type(runtime_type: &str) -> &str {
    if runtime_type.is_empty() {
        "(no type)"
    } else {
        runtime_type
    }
}

/// One line: which daemon, and whether it is in step.
fn summary(running: &Running, drift: &[Drift]) -> String {
    let endpoint = running.endpoint.display();
    match &running.cri {
        None => format!("running  a daemon without CRI at {endpoint}"),
        Some(cri) => {
            let step = if drift.is_empty() {
                "in step with the config"
            } else {
                "not in step with the config"
            };
            format!("running  containerd {} at {endpoint}: {step}", cri.version)
        }
    }
}

/// The summary, every difference, and what to do. `serves`: whether the config would serve.
pub(super) fn text(running: &Running, drift: &[Drift], serves: bool) -> String {
    let mut text = summary(running, drift);
    text.push('\n');
    if running.cri.is_some() {
        for one in drift {
            let _ = writeln!(text, "         {one}");
        }
    }
    if !drift.is_empty() {
        let next = if serves {
            "restart containerd to load the config"
        } else {
            "mend the config before containerd is restarted"
        };
        let _ = writeln!(text, "         {next}");
    }
    text
}

fn code(drift: &Drift) -> &'static str {
    match drift {
        Drift::NoCri => "no-cri",
        Drift::WouldNotServe => "would-not-serve",
        Drift::NotLoaded { .. } => "not-loaded",
        Drift::Gone { .. } => "gone",
        Drift::OtherType { .. } => "other-type",
        Drift::OtherDefault { .. } => "other-default",
        _ => "other",
    }
}

/// The handler that a difference is about: the daemon's, where it is about the default.
fn handler(drift: &Drift) -> Option<&str> {
    match drift {
        Drift::NotLoaded { handler }
        | Drift::Gone { handler }
        | Drift::OtherType { handler, .. } => Some(handler),
        Drift::OtherDefault { daemon, .. } => Some(daemon),
        _ => None,
    }
}

pub(super) fn list_json(
    path: &Path,
    effective: &Effective,
    running: &Running,
    drift: &[Drift],
) -> Value {
    let mut report = handlers_json(path, effective);
    report["running"] = json(running, drift);
    report
}

/// The daemon, and in what it differs from the config.
pub(super) fn json(running: &Running, drift: &[Drift]) -> Value {
    let cri = running.cri.as_ref();
    let loaded = cri.map(|cri| &cri.loaded);
    let handlers = loaded.iter().flat_map(|loaded| &loaded.handlers);
    let handlers = handlers.map(|(name, handler)| {
        json!({
            "name": name,
            "runtime_type": Some(&handler.runtime_type).filter(|kind| !kind.is_empty()),
        })
    });
    let drifts = drift.iter().map(|one| {
        json!({
            "code": code(one),
            "handler": handler(one),
            "message": one.to_string(),
        })
    });
    json!({
        "endpoint": running.endpoint.to_string_lossy(),
        "containerd": cri.map(|cri| &cri.version),
        "cri": cri.is_some(),
        "ready": loaded.is_some_and(|loaded| loaded.ready),
        "handlers": handlers.collect::<Vec<_>>(),
        "default": loaded.map(|loaded| &loaded.default),
        "in_step": drift.is_empty(),
        "drift": drifts.collect::<Vec<_>>(),
    })
}
