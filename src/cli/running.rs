//! `check --running`: what the running daemon has loaded.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use containerd_edit::{Check, Code, CriClient, CriError, Drift, Error, ExitCode, Release, Running};

use super::Run;
use super::arguments;
use super::arguments::groups::Daemon;
use super::config::Config;
use super::failure::Failure;
use super::running_report::{DriftReport, LoadedReport, RunningReport};

/// How long a running daemon may take for each answer. It has them at hand.
pub(super) const DAEMON_LIMIT: Duration = Duration::from_secs(5);

impl Run {
    pub(super) fn check_running(&mut self, check: &arguments::Check) -> Result<ExitCode, Failure> {
        let config = &self.config;
        let bytes = match config.read() {
            // containerd has its built-in defaults then.
            Err(error) if error.code() == Code::NoFile => Vec::new(),
            read => read?,
        };
        let endpoint = config.endpoint(&check.daemon);
        let running = Running::ask(&config.host_root, endpoint, DAEMON_LIMIT);
        let running = running.map_err(|error| no_answer(&error))?;
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
    if check.judging.containerd_version.is_some() {
        return Ok(check.judging.releases());
    }
    match running.release() {
        Ok(Some(release)) => Ok(vec![release]),
        Ok(None) => Ok(check.judging.releases()),
        Err(error) => {
            let hint = "use a newer containerd-edit, or name the release to judge for with \
                        --containerd-version";
            let error = Error::new(Code::UnknownRelease, error.to_string(), hint);
            Err(error.at(&running.endpoint))
        }
    }
}

/// The error of a daemon that was asked.
pub(super) fn no_answer(error: &CriError) -> Error {
    let code = code(error.code(), error.exit_code());
    let message = match error.source() {
        Some(reason) => format!("{error}: {reason}"),
        None => error.to_string(),
    };
    Error::new(code, message, error.hint()).at(error.endpoint())
}

/// The code of this word. Two have the word `io`: they differ by their exit codes.
pub(super) fn code(word: &str, exit: ExitCode) -> Code {
    let mut codes = Code::ALL.iter().filter(|code| code.as_str() == word);
    let first = codes.clone().next();
    let code = codes.find(|code| code.exit_code() == exit).or(first);
    code.copied().unwrap_or(Code::Defect)
}

impl Config {
    /// The daemon's socket: the one that was named, or the distribution's.
    pub(super) fn endpoint<'c>(&'c self, daemon: &'c Daemon) -> &'c Path {
        match (&daemon.cri_endpoint, &self.layout) {
            (Some(named), _) => named,
            (None, Some(layout)) => layout.endpoint(),
            (None, None) => Path::new(CriClient::DEFAULT_ENDPOINT),
        }
    }
}

impl RunningReport {
    pub(super) fn new(running: &Running, drift: &[Drift]) -> Self {
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
