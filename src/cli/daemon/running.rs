//! `check --running`: what the running daemon has loaded.

use std::path::Path;
use std::time::Duration;

use containerd_edit::{Check, Code, CriClient, Drift, Error, ExitCode, Release, Running};

use crate::cli::Run;
use crate::cli::arguments;
use crate::cli::arguments::groups::Daemon;
use crate::cli::config::Config;
use crate::cli::running_report::{DriftReport, LoadedReport, RunningReport};

/// How long a running daemon may take for each answer. It has them at hand.
pub(super) const DAEMON_LIMIT: Duration = Duration::from_secs(5);

impl Run {
    pub(in crate::cli) fn check_running(
        &mut self,
        check: &arguments::Check,
    ) -> Result<ExitCode, Error> {
        let config = &self.config;
        let bytes = match config.read() {
            // containerd has its built-in defaults then.
            Err(error) if error.code() == Code::NoFile => Vec::new(),
            read => read?,
        };
        let endpoint = config.endpoint(&check.daemon);
        let running = Running::ask(&config.host_root, endpoint, DAEMON_LIMIT)?;
        let releases = releases(check, &running)?;
        let check = Check::of(&config.path, &bytes, &releases, &config.host_root)?;
        // Of a daemon without CRI the verdict does not matter.
        let verdict = check.releases.first().map(|row| &row.verdict);
        let drift = verdict.map(|verdict| running.drift(verdict));
        let report = RunningReport::new(&running, &drift.unwrap_or_default());
        Ok(self.report_check(&check, Some(report)))
    }
}

/// The releases to judge for: the daemon's own unless the user has named another.
fn releases(check: &arguments::Check, running: &Running) -> Result<Vec<Release>, Error> {
    let mut releases = check.judging.releases();
    if check.judging.containerd_version.is_none() {
        let release = running.release();
        let release = release.map_err(|error| error.at(&running.endpoint))?;
        releases = release.map_or(releases, |release| vec![release]);
    }
    Ok(releases)
}

impl Config {
    /// The daemon's socket: the one that was named, or the distribution's.
    pub(in crate::cli) fn endpoint<'c>(&'c self, daemon: &'c Daemon) -> &'c Path {
        match (&daemon.cri_endpoint, &self.layout) {
            (Some(named), _) => named,
            (None, Some(layout)) => layout.endpoint(),
            (None, None) => Path::new(CriClient::DEFAULT_ENDPOINT),
        }
    }
}

impl RunningReport {
    pub(in crate::cli) fn new(running: &Running, drift: &[Drift]) -> Self {
        let cri = running.cri.as_ref();
        let loaded = cri.map(|cri| &cri.loaded);
        let handlers = loaded.iter().flat_map(|loaded| &loaded.handlers);
        let handlers = handlers.map(|(name, handler)| LoadedReport {
            name: name.clone(),
            runtime_type: Some(handler.runtime_type.clone()).filter(|kind| !kind.is_empty()),
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
