//! What the running daemon has loaded, compared with the config.

use std::path::Path;

use containerd_edit::cri::{CriClient, Disagreement, Drift, Running, changed_since_start};
use containerd_edit::{Distribution, Error, ExitCode};

use super::reports::loaded;
use crate::cli::arguments::groups::{Daemon, Judging};
use crate::cli::check_report::Checked;
use crate::cli::config::Config;
use crate::cli::run::Run;

impl Run {
    /// Holds the config against the running daemon.
    ///
    /// # Errors
    ///
    /// An error if the config can't be read, or the command line names no socket. A daemon that does
    /// not answer is none.
    pub(in crate::cli) fn beside_daemon(
        &self,
        daemon: &Daemon,
        judging: &Judging,
    ) -> Result<Checked, Error> {
        match self.compare(daemon, judging) {
            Err(error) if error.exit_code() != ExitCode::Usage => {
                let editor = judging.set_up(self.config.editor());
                Ok(Checked::new(editor.check_if_any()?, Some(Err(error))))
            }
            compared => compared,
        }
    }

    fn compare(&self, daemon: &Daemon, judging: &Judging) -> Result<Checked, Error> {
        let endpoint = self.config.endpoint(daemon);
        let limit = CriClient::ANSWER_LIMIT;
        let running = Running::ask(&self.config.host_root, endpoint, limit)?;
        let editor = judging.set_up(self.config.editor());
        let is_own = judging.containerd_version.is_empty();
        let own = match running.release() {
            Err(error) if is_own => return Err(error.at(&running.endpoint)),
            own => own.ok().flatten(),
        };
        let editor = match own {
            Some(own) if is_own => editor.releases([own]),
            _ => editor,
        };
        let mut check = editor.check_if_any()?;
        if !check.serves()
            && is_own
            && let Some(found) = Disagreement::with(&editor, &running)?
        {
            check.set_verdict(found.verdict);
            check.warnings.push(found.warning);
        }
        // Of a daemon without CRI, which tells no release, no verdict matters.
        let verdict = check.verdict_of(own);
        let drift = verdict.map_or(vec![Drift::no_cri()], |verdict| running.drift(verdict));
        let changed = changed_since_start(&editor, &running);
        let loaded = loaded(&running, &drift, changed.as_deref(), check.serves());
        Ok(Checked::new(check, Some(Ok(loaded))))
    }
}

impl Config {
    /// The daemon's socket: the one that was named, or the distribution's.
    pub(in crate::cli) fn endpoint<'c>(&'c self, daemon: &'c Daemon) -> &'c Path {
        let named = daemon.cri_endpoint.as_deref();
        let layout = self.layout.as_ref();
        let distribution = layout.map_or(Distribution::Containerd, |it| it.distribution);
        named.unwrap_or(distribution.endpoint())
    }
}
