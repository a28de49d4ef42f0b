//! Reading a file as it stands: as a whole, without blocking, and no more than 16 MiB.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::HostRoot;
use crate::error::TOO_LARGE;

/// More is no config, ledger or patch file: `/dev/zero` has no end.
const MOST_BYTES: u64 = 16 << 20;
/// In the place of the bytes of a larger file: no TOML.
const NO_TEXT: &[u8] = b"(larger than 16 MiB)\n";

pub(crate) const REGULAR: &str = "a regular file";
pub(crate) const FOLDER: &str = "a folder";

#[derive(Debug)]
pub(crate) struct Existing {
    pub(crate) file: File,
    pub(crate) metadata: Metadata,
    pub(crate) bytes: Vec<u8>,
}

/// What a file is, with its article.
pub(crate) fn kind(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        FOLDER
    } else if file_type.is_symlink() {
        "a symbolic link"
    } else if file_type.is_fifo() {
        "a FIFO"
    } else if file_type.is_socket() {
        "a socket"
    } else if file_type.is_file() {
        REGULAR
    } else {
        "a device"
    }
}

/// What stands at `path`, if anything.
pub(crate) fn kind_at(path: &Path) -> Option<&'static str> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    Some(kind(metadata.file_type()))
}

/// Whether both were found, and are one file or folder.
pub(crate) fn is_same(one: io::Result<Metadata>, other: io::Result<Metadata>) -> bool {
    let identity = |found: Metadata| (found.dev(), found.ino());
    one.is_ok_and(|one| other.is_ok_and(|other| identity(one) == identity(other)))
}

/// Why a file could not be read.
pub(crate) enum Unread {
    /// It is something else, with its article.
    NotAFile(&'static str),
    /// The system's reason.
    Failed(io::Error),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Unread> for io::Error {
    fn from(error: Unread) -> Self {
        match error {
            Unread::NotAFile(found) => Self::other(format!("{found} stands in its place")),
            Unread::Failed(error) => error,
        }
    }
}

/// Reads everything, of which there may be `expected` bytes.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] if there are more than 16 MiB, and the system's reasons.
pub fn read_whole(from: impl Read, expected: u64) -> io::Result<Vec<u8>> {
    let expected = usize::try_from(expected.min(MOST_BYTES)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(expected);
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    check_length(&bytes)?;
    Ok(bytes)
}

/// Refuses bytes that could not be read again.
pub(super) fn check_length(bytes: &[u8]) -> io::Result<()> {
    if bytes.len() as u64 > MOST_BYTES {
        return Err(too_large());
    }
    Ok(())
}

pub(super) fn too_large() -> io::Error {
    io::Error::new(TOO_LARGE, "it is larger than 16 MiB")
}

/// Reads the file that a host's path leads to. Devices are not even opened.
pub(crate) fn read_on_host(root: &HostRoot, path: &Path) -> Result<Vec<u8>, Unread> {
    let path = root.resolve(path)?;
    match kind_at(&path) {
        Some(found) if found != REGULAR => Err(Unread::NotAFile(found)),
        _ => match Existing::read(&path)? {
            Some(found) => Ok(found.bytes),
            None => Err(io::Error::from(io::ErrorKind::NotFound).into()),
        },
    }
}

/// Options that read a file and follow no link. A FIFO that was put there must not block.
pub(crate) fn no_link() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(flags.bits().cast_signed());
    options
}

/// Opens the file at `path`, which is no link, for reading.
pub(super) fn open(path: &Path) -> io::Result<File> {
    no_link().open(path)
}

/// Opens the file at `path` with options of [`no_link`].
pub(crate) fn open_file(path: &Path, options: &OpenOptions) -> Result<(File, Metadata), Unread> {
    let file = options.open(path).map_err(|error| match kind_at(path) {
        Some(found) if found != REGULAR => Unread::NotAFile(found),
        _ => Unread::Failed(error),
    })?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(Unread::NotAFile(kind(metadata.file_type())))
    }
}

impl Existing {
    /// Reads the file at `path`, which is no link. `None`: there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Unread> {
        let found = Self::read_any(path)?;
        if found.as_ref().is_some_and(Self::is_too_large) {
            return Err(too_large().into());
        }
        Ok(found)
    }

    /// The same, to replace it: one that is too large has other bytes instead, which are no TOML.
    pub(crate) fn read_any(path: &Path) -> Result<Option<Self>, Unread> {
        let (file, metadata) = match open_file(path, &no_link()) {
            Err(Unread::Failed(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            opened => opened?,
        };
        let bytes = match metadata.len() {
            length if length > MOST_BYTES => NO_TEXT.to_owned(),
            length => read_whole(&file, length)?,
        };
        Ok(Some(Self {
            file,
            metadata,
            bytes,
        }))
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.metadata.len() > MOST_BYTES
    }

    /// Whether `other` is the same file with the same content. Renaming a file leaves it the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let identity = |metadata: &Metadata| {
            let modified = (metadata.mtime(), metadata.mtime_nsec());
            let access = (metadata.uid(), metadata.gid(), metadata.mode());
            let place = (metadata.dev(), metadata.ino());
            (place, metadata.len(), modified, access)
        };
        identity(&self.metadata) == identity(&other.metadata) && self.bytes == other.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_read_to_16_mib() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        for (length, is_read) in [(0, true), (MOST_BYTES, true), (MOST_BYTES + 1, false)] {
            file.as_file().set_len(length).expect("grows");
            let read = Existing::read(file.path());
            assert_eq!(read.is_ok(), is_read, "{length}");
            let any = Existing::read_any(file.path()).ok().flatten();
            let any = any.expect("may be replaced");
            assert_eq!(any.bytes == NO_TEXT, !is_read, "{length}");
        }
        let error = read_whole(io::repeat(0), 0).expect_err("endless");
        assert_eq!(error.kind(), TOO_LARGE);
        let error = read_on_host(&HostRoot::default(), Path::new("/dev/zero"));
        assert!(matches!(error, Err(Unread::NotAFile("a device"))));
    }
}
