//! Whether what a daemon has loaded when it started has changed since.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::commit::editor::Editor;
use crate::containerd::ConfigFiles;
use crate::daemon::running::Running;
use crate::disk::HostRoot;

/// A ctime lags behind the clock by up to a tick of the kernel's, which has at least a hundred of them
/// in a second.
const TICK: Duration = Duration::from_millis(10);
/// How long after a change a start may still be taken for one before it: a process's start is rounded
/// down to a tick, too.
pub(super) const DOUBT: Duration = Duration::from_millis(20);

/// Whether a daemon was started before or after the last change of what it loads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Started {
    /// This has changed since.
    Before(PathBuf),
    /// It has loaded everything as it is now.
    After,
    /// When it was started is not known, or something was last changed in the future.
    Unknown,
}

impl Started {
    /// Compares a daemon's start with the ctime of each loaded file, and of each folder that an import
    /// pattern looks into: a file may have gone from there.
    pub(super) fn of(editor: &Editor, running: &Running) -> Self {
        match (running.started, editor.files()) {
            (Some(started), Ok(files)) => {
                let changes = changes(editor, &files);
                Self::compare(started, changes, SystemTime::now())
            }
            _ => Self::Unknown,
        }
    }

    fn compare(
        started: SystemTime,
        changes: BTreeMap<PathBuf, SystemTime>,
        now: SystemTime,
    ) -> Self {
        let mut start = Self::After;
        for (path, at) in changes {
            if at > now {
                start = Self::Unknown;
            } else if at + TICK >= started {
                return Self::Before(path);
            }
        }
        start
    }
}

/// When each of these was last changed, by its path on the host.
///
/// A config that a distribution writes whenever it starts containerd is left out: what it is made of
/// counts.
fn changes(editor: &Editor, files: &ConfigFiles) -> BTreeMap<PathBuf, SystemTime> {
    let layout = editor.layout.as_ref();
    let written = layout.filter(|layout| layout.writes_config());
    let main = match written {
        Some(layout) => layout.next_template(),
        None => Some(files.main().to_owned()),
    };
    let imported = files.imported().map(|(path, _)| path.to_owned());
    let root = &editor.host_root;
    let folders = files.folders.keys().cloned();
    let paths = main.into_iter().chain(imported).chain(folders);
    let dated = paths.filter_map(|path| Some((last_change(root, &path)?, path)));
    dated.map(|(at, path)| (path, at)).collect()
}

/// The last change of what a path of the host leads to, or of the link that stands there.
fn last_change(root: &HostRoot, path: &Path) -> Option<SystemTime> {
    let ctime = |metadata: Metadata| {
        let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
        let nanoseconds = u64::try_from(metadata.ctime_nsec()).unwrap_or_default();
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds)
    };
    let link = root.entry(path).and_then(fs::symlink_metadata);
    let file = root.resolve(path).and_then(fs::metadata);
    link.ok().map(ctime).max(file.ok().map(ctime))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A file's change, seen by a daemon that was started at noon, one second before now.
    fn compare(change: impl Fn(SystemTime) -> SystemTime) -> Started {
        let noon = SystemTime::UNIX_EPOCH + Duration::from_hours(500_004);
        let changes = [(PathBuf::from("/c"), change(noon))];
        Started::compare(noon, changes.into(), noon + SECOND)
    }

    #[test]
    fn a_start_that_is_too_close_to_a_change_is_before_it() {
        let before = Started::Before(PathBuf::from("/c"));
        assert_eq!(compare(|noon| noon + SECOND), before);
        assert_eq!(compare(|noon| noon), before);
        assert_eq!(compare(|noon| noon - TICK), before);
        assert_eq!(compare(|noon| noon - DOUBT), Started::After);
    }

    /// It would be due for as long as the clock takes to get there.
    #[test]
    fn a_change_in_the_future_does_not_count() {
        assert_eq!(compare(|noon| noon + 2 * SECOND), Started::Unknown);
    }

    #[test]
    fn links_and_what_they_lead_to_and_folders_of_patterns_count() {
        let host = tempfile::tempdir().expect("a temporary folder");
        let at = |path: &str| host.path().join(path);
        for folder in ["etc", "real", "conf.d", "all/one"] {
            fs::create_dir_all(at(folder)).expect("creates");
        }
        let files = [
            (
                "real/config.toml",
                "imports = ['/conf.d/*.toml', '/all/*/*.toml', '/gone.toml']",
            ),
            ("conf.d/a.toml", ""),
            ("all/one/b.toml", ""),
            ("etc/other.toml", ""),
        ];
        for (path, text) in files {
            let options = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(at(path));
            std::io::Write::write_all(&mut options.expect("opens"), text.as_bytes())
                .expect("writes");
        }
        std::os::unix::fs::symlink("/real/config.toml", at("etc/config.toml")).expect("links");
        let root = HostRoot::at(host.path()).expect("a folder");
        let editor = Editor::new("/etc/config.toml").host_root(root.clone());
        let files = editor.files().expect("readable");
        let changes = changes(&editor, &files);
        let paths: Vec<&str> = changes.keys().filter_map(|path| path.to_str()).collect();
        let wanted = [
            "/all",
            "/all/one",
            "/all/one/b.toml",
            "/conf.d",
            "/conf.d/a.toml",
            "/etc/config.toml",
        ];
        assert_eq!(paths, wanted);
        let main = Path::new("/etc/config.toml");
        let first = last_change(&root, main);
        std::thread::sleep(DOUBT);
        fs::set_permissions(
            at("real/config.toml"),
            fs::metadata(at("real")).expect("there").permissions(),
        )
        .expect("ours");
        assert!(last_change(&root, main) > first, "the file");
    }
}
