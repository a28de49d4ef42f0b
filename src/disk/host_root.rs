//! The folder below which a host's files are seen: `/`, or where a container has it mounted.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags};
use rustix::io::Errno;

/// As many links as the kernel follows, `path_resolution(7)`.
const MOST_LINKS: usize = 40;

/// Where a host's files are: at `/`, or below a folder at which an installer's container has the
/// host mounted. Paths of the host are then resolved inside that folder, absolute symbolic links
/// too, and none leads out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostRoot {
    /// Without links, but for one of `/proc` that no path can stand for; `None`: `/`.
    folder: Option<PathBuf>,
}

impl HostRoot {
    /// A host whose files are below `folder`, which may be another process's root, as in
    /// `/proc/1/root`.
    ///
    /// # Errors
    ///
    /// If there is no such folder.
    pub fn at(folder: &Path) -> io::Result<Self> {
        let named = identity(folder)?;
        if !folder.is_dir() {
            return Err(Errno::NOTDIR.into());
        }
        // A path without links says nothing of the mounts of another namespace, which those of
        // /proc lead into.
        let real = folder.canonicalize().ok();
        let real = real.filter(|real| identity(real).is_ok_and(|real| real == named));
        let folder = real.map_or_else(|| std::path::absolute(folder), Ok)?;
        Ok(Self {
            folder: Some(folder).filter(|folder| folder != Path::new("/")),
        })
    }

    /// The folder, if it isn't `/`.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether the host has something at `path`, links followed.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        match self.folder {
            Some(_) => self.resolve(path).is_ok(),
            None => path.exists(),
        }
    }

    /// The host's absolute path for `path`, without looking at links.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        match self.folder {
            // Where this process stands says nothing of the host.
            Some(_) => Path::new("/").join(path),
            None => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        }
    }

    /// Where this process finds what the host's `path` leads to, links followed.
    pub(crate) fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        match &self.folder {
            None => path.canonicalize(),
            Some(root) => resolve_in(root, path, Missing::Fails),
        }
    }

    /// Where this process finds the host's `path` itself, which may be a link or missing.
    pub(crate) fn entry(&self, path: &Path) -> io::Result<PathBuf> {
        if self.folder.is_none() {
            return Ok(path.to_owned());
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return self.resolve(path);
        };
        let mut entry = self.resolve(folder)?.join(name);
        if path.as_os_str().as_bytes().ends_with(b"/") {
            // It asks for a folder.
            entry.push("");
        }
        Ok(entry)
    }

    /// Where this process would find the host's `path` if it were there: the links on the way are the
    /// host's.
    pub(crate) fn seen(&self, path: &Path) -> PathBuf {
        let Some(root) = &self.folder else {
            return path.to_owned();
        };
        let seen = resolve_in(root, path, Missing::Comes);
        seen.unwrap_or_else(|_| root.join(path.strip_prefix("/").unwrap_or(path)))
    }

    /// The host's path for one of this process.
    pub(crate) fn on_host(&self, path: &Path) -> PathBuf {
        let inside = self
            .folder
            .as_ref()
            .and_then(|root| path.strip_prefix(root).ok());
        inside.map_or_else(|| path.to_owned(), |inside| Path::new("/").join(inside))
    }
}

/// What tells a folder from all others: its device and inode, links followed, and its mount, if the
/// kernel may be asked for that.
fn identity(folder: &Path) -> io::Result<(u64, u64, Option<u64>)> {
    let found = fs::metadata(folder)?;
    let mount = rustix::fs::statx(CWD, folder, AtFlags::empty(), StatxFlags::MNT_ID);
    let mount = mount.ok().map(|mount| mount.stx_mnt_id);
    Ok((found.dev(), found.ino(), mount))
}

/// What a step of a path is that leads to nothing.
#[derive(Clone, Copy, PartialEq)]
enum Missing {
    Fails,
    /// A folder or a file that somebody may make.
    Comes,
}

