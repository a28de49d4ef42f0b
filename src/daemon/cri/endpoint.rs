//! The path of a daemon's socket: reading it, finding it, and why nobody answers there.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::error;
use crate::disk::HostRoot;
use crate::disk::target::kind;
use crate::error::Error;

const SCHEME: &[u8] = b"unix://";

/// Reads a path with or without `unix://` before it. Another scheme is none of a socket.
pub(super) fn socket_path(endpoint: &Path) -> Result<PathBuf, Error> {
    let bytes = endpoint.as_os_str().as_bytes();
    let path = bytes.strip_prefix(SCHEME).unwrap_or(bytes);
    let other_scheme = path.windows(3).any(|window| window == b"://");
    if path.is_empty() || path.contains(&0) || other_scheme {
        return Err(error::bad_endpoint(endpoint));
    }
    Ok(PathBuf::from(OsStr::from_bytes(path)))
}

/// Finds where this process has the host's socket.
pub(super) fn find(root: &HostRoot, endpoint: &Path) -> Result<PathBuf, Error> {
    let found = root.resolve(endpoint);
    found.map_err(|error| not_connected(endpoint, endpoint, error))
}

/// Says why there is no connection to what stands at `path`.
pub(super) fn not_connected(endpoint: &Path, path: &Path, reason: io::Error) -> Error {
    match reason.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => error::no_socket(endpoint),
        // The kernel says so of anything that is no socket, too.
        ErrorKind::ConnectionRefused => match path.metadata().map(|found| found.file_type()) {
            Ok(found) if !found.is_socket() => error::not_a_socket(endpoint, kind(found)),
            _ => error::nobody_listens(endpoint),
        },
        _ => error::not_connected(endpoint, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

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
