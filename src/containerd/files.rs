//! What the model knows of the world: the files of a config, and a few facts about the host.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::toml::Source;

use super::imports;
use super::release::Release;
use super::verdict::Reason;

/// What stands at the path of an imported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// A file with these bytes.
    Bytes(Source),
    /// A folder.
    Folder,
    /// Nothing.
    Missing,
    /// Something that could not be read, with the system's reason.
    Unreadable(String),
    /// Something that only containerd may see: taken as if it were not imported.
    OutOfSight,
}

/// A config file, and what its imports lead to.
#[derive(Debug, Clone)]
pub struct ConfigFiles {
    pub(crate) main: PathBuf,
    pub(crate) files: BTreeMap<PathBuf, FileState>,
    /// The paths of the files in the order in which they were inserted.
    order: Vec<PathBuf>,
    /// What stands in each folder that a pattern looks into, by name. Where there is no such folder, or
    /// it is none, nothing.
    pub(crate) folders: BTreeMap<PathBuf, BTreeSet<OsString>>,
}

impl ConfigFiles {
    /// A config without imports. `main` is the absolute path that containerd loads it from.
    pub fn new(main: impl Into<PathBuf>, bytes: impl Into<Source>) -> Self {
        let main = main.into();
        let files = [(main.clone(), FileState::Bytes(bytes.into()))];
        Self {
            files: files.into(),
            order: vec![main.clone()],
            main,
            folders: BTreeMap::new(),
        }
    }

    /// Says what stands at the absolute path of an import.
    pub fn insert(&mut self, path: impl Into<PathBuf>, state: FileState) {
        let path = path.into();
        if self.files.insert(path.clone(), state).is_none() {
            self.order.push(path);
        }
    }

    /// Lets the patterns of all imports match the paths that are there.
    pub fn match_patterns(&mut self) {
        let there = self.files.iter();
        let there = there.filter(|(_, state)| **state != FileState::Missing);
        for path in there.flat_map(|(path, _)| path.ancestors()) {
            if let Some((folder, name)) = path.parent().zip(path.file_name()) {
                let names = self.folders.entry(folder.to_owned()).or_default();
                names.insert(name.to_owned());
            }
        }
    }

    /// The absolute path of the main file.
    #[must_use]
    pub fn main(&self) -> &Path {
        &self.main
    }

    /// The first of some paths that a glob pattern of an import matches, now or once it exists, and
    /// that pattern.
    pub(crate) fn first_matched(
        &self,
        mut paths: impl Iterator<Item = PathBuf>,
    ) -> Option<(PathBuf, PathBuf)> {
        let patterns = self.all().flat_map(|(importer, source)| {
            let imports = imports::written(source).into_iter();
            imports.flat_map(|import| imports::patterns(importer, &import))
        });
        let patterns: BTreeSet<PathBuf> = patterns.collect();
        paths.find_map(|path| {
            let pattern = patterns.iter().find(|it| imports::leads_to(it, &path))?;
            Some((path, pattern.clone()))
        })
    }

