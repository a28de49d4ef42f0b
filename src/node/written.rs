//! The config that a distribution has written when it was last started.

use std::io;
use std::path::Path;

use super::{Distribution, Units};
use crate::disk::HostRoot;
use crate::disk::existing::read_on_host;
use crate::error::{Code, Error};

/// Reads what `distribution` has written at `path`; `units` say how to start it.
///
/// # Errors
///
/// [`Code::NotStarted`] if it has written nothing yet, and the system's reasons.
pub(super) fn read(
    distribution: Distribution,
    path: &Path,
    host: &HostRoot,
    units: &Units,
) -> Result<String, Error> {
    let read = read_on_host(host, path).map_err(io::Error::from);
    let read = read.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    read.map_err(|error| {
        let (shown, title) = (path.display(), distribution.title());
        if error.kind() == io::ErrorKind::NotFound {
            let message =
                format!("{title} has not written {shown} yet, so it is not known what it reads");
            let hint = format!("start it once, then run this again: {}", units.start());
            return Error::new(Code::NotStarted, message, hint).at(path);
        }
        let (code, hint) = match error.kind() {
            io::ErrorKind::PermissionDenied => (Code::Denied, "run it as root"),
            _ => (
                Code::Io,
                "fix the cause, or name the file to edit with --config",
            ),
        };
        Error::new(code, format!("cannot read {shown}: {error}"), hint).at(path)
    })
}
