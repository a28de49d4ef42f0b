//! The verbs that ask the running daemon.

use std::path::Path;
use std::time::Duration;

use containerd_edit::{Check, Code, CriClient, Drift, Error, ExitCode, Release, Running};

use super::running_report;
use crate::cli::Run;
use crate::cli::check_report::Held;

/// How long a running daemon may take for each answer. It has them at hand.
pub(super) const DAEMON_LIMIT: Duration = Duration::from_secs(5);

impl Run {
    pub(in crate::cli) fn check_running(&mut self) -> Result<ExitCode, Error> {
        let bytes = match self.read() {
            // containerd has its built-in defaults then.
            Err(error) if error.code() == Code::NoFile => Vec::new(),
            read => read?,
        };
        let (running, releases) = self.ask_daemon()?;
        let (check, drift) = self.hold(&bytes, &releases, &running)?;
        let held = Held {
            is_good: drift.is_empty(),
            text: running_report::text(&running, &drift, check.serves()),
            json: running_report::json(&running, &drift),
        };
        Ok(self.report_check(&check, Some(&held)))
    }

    /// Asks the daemon, and returns the releases to judge for: its own unless another was named.
    fn ask_daemon(&self) -> Result<(Running, Vec<Release>), Error> {
        let running = Running::ask(&self.host_root, self.endpoint(), DAEMON_LIMIT)?;
        let named = self.arguments.global.containerd_version;
        let release = match named {
            Some(_) => None,
            None => running
                .release()
                .map_err(|error| error.at(&running.endpoint))?,
        };
        let releases = release.map_or_else(|| self.releases(), |release| vec![release]);
        Ok((running, releases))
    }

    /// The daemon's socket: the one that was named, or the distribution's.
    pub(super) fn endpoint(&self) -> &Path {
        let endpoint = self.arguments.global.cri_endpoint.as_deref();
        endpoint.unwrap_or_else(|| match &self.layout {
            Some(layout) => layout.endpoint(),
            None => Path::new(CriClient::DEFAULT_ENDPOINT),
        })
    }

    /// Holds the config against the daemon.
    fn hold(
        &self,
        bytes: &[u8],
        releases: &[Release],
        running: &Running,
    ) -> Result<(Check, Vec<Drift>), Error> {
        let path = &self.config;
        let check = Check::of(path, bytes, releases, &self.host_root)?;
        // Of a daemon without CRI the verdict does not matter.
        let verdict = check.releases.first().map(|row| &row.verdict);
        let drift = verdict.map(|verdict| running.drift(verdict));
        Ok((check, drift.unwrap_or_default()))
    }
}
