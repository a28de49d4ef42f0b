//! Reads from disk what the model of containerd wants to know: imported files and the host.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use crate::containerd::imports::{absolute, glob, is_pattern, patterns, written};
use crate::containerd::{Cgroup, ConfigFiles, FileState, Host};
use crate::disk::HostRoot;
use crate::disk::existing::{FOLDER, Unread, read_on_host};
use crate::toml::{Source, Value};

/// Exists in the unified hierarchy alone (`cgroups(7)`).
const UNIFIED: &str = "/sys/fs/cgroup/cgroup.controllers";

/// Files that an edit changes, by their path on the host; `None`: they are gone.
pub(crate) type Changes = BTreeMap<PathBuf, Option<Source>>;

impl ConfigFiles {
    /// Reads what a config imports, and what that imports.
    ///
    /// `main` is the absolute path of the config on the host whose files are at `root`, `source` is
    /// what stands there, or is to. What can't be read is noted as such: containerd can't
    /// read it either.
    #[must_use]
    pub fn read(root: &HostRoot, main: &Path, source: impl Into<Source>) -> Self {
        let source = source.into();
        Self::new(main, source.clone()).changed(root, source, &Changes::new())
    }

    /// What is imported once an edit has changed these files: the main file, which is `source` then,
    /// and others. What was read before is not read again.
    pub(crate) fn changed(&self, root: &HostRoot, source: Source, others: &Changes) -> Self {
        let state = |path: &Path| match (others.get(path), self.files.get(path)) {
            (Some(Some(source)), _) => FileState::Bytes(source.clone()),
            (Some(None), _) => FileState::Missing,
            (None, Some(known)) => known.clone(),
            (None, None) => match state(root, path) {
                // A folder that comes with a file of the edit's.
                FileState::Missing if others.keys().any(|it| it.starts_with(path)) => {
                    FileState::OutOfSight
                }
                state => state,
            },
        };
        let folders = RefCell::new(BTreeMap::new());
        let names = |folder: &Path| {
            let known = self.folders.get(folder).cloned();
            let mut names = known.unwrap_or_else(|| names_in(root, folder));
            for (path, source) in others {
                let below = path.strip_prefix(folder).ok();
                let mut below = below.into_iter().flatten();
                match (below.next(), below.next(), source) {
                    (Some(name), None, None) => drop(names.remove(name)),
                    (Some(name), _, Some(_)) => drop(names.insert(name.to_owned())),
                    _ => {}
                }
            }
            let mut folders = folders.borrow_mut();
            folders.insert(folder.to_owned(), names.clone());
            Cow::Owned(names)
        };
        let main = self.main();
        let mut files = Self::new(main, source.clone());
        let mut pending = VecDeque::from([(main.to_owned(), source)]);
        while let Some((importer, source)) = pending.pop_front() {
            for import in written(&source) {
                let path = Some(absolute(&importer, &import)).filter(|it| !is_pattern(it));
                let matched = patterns(&importer, &import).into_iter();
                let matched = matched.filter_map(|pattern| glob(&pattern, &names));
                for path in path.into_iter().chain(matched.flatten()) {
                    if files.files.contains_key(&path) {
                        continue;
                    }
                    let state = state(&path);
                    if let FileState::Bytes(source) = &state {
                        pending.push_back((path.clone(), source.clone()));
                    }
                    files.insert(path, state);
                }
            }
        }
        files.folders = folders.take();
        files
    }

    /// The folder of an import that is missing, if that may not be mounted below a host root.
    pub(crate) fn unmounted(&self, root: &HostRoot) -> Option<&Path> {
        root.folder()?;
        let own = self.main().parent();
        let missing = self.missing().filter_map(Path::parent);
        let mut elsewhere = missing.filter(|it| !own.is_some_and(|own| it.starts_with(own)));
        elsewhere.find(|folder| !root.has(folder))
    }
}

impl Host {
    /// Looks at the host whose files are at `root`, as far as the files of a config refer to it.
    #[must_use]
    pub fn of(root: &HostRoot, files: &ConfigFiles) -> Self {
        let nothing = || Self {
            files: Some(BTreeSet::new()),
            json_files: Some(BTreeSet::new()),
            ..Self::here()
        };
        Self::of_referred(root, files).unwrap_or_else(nothing)
    }

