//! The path of a daemon's socket: reading it, finding it, and why nobody answers there.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use crate::disk::existing::kind;
use crate::error::{Code, Error};

const SCHEME: &[u8] = b"unix://";
const OTHER_SOCKET: &str = "see whether containerd runs (`systemctl status containerd`), and name its \
                            socket with --cri-endpoint if it is another one; in a container, mount \
                            the socket's folder";
/// The next step where a daemon has been.
pub(super) const LOOK: &str =
    "see why containerd is not running: `systemctl status containerd`, `journalctl -u containerd`";

/// Reads a path with or without `unix://` before it. Another scheme is none of a socket.
pub(super) fn socket_path(endpoint: &Path) -> Result<PathBuf, Error> {
    let bytes = endpoint.as_os_str().as_bytes();
    let path = bytes.strip_prefix(SCHEME).unwrap_or(bytes);
    let other_scheme = path.windows(3).any(|window| window == b"://");
    if path.is_empty() || path.contains(&0) || other_scheme {
        let hint = "give --cri-endpoint a path, as in /run/containerd/containerd.sock, with or \
                    without unix:// before it";
        let message = "this is not the path of a socket";
        return Err(Error::new(Code::BadEndpoint, message, hint).at(endpoint));
    }
    Ok(PathBuf::from(OsStr::from_bytes(path)))
}

/// Says why there is no connection to what stands at `path`.
pub(super) fn not_connected(endpoint: &Path, path: &Path, reason: io::Error) -> Error {
    let failed = "cannot connect to the daemon";
    let error = match reason.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let message = "no daemon answers: there is no such socket";
            Error::new(Code::NoDaemon, message, OTHER_SOCKET)
        }
        // The kernel says so of anything that is no socket, too.
        ErrorKind::ConnectionRefused => match path.metadata().map(|found| found.file_type()) {
            Ok(found) if !found.is_socket() => {
                let message = format!("no daemon answers: this is {}, not a socket", kind(found));
                Error::new(Code::NotASocket, message, OTHER_SOCKET)
            }
            _ => {
                let message = "no daemon answers: nobody listens at this socket";
                Error::new(Code::NoDaemon, message, LOOK)
            }
        },
        ErrorKind::PermissionDenied => {
            let hint = "run it as root, or as whoever owns the socket";
            Error::new(Code::Denied, failed, hint).caused_by(reason)
        }
        _ => {
            let hint = "check --cri-endpoint and --host-root";
            Error::new(Code::Unreachable, failed, hint).caused_by(reason)
        }
    };
    error.at(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_path_with_or_without_its_scheme() {
        let read = |text: &str| socket_path(Path::new(text)).ok();
        let socket = Some(PathBuf::from("/run/c.sock"));
        assert_eq!(read("/run/c.sock"), socket);
        assert_eq!(read("unix:///run/c.sock"), socket);
        assert_eq!(read("unix://c.sock"), Some(PathBuf::from("c.sock")));
        for bad in [
            "",
            "unix://",
            "tcp://localhost:1",
            "npipe:////./pipe/c",
            "a\0b",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn who_may_not_connect_is_told_so() {
        let denied = io::Error::from(ErrorKind::PermissionDenied);
        let path = Path::new("/run/c.sock");
        let error = not_connected(path, path, denied);
        assert_eq!(error.code(), Code::Denied, "{error:?}");
        assert_eq!(error.exit_code() as u8, 77);
        assert_eq!(error.path(), Some(path));
    }
}
