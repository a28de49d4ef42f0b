//! A config compared with the daemon that runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::containerd::{Release, Verdict};
use crate::daemon::cri::{CriClient, RunningHandlers};
use crate::daemon::service::process::Process;
use crate::disk::HostRoot;
use crate::error::{Code, Error};

/// What a running daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The socket, as it was named.
    pub endpoint: PathBuf,
    /// The daemon's version and handlers; `None` if it runs without CRI, which alone could tell.
    pub cri: Option<RunningCri>,
    /// When it was started, or a little later where its process can't be seen; `None`: not known.
    pub(crate) started: Option<SystemTime>,
}

/// What the CRI of a running daemon says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningCri {
    /// The daemon's version, such as `1.7.24~ds1`.
    pub version: String,
    /// What it has loaded.
    pub loaded: RunningHandlers,
}

/// One thing in which a running daemon is not what its config says now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// A stable word for programs:
    ///
    /// - `no-cri`: the daemon runs without CRI;
    /// - `would-not-serve`: the config would leave the daemon without CRI, or stop it, once it is
    ///   restarted;
    /// - `not-loaded`, `gone`: a handler stands in the config alone, or is loaded and stands there no
    ///   more;
    /// - `other-type`: a handler has another shim;
    /// - `other-default`: another handler is the default.
    pub code: &'static str,
    /// The handler that it is about; of two defaults, the daemon's and then the config's.
    pub handlers: Vec<String>,
    /// A clause for people.
    pub message: String,
}

impl Drift {
    fn new(code: &'static str, handlers: &[&str], message: impl Into<String>) -> Self {
        Self {
            code,
            handlers: handlers.iter().map(|&name| name.to_owned()).collect(),
            message: message.into(),
        }
    }

    /// Returns that the daemon runs without CRI.
    #[must_use]
    pub fn no_cri() -> Self {
        Self::new("no-cri", &[], "the daemon runs without CRI")
    }

    /// The daemon has not loaded a handler.
    pub(crate) fn not_loaded(handler: &str) -> Self {
        let message = format!("{handler} is in the config, and the daemon has not loaded it");
        Self::new("not-loaded", &[handler], message)
    }

    /// Returns the clauses of all of them in one.
    #[must_use]
    pub fn listed(drift: &[Self]) -> String {
        let messages: Vec<&str> = drift.iter().map(|drift| &*drift.message).collect();
        messages.join(", ")
    }
}

fn shown_type(runtime_type: &str) -> &str {
    if runtime_type.is_empty() {
        "(no type)"
    } else {
        runtime_type
    }
}

impl Running {
    /// Asks the daemon at a socket, which is a path on the host whose files are at `root`.
    ///
    /// `limit` is how long each answer may take.
    ///
    /// # Errors
    ///
    /// An error if no daemon answers, or none of containerd. One that runs without CRI is no
    /// error.
    pub fn ask(root: &HostRoot, endpoint: &Path, limit: Duration) -> Result<Self, Error> {
        Self::over(root, &CriClient::connect_on(root, endpoint, limit)?)
    }

