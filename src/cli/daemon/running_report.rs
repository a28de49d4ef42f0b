//! What `check --running` shows of the daemon.

use std::fmt::Write as _;

use serde_json::{Value, json};

use containerd_edit::{Drift, Running};

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
