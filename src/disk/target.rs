//! The file that is edited: finding it, and noticing that it changed.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::existing::{Existing, FOLDER, Unread, kind, kind_at, too_large};
use super::statx::instead_of_mount;
use super::{HostRoot, sidecar};
use crate::error::{Code, Error, NextStep};

/// Where a config really stands: symbolic links are followed, so that two names of one file share
/// one lock.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    /// The path that its temporary files and its previous text are named after. That of a drop-in
    /// is beside the main config, so that nothing but the file itself appears in its own folder.
    pub(crate) beside: PathBuf,
    /// Where a text is kept that is replaced.
    pub(crate) previous: PathBuf,
    /// The main config, whose lock is held while this is changed.
    pub(super) main: PathBuf,
}

/// The folders whose names an edit of a file changes, open to be synced.
#[derive(Debug)]
pub(crate) struct Folders<'t> {
    pub(super) target: &'t Target,
    /// That of the file comes first, if it is there.
    pub(super) all: Vec<File>,
    /// The folder of a drop-in is still to be made.
    pub(crate) lacks_own: bool,
}

impl Target {
    fn new(path: PathBuf) -> Self {
        Self {
            beside: path.clone(),
            previous: sidecar::previous(&path),
            main: path.clone(),
            path,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// The same file, of which what is replaced now is kept as broken, and not as the previous text.
    pub(crate) fn keeping_broken(mut self) -> Self {
        self.previous = sidecar::broken_now(&self.beside);
        self
    }

    /// Whether that is so.
    pub(crate) fn keeps_broken(&self) -> bool {
        self.previous != sidecar::previous(&self.beside)
    }

    /// Whether this is a drop-in, whose sidecars stand beside the main config.
    pub(super) fn is_drop_in(&self) -> bool {
        self.main != self.path
    }

    /// The folder of the temporary files.
    pub(crate) fn beside_folder(&self) -> &Path {
        self.beside.parent().unwrap_or(self.folder())
    }

    /// Opens the folders, to be synced once their names have changed: what keeps them from being
    /// opened has to show before that.
    pub(crate) fn open_folders(&self) -> Result<Folders<'_>, Error> {
        let beside = self.beside_folder();
        let mut paths = vec![self.folder()];
        if self.folder() != beside {
            paths.push(beside);
            // This run or a killed one may have made the folder itself.
            let above = self.folder().parent();
            paths.extend(above.filter(|above| *above != beside));
        }
        let mut all = Vec::with_capacity(paths.len());
        let mut lacks_own = false;
        for path in paths {
            match File::open(path) {
                Ok(folder) => all.push(folder),
                // What is not there has no names.
                Err(error) if self.is_drop_in() && error.kind() == io::ErrorKind::NotFound => {
                    lacks_own |= path == self.folder();
                }
                Err(source) => {
                    return Err(Error::io(path, "open the folder of the config", source));
                }
            }
        }
        Ok(Folders {
            target: self,
            all,
            lacks_own,
        })
    }
}

/// What was read, to be compared later. `None` for the content: there was no file.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) existing: Option<Existing>,
}

impl Snapshot {
    /// The bytes that were read; `None`: there was no file.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        self.existing.as_ref().map(|existing| &*existing.bytes)
    }

    /// What is wrong with the file at `path` if it is too large: its bytes are others then.
    pub(crate) fn too_large(&self, path: &Path) -> Option<Error> {
        let is_too_large = self.existing.as_ref().is_some_and(Existing::is_too_large);
        is_too_large.then(|| Error::io(path, "read the config", too_large()))
    }
}

/// There is no config file to read.
pub(crate) fn no_file(path: &Path) -> Error {
    Error::new(
        Code::NoFile,
        "there is no such file",
        NextStep::CreateConfig,
    )
    .at(path)
}

fn no_folder(path: &Path, folder: &Path) -> Error {
    let message = format!("the folder {} does not exist", folder.display());
    Error::new(Code::NoFolder, message, NextStep::MakeFolder(folder)).at(path)
}

/// Something else than a file stands at `path`, which is seen at `seen`.
fn not_a_file(path: &Path, seen: &Path, found: &str) -> Error {
    let is_named_as_file = path
        .extension()
        .is_some_and(|it| it == "toml" || it == "tmpl");
    let mount = instead_of_mount(seen).filter(|_| is_named_as_file);
    let hint = if let Some(hint) = mount {
        hint
    } else if is_named_as_file && !seen.join("config.toml").exists() {
        NextStep::MoveAway(path).into()
    } else if found == FOLDER {
        let file = path.join("config.toml");
        format!(
            "check --config: it wants the file, as in {}",
            file.display()
        )
    } else {
        "check --config: it wants the path of the config".to_owned()
    };
    let message = format!("this is {found}, not a regular file");
    Error::new(Code::NotAFile, message, hint).at(path)
}

/// The longest part of a host's path that leads to something.
pub(crate) fn nearest(path: &Path, root: &HostRoot) -> PathBuf {
    // Without a slash at its end, which asks for a folder.
    let path: PathBuf = path.components().collect();
    let found = path.ancestors().find(|part| root.resolve(part).is_ok());
    found.unwrap_or(&path).to_owned()
}

