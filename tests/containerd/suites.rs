//! The containerd releases to test with: Debian's packages, unpacked by `tests/run`.

use std::path::{Path, PathBuf};
use std::process::Command;

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
        let output = Command::new(&binary)
            .arg("--version")
            .output()
            .unwrap_or_else(|error| {
                panic!("{}: {error}: run ./tests/run", binary.display());
            });
        assert!(
            output.status.success(),
            "containerd --version of {suite} failed: {output:?}"
        );
        // "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1"
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text
            .split_whitespace()
            .nth(2)
            .unwrap_or_else(|| panic!("containerd --version of {suite} names no version: {text}"));
        let major = version
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{suite} has a containerd of no known form: {version}"));
        Self {
            tree,
            version: version.to_owned(),
            name: format!("containerd {version} of {suite}"),
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
