//! `check --running`: what the running daemon has loaded.

use std::path::Path;
use std::time::Duration;

use containerd_edit::{Check, Code, CriClient, Disagreement, Drift, Error, ExitCode, Running};

use super::reports::RunningReport;
use crate::cli::arguments;
use crate::cli::arguments::groups::Daemon;
use crate::cli::config::Config;
use crate::cli::run::Run;

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
        let (path, root) = (&config.path, &config.host_root);
        let mut releases = check.judging.releases();
        let running = match Running::ask(root, endpoint, DAEMON_LIMIT) {
            Err(error) if error.exit_code() != ExitCode::Usage => {
                let check = Check::of(path, &bytes, &releases, root)?;
                return Ok(self.report_check(&check, Some(Err(&error)), false));
            }
            running => running?,
        };
        let is_own = check.judging.containerd_version.is_empty();
        let own = match running.release() {
            Err(error) if is_own => return Err(error.at(&running.endpoint)),
            own => own.ok().flatten(),
        };
        if let Some(own) = own.filter(|_| is_own) {
            releases = vec![own];
        }
        let mut check = Check::of(path, &bytes, &releases, root)?;
        if !check.serves()
            && is_own
            && let Some(found) = Disagreement::at(&self.editor("check"), endpoint)?
        {
            check.follow(found.verdict);
            check.warnings.push(found.warning);
        }
        // Of a daemon without CRI, which tells no release, no verdict matters.
        let verdict = check.verdict_of(own);
        let drift = verdict.map_or(vec![Drift::no_cri()], |verdict| running.drift(verdict));
        let report = RunningReport {
            running: &running,
            drift: &drift,
            serves: check.serves(),
        };
        Ok(self.report_check(&check, Some(Ok(&report)), drift.is_empty()))
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
