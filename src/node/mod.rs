//! Kubernetes distributions: where each keeps containerd's config, and who restarts containerd.

mod detection;
mod distribution;
pub(crate) mod k0s;
mod k3s;
mod layout;
mod managed;
pub(crate) mod microk8s;
pub(crate) mod template;
mod units;
mod written;

pub use self::distribution::Distribution;
pub use self::layout::Layout;
pub use self::units::Units;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "fixtures need no atomic writes")]
pub(crate) mod fixture {
    use std::path::{Path, PathBuf};

    use crate::disk::HostRoot;

    /// Where a host's tree under `fixtures/distributions` is.
    pub(crate) fn folder(name: &str) -> PathBuf {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/distributions");
        fixtures.join(name)
    }

    pub(crate) fn host(name: &str) -> HostRoot {
        HostRoot::at(&folder(name).join("host")).expect("a host's tree")
    }

    pub(crate) fn text(name: &str, path: &str) -> String {
        let path = folder(name).join("host").join(path.trim_start_matches('/'));
        std::fs::read_to_string(path).expect("readable")
    }

    /// A host with these files, which are empty where they have no text.
    pub(crate) fn host_with(files: &[(&str, &str)]) -> (tempfile::TempDir, HostRoot) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
            std::fs::write(path, text).expect("writes");
        }
        let host = HostRoot::at(folder.path()).expect("a folder");
        (folder, host)
    }
}
