//! Which pods still use handlers, by the running daemon.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;

use crate::daemon::cri::CriClient;
use crate::error::Error;

/// The pods that still use some handlers.
///
/// It is true of the moment of the question: a pod may start right after it, and one that is being
/// started is not listed yet. What keeps that from happening is outside of a node: deleting the
/// RuntimeClass first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// The socket of the daemon that was asked, as it was named.
    pub endpoint: PathBuf,
    /// The pods that use one of the handlers, by namespace and name.
    pub pods: Vec<PodInUse>,
}

/// A pod whose sandbox uses a handler.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PodInUse {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The sandbox's ID.
    pub sandbox: String,
    /// The handler that it uses.
    pub handler: String,
}

impl InUse {
    /// Asks a running daemon which pods use one of `handlers`.
    ///
    /// A sandbox that has stopped does not count: containerd 1.6 to 2.1 stop and remove it without
    /// its handler and without the handler's programs. A pod without a RuntimeClass names no handler:
    /// it counts for the daemon's default.
    ///
    /// # Errors
    ///
    /// An error if the daemon does not serve CRI, or does not answer.
    pub fn ask(daemon: &CriClient, handlers: &BTreeSet<String>) -> Result<Self, Error> {
        let loaded = daemon.status()?;
        let mut pods = Vec::new();
        for sandbox in daemon.sandboxes()? {
            let mut handlers = handlers.iter();
            let used = handlers.find(|name| sandbox.uses(name, &loaded.default));
            if let Some(handler) = used.filter(|_| sandbox.ready) {
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
            endpoint: daemon.endpoint().to_owned(),
            pods,
        })
    }
}