impl Target {
    /// Finds the file that the host's `path` names. The file itself may be missing, its folder may
    /// not.
    pub(crate) fn find(path: &Path, root: &HostRoot) -> Result<Self, Error> {
        let failed = |source| Error::io(path, "look at the config", source);
        let entry = root.entry(path);
        let looked = entry.and_then(|entry| {
            let metadata = std::fs::symlink_metadata(&entry)?;
            Ok((entry, metadata))
        });
        let (entry, metadata) = match looked {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Self::missing(path, root);
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                let file = nearest(path, root);
                let file = file.display();
                let message = format!("{file} is not a folder");
                let hint = format!("check --config; if {file} is the config: --config {file}");
                return Err(Error::new(Code::FileAsFolder, message, hint).at(path));
            }
            Err(error) => return Err(failed(error)),
        };
        let resolved = match root.resolve(path) {
            Err(error) if metadata.is_symlink() && error.kind() == io::ErrorKind::NotFound => {
                let link = std::fs::read_link(entry).map_err(failed)?;
                let behind = path.parent().unwrap_or(path).join(&link);
                // A config of this tool that is gone may come back.
                if let Ok(gone) = Self::find(&behind, root)
                    && kind_at(&sidecar::owners(&gone.path)).is_some()
                {
                    return Ok(gone);
                }
                let link = link.display();
                let message = format!("this is a symbolic link to {link}, which leads to nothing");
                let hint = "remove the link, or create the file that it leads to in the end";
                return Err(Error::new(Code::DanglingLink, message, hint).at(path));
            }
            other => other.map_err(failed)?,
        };
        let file_type = std::fs::metadata(&resolved).map_err(failed)?.file_type();
        if file_type.is_file() {
            Ok(Self::new(resolved))
        } else {
            Err(not_a_file(path, &resolved, kind(file_type)))
        }
    }

    fn missing(path: &Path, root: &HostRoot) -> Result<Self, Error> {
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => Path::new("/"),
        };
        let missing = || no_folder(path, &root.seen(folder));
        if path.as_os_str().as_bytes().ends_with(b"/") {
            return Err(no_folder(path, &root.seen(path)));
        }
        let name = path.file_name().ok_or_else(missing)?;
        let folder = root.resolve(folder).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => Error::io(folder, "look at the folder of the config", error),
        })?;
        Ok(Self::new(folder.join(name)))
    }

    /// Finds the drop-in of `main` that the host's `path` names. Its folder may be missing, if what
    /// that would stand in is there.
    pub(crate) fn find_drop_in(path: &Path, root: &HostRoot, main: &Self) -> Result<Self, Error> {
        let found = match Self::find(path, root) {
            Err(error) if error.code() == Code::NoFolder => Self::without_folder(path, root)?,
            Err(error) if matches!(error.code(), Code::NotAFile | Code::FileAsFolder) => {
                return Err(error.with_hint("name a file, or another one, with --drop-in=PATH"));
            }
            found => found?,
        };
        // By its path, so that two drop-ins of one name don't share their sidecars.
        let on_host = root.on_host(&found.path);
        let path = found.path.strip_prefix(main.folder()).unwrap_or(&on_host);
        let beside = main.folder().join(sidecar::name_of_drop_in(path));
        Ok(Self {
            previous: sidecar::previous(&beside),
            beside,
            main: main.path.clone(),
            ..found
        })
    }

    fn without_folder(path: &Path, root: &HostRoot) -> Result<Self, Error> {
        let missing = |folder: &Path| {
            let folder = root.seen(folder);
            let missing = no_folder(path, &folder);
            if kind_at(&folder).is_some() {
                let hint = "a link leads to nothing: make the folder that it leads to, or name a \
                            file with --drop-in=PATH";
                return missing.with_hint(hint);
            }
            missing.with_hint(NextStep::MakeFolderOfDropIn(&folder))
        };
        let folder = path.parent().unwrap_or(path);
        let (Some(above), Some(name), Some(file)) =
            (folder.parent(), folder.file_name(), path.file_name())
        else {
            return Err(missing(folder));
        };
        let above = root.resolve(above).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(above),
            _ => Error::io(above, "look at the folder of the drop-in", error),
        })?;
        let resolved = above.join(name);
        if kind_at(&resolved).is_some() {
            // A link that leads to nothing.
            return Err(missing(folder));
        }
        Ok(Self::new(resolved.join(file)))
    }

    /// Reads the file as it is now.
    pub(crate) fn read(&self) -> Result<Snapshot, Error> {
        let snapshot = self.read_any()?;
        snapshot.too_large(&self.path).map_or(Ok(snapshot), Err)
    }

    /// The same, to replace it, even if it is [too large](Snapshot::too_large).
    pub(crate) fn read_any(&self) -> Result<Snapshot, Error> {
        let existing = Existing::read_any(&self.path).map_err(|error| match error {
            Unread::NotAFile(found) => not_a_file(&self.path, &self.path, found),
            Unread::Failed(source) => Error::io(&self.path, "read the config", source),
        })?;
        Ok(Snapshot { existing })
    }

    /// Whether the file is no longer what was read.
    pub(crate) fn has_changed(&self, snapshot: &Snapshot) -> Result<bool, Error> {
        let now = self.read_any()?;
        Ok(match (&snapshot.existing, &now.existing) {
            (Some(then), Some(now)) => {
                // Owner, mode and attributes count too: they are copied to the new file.
                let changed = |file: &Existing| (file.metadata.ctime(), file.metadata.ctime_nsec());
                changed(then) != changed(now) || !then.is(now)
            }
            (None, None) => false,
            _ => true,
        })
    }
}
