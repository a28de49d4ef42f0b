//! Pod sandboxes, and which of them still use some handlers.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::CriClient;
use super::generated::{PodSandbox, PodSandboxState};
use crate::error::Error;

/// A pod sandbox: what holds a pod's containers. In the order of their pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sandbox {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The sandbox's ID.
    pub id: String,
    /// The handler that the pod's RuntimeClass names; empty if it has none: it then runs on what
    /// was the default when it was started.
    pub handler: String,
    /// The pod's UID.
    pub uid: String,
    /// Whether it runs; a stopped one is still there to be removed.
    pub ready: bool,
}

impl From<PodSandbox> for Sandbox {
    fn from(found: PodSandbox) -> Self {
        let ready = found.state() == PodSandboxState::SandboxReady;
        let pod = found.metadata.unwrap_or_default();
        Self {
            namespace: pod.namespace,
            name: pod.name,
            id: found.id,
            handler: found.runtime_handler,
            uid: pod.uid,
            ready,
        }
    }
}

/// The pods that still use some handlers.
///
/// It is true of the moment of the question: a pod may start right after it, and one that is being
/// started is not listed yet. What keeps that from happening is outside of a node: deleting the
/// RuntimeClass first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUse {
    /// The socket of the daemon that was asked, as it was named.
    pub endpoint: PathBuf,
    /// The sandboxes that use one of the handlers. Each names the handler that it counts for.
    pub pods: Vec<Sandbox>,
}

impl InUse {
    /// Asks a running daemon which pods use one of `handlers`.
    ///
    /// A sandbox that has stopped does not count: containerd 1.6 to 2.1 stop and remove it without
    /// its handler and without the handler's programs. A pod without a RuntimeClass names no handler:
    /// it counts for the daemon's default. If that was another one when the pod was started, then
    /// that one is still used, and CRI does not tell.
    ///
    /// # Errors
    ///
    /// An error if the daemon does not serve CRI, or does not answer.
    pub fn ask(daemon: &CriClient, handlers: &BTreeSet<String>) -> Result<Self, Error> {
        let default = daemon.status()?.default;
        Ok(Self {
            endpoint: daemon.endpoint().to_owned(),
            pods: users(daemon.sandboxes()?, handlers, &default),
        })
    }
}

fn users(all: Vec<Sandbox>, handlers: &BTreeSet<String>, default: &str) -> Vec<Sandbox> {
    let mut users: Vec<Sandbox> = all.into_iter().filter(|pod| pod.ready).collect();
    for pod in users.iter_mut().filter(|pod| pod.handler.is_empty()) {
        default.clone_into(&mut pod.handler);
    }
    users.retain(|pod| handlers.contains(&pod.handler));
    users.sort();
    users
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::cri::generated::PodSandboxMetadata;

    fn sandbox(handler: &str, state: i32) -> Sandbox {
        Sandbox::from(PodSandbox {
            id: "4f".to_owned(),
            metadata: Some(PodSandboxMetadata {
                name: "web".to_owned(),
                uid: "u".to_owned(),
                namespace: "shop".to_owned(),
            }),
            state,
            runtime_handler: handler.to_owned(),
        })
    }

    #[test]
    fn a_pod_without_a_handler_uses_the_default() {
        let uses = |pod: &str, handler: &str| {
            let handlers = [handler.to_owned()].into();
            let users = users(vec![sandbox(pod, 0)], &handlers, "runc");
            assert!(users.iter().all(|user| user.handler == handler));
            users.len() == 1
        };
        assert!(uses("kata", "kata"));
        assert!(!uses("kata", "runc"));
        assert!(uses("", "runc"));
        assert!(!uses("", "kata"));
        assert!(!uses("", ""));
    }

    #[test]
    fn a_stopped_sandbox_uses_nothing() {
        let handlers = ["kata".to_owned()].into();
        assert_eq!(users(vec![sandbox("kata", 1)], &handlers, "runc"), []);
    }

    #[test]
    fn a_sandbox_is_told_with_its_pod() {
        let read = sandbox("kata", 1);
        let words = [
            &read.id,
            &read.namespace,
            &read.name,
            &read.uid,
            &read.handler,
        ];
        assert_eq!(words, ["4f", "shop", "web", "u", "kata"]);
        assert!(!read.ready);
    }
}
