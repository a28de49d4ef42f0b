//! Why a running daemon could not be asked, or what was wrong with its answer. The path of each error
//! is the socket, as it was named.

use std::io;
use std::path::Path;
use std::time::Duration;

use crate::error::{Code, Error};

const LOOK: &str =
    "see why containerd is not running: `systemctl status containerd`, `journalctl -u containerd`";
const OTHER_SOCKET: &str = "see whether containerd runs (`systemctl status containerd`), and name its \
                            socket with --cri-endpoint if it is another one; in a container, mount \
                            the socket's folder";

/// The endpoint is not the path of a socket.
pub(super) fn bad_endpoint(endpoint: &Path) -> Error {
    let hint = "give --cri-endpoint a path, as in /run/containerd/containerd.sock, with or without \
                unix:// before it";
    Error::new(Code::BadEndpoint, "this is not the path of a socket", hint).at(endpoint)
}

/// Nothing stands at the path.
pub(super) fn no_socket(endpoint: &Path) -> Error {
    let message = "no daemon answers: there is no such socket";
    Error::new(Code::NoDaemon, message, OTHER_SOCKET).at(endpoint)
}

/// Something else than a socket stands at the path.
pub(super) fn not_a_socket(endpoint: &Path, found: &str) -> Error {
    let message = format!("no daemon answers: this is {found}, not a socket");
    Error::new(Code::NotASocket, message, OTHER_SOCKET).at(endpoint)
}

/// A daemon has left the socket behind.
pub(super) fn nobody_listens(endpoint: &Path) -> Error {
    let message = "no daemon answers: nobody listens at this socket";
    Error::new(Code::NoDaemon, message, LOOK).at(endpoint)
}

/// The socket can't be connected to, for a reason of the system's.
pub(super) fn not_connected(endpoint: &Path, source: io::Error) -> Error {
    let (code, hint) = match source.kind() {
        io::ErrorKind::PermissionDenied => (
            Code::Denied,
            "run it as root, or as whoever owns the socket",
        ),
        _ => (Code::Unreachable, "check --cri-endpoint and --host-root"),
    };
    Error::new(code, "cannot connect to the daemon", hint)
        .at(endpoint)
        .caused_by(source)
}

/// Somebody accepts connections and gives no answer in time.
pub(super) fn silent(endpoint: &Path, limit: Duration) -> Error {
    let limit = humantime::format_duration(limit);
    let hint = "containerd may be overloaded or hang: `journalctl -u containerd`; or another program \
                listens there: check --cri-endpoint";
    let message = format!("the daemon gave no answer within {limit}");
    Error::new(Code::DaemonSilent, message, hint).at(endpoint)
}

/// The connection broke: the daemon has ended, or does not speak gRPC.
pub(super) fn hung_up(endpoint: &Path) -> Error {
    let message = "the daemon hung up without an answer";
    Error::new(Code::HungUp, message, LOOK).at(endpoint)
}

/// The daemon runs without CRI.
pub(super) fn no_cri(endpoint: &Path) -> Error {
    let message = "the daemon runs without CRI: its CRI plugin is switched off or has failed";
    let hint = "`containerd-edit check` says whether the config is the reason, `ctr plugins ls` and \
                `journalctl -u containerd` why it has failed";
    Error::new(Code::NoCri, message, hint).at(endpoint)
}

/// The daemon's CRI is not ready for questions yet; `said` is what it says.
pub(super) fn starting(endpoint: &Path, said: &str) -> Error {
    let message = format!("the daemon's CRI is still starting: {said}");
    Error::new(Code::CriStarting, message, "try again in a moment").at(endpoint)
}

/// CRI answered with an error; `said` is what it says.
pub(super) fn failed(endpoint: &Path, said: &str) -> Error {
    let message = format!("the daemon's CRI failed to answer: {said}");
    let hint = "read containerd's log: `journalctl -u containerd`";
    Error::new(Code::CriFailed, message, hint).at(endpoint)
}

/// CRI answered, but not as containerd does.
pub(super) fn unexpected(endpoint: &Path, what: &str) -> Error {
    let message = format!("the daemon's answer is not containerd's: {what}");
    let hint = "check --cri-endpoint: it wants containerd's socket, not another runtime's";
    Error::new(Code::NotContainerd, message, hint).at(endpoint)
}

/// This process could not get ready to ask.
pub(super) fn not_set_up(endpoint: &Path, source: io::Error) -> Error {
    let hint = "see whether this process may open files (`ulimit -n`)";
    Error::new(Code::Io, "cannot get ready to ask the daemon", hint)
        .at(endpoint)
        .caused_by(source)
}
