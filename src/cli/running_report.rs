//! What the running daemon has loaded, and in what that differs from the config.

use std::fmt::Write as _;

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct RunningReport {
    pub(super) endpoint: String,
    pub(super) containerd: Option<String>,
    pub(super) cri: bool,
    pub(super) ready: bool,
    pub(super) handlers: Vec<LoadedReport>,
    pub(super) default: Option<String>,
    pub(super) in_step: bool,
    pub(super) drift: Vec<DriftReport>,
}

/// A handler that the daemon has loaded.
#[derive(Serialize)]
pub(super) struct LoadedReport {
    pub(super) name: String,
    pub(super) runtime_type: Option<String>,
}

/// One difference.
#[derive(Serialize)]
pub(super) struct DriftReport {
    pub(super) code: &'static str,
    /// The handler that it is about: the daemon's, where it is about the default.
    pub(super) handler: Option<String>,
    pub(super) message: String,
}

impl RunningReport {
    /// Which daemon, every difference, and what to do. `serves`: whether the config would serve.
    pub(super) fn text(&self, serves: bool) -> String {
        let endpoint = &self.endpoint;
        let mut text = match &self.containerd {
            None => format!("running  a daemon without CRI at {endpoint}\n"),
            Some(version) => {
                let step = if self.in_step { "in" } else { "not in" };
                format!(
                    "running  containerd {version} at {endpoint}: {step} step with the config\n"
                )
            }
        };
        for drift in self.drift.iter().filter(|_| self.cri) {
            let _ = writeln!(text, "         {}", drift.message);
        }
        if !self.in_step {
            let next = if serves {
                "restart containerd to load the config"
            } else {
                "fix the config before containerd is restarted"
            };
            let _ = writeln!(text, "         {next}");
        }
        text
    }
}
