//! Asking a running daemon over the Container Runtime Interface.
//!
//! Nothing of this is set up before it is asked for: verbs that ask no daemon pay nothing.

mod connection;
mod endpoint;
mod messages;
mod sandboxes;
mod status;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic::Code as Answer;

use self::connection::Connection;
use self::messages::{
    ListPodSandboxResponse, StatusRequest, StatusResponse, VersionRequest, VersionResponse,
};
pub use self::sandboxes::Sandbox;
pub use self::status::RunningHandlers;
use crate::daemon::service::process::Process;
use crate::disk::HostRoot;
use crate::error::{Code, Error, NextStep};

/// How containerd up to 1.7.11 says that CRI is starting: with no gRPC code of its own.
const NOT_INITIALIZED: &str = "server is not initialized yet";

/// A connection to the CRI of a running daemon.
///
/// It belongs to the one daemon that has accepted it: once that is gone, every question ends with
/// [`Code::HungUp`], and a new daemon is asked over a new connection.
///
/// # Panics
///
/// The calls block. Inside an asynchronous runtime they panic, as those of any blocking client do:
/// call them from a thread of their own there.
///
/// # Examples
///
/// ```no_run
/// use std::path::Path;
///
/// use containerd_edit::cri::CriClient;
///
/// let endpoint = Path::new(CriClient::DEFAULT_ENDPOINT);
/// let daemon = CriClient::connect(endpoint, CriClient::ANSWER_LIMIT)?;
/// let loaded = daemon.status()?;
/// assert!(loaded.handlers.contains_key("kata"), "containerd has to be restarted");
/// # Ok::<(), containerd_edit::Error>(())
/// ```
#[derive(Debug)]
pub struct CriClient {
    runtime: Runtime,
    connection: Connection,
    endpoint: PathBuf,
    limit: Duration,
    daemon_pid: Option<u32>,
    /// The process at the other end, if it can be seen.
    process: Option<Process>,
}

impl CriClient {
    /// Where containerd listens unless it is configured otherwise.
    pub const DEFAULT_ENDPOINT: &'static str = "/run/containerd/containerd.sock";

    /// How long a running daemon may take for each answer. It has them at hand.
    pub const ANSWER_LIMIT: Duration = Duration::from_secs(5);

    /// Connects to the socket at `endpoint`: a path, or one with `unix://` before it.
    ///
    /// `limit` is how long the daemon may take to accept, and then to answer each question.
    ///
    /// # Errors
    ///
    /// An error if `endpoint` is no path, if nobody listens there, or if this user may not
    /// connect. Whether the daemon serves CRI is not asked yet.
    pub fn connect(endpoint: &Path, limit: Duration) -> Result<Self, Error> {
        Self::connect_on(&HostRoot::default(), endpoint, limit)
    }

