//! What a node would leave behind: processes and cgroups.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The processes that run in a PID namespace, as this machine counts them. One that has ended and that
/// nobody has waited for yet is the machine's to clear away.
pub(crate) fn processes_in(namespace: &Path) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let inside = processes.filter(|process| {
        let its = fs::read_link(process.path().join("ns/pid"));
        let status = fs::read_to_string(process.path().join("status")).unwrap_or_default();
        its.is_ok_and(|its| its == namespace) && !status.contains("\nState:\tZ")
    });
    inside
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The cgroups of this name: one, or with cgroups v1 one for each hierarchy.
pub(crate) fn cgroups(name: &str) -> Vec<PathBuf> {
    let top = Path::new("/sys/fs/cgroup");
    let hierarchies = fs::read_dir(top).expect("cgroups are mounted");
    let hierarchies = hierarchies.filter_map(|entry| Some(entry.ok()?.path().join(name)));
    let all = hierarchies.chain([top.join(name)]);
    all.filter(|folder| folder.exists()).collect()
}

pub(super) fn remove_cgroups(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_cgroups(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}
