//! The patch file of `apply`: a path of this process, or stdin.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use containerd_edit::{Code, Error, Owner, PatchFile};

use super::arguments::Apply;

/// The name that stands for stdin.
const STDIN: &str = "-";

/// Reads the patch file.
pub(super) fn read(apply: &Apply) -> Result<PatchFile, Error> {
    let path = &apply.file;
    let bytes = bytes(path).map_err(|error| unreadable(path, error))?;
    if bytes.is_empty() && apply.prune && path == Path::new(STDIN) {
        // Rather a program that failed than an installer that wants nothing.
        let message = "there was nothing to read, and --prune would remove all of the owner's";
        let hint = "see why the program before the pipe printed nothing; to remove all, use \
                    `containerd-edit remove --owner ID`";
        return Err(Error::new(Code::BadPatchFile, message, hint).at(path));
    }
    PatchFile::parse(&bytes).map_err(|error| error.at(path))
}

/// Returns the owner that the file or the command line names.
pub(super) fn owner(apply: &Apply, file: &PatchFile) -> Result<Owner, Error> {
    match (file.owner(), &apply.owning.owner) {
        (Some(its), Some(given)) if its != given => {
            let message = format!(
                "{} belongs to {its}, and --owner (or $CONTAINERD_EDIT_OWNER) says {given}",
                apply.file.display()
            );
            let hint = "name the owner in one place, or the same one in both";
            Err(Error::new(Code::Usage, message, hint))
        }
        (Some(its), _) => Ok(its.clone()),
        (None, _) => Ok(apply.owning.owner()),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path != Path::new(STDIN) {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    let hint = "name the patch file by a path of this process (--host-root is for the config \
                alone), or - to read it from stdin";
    let (code, message) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (Code::NoPatchFile, "there is no such patch file")
        }
        io::ErrorKind::IsADirectory => (Code::NoPatchFile, "this is a folder, not a patch file"),
        io::ErrorKind::PermissionDenied => (Code::Denied, "cannot read the patch file"),
        _ => (Code::Io, "cannot read the patch file"),
    };
    let failed = Error::new(code, message, hint).at(path);
    if code == Code::NoPatchFile {
        return failed;
    }
    failed.caused_by(error)
}
