//! The containerd releases to test with: Debian's packages, unpacked by `tests/run`, or binaries
//! that somebody names.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Binaries to test with instead of Debian's, as in PATH: `/opt/2.2.7/bin/containerd:/opt/2.3.4/bin/containerd`.
const BINARIES: &str = "CONTAINERD_BINARIES";

/// The suites that `tests/run` fetches: today's 1.6, 1.7 and 2.x.
pub(crate) const SUITES: [&str; 3] = ["bookworm", "trixie", "forky"];

/// A containerd release, unpacked but not installed.
pub(crate) struct Release {
    /// The folder that holds the package's `usr` and `etc`.
    pub(crate) tree: PathBuf,
    /// What its binary says of itself, such as `1.6.20~ds1`.
    pub(crate) version: String,
    /// The Debian suite and what its binary says of itself, for messages.
    pub(crate) name: String,
    /// The first number of the release.
    pub(crate) major: u32,
}

impl Release {
    /// Returns the release that the Debian suite has today.
    pub(crate) fn of(suite: &str) -> Self {
        let tree = trees().join(suite);
        let binary = tree.join("usr/bin/containerd");
        Self::with(tree, &binary, suite)
    }

    /// Returns the releases of the binaries that the environment names.
    pub(crate) fn named() -> Option<Vec<Self>> {
        let binaries = std::env::var_os(BINARIES)?;
        let binaries = std::env::split_paths(&binaries).filter(|path| !path.as_os_str().is_empty());
        let releases = binaries.map(|binary| {
            assert_eq!(
                binary.file_name(),
                Some("containerd".as_ref()),
                "{BINARIES} names binaries called `containerd`, each in a folder of its own"
            );
            let binary = std::path::absolute(binary).expect("this folder has a path");
            let tree = binary.parent().expect("a file has a folder").to_owned();
            let from = tree.display().to_string();
            Self::with(tree, &binary, &from)
        });
        Some(releases.collect())
    }

    /// A binary of containerd and the folder that a node sees.
    fn with(tree: PathBuf, binary: &Path, from: &str) -> Self {
        let output = Command::new(binary)
            .arg("--version")
            .output()
            .unwrap_or_else(|error| {
                panic!("{}: {error}: run ./tests/run", binary.display());
            });
        assert!(
            output.status.success(),
            "containerd --version of {from} failed: {output:?}"
        );
        // "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1"
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text
            .split_whitespace()
            .nth(2)
            .unwrap_or_else(|| panic!("containerd --version of {from} names no version: {text}"));
        let major = version
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{from} has a containerd of no known form: {version}"));
        Self {
            tree,
            version: version.to_owned(),
            name: format!("containerd {version} of {from}"),
            major,
        }
    }
}

/// Returns the config file that Debian's bookworm ships.
pub(crate) fn debian_shipped_config() -> Vec<u8> {
    let path = trees().join("bookworm/etc/containerd/config.toml");
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run ./tests/run", path.display()))
}

/// Returns where a program of the packages is that pods are made of.
pub(crate) fn pods_program(path: &str) -> PathBuf {
    trees().join("pods").join(path)
}

/// Returns where `tests/run` unpacks: beside cargo's own `tmp` in the target directory.
fn trees() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("cargo's tmp lies in the target directory")
        .join("containerd")
}