    /// The files that could be read.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Path, &Source)> {
        self.files.iter().filter_map(|(path, state)| match state {
            FileState::Bytes(source) => Some((path.as_path(), source)),
            _ => None,
        })
    }

    /// Those of them that are imported.
    pub(crate) fn imported(&self) -> impl Iterator<Item = (&Path, &Source)> {
        self.all().filter(|(path, _)| **path != self.main)
    }

    /// The files that could be read, in the order in which they were inserted.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (&Path, &Source)> {
        let states = self.order.iter().map(|path| (path, self.state(path)));
        states.filter_map(|(path, state)| match state {
            FileState::Bytes(source) => Some((path.as_path(), source)),
            _ => None,
        })
    }

    /// The imported files that could not be read.
    pub(crate) fn unread(&self) -> BTreeSet<&Path> {
        let files = self.files.iter();
        let unread = files.filter(|(_, state)| !matches!(state, FileState::Bytes(_)));
        unread.map(|(path, _)| path.as_path()).collect()
    }

    /// The imports that are not there in the config's own folder or below: who edits the config sees that
    /// as containerd does.
    pub(crate) fn missing_beside(&self) -> impl Iterator<Item = &Path> {
        let folder = self.main().parent();
        let missing = self.missing();
        missing.filter(move |path| folder.is_some_and(|folder| path.starts_with(folder)))
    }

    /// The imports that are not there.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Path> {
        let files = self.files.iter();
        let missing = files.filter(|(_, state)| **state == FileState::Missing);
        missing.map(|(path, _)| path.as_path())
    }

    /// The files that containerd does not start with: what can't be read, and what is not TOML.
    pub(crate) fn unusable(&self) -> BTreeSet<&Path> {
        let broken = self.all().filter(|(_, source)| source.document().is_err());
        let broken = broken.map(|(path, _)| path);
        broken.chain(self.unread()).collect()
    }

    /// The same for a sentence, with the reasons and what to do.
    pub(crate) fn describe_unread(&self) -> String {
        let files = self.files.iter();
        let described = files.filter_map(|(path, state)| {
            let reason = match state {
                FileState::Bytes(_) | FileState::OutOfSight => return None,
                FileState::Missing => "no such file here",
                FileState::Folder => "a folder here",
                FileState::Unreadable(reason) => reason,
            };
            let folder = path.parent().unwrap_or(path).display();
            Some(format!(
                "{} ({reason}: in a container, mount the host's {folder} as well)",
                path.display()
            ))
        });
        described.collect::<Vec<_>>().join(" and ")
    }

    /// These files, with some out of sight where they still can't be read.
    pub(crate) fn without(&self, unread: &BTreeSet<&Path>) -> Self {
        self.leaving_out(self.unread().intersection(unread).copied())
    }

    /// These files, with some out of sight.
    pub(crate) fn leaving_out<'p>(&self, paths: impl Iterator<Item = &'p Path>) -> Self {
        let mut files = self.clone();
        for path in paths {
            files.insert(path, FileState::OutOfSight);
        }
        files
    }

    pub(crate) fn state(&self, path: &Path) -> &FileState {
        self.files.get(path).unwrap_or(&FileState::Missing)
    }

    /// What a pattern matches; `None`: it is malformed.
    pub(crate) fn matches(&self, pattern: &Path) -> Option<Vec<PathBuf>> {
        // Nobody knows the folder that a relative one is for.
        let names = |folder: &Path| {
            self.folders
                .get(folder)
                .map_or_else(Cow::default, Cow::Borrowed)
        };
        imports::glob(pattern, &names)
    }
}

/// The version of the kernel's control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cgroup {
    /// Version 1, or a mix of both.
    V1,
    /// The unified hierarchy alone.
    V2,
}

/// The facts about a host that decide whether containerd serves.
#[derive(Debug, Clone)]
pub struct Host {
    /// The version of the control groups.
    pub cgroup: Cgroup,
    /// Files that the config refers to and that exist; `None`: take them for granted.
    pub files: Option<BTreeSet<PathBuf>>,
    /// Those of them that are the JSON of a runtime spec, for `base_runtime_spec`; `None`: take them for granted.
    pub json_files: Option<BTreeSet<PathBuf>>,
    /// Snapshotters that are there besides `overlayfs` and `native`; `None`: take containerd's own
    /// for granted.
    pub snapshotters: Option<BTreeSet<String>>,
    /// Whether `mkfs.erofs` is there and knows `--tar`, for the erofs differ.
    pub mkfs_erofs: bool,
    /// What of the model a daemon has disproved that runs here.
    pub disproved: Option<Disproved>,
}

/// Reasons of the model not to serve a config that a daemon serves: the model is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disproved {
    /// The daemon's release. What it disproves holds for its line.
    pub release: Release,
    /// The messages of these reasons.
    pub reasons: Vec<String>,
}

impl Host {
    /// Whether a daemon that runs here has disproved this reason not to serve.
    pub(crate) fn disproves(&self, reason: &Reason, release: Release) -> bool {
        let disproved = self.disproved.as_ref();
        disproved.is_some_and(|it| {
            it.release.is_of_line(release) && it.reasons.contains(&reason.message)
        })
    }
}

impl Default for Host {
    fn default() -> Self {
        Self {
            cgroup: Cgroup::V2,
            files: None,
            json_files: None,
            snapshotters: None,
            mkfs_erofs: true,
            disproved: None,
        }
    }
}
