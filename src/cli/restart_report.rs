//! What was done for a config to be loaded.

use std::fmt::Write as _;

use serde::Serialize;

use super::running_report::RunningReport;

/// A restart, or why there was none.
#[derive(Serialize)]
pub(super) struct RestartReport {
    pub(super) done: bool,
    pub(super) why: Option<&'static str>,
    pub(super) command: Option<String>,
    pub(super) seconds: Option<Seconds>,
    pub(super) running: Option<RunningReport>,
    /// Why, for people.
    #[serde(skip)]
    pub(super) reason: String,
}

/// How long each phase took.
#[derive(Serialize)]
pub(super) struct Seconds {
    pub(super) command: f64,
    pub(super) gone: f64,
    pub(super) ready: f64,
    pub(super) verified: f64,
    pub(super) total: f64,
}

impl RestartReport {
    /// What was done, and what runs now.
    pub(super) fn text(&self) -> String {
        let running = self.running.as_ref();
        let daemon = match running.and_then(|running| running.containerd.as_ref()) {
            Some(version) => format!("containerd {version}"),
            None => "containerd".to_owned(),
        };
        let mut text = String::new();
        if let Some(seconds) = &self.seconds {
            let by = match &self.command {
                Some(command) => format!("`{command}`"),
                None => "by itself".to_owned(),
            };
            let _ = writeln!(text, "restarted  {by}, since {}", self.reason);
            let _ = writeln!(
                text,
                "serves     {daemon}; command {:.3} s, old one gone {:.3} s, new one ready {:.3} s, \
                 verified {:.3} s",
                seconds.command, seconds.gone, seconds.ready, seconds.verified
            );
        } else {
            let _ = writeln!(
                text,
                "restart    not needed: {daemon} is what its config says"
            );
        }
        for drift in running.iter().flat_map(|running| &running.drift) {
            let _ = writeln!(text, "differs    {}", drift.message);
        }
        text
    }
}