    /// Does the same for a host whose files are at `root`: `endpoint` is a path of that host.
    ///
    /// # Errors
    ///
    /// As of [`CriClient::connect`].
    pub fn connect_on(root: &HostRoot, endpoint: &Path, limit: Duration) -> Result<Self, Error> {
        let endpoint = endpoint::socket_path(endpoint)?;
        let not_connected = |path: &Path, reason| endpoint::not_connected(&endpoint, path, reason);
        let path = root.resolve(&endpoint);
        let path = path.map_err(|reason| not_connected(&endpoint, reason))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| {
                let hint = "see whether this process may open files (`ulimit -n`)";
                Error::new(Code::Io, "cannot get ready to ask the daemon", hint)
                    .at(&endpoint)
                    .caused_by(source)
            })?;
        let connect = async {
            let stream = timeout(limit, connection::connect(&path)).await;
            let stream = stream.map_err(|_| silent(&endpoint, limit))?;
            let stream = stream.map_err(|reason| not_connected(&path, reason))?;
            // 0: a process that this PID namespace doesn't show.
            let peer = stream.peer_cred().ok().and_then(|peer| peer.pid());
            let pid = peer.and_then(|pid| u32::try_from(pid).ok());
            let pid = pid.filter(|&pid| pid != 0);
            let process = pid.and_then(Process::of);
            let connection = Connection::over(stream).await;
            let connection = connection.map_err(|_| hung_up(&endpoint))?;
            Ok::<_, Error>((connection, pid, process))
        };
        let (connection, daemon_pid, process) = runtime.block_on(connect)?;
        Ok(Self {
            runtime,
            connection,
            endpoint,
            limit,
            daemon_pid,
            process,
        })
    }

    /// Returns the socket's path, as it was named.
    #[must_use]
    pub fn endpoint(&self) -> &Path {
        &self.endpoint
    }

    /// Returns the process that listens at the socket, as the kernel noted it down when the
    /// socket was made.
    ///
    /// `None` if this process can't see it: it is in another PID namespace that is not below this
    /// one, as for a container without the host's PIDs. A service manager that has made the socket
    /// for the daemon would be named instead of the daemon; no distribution starts containerd so.
    #[must_use]
    pub fn daemon_pid(&self) -> Option<u32> {
        self.daemon_pid
    }

    /// That process, looked at when it accepted the connection.
    pub(crate) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// Asks for the daemon's version, such as `1.7.24~ds1`.
    ///
    /// # Errors
    ///
    /// An error if the daemon does not serve CRI, or does not answer.
    pub fn version(&self) -> Result<String, Error> {
        let question = VersionRequest {
            version: "v1".to_owned(),
        };
        let answer: VersionResponse = self.ask("/runtime.v1.RuntimeService/Version", question)?;
        if answer.runtime_name != "containerd" {
            let what = format!("it is {:?}", answer.runtime_name);
            return Err(self.not_containerd(&what));
        }
        Ok(answer.runtime_version)
    }

    /// Asks for the handlers that the daemon has loaded, and for the default.
    ///
    /// # Errors
    ///
    /// [`Code::NoCri`] if the daemon runs without CRI,
    /// [`Code::CriStarting`] if CRI is not ready to say, and others if there is no answer or not one of containerd.
    pub fn status(&self) -> Result<RunningHandlers, Error> {
        let question = StatusRequest { verbose: true };
        let answer: StatusResponse = self.ask("/runtime.v1.RuntimeService/Status", question)?;
        RunningHandlers::of(&answer).map_err(|what| self.not_containerd(&what))
    }

    /// Asks for every pod sandbox that the daemon knows.
    ///
    /// # Errors
    ///
    /// An error if the daemon does not serve CRI, or does not answer.
    pub fn sandboxes(&self) -> Result<Vec<Sandbox>, Error> {
        // Without a filter it asks for all.
        let question = ();
        let answer: ListPodSandboxResponse =
            self.ask("/runtime.v1.RuntimeService/ListPodSandbox", question)?;
        Ok(answer.items.into_iter().map(Sandbox::from).collect())
    }

    /// Asks one question.
    fn ask<Q, A>(&self, method: &'static str, question: Q) -> Result<A, Error>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        // Within the runtime, which has the clock.
        let answer = async { timeout(self.limit, self.connection.call(method, question)).await };
        let answer = self.runtime.block_on(answer);
        let answer = answer.map_err(|_| silent(&self.endpoint, self.limit))?;
        answer.map_err(|status| {
            let said = status.message();
            let answer = status.code();
            let is_starting = answer == Answer::Unavailable
                || answer == Answer::Unknown && said.contains(NOT_INITIALIZED);
            let error = if self.connection.is_closed() {
                return hung_up(&self.endpoint);
            } else if answer == Answer::Unimplemented {
                let message =
                    "the daemon runs without CRI: its CRI plugin is switched off or has failed";
                Error::new(Code::NoCri, message, NextStep::SeeWhyNoCri)
            } else if is_starting {
                let message = format!("the daemon's CRI is still starting: {said}");
                Error::new(Code::CriStarting, message, "try again in a moment")
            } else {
                let message = format!("the daemon's CRI failed to answer: {said}");
                let hint = "read containerd's log: `journalctl -u containerd`";
                Error::new(Code::CriFailed, message, hint)
            };
            error.at(&self.endpoint)
        })
    }

    /// CRI answered, but not as containerd does.
    fn not_containerd(&self, what: &str) -> Error {
        let message = format!("the daemon's answer is not containerd's: {what}");
        let hint = "check --cri-endpoint: it wants containerd's socket, not another runtime's";
        Error::new(Code::NotContainerd, message, hint).at(&self.endpoint)
    }
}

/// Somebody accepts connections and gives no answer in time.
fn silent(endpoint: &Path, limit: Duration) -> Error {
    let limit = humantime::format_duration(limit);
    let hint = "containerd may be overloaded or hang: `journalctl -u containerd`; or another program \
                listens there: check --cri-endpoint";
    let message = format!("the daemon gave no answer within {limit}");
    Error::new(Code::DaemonSilent, message, hint).at(endpoint)
}

/// The connection broke: the daemon has ended, or does not speak gRPC.
fn hung_up(endpoint: &Path) -> Error {
    let message = "the daemon hung up without an answer";
    Error::new(Code::HungUp, message, endpoint::LOOK).at(endpoint)
}

#[cfg(test)]
mod tests;
