//! What a kubelet asks of CRI to run pods. Names and numbers are those of
//! `pkg/apis/runtime/v1/api.proto` in kubernetes/cri-api; fields that are not used are left out.

#[path = "../../../src/daemon/cri/connection.rs"]
mod connection;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use prost::Message;
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::Status;

use self::connection::Connection;

/// A pod takes well under a second to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// `NamespaceMode`: the node's own.
const NODE: i32 = 2;
/// `ContainerState`.
const RUNNING: i32 = 1;

#[derive(Clone, PartialEq, Message)]
struct PodMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct NamespaceOption {
    #[prost(int32, tag = "1")]
    network: i32,
}

#[derive(Clone, PartialEq, Message)]
struct SandboxSecurity {
    #[prost(message, optional, tag = "1")]
    namespaces: Option<NamespaceOption>,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxSandbox {
    #[prost(string, tag = "1")]
    cgroup_parent: String,
    #[prost(message, optional, tag = "2")]
    security: Option<SandboxSecurity>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SandboxConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<PodMetadata>,
    #[prost(message, optional, tag = "8")]
    linux: Option<LinuxSandbox>,
}

#[derive(Clone, PartialEq, Message)]
struct RunSandbox {
    #[prost(message, optional, tag = "1")]
    config: Option<SandboxConfig>,
    #[prost(string, tag = "2")]
    handler: String,
}

impl SandboxConfig {
    /// A pod on the node's network, whose cgroups are below `cgroup_parent`.
    pub(super) fn of((namespace, name): (&str, &str), cgroup_parent: &str) -> Self {
        Self {
            metadata: Some(PodMetadata {
                name: name.to_owned(),
                uid: format!("uid-of-{name}"),
                namespace: namespace.to_owned(),
            }),
            linux: Some(LinuxSandbox {
                cgroup_parent: cgroup_parent.to_owned(),
                security: Some(SandboxSecurity {
                    namespaces: Some(NamespaceOption { network: NODE }),
                }),
            }),
        }
    }
}

/// Questions about one thing, and answers that name one.
#[derive(Clone, PartialEq, Message)]
struct Id {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(bool, tag = "2")]
    verbose: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Nothing {}

#[derive(Clone, PartialEq, Message)]
struct ContainerMetadata {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(string, tag = "1")]
    image: String,
}

#[derive(Clone, PartialEq, Message)]
struct ImageQuestion {
    #[prost(message, optional, tag = "1")]
    image: Option<Image>,
}

