//! Pod sandboxes, and the handler of each.

use serde::Serialize;

use super::messages::PodSandbox;

/// The state of a sandbox that runs.
const READY: i32 = 0;

/// A pod sandbox: what holds a pod's containers. In the order of their pods.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Sandbox {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The sandbox's ID.
    #[serde(rename = "sandbox")]
    pub id: String,
    /// The handler that the pod's RuntimeClass names; empty if it has none: it then runs on what
    /// was the default when it was started.
    pub handler: String,
    /// Whether it runs; a stopped one is still there to be removed.
    #[serde(skip)]
    pub ready: bool,
}

impl From<PodSandbox> for Sandbox {
    fn from(found: PodSandbox) -> Self {
        let pod = found.metadata.unwrap_or_default();
        Self {
            namespace: pod.namespace,
            name: pod.name,
            id: found.id,
            handler: found.runtime_handler,
            ready: found.state == READY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::cri::messages::PodSandboxMetadata;

    fn sandbox(handler: &str, state: i32) -> Sandbox {
        Sandbox::from(PodSandbox {
            id: "4f".to_owned(),
            metadata: Some(PodSandboxMetadata {
                name: "web".to_owned(),
                namespace: "shop".to_owned(),
            }),
            state,
            runtime_handler: handler.to_owned(),
        })
    }

    #[test]
    fn a_sandbox_is_told_with_its_pod() {
        let read = sandbox("kata", 1);
        let words = [&read.id, &read.namespace, &read.name, &read.handler];
        assert_eq!(words, ["4f", "shop", "web", "kata"]);
        assert!(!read.ready);
    }
}
