//! A CRI client of one question: which runtime handlers are loaded?

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

/// What became of a daemon, seen from a kubelet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// CRI answers, with these runtime handlers.
    ///
    /// A handler that was loaded without a runtime type is left out: it is listed, but
    /// no pod can run on it.
    Serves {
        handlers: BTreeSet<String>,
        default: String,
    },
    /// The daemon runs without CRI; the reason is its log on plugins that failed.
    NoCri { reason: String },
    /// The daemon is gone; the reason is its last words.
    Exits { reason: String },
}

impl Verdict {
    pub(crate) fn serves<const N: usize>(handlers: [&str; N], default: &str) -> Self {
        Self::Serves {
            handlers: handlers.map(str::to_owned).into(),
            default: default.to_owned(),
        }
    }
}

/// What a daemon said when it was asked once.
pub(crate) enum Answer {
    Serves {
        handlers: BTreeSet<String>,
        default: String,
    },
    /// The daemon listens and knows no CRI.
    NoCri,
    /// Nobody listens, or CRI is still starting.
    NotYet(String),
}

/// Asks the daemon on the socket what CRI has loaded.
pub(crate) fn ask(socket: &Path) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a current-thread tokio runtime starts");
    let response = match runtime.block_on(status(socket)) {
        Ok(response) => response,
        Err(status) if status.code() == Code::Unimplemented => return Answer::NoCri,
        Err(status) => return Answer::NotYet(format!("{status:?}")),
    };
    // The answer's own list of handlers is empty on 1.x. This is what the plugin runs with.
    let config = response
        .info
        .get("config")
        .expect("a verbose CRI status holds the plugin's config");
    let config: serde_json::Value =
        serde_json::from_str(config).expect("the plugin's config is JSON");
    let handlers = match &config["containerd"]["runtimes"] {
        serde_json::Value::Object(runtimes) => runtimes
            .iter()
            .filter(|(_, handler)| handler["runtimeType"] != "")
            .map(|(name, _)| name.clone())
            .collect(),
        serde_json::Value::Null => BTreeSet::new(),
        other => panic!("`runtimes` of the plugin's config is no object: {other}"),
    };
    let default = config["containerd"]["defaultRuntimeName"]
        .as_str()
        .unwrap_or_else(|| panic!("the plugin's config names no default: {config}"))
        .to_owned();
    Answer::Serves { handlers, default }
}

async fn status(socket: &Path) -> Result<StatusResponse, Status> {
    let channel = connect(socket)
        .await
        .map_err(|error| Status::unavailable(format!("{error:?}")))?;
    let mut client = tonic::client::Grpc::new(channel);
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(format!("{error:?}")))?;
    client
        .unary(
            Request::new(StatusRequest { verbose: true }),
            PathAndQuery::from_static("/runtime.v1.RuntimeService/Status"),
            ProstCodec::default(),
        )
        .await
        .map(Response::into_inner)
}

async fn connect(socket: &Path) -> Result<Channel, tonic::transport::Error> {
    Endpoint::from_shared(format!("unix://{}", socket.display()))?
        // A daemon that accepts and then says nothing is asked again.
        .timeout(Duration::from_secs(5))
        .connect()
        .await
}

/// `runtime.v1.StatusRequest` of the CRI API.
#[derive(Clone, PartialEq, prost::Message)]
struct StatusRequest {
    #[prost(bool, tag = "1")]
    verbose: bool,
}

/// `runtime.v1.StatusResponse` of the CRI API, as far as it is read here.
#[derive(Clone, PartialEq, prost::Message)]
struct StatusResponse {
    #[prost(map = "string, string", tag = "2")]
    info: HashMap<String, String>,
}
