//! The reports of what the library tells of the running daemon.

use std::time::Duration;

use containerd_edit::{Drift, Phases, Restarted, Running, Why};

use crate::cli::restart_report::{RestartReport, Seconds};
use crate::cli::running_report::{DriftReport, LoadedReport, RunningReport};

impl RunningReport {
    pub(super) fn new(running: &Running, drift: &[Drift]) -> Self {
        let cri = running.cri.as_ref();
        let loaded = cri.map(|cri| &cri.loaded);
        let handlers = loaded.iter().flat_map(|loaded| &loaded.handlers);
        let handlers = handlers.map(|(name, runtime_type)| LoadedReport {
            name: name.clone(),
            runtime_type: Some(runtime_type.clone()).filter(|kind| !kind.is_empty()),
        });
        Self {
            endpoint: running.endpoint.to_string_lossy().into_owned(),
            containerd: cri.map(|cri| cri.version.clone()),
            cri: cri.is_some(),
            ready: loaded.is_some_and(|loaded| loaded.ready),
            handlers: handlers.collect(),
            default: loaded.map(|loaded| loaded.default.clone()),
            in_step: drift.is_empty(),
            drift: drift.iter().map(DriftReport::new).collect(),
        }
    }
}

impl DriftReport {
    fn new(drift: &Drift) -> Self {
        let (code, handler) = match drift {
            Drift::NoCri => ("no-cri", None),
            Drift::WouldNotServe => ("would-not-serve", None),
            Drift::NotLoaded { handler } => ("not-loaded", Some(handler)),
            Drift::Gone { handler } => ("gone", Some(handler)),
            Drift::OtherType { handler, .. } => ("other-type", Some(handler)),
            Drift::OtherDefault { daemon, .. } => ("other-default", Some(daemon)),
            _ => ("other", None),
        };
        Self {
            code,
            handler: handler.cloned(),
            message: drift.to_string(),
        }
    }
}

impl RestartReport {
    pub(super) fn new(restarted: &Restarted) -> Self {
        let why = restarted.why.as_ref();
        let running = restarted.running.as_ref();
        Self {
            done: why.is_some(),
            why: why.map(Why::word),
            command: restarted.command.clone().filter(|_| why.is_some()),
            seconds: why.map(|_| Seconds::of(&restarted.phases)),
            running: running.map(|running| RunningReport::new(running, &restarted.drift)),
            reason: why.map(reason).unwrap_or_default(),
        }
    }
}

impl Seconds {
    pub(super) fn of(phases: &Phases) -> Self {
        let rounded = |duration: Duration| (duration.as_secs_f64() * 1000.0).round() / 1000.0;
        Self {
            command: rounded(phases.command),
            gone: rounded(phases.gone),
            ready: rounded(phases.ready),
            verified: rounded(phases.verified),
            total: rounded(phases.total()),
        }
    }
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
