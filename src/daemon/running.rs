//! A config held against the daemon that runs.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::containerd::{Release, Verdict};
use crate::daemon::cri::{CriClient, RunningHandlers};
use crate::disk::HostRoot;
use crate::error::{Code, Error};

/// What a running daemon says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The socket, as it was named.
    pub endpoint: PathBuf,
    /// The daemon's version and handlers; `None` if it runs without CRI, which alone could tell.
    pub cri: Option<RunningCri>,
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
pub enum Drift {
    /// The daemon runs without CRI.
    NoCri,
    /// The config would leave the daemon without CRI, or stop it, once it is restarted.
    WouldNotServe,
    /// The config has a handler that the daemon has not loaded.
    NotLoaded {
        /// The handler's name.
        handler: String,
    },
    /// The daemon has a handler that the config has no more.
    Gone {
        /// The handler's name.
        handler: String,
    },
    /// A handler has another shim.
    OtherType {
        /// The handler's name.
        handler: String,
        /// Its `runtime_type` in the daemon.
        daemon: String,
        /// Its `runtime_type` by the config.
        config: String,
    },
    /// Another handler is the default.
    OtherDefault {
        /// The default of the daemon.
        daemon: String,
        /// The default by the config.
        config: String,
    },
}

impl fmt::Display for Drift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCri => formatter.write_str("the daemon runs without CRI"),
            Self::WouldNotServe => formatter
                .write_str("the daemon serves CRI, and with the config as it is now it would not"),
            Self::NotLoaded { handler } => write!(
                formatter,
                "{handler} is in the config, and the daemon has not loaded it"
            ),
            Self::Gone { handler } => write!(
                formatter,
                "{handler} is still loaded by the daemon, and no more in the config"
            ),
            Self::OtherType {
                handler,
                daemon,
                config,
            } => write!(
                formatter,
                "{handler} is {} in the daemon and {} in the config",
                shown_type(daemon),
                shown_type(config)
            ),
            Self::OtherDefault { daemon, config } => write!(
                formatter,
                "the default handler is {daemon} in the daemon and {config} in the config"
            ),
        }
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
        Self::over(&CriClient::connect_on(root, endpoint, limit)?)
    }

    /// Asks the daemon at the other end of a connection.
    pub(crate) fn over(daemon: &CriClient) -> Result<Self, Error> {
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
            return vec![Drift::NoCri];
        };
        let Verdict::Serves { handlers, default } = verdict else {
            return vec![Drift::WouldNotServe];
        };
        let mut drift = Vec::new();
        let names: BTreeSet<&String> = handlers.keys().chain(loaded.handlers.keys()).collect();
        for name in names {
            let handler = name.clone();
            match (handlers.get(name), loaded.handlers.get(name)) {
                (Some(_), None) => drift.push(Drift::NotLoaded { handler }),
                (None, Some(_)) => drift.push(Drift::Gone { handler }),
                (Some(config), Some(daemon)) if config.runtime_type != *daemon => {
                    drift.push(Drift::OtherType {
                        handler,
                        daemon: daemon.clone(),
                        config: config.runtime_type.clone(),
                    });
                }
                _ => {}
            }
        }
        if *default != loaded.default {
            drift.push(Drift::OtherDefault {
                daemon: loaded.default.clone(),
                config: default.clone(),
            });
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
        let wanted = [
            Drift::Gone {
                handler: "crun".to_owned(),
            },
            Drift::NotLoaded {
                handler: "kata".to_owned(),
            },
            Drift::OtherDefault {
                daemon: "crun".to_owned(),
                config: "kata".to_owned(),
            },
        ];
        assert_eq!(drift, wanted);
    }

    #[test]
    fn a_handler_with_another_shim_has_drifted() {
        let running = daemon(&[("runc", "runc"), ("kata", "kata-old")], "kata");
        let wanted = [Drift::OtherType {
            handler: "kata".to_owned(),
            daemon: "io.containerd.kata-old.v2".to_owned(),
            config: "io.containerd.kata.v2".to_owned(),
        }];
        assert_eq!(running.drift(&verdict(&running, KATA)), wanted);
    }

    #[test]
    fn where_one_side_does_not_serve_no_handlers_are_compared() {
        let mut running = daemon(&[("runc", "runc")], "runc");
        let broken = verdict(&running, &KATA.replace("runtimes.kata", "runtimes.other"));
        assert!(!broken.serves());
        assert_eq!(running.drift(&broken), [Drift::WouldNotServe]);
        let served = verdict(&running, KATA);
        running.cri = None;
        assert_eq!(running.drift(&served), [Drift::NoCri]);
        assert_eq!(running.release(), Ok(None));
    }
}
