//! The patch files of `apply`: paths of this process, or stdin.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use containerd_edit::{
    Change, Code, Error, NextStep, Owner, PatchFile, Position, Warning, read_whole,
};

use super::arguments::{Apply, STDIN};

/// Patch files that were read.
pub(super) struct PatchFiles(Vec<(PathBuf, PatchFile)>);

impl PatchFiles {
    /// Reads the patch files.
    pub(super) fn read(apply: &Apply) -> Result<Self, Error> {
        let mut files: Vec<(PathBuf, PatchFile)> = Vec::new();
        for path in &apply.files {
            let next = read_one(path, apply.prune)?;
            for (known_path, known) in &files {
                let agrees = next.agree_with(known, &known_path.display().to_string());
                agrees.map_err(|error| error.at(path))?;
            }
            files.push((path.clone(), next));
        }
        Ok(Self(files))
    }

    /// Returns the owner that the files or the command line name.
    pub(super) fn owner(&self, apply: &Apply) -> Result<Owner, Error> {
        let given = apply.owning.owner.as_ref();
        let given = given.map(|it| (it, "--owner (or $CONTAINERD_EDIT_OWNER)".to_owned()));
        let files = self.0.iter();
        let files = files.filter_map(|(path, it)| Some((it.owner()?, path.display().to_string())));
        let mut named = given.into_iter().chain(files);
        let Some((owner, source)) = named.next() else {
            return Ok(Owner::default());
        };
        if let Some((other, path)) = named.find(|(other, _)| *other != owner) {
            let message = format!("{path} belongs to {other}, and {source} says {owner}");
            let hint = "name the owner in one place, or the same one in both";
            return Err(Error::new(Code::Usage, message, hint));
        }
        Ok(owner.clone())
    }

    /// What all of the files want.
    pub(super) fn change(&self) -> Change {
        let changes = self.0.iter().map(|(_, file)| file.clone().into_change());
        changes.reduce(Change::and).unwrap_or_default()
    }

    /// Where a key stands.
    pub(super) fn place(&self, key: &str) -> Option<(&Path, Position)> {
        let mut files = self.0.iter().rev();
        files.find_map(|(path, file)| Some((path.as_path(), file.position(key)?)))
    }

    /// Says in warnings about keys where these stand.
    pub(super) fn place_warnings(&self, warnings: &mut [Warning]) {
        for warning in warnings {
            let place = warning.key.as_ref().and_then(|key| self.place(key));
            if let Some((path, at)) = place {
                warning.message = format!("{} ({}:{at})", warning.message, path.display());
            }
        }
    }
}

fn read_one(path: &Path, is_pruning: bool) -> Result<PatchFile, Error> {
    let bytes = read(path, "patch file")?;
    if bytes.is_empty() && is_pruning && path == Path::new(STDIN) {
        // Rather a program that failed than an installer that wants nothing.
        let message = "there was nothing to read, and --prune would remove all of the owner's";
        let hint = NextStep::RemoveOwner;
        return Err(Error::new(Code::BadPatchFile, message, hint).at(path));
    }
    PatchFile::parse(&bytes).map_err(|error| error.at(path))
}

/// Reads a file of this process, or stdin. `what` it is to be.
pub(super) fn read(path: &Path, what: &str) -> Result<Vec<u8>, Error> {
    let bytes = if path == Path::new(STDIN) {
        read_whole(io::stdin().lock(), 0)
    } else {
        File::open(path).and_then(|file| read_whole(file, 0))
    };
    bytes.map_err(|error| unreadable(path, what, error))
}

fn unreadable(path: &Path, what: &str, error: io::Error) -> Error {
    let hint = format!(
        "name the {what} by a path of this process (--host-root is for the config alone), or - to \
         read it from stdin"
    );
    let (code, problem) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (Code::NoPatchFile, "there is no such")
        }
        io::ErrorKind::IsADirectory => (Code::NoPatchFile, "this is a folder, not a"),
        io::ErrorKind::PermissionDenied => (Code::Denied, "cannot read the"),
        io::ErrorKind::InvalidData => (Code::BadPatchFile, "this is no"),
        _ => (Code::Io, "cannot read the"),
    };
    let message = format!("{problem} {what}");
    let failed = Error::new(code, message, hint).at(path);
    if code == Code::NoPatchFile {
        return failed;
    }
    failed.caused_by(error)
}