/// Resolves a path inside `root` step by step.
fn resolve_in(root: &Path, path: &Path, missing: Missing) -> io::Result<PathBuf> {
    let look = |path: &Path| match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && missing == Missing::Comes => {
            Ok(None)
        }
        looked => looked.map(Some),
    };
    let steps = |path: &Path| -> Vec<OsString> {
        let steps = path.components().map(|step| step.as_os_str().to_owned());
        steps.collect()
    };
    let mut pending: VecDeque<OsString> = steps(path).into();
    let mut links = 0;
    let mut found = root.to_owned();
    while let Some(step) = pending.pop_front() {
        match Path::new(&step).components().next() {
            Some(Component::RootDir) => root.clone_into(&mut found),
            // Above the root there is nothing.
            Some(Component::ParentDir) if found == root => {}
            Some(Component::ParentDir) => drop(found.pop()),
            Some(Component::Normal(name)) => {
                // The root itself may be a link of /proc.
                if found != root && look(&found)?.is_some_and(|found| !found.is_dir()) {
                    return Err(Errno::NOTDIR.into());
                }
                let next = found.join(name);
                if look(&next)?.is_none_or(|next| !next.is_symlink()) {
                    found = next;
                    continue;
                }
                links += 1;
                if links > MOST_LINKS {
                    return Err(Errno::LOOP.into());
                }
                let target = fs::read_link(&next)?;
                for step in steps(&target).into_iter().rev() {
                    pending.push_front(step);
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_path_leads_out_of_the_root() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().canonicalize().expect("a folder");
        let root = folder.join("host");
        for inside in ["etc/containerd", "opt/conf", "run"] {
            fs::create_dir_all(root.join(inside)).expect("creates");
        }
        let plant = |path: &str| {
            let file = fs::File::options()
                .create_new(true)
                .write(true)
                .open(root.join(path));
            drop(file.expect("creates"));
        };
        plant("opt/conf/config.toml");
        plant("etc/real.toml");
        let link = |target: &str, name: &str| symlink(target, root.join(name)).expect("links");
        link("/opt/conf", "etc/absolute");
        link("../../opt/conf/config.toml", "etc/containerd/relative.toml");
        link("../../../../../../etc/passwd", "etc/out");
        link("/etc/circle", "etc/circle");
        link("/nowhere", "etc/dangling");
        link("/", "run/top");
        let inside = |path: &str| Ok(root.join(path));
        let missing = || Err(Errno::NOENT);
        let cases: [(&str, Result<PathBuf, Errno>); 12] = [
            ("/", Ok(root.clone())),
            ("/etc/real.toml", inside("etc/real.toml")),
            ("etc/real.toml", inside("etc/real.toml")),
            ("/../../etc/./real.toml", inside("etc/real.toml")),
            ("/etc/absolute/config.toml", inside("opt/conf/config.toml")),
            (
                "/etc/containerd/relative.toml",
                inside("opt/conf/config.toml"),
            ),
            ("/run/top/etc/absolute/..", inside("opt")),
            ("/etc/out", missing()),
            ("/etc/passwd", missing()),
            ("/etc/circle", Err(Errno::LOOP)),
            ("/etc/dangling", missing()),
            ("/etc/real.toml/x", Err(Errno::NOTDIR)),
        ];
        for (path, wanted) in cases {
            let path = Path::new(path);
            let errno = |error: io::Error| Errno::from_io_error(&error).expect("a system's error");
            let resolved = resolve_in(&root, path, Missing::Fails).map_err(errno);
            assert_eq!(resolved, wanted, "{}", path.display());
        }
        let host = HostRoot::at(&root).expect("a folder");
        for (path, seen) in [
            ("/etc/new/x.toml", "etc/new/x.toml"),
            ("/etc/absolute/new/x.toml", "opt/conf/new/x.toml"),
            ("/etc/dangling/x.toml", "nowhere/x.toml"),
            ("/etc/out/../../../x", "x"),
        ] {
            assert_eq!(host.seen(Path::new(path)), root.join(seen), "{path}");
        }
    }
}
