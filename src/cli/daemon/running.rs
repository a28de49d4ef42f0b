//! `check --running`: what the running daemon has loaded.

use std::path::Path;
use std::time::Duration;

use containerd_edit::{Check, Code, CriClient, Error, ExitCode, Release, Running};

use crate::cli::arguments;
use crate::cli::arguments::groups::Daemon;
use crate::cli::config::Config;
use crate::cli::run::Run;
use crate::cli::running_report::RunningReport;

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