#[derive(Clone, PartialEq, Message)]
struct ImageAnswer {
    #[prost(message, optional, tag = "1")]
    image: Option<Image>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerSecurity {
    #[prost(message, optional, tag = "3")]
    namespaces: Option<NamespaceOption>,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxContainer {
    #[prost(message, optional, tag = "2")]
    security: Option<ContainerSecurity>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<ContainerMetadata>,
    #[prost(message, optional, tag = "2")]
    image: Option<Image>,
    #[prost(message, optional, tag = "15")]
    linux: Option<LinuxContainer>,
}

#[derive(Clone, PartialEq, Message)]
struct CreateContainer {
    #[prost(string, tag = "1")]
    sandbox: String,
    #[prost(message, optional, tag = "2")]
    config: Option<ContainerConfig>,
    #[prost(message, optional, tag = "3")]
    sandbox_config: Option<SandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct Container {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    sandbox: String,
    #[prost(int32, tag = "6")]
    state: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Containers {
    #[prost(message, repeated, tag = "1")]
    containers: Vec<Container>,
}

#[derive(Clone, PartialEq, Message)]
struct Info {
    #[prost(map = "string, string", tag = "2")]
    info: HashMap<String, String>,
}

/// A pod that was started: its sandbox and the one container in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) sandbox: String,
    pub(crate) container: String,
}

/// The processes of a pod, by their IDs on the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodProcesses {
    pub(crate) sandbox: u64,
    pub(crate) container: u64,
}

/// Asks a daemon what a kubelet asks.
pub(super) struct Kubelet {
    runtime: Runtime,
    connection: Connection,
}

impl Kubelet {
    pub(super) fn connect(socket: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let connection = runtime.block_on(async {
            let stream = timeout(PATIENCE, connection::connect(socket)).await;
            let stream = stream.expect("the daemon accepts").expect("it listens");
            Connection::over(stream).await.expect("it speaks HTTP/2")
        });
        Self {
            runtime,
            connection,
        }
    }

    fn ask<Q, A>(&self, method: &'static str, question: Q) -> Result<A, Status>
    where
        Q: Message + Send + Sync + 'static,
        A: Message + Default + Send + Sync + 'static,
    {
        assert!(!self.connection.is_closed(), "the daemon is gone");
        let answer = self
            .runtime
            .block_on(async { timeout(PATIENCE, self.connection.call(method, question)).await });
        answer.unwrap_or_else(|_| panic!("no answer to {method}"))
    }

    /// Whether CRI knows an image.
    pub(super) fn has_image(&self, image: &str) -> bool {
        let image = Some(image_of(image));
        let question = ImageQuestion { image };
        let answer: ImageAnswer = self
            .ask("/runtime.v1.ImageService/ImageStatus", question)
            .expect("the image's status");
        answer.image.is_some()
    }

    /// Starts a pod with one container. An empty `handler`: the default.
    pub(super) fn run(
        &self,
        pod: &SandboxConfig,
        handler: &str,
        image: &str,
    ) -> Result<Pod, Status> {
        let question = RunSandbox {
            config: Some(pod.clone()),
            handler: handler.to_owned(),
        };
        let sandbox: Id = self.ask("/runtime.v1.RuntimeService/RunPodSandbox", question)?;
        Ok(Pod {
            container: self.start_container(pod, &sandbox.id, "main", image)?,
            sandbox: sandbox.id,
        })
    }

    /// Starts a container in a pod's sandbox, and returns its ID.
    pub(super) fn start_container(
        &self,
        pod: &SandboxConfig,
        sandbox: &str,
        name: &str,
        image: &str,
    ) -> Result<String, Status> {
        let question = CreateContainer {
            sandbox: sandbox.to_owned(),
            config: Some(ContainerConfig {
                metadata: Some(ContainerMetadata {
                    name: name.to_owned(),
                }),
                image: Some(image_of(image)),
                linux: Some(LinuxContainer {
                    security: Some(ContainerSecurity {
                        namespaces: Some(NamespaceOption { network: NODE }),
                    }),
                }),
            }),
            sandbox_config: Some(pod.clone()),
        };
        let container: Id = self.ask("/runtime.v1.RuntimeService/CreateContainer", question)?;
        let Nothing {} = self.ask(
            "/runtime.v1.RuntimeService/StartContainer",
            id_of(&container.id),
        )?;
        Ok(container.id)
    }

    /// Stops a pod's containers and its sandbox.
    pub(super) fn stop(&self, sandbox: &str) -> Result<(), Status> {
        let Nothing {} = self.ask("/runtime.v1.RuntimeService/StopPodSandbox", id_of(sandbox))?;
        Ok(())
    }

    /// Removes a pod's containers and its sandbox.
    pub(super) fn remove(&self, sandbox: &str) -> Result<(), Status> {
        let Nothing {} = self.ask(
            "/runtime.v1.RuntimeService/RemovePodSandbox",
            id_of(sandbox),
        )?;
        Ok(())
    }

    /// The containers that run in a sandbox.
    pub(super) fn running_containers(&self, sandbox: &str) -> Vec<String> {
        let answer: Containers = self
            .ask("/runtime.v1.RuntimeService/ListContainers", Nothing {})
            .expect("the containers");
        let running = answer
            .containers
            .into_iter()
            .filter(|container| container.sandbox == sandbox && container.state == RUNNING);
        running.map(|container| container.id).collect()
    }

    pub(super) fn processes(&self, pod: &Pod) -> PodProcesses {
        let sandbox = self.ask(
            "/runtime.v1.RuntimeService/PodSandboxStatus",
            verbose(&pod.sandbox),
        );
        let container = self.ask(
            "/runtime.v1.RuntimeService/ContainerStatus",
            verbose(&pod.container),
        );
        PodProcesses {
            sandbox: process(&sandbox.expect("the sandbox's status")),
            container: process(&container.expect("the container's status")),
        }
    }
}

/// The process that a verbose status names.
fn process(status: &Info) -> u64 {
    let info = status.info.get("info").expect("a verbose status");
    let info: Value = serde_json::from_str(info).expect("JSON");
    info["pid"].as_u64().expect("a process ID")
}

fn image_of(image: &str) -> Image {
    Image {
        image: image.to_owned(),
    }
}

fn id_of(id: &str) -> Id {
    Id {
        id: id.to_owned(),
        verbose: false,
    }
}

fn verbose(id: &str) -> Id {
    Id {
        verbose: true,
        ..id_of(id)
    }
}
