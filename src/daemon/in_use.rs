//! Which pods still use handlers, by the running daemon.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::daemon::cri::{CriClient, Sandbox};
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

    fn sandbox(handler: &str, ready: bool) -> Sandbox {
        Sandbox {
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
            id: "4f".to_owned(),
            handler: handler.to_owned(),
            ready,
        }
    }

    #[test]
    fn a_pod_without_a_handler_uses_the_default() {
        let uses = |pod: &str, handler: &str| {
            let handlers = [handler.to_owned()].into();
            let users = users(vec![sandbox(pod, true)], &handlers, "runc");
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
        assert_eq!(users(vec![sandbox("kata", false)], &handlers, "runc"), []);
    }
}
