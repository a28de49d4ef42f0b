//! What the running daemon has loaded, and what was done for that.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use containerd_edit::cri::{Drift, Phases, Restarted, Running, Why};
use serde_json::{Value, json};

use crate::cli::report::Report;

/// A daemon, and in what it differs from its config.
pub(super) struct RunningReport {
    pub(super) running: Running,
    pub(super) drift: Vec<Drift>,
    /// What was changed since it was started.
    pub(super) changed: Option<PathBuf>,
    /// Whether the config would serve.
    pub(super) serves: bool,
}

impl Report for RunningReport {
    fn json(&self) -> Value {
        let mut report = running(&self.running, &self.drift);
        report["changed_since_start"] = json!(self.changed);
        report
    }

    /// Which daemon, every difference, and what to do.
    fn text(&self) -> String {
        let endpoint = self.running.endpoint.display();
        let Some(cri) = &self.running.cri else {
            return format!(
                "running  a daemon without CRI at {endpoint}\n{}",
                self.next_step()
            );
        };
        let step = match (&self.drift[..], &self.changed) {
            ([], None) => "in step with the config",
            ([], Some(_)) => "its handlers are those of the config",
            _ => "not in step with the config",
        };
        let version = &cri.version;
        let mut text = format!("running  containerd {version} at {endpoint}: {step}\n");
        if let Some(path) = &self.changed {
            let path = path.display();
            let _ = writeln!(
                text,
                "         it was started before {path} was last changed"
            );
        }
        for drift in &self.drift {
            let _ = writeln!(text, "         {}", drift.message);
        }
        text + self.next_step()
    }
}

impl RunningReport {
    fn next_step(&self) -> &'static str {
        match (&self.drift[..], self.serves) {
            ([], _) if self.changed.is_none() => "",
            (_, true) => "         restart containerd to load the config\n",
            (_, false) => "         fix the config before containerd is restarted\n",
        }
    }
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

impl Report for Restarted {
    fn json(&self) -> Value {
        let daemon = self.running.as_ref();
        json!({
            "done": self.why.is_some(),
            "why": self.why.as_ref().map(Why::word),
            "command": self.command,
            "seconds": self.why.as_ref().map(|_| seconds(&self.phases)),
            "running": daemon.map(|daemon| running(daemon, &self.drift)),
        })
    }

    /// What was done, and what runs now.
    fn text(&self) -> String {
        let cri = self.running.as_ref().and_then(|daemon| daemon.cri.as_ref());
        let version = cri.map(|cri| format!(" {}", cri.version));
        let daemon = format!("containerd{}", version.unwrap_or_default());
        let mut text = match &self.why {
            Some(why) => {
                let by = match &self.command {
                    Some(command) => format!("`{command}`"),
                    None => "by itself".to_owned(),
                };
                let seconds = seconds_text(&self.phases);
                let reason = reason(why);
                format!("restarted  {by}, since {reason}\nserves     {daemon}; {seconds}\n")
            }
            None => format!("restart    not needed: {daemon} is what its config says\n"),
        };
        for drift in &self.drift {
            let _ = writeln!(text, "differs    {}", drift.message);
        }
        text
    }
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
        Why::Older(path) => format!("it was started before {} was last changed", path.display()),
        Why::NotRunning => "it did not run".to_owned(),
        Why::Silent => "it gave no answer".to_owned(),
        Why::Asked => "that was asked for".to_owned(),
        other => format!("{other:?}"),
    }
}