    /// As [`Host::of`]; `None`: the files refer to nothing.
    pub(crate) fn of_referred(root: &HostRoot, files: &ConfigFiles) -> Option<Self> {
        let mut paths = BTreeSet::new();
        let mut wants_erofs = false;
        for (_, source) in files.all() {
            wants_erofs |= contains(source.bytes(), "erofs");
            if let Ok(config) = source.document() {
                referenced(config.root(), &mut paths);
            }
        }
        if paths.is_empty() && !wants_erofs {
            return None;
        }
        paths.retain(|(_, path)| root.resolve(path).is_ok_and(|it| it.is_file()));
        // Of others, such as a scratch file of some GiB, it is enough that they are there.
        let specs = paths.iter().filter(|(key, _)| *key == RUNTIME_SPEC);
        let specs = specs.map(|(_, path)| path.clone());
        let is_spec =
            |path: &PathBuf| read_on_host(root, path).is_ok_and(|it| is_runtime_spec(&it));
        Some(Self {
            json_files: Some(specs.filter(is_spec).collect()),
            files: Some(paths.into_iter().map(|(_, path)| path).collect()),
            mkfs_erofs: !wants_erofs || has_mkfs_erofs(root),
            ..Self::here()
        })
    }

    /// What can be said of this host without looking at a config.
    #[must_use]
    pub fn here() -> Self {
        Self {
            cgroup: if Path::new(UNIFIED).exists() {
                Cgroup::V2
            } else {
                Cgroup::V1
            },
            ..Self::default()
        }
    }
}

/// Whether `mkfs.erofs` is there and knows `--tar`: that option stands in its help.
fn has_mkfs_erofs(root: &HostRoot) -> bool {
    let found = program(root, "mkfs.erofs");
    let bytes = found.map(|path| read_on_host(&HostRoot::default(), &path));
    bytes.is_some_and(|bytes| bytes.is_ok_and(|bytes| contains(&bytes, "--tar")))
}

fn contains(bytes: &[u8], part: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.to_ascii_lowercase().contains(part)
}

/// The uppermost fields of a runtime spec that are strings, or objects.
const SPEC_TEXTS: [&str; 3] = ["ociVersion", "hostname", "domainname"];
const SPEC_OBJECTS: [&str; 6] = ["process", "root", "hooks", "annotations", "linux", "vm"];

/// Whether Go decodes JSON as an OCI runtime spec, as far as its uppermost fields say.
fn is_runtime_spec(bytes: &[u8]) -> bool {
    let fits = |(key, value): (&String, &serde_json::Value)| {
        let is_one_of = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        value.is_null()
            || (value.is_string() || !is_one_of(&SPEC_TEXTS))
                && (value.is_object() || !is_one_of(&SPEC_OBJECTS))
                && (value.is_array() || !is_one_of(&["mounts"]))
    };
    match serde_json::from_slice(bytes) {
        Ok(serde_json::Value::Object(fields)) => fields.iter().all(fits),
        Ok(value) => value.is_null(),
        Err(_) => false,
    }
}

/// What stands in a host's folder.
fn names_in(root: &HostRoot, folder: &Path) -> BTreeSet<OsString> {
    let folder = root.resolve(folder).and_then(fs::read_dir);
    let entries = folder.into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).collect()
}

/// Where drop-ins that somebody has masked lead to, and its device number (`null(4)`).
const NULL: (&str, u64) = ("/dev/null", 0x103);

fn state(root: &HostRoot, path: &Path) -> FileState {
    // It is on every host, if not below the root by which the host is seen.
    if path == Path::new(NULL.0) {
        return FileState::Bytes("".into());
    }
    let is_null = |path: &Path| {
        let metadata = root.resolve(path).and_then(fs::metadata);
        metadata.is_ok_and(|it| it.file_type().is_char_device() && it.rdev() == NULL.1)
    };
    match read_on_host(root, path) {
        Ok(bytes) => FileState::Bytes(bytes.into()),
        Err(Unread::NotAFile(FOLDER)) => FileState::Folder,
        Err(Unread::NotAFile(_)) if is_null(path) => FileState::Bytes("".into()),
        Err(Unread::NotAFile(_)) => FileState::Unreadable("not a regular file".to_owned()),
        Err(Unread::Failed(error)) if error.kind() == io::ErrorKind::NotFound => FileState::Missing,
        Err(Unread::Failed(error)) => FileState::Unreadable(error.to_string()),
    }
}

/// The key of a file that has to be the JSON of a runtime spec.
const RUNTIME_SPEC: &str = "base_runtime_spec";
/// Keys of files that containerd opens when it starts.
const OPENED: [&str; 7] = [
    RUNTIME_SPEC,
    "tls_cert_file",
    "tls_key_file",
    "tcp_tls_cert",
    "tcp_tls_key",
    "scratch_file",
    "plugin_path",
];

