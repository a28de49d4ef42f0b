//! The verbs that ask the running daemon.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use containerd_edit::{Check, Code, CriClient, CriError, Drift, Error, ExitCode, Release, Running};

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
        let (running, releases) = match self.ask_daemon() {
            Ok(answer) => answer,
            Err(exit) => return Ok(exit),
        };
        let (check, drift) = self.hold(&bytes, &releases, &running)?;
        let held = Held {
            is_good: drift.is_empty(),
            text: running_report::text(&running, &drift, check.serves()),
            json: running_report::json(&running, &drift),
        };
        Ok(self.report_check(&check, Some(&held)))
    }

    /// Asks the daemon, and returns the releases to judge for: its own unless another was named.
    fn ask_daemon(&mut self) -> Result<(Running, Vec<Release>), ExitCode> {
        let asked = Running::ask(&self.host_root, self.endpoint(), DAEMON_LIMIT);
        let running = asked.map_err(|error| self.no_answer(&error))?;
        if self.arguments.global.containerd_version.is_some() {
            let releases = self.releases();
            return Ok((running, releases));
        }
        match running.release() {
            Ok(Some(release)) => Ok((running, vec![release])),
            Ok(None) => {
                let releases = self.releases();
                Ok((running, releases))
            }
            Err(error) => {
                let message = format!("the daemon at {}: {error}", running.endpoint.display());
                let hint = "use a newer containerd-edit, or name the release to judge for with \
                            --containerd-version";
                Err(self.fail(ExitCode::Other, "unknown-release", &message, hint))
            }
        }
    }

    /// The daemon's socket: the one that was named, or the distribution's.
    pub(super) fn endpoint(&self) -> &Path {
        let endpoint = self.arguments.global.cri_endpoint.as_deref();
        endpoint.unwrap_or_else(|| match &self.layout {
            Some(layout) => layout.endpoint(),
            None => Path::new(CriClient::DEFAULT_ENDPOINT),
        })
    }

    pub(super) fn no_answer(&mut self, error: &CriError) -> ExitCode {
        let message = words(error);
        let place = (error.endpoint(), None);
        self.fail_at(
            error.exit_code(),
            error.code(),
            &message,
            &error.hint(),
            place,
        )
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

/// An error with the system's reason.
pub(super) fn words(error: &CriError) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
