//! `check --running`: what the running daemon has loaded.

use std::path::Path;
use std::time::Duration;

use containerd_edit::{
    Check, Code, CriClient, Disagreement, Drift, Error, ExitCode, Release, Running,
};

use super::reports::RunningReport;
use crate::cli::arguments;
use crate::cli::arguments::groups::{Daemon, Judging};
use crate::cli::config::Config;
use crate::cli::report::Report;
use crate::cli::run::Run;
use crate::cli::status_report::DaemonStatus;

/// How long a running daemon may take for each answer. It has them at hand.
pub(super) const DAEMON_LIMIT: Duration = Duration::from_secs(5);

impl Run {
    pub(in crate::cli) fn check_running(
        &mut self,
        verb: &arguments::Check,
    ) -> Result<ExitCode, Error> {
        Ok(match self.compare(&verb.daemon, &verb.judging) {
            Err(error) if error.exit_code() != ExitCode::Usage => {
                let check = self.checked(&verb.judging.releases())?;
                self.report_check(&check, Some(Err(&error)), false)
            }
            compared => {
                let (check, daemon) = compared?;
                self.report_check(&check, Some(Ok(&daemon)), daemon.drift.is_empty())
            }
        })
    }

    /// What is known of the daemon beside the config, for `status`. `None`: the config is a file that
    /// was named, and no daemon was.
    pub(in crate::cli) fn daemon_beside(&self, daemon: &Daemon) -> Option<DaemonStatus> {
        if self.config.layout.is_none() && daemon.cri_endpoint.is_none() {
            return None;
        }
        let compared = self.compare(daemon, &Judging::default());
        Some(DaemonStatus {
            in_step: compared.as_ref().is_ok_and(|(_, it)| it.drift.is_empty())
                || compared.is_err(),
            report: compared.map(|(_, it)| Box::new(it) as Box<dyn Report>),
        })
    }

    /// Holds the config against the running daemon.
    fn compare(&self, daemon: &Daemon, judging: &Judging) -> Result<(Check, RunningReport), Error> {
        let endpoint = self.config.endpoint(daemon);
        let running = Running::ask(&self.config.host_root, endpoint, DAEMON_LIMIT)?;
        let mut releases = judging.releases();
        let is_own = judging.containerd_version.is_empty();
        let own = match running.release() {
            Err(error) if is_own => return Err(error.at(&running.endpoint)),
            own => own.ok().flatten(),
        };
        if let Some(own) = own.filter(|_| is_own) {
            releases = vec![own];
        }
        let mut check = self.checked(&releases)?;
        if !check.serves()
            && is_own
            && let Some(found) = Disagreement::at(&self.editor("check"), endpoint)?
        {
            check.follow(found.verdict);
            check.warnings.push(found.warning);
        }
        // Of a daemon without CRI, which tells no release, no verdict matters.
        let verdict = check.verdict_of(own);
        let report = RunningReport {
            drift: verdict.map_or(vec![Drift::no_cri()], |verdict| running.drift(verdict)),
            serves: check.serves(),
            running,
        };
        Ok((check, report))
    }

    /// Checks the config, or containerd's built-in defaults where there is none.
    fn checked(&self, releases: &[Release]) -> Result<Check, Error> {
        let config = &self.config;
        let bytes = match config.read() {
            Err(error) if error.code() == Code::NoFile => Vec::new(),
            read => read?,
        };
        Check::of(&config.path, &bytes, releases, &config.host_root)
    }
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