/// The files that containerd opens when it starts, each with its key.
fn referenced(value: &Value, paths: &mut BTreeSet<(&'static str, PathBuf)>) {
    for (key, value) in value.table().into_iter().flatten() {
        let opened = OPENED.iter().find(|name| key.eq_ignore_ascii_case(name));
        match (value.as_str(), opened) {
            // Defaults that are written down are empty, and name no file.
            (Some(""), _) => {}
            (Some(path), Some(name)) => {
                paths.insert((name, path.into()));
            }
            _ => referenced(value, paths),
        }
    }
}

/// Where containerd's service looks for programs, beside this process's own `PATH`; the last ones are
/// of k3s, RKE2, k0s and MicroK8s, which bring containerd's shim along.
const PROGRAM_FOLDERS: [&str; 10] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
    "/var/lib/rancher/k3s/data/current/bin",
    "/var/lib/rancher/rke2/bin",
    "/var/lib/k0s/bin",
    "/snap/microk8s/current/bin",
];

/// Whether a program of this name or path is on the host whose files are at `root`.
pub(crate) fn is_program(root: &HostRoot, name: &str) -> bool {
    program(root, name).is_some()
}

/// Where a program of this name or path is, if it is on the host whose files are at `root`.
fn program(root: &HostRoot, name: &str) -> Option<PathBuf> {
    let file = |path: PathBuf| {
        let path = root.seen(&path);
        path.is_file().then_some(path)
    };
    if name.contains('/') {
        return file(name.into());
    }
    // A container's own `PATH` says nothing of its host.
    let path = match root.folder() {
        Some(_) => None,
        None => std::env::var_os("PATH"),
    };
    let path = path.unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(PROGRAM_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find_map(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "fixtures need no atomic writes")]
    fn every_file_that_a_pattern_matches_is_read() {
        let host = tempfile::tempdir().expect("a temporary folder");
        let folder = host.path().join("conf.d");
        fs::create_dir(&folder).expect("creates");
        for number in 0..1100 {
            fs::write(folder.join(format!("{number}.toml")), "").expect("writes");
        }
        let root = HostRoot::at(host.path()).expect("a root");
        let main = "imports = ['/conf.d/[^x]*']";
        let files = ConfigFiles::read(&root, Path::new("/config.toml"), main);
        assert_eq!(files.imported().count(), 1100);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "fixtures need no atomic writes")]
    fn the_files_of_an_edit_stand_among_those_of_their_folders() {
        let host = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(host.path().join("conf.d")).expect("creates");
        for name in ["a", "b"] {
            fs::write(host.path().join(format!("conf.d/{name}.toml")), "").expect("writes");
        }
        let root = HostRoot::at(host.path()).expect("a root");
        let after = |import: &str| {
            let main = format!("imports = ['{import}']");
            let files = ConfigFiles::read(&root, Path::new("/config.toml"), &*main);
            let changes = [("/conf.d/a.toml", None), ("/new.d/c.toml", Some("".into()))];
            let changes = changes.map(|(path, source)| (PathBuf::from(path), source));
            let files = files.changed(&root, main.into(), &changes.into());
            let found = files.imported().map(|(path, _)| path.display().to_string());
            found.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(after("/*.d/*.toml"), "/conf.d/b.toml /new.d/c.toml");
        assert_eq!(after("/conf.d/*"), "/conf.d/b.toml");
        assert_eq!(after("/new.d/*"), "/new.d/c.toml");
        assert_eq!(after("/*.d"), "");
    }

    #[test]
    fn a_masked_drop_in_is_a_file_without_keys() {
        let host = tempfile::tempdir().expect("a temporary folder");
        let link = host.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
        let link = link.to_str().expect("ASCII");
        let files = ConfigFiles::read(
            &HostRoot::default(),
            Path::new("/etc/config.toml"),
            format!("imports = ['/dev/null', '{link}', '/dev/zero', '/dev']"),
        );
        let state = |path: &str| files.state(Path::new(path)).clone();
        assert_eq!(state("/dev/null"), FileState::Bytes("".into()));
        assert_eq!(state(link), FileState::Bytes("".into()));
        assert!(matches!(state("/dev/zero"), FileState::Unreadable(_)));
        assert_eq!(state("/dev"), FileState::Folder);
    }
}
