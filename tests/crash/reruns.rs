//! The states from which a run was repeated: most calls that fail leave what another one has left, and
//! a repetition comes to the same end there.

use std::collections::HashSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What stands at a path: its type and mode, and its bytes or where it leads.
#[derive(PartialEq, Eq, Hash)]
struct Entry {
    path: PathBuf,
    mode: u32,
    bytes: Vec<u8>,
}

/// What was repeated so far, and from where.
#[derive(Default)]
pub(crate) struct Reruns(Mutex<HashSet<(String, Vec<Entry>)>>);

impl Reruns {
    /// Whether this was not yet repeated from what stands below a folder.
    pub(crate) fn is_new(&self, what: String, root: &Path) -> bool {
        let mut entries = Vec::new();
        collect(root, Path::new(""), &mut entries);
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let mut seen = self.0.lock().expect("nobody panics here");
        seen.insert((what, entries))
    }
}

fn collect(root: &Path, below: &Path, entries: &mut Vec<Entry>) {
    for entry in fs::read_dir(root.join(below)).expect("a folder") {
        let entry = entry.expect("an entry");
        let path = below.join(entry.file_name());
        // What people read tells the time, and no run reads it.
        if path
            .extension()
            .is_some_and(|it| it == "log" || it == "lock")
        {
            continue;
        }
        let metadata = entry.metadata().expect("it is there");
        let bytes = if metadata.is_dir() {
            collect(root, &path, entries);
            Vec::new()
        } else if metadata.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            target.as_os_str().as_bytes().to_vec()
        } else {
            fs::read(entry.path()).expect("a readable file")
        };
        let mode = metadata.mode();
        entries.push(Entry { path, mode, bytes });
    }
}

#[test]
fn a_state_is_new_once() {
    let root = tempfile::tempdir().expect("a folder");
    let reruns = Reruns::default();
    let is_new = |what: &str| reruns.is_new(what.to_owned(), root.path());
    fs::create_dir(root.path().join("etc")).expect("creates");
    assert!(is_new("add") && is_new("remove") && !is_new("add"));
    for (name, text) in [
        ("etc/config.toml", "1"),
        ("etc/config.toml", "2"),
        ("x", ""),
    ] {
        fs::write(root.path().join(name), text).expect("writes");
        assert!(is_new("add") && !is_new("add"), "{name}");
    }
    for name in ["etc/config.toml.log", "etc/config.toml.lock"] {
        fs::write(root.path().join(name), "now").expect("writes");
        assert!(!is_new("add"), "{name}");
    }
}
