//! Pod sandboxes, and which handler each of them uses.

use super::generated::{PodSandbox, PodSandboxState};

/// A pod sandbox: what holds a pod's containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// The sandbox's ID.
    pub id: String,
    /// The pod's name.
    pub name: String,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's UID.
    pub uid: String,
    /// The handler that the pod's RuntimeClass names; empty if it has none: it then runs on what
    /// was the default when it was started.
    pub handler: String,
    /// Whether it runs; a stopped one is still there to be removed.
    pub ready: bool,
}

impl Sandbox {
    /// Returns whether it uses a handler, in a daemon with this default.
    ///
    /// A pod without a RuntimeClass names no handler: it counts for the default. If that was another
    /// one when the pod was started, then that one is still used, and CRI does not tell.
    #[must_use]
    pub fn uses(&self, handler: &str, default: &str) -> bool {
        let named = if self.handler.is_empty() {
            default
        } else {
            &self.handler
        };
        named == handler
    }
}

impl From<PodSandbox> for Sandbox {
    fn from(found: PodSandbox) -> Self {
        let ready = found.state() == PodSandboxState::SandboxReady;
        let pod = found.metadata.unwrap_or_default();
        Self {
            id: found.id,
            name: pod.name,
            namespace: pod.namespace,
            uid: pod.uid,
            handler: found.runtime_handler,
            ready,
        }
    }
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
                attempt: 0,
            }),
            state,
            runtime_handler: handler.to_owned(),
        })
    }

    #[test]
    fn a_pod_without_a_handler_uses_the_default() {
        assert!(sandbox("kata", 0).uses("kata", "runc"));
        assert!(!sandbox("kata", 0).uses("runc", "runc"));
        assert!(sandbox("", 0).uses("runc", "runc"));
        assert!(!sandbox("", 0).uses("kata", "runc"));
        assert!(!sandbox("", 0).uses("", "runc"));
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