    /// Asks the daemon at the other end of a connection.
    pub(crate) fn over(root: &HostRoot, daemon: &CriClient) -> Result<Self, Error> {
        // Each daemon makes its socket anew.
        let socket_made = || {
            let socket = root.resolve(daemon.endpoint()).and_then(fs::metadata);
            socket.and_then(|socket| socket.modified()).ok()
        };
        // It answers after that was looked at: so that is its own.
        let started = daemon
            .process()
            .map_or_else(socket_made, Process::started_at);
        let answer = daemon.version().and_then(|version| {
            let loaded = daemon.status()?;
            Ok(RunningCri { version, loaded })
        });
        let cri = match answer {
            Ok(cri) => Some(cri),
            Err(error) if error.code() == Code::NoCri => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            endpoint: daemon.endpoint().to_owned(),
            cri,
            started,
        })
    }

    /// Whether its CRI says that it can run pods.
    pub(crate) fn is_ready(&self) -> bool {
        self.cri.as_ref().is_some_and(|cri| cri.loaded.ready)
    }

    /// Returns the daemon's release; `None` if it runs without CRI.
    ///
    /// # Errors
    ///
    /// [`Code::UnknownRelease`] if it is older than all that are modelled.
    pub fn release(&self) -> Result<Option<Release>, Error> {
        let version = self.cri.as_ref().map(|cri| cri.version.parse());
        version.transpose()
    }

    /// Returns in what the daemon differs from what its release makes of the config now; nothing if
    /// they are in step.
    ///
    /// Of a handler, the name and the `runtime_type` are compared, not its other keys.
    #[must_use]
    pub fn drift(&self, verdict: &Verdict) -> Vec<Drift> {
        let Some(RunningCri { loaded, .. }) = &self.cri else {
            return vec![Drift::no_cri()];
        };
        let Verdict::Serves { handlers, default } = verdict else {
            let message = "the daemon serves CRI, and with the config as it is now it would not";
            return vec![Drift::new("would-not-serve", &[], message)];
        };
        let mut drift = Vec::new();
        let names: BTreeSet<&String> = handlers.keys().chain(loaded.handlers.keys()).collect();
        for name in names {
            match (handlers.get(name), loaded.handlers.get(name)) {
                (Some(_), None) => drift.push(Drift::not_loaded(name)),
                (None, Some(_)) => {
                    let message =
                        format!("{name} is still loaded by the daemon, and no more in the config");
                    drift.push(Drift::new("gone", &[name], message));
                }
                (Some(config), Some(daemon)) if config.runtime_type != *daemon => {
                    let (daemon, config) = (shown_type(daemon), shown_type(&config.runtime_type));
                    let message =
                        format!("{name} is {daemon} in the daemon and {config} in the config");
                    drift.push(Drift::new("other-type", &[name], message));
                }
                _ => {}
            }
        }
        if *default != loaded.default {
            let message = format!(
                "the default handler is {} in the daemon and {default} in the config",
                loaded.default
            );
            let handlers = [&*loaded.default, default];
            drift.push(Drift::new("other-default", &handlers, message));
        }
        drift
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containerd::{ConfigFiles, Host, load};

    fn daemon(handlers: &[(&str, &str)], default: &str) -> Running {
        let handlers = handlers.iter().map(|&(name, kind)| {
            let runtime_type = format!("io.containerd.{kind}.v2");
            (name.to_owned(), runtime_type)
        });
        Running {
            endpoint: PathBuf::from("/run/c.sock"),
            cri: Some(RunningCri {
                version: "2.1.4+unknown".to_owned(),
                loaded: RunningHandlers {
                    handlers: handlers.collect(),
                    default: default.to_owned(),
                    ready: true,
                },
            }),
            started: None,
        }
    }

    /// What the daemon's release makes of a config.
    fn verdict(running: &Running, config: &str) -> Verdict {
        let files = ConfigFiles::new(Path::new("/etc/containerd/config.toml"), config.as_bytes());
        let release = running.release().expect("modelled").expect("known");
        load(&files, release, &Host::default())
    }

    const KATA: &str = "version = 3\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
        default_runtime_name = 'kata'\n\
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\n\
        runtime_type = 'io.containerd.kata.v2'\n";

    #[test]
    fn a_daemon_that_has_loaded_the_config_is_in_step() {
        let running = daemon(&[("runc", "runc"), ("kata", "kata")], "kata");
        assert_eq!(running.drift(&verdict(&running, KATA)), []);
    }

    #[test]
    fn each_difference_is_told_by_name() {
        let running = daemon(&[("runc", "runc"), ("crun", "runc")], "crun");
        let drift = running.drift(&verdict(&running, KATA));
        let told = drift.iter().map(|it| (it.code, it.handlers.concat()));
        let wanted = [
            ("gone", "crun".to_owned()),
            ("not-loaded", "kata".to_owned()),
            ("other-default", "crunkata".to_owned()),
        ];
        assert_eq!(told.collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn a_handler_with_another_shim_has_drifted() {
        let running = daemon(&[("runc", "runc"), ("kata", "kata-old")], "kata");
        let message = "kata is io.containerd.kata-old.v2 in the daemon and io.containerd.kata.v2 in \
                       the config";
        let wanted = [Drift::new("other-type", &["kata"], message)];
        assert_eq!(running.drift(&verdict(&running, KATA)), wanted);
    }

    #[test]
    fn where_one_side_does_not_serve_no_handlers_are_compared() {
        let mut running = daemon(&[("runc", "runc")], "runc");
        let broken = verdict(&running, &KATA.replace("runtimes.kata", "runtimes.other"));
        assert!(!broken.serves());
        assert_eq!(running.drift(&broken)[0].code, "would-not-serve");
        let served = verdict(&running, KATA);
        running.cri = None;
        assert_eq!(running.drift(&served), [Drift::no_cri()]);
        assert_eq!(running.release(), Ok(None));
    }
}
