//! Which pods still use handlers: by the daemon, or by the shim processes that outlive it.

mod error;
mod handlers;
mod process_view;
mod shims;

use std::collections::BTreeSet;
use std::fmt;
#[cfg(feature = "cri")]
use std::path::PathBuf;

pub use self::error::UseUnknown;
use self::handlers::KnownHandlers;
use self::shims::Shim;
#[cfg(feature = "cri")]
use crate::daemon::cri::{CriClient, CriError};
use crate::disk::HostRoot;
use crate::inspect::effective::Effective;

/// The pods that still use some handlers, and how that is known.
///
/// It is true of the moment of the question: a pod may start right after it. What keeps that from
/// happening is outside of a node: deleting the RuntimeClass first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// How it is known.
    pub known_by: KnownBy,
    /// The pods that use one of the handlers, by namespace and name.
    pub pods: Vec<PodInUse>,
    /// Shims that may run for one of the handlers or for another one: nothing on the node tells them
    /// apart.
    pub unclear: Vec<UnclearShim>,
}

/// How it is known which pods use a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KnownBy {
    /// The daemon was asked.
    #[cfg(feature = "cri")]
    Daemon {
        /// Its socket, as it was named.
        endpoint: PathBuf,
    },
    /// The shim processes in `/proc` were looked at.
    Shims,
}

impl KnownBy {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            #[cfg(feature = "cri")]
            Self::Daemon { .. } => "daemon",
            Self::Shims => "shims",
        }
    }
}

impl fmt::Display for KnownBy {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "cri")]
            Self::Daemon { endpoint } => write!(text, "asked the daemon at {}", endpoint.display()),
            Self::Shims => text.write_str("by the shim processes in /proc"),
        }
    }
}

/// A pod whose sandbox uses a handler.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodInUse {
    /// The pod's namespace; empty if its shim's folder does not tell.
    pub namespace: String,
    /// The pod's name; empty if its shim's folder does not tell.
    pub name: String,
    /// The sandbox's ID.
    pub sandbox: String,
    /// The handler that it uses.
    pub handler: String,
}

/// A shim whose handler can't be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnclearShim {
    /// The process's ID, as the `/proc` counts that was looked at.
    pub process: u32,
    /// The program that it runs.
    pub program: String,
    /// The pod, with what is known of it; `handler` is empty.
    pub pod: PodInUse,
    /// The handlers of the config that have such a shim; none if it was started for one that the
    /// config has no more, or has otherwise now.
    pub candidates: Vec<String>,
}

impl InUse {
    /// Asks a running daemon which pods use one of `handlers`.
    ///
    /// A sandbox that has stopped doesn't count: containerd 1.6 to 2.1 stop and remove it without
    /// its handler and without the handler's programs. One that is said to have stopped and has a
    /// living shim counts: so 1.7 shows a sandbox whose shim it could not reach.
    ///
    /// A pod without a RuntimeClass names no handler. It counts for the daemon's default of now, and
    /// for the handler of its shim if that can be told; `config` says which handler has which shim,
    /// and `root` is where the host's files are, `/proc` among them.
    ///
    /// A daemon lists a sandbox once it has started, so where the host's processes can be seen, its
    /// shims for sandboxes that it does not list count, too.
    ///
    /// # Errors
    ///
    /// [`CriError`] if the daemon serves no CRI, or does not answer.
    #[cfg(feature = "cri")]
    pub fn ask(
        daemon: &CriClient,
        handlers: &BTreeSet<String>,
        config: &Effective,
        root: &HostRoot,
    ) -> Result<Self, CriError> {
        let loaded = daemon.status()?;
        let sandboxes = daemon.sandboxes()?;
        let known = KnownHandlers::of(config).and_loaded(&loaded);
        // After the sandboxes: the shim of one that stops meanwhile is gone.
        let shims = shims::seen(root);
        let is_unlisted = |shim: &&Shim| {
            let mut listed = sandboxes.iter();
            listed.all(|sandbox| sandbox.id != shim.sandbox) && shim.address == daemon.endpoint()
        };
        let unlisted = shims::scan(root).unwrap_or_default();
        let unlisted = unlisted.iter().filter(is_unlisted).cloned();
        let Self {
            mut pods, unclear, ..
        } = Self::of_shims(unlisted.collect(), handlers, &known);
        for sandbox in sandboxes {
            let mut its_shims = shims.iter().filter(|shim| shim.sandbox == sandbox.id);
            let shim = its_shims.next();
            if !sandbox.ready && shim.is_none() {
                continue;
            }
            let by_name = |name: &String| sandbox.uses(name, &loaded.default);
            let by_shim = || {
                let candidates = known.candidates(shim?);
                let was_default =
                    sandbox.handler.is_empty() && !candidates.contains(loaded.default.as_str());
                let mut used = handlers.iter();
                used.find(|name| was_default && candidates.contains(name.as_str()))
            };
            if let Some(handler) = handlers.iter().find(|name| by_name(name)).or_else(by_shim) {
                pods.push(PodInUse {
                    namespace: sandbox.namespace,
                    name: sandbox.name,
                    sandbox: sandbox.id,
                    handler: handler.clone(),
                });
            }
        }
        pods.sort();
        Ok(Self {
            known_by: KnownBy::Daemon {
                endpoint: daemon.endpoint().to_owned(),
            },
            pods,
            unclear,
        })
    }

    /// Looks at the shim processes of the host, for when no daemon answers: which pods use one of
    /// `handlers`.
    ///
    /// A shim is told by its arguments, its start time and its program, and its handler by the files
    /// that it was started with: containerd notes down there which shim it has started, and runc's
    /// shim notes down its `BinaryName`. `config` says which handler has which of them. `root` is
    /// where the host's files are, `/proc` among them.
    ///
    /// # Errors
    ///
    /// [`UseUnknown`] if the host's processes can't be seen.
    pub fn by_shims(
        handlers: &BTreeSet<String>,
        config: &Effective,
        root: &HostRoot,
    ) -> Result<Self, UseUnknown> {
        let shims = shims::scan(root)?;
        Ok(Self::of_shims(shims, handlers, &KnownHandlers::of(config)))
    }

    fn of_shims(shims: Vec<Shim>, handlers: &BTreeSet<String>, known: &KnownHandlers) -> Self {
        let mut pods = Vec::new();
        let mut unclear = Vec::new();
        for shim in shims {
            let candidates = known.candidates(&shim);
            let (used, others): (Vec<&str>, Vec<&str>) = candidates
                .iter()
                .partition(|&&name| handlers.contains(name));
            if used.is_empty() && !others.is_empty() {
                continue;
            }
            let mut pod = PodInUse {
                namespace: shim.namespace.clone(),
                name: shim.name.clone(),
                sandbox: shim.sandbox.clone(),
                handler: String::new(),
            };
            match used.first() {
                Some(name) if others.is_empty() => {
                    (*name).clone_into(&mut pod.handler);
                    pods.push(pod);
                }
                _ => unclear.push(UnclearShim {
                    process: shim.process,
                    program: shim.program(),
                    pod,
                    candidates: candidates.into_iter().map(str::to_owned).collect(),
                }),
            }
        }
        pods.sort();
        // A shim that serves one container has the pod of the others.
        pods.dedup();
        unclear.sort_by(|one, other| one.pod.cmp(&other.pod));
        Self {
            known_by: KnownBy::Shims,
            pods,
            unclear,
        }
    }

    /// Whether no pod uses any of the handlers, for certain.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        self.pods.is_empty() && self.unclear.is_empty()
    }
}

#[cfg(test)]
mod tests;
