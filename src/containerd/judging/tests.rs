//! What becomes of small configs: found by `tests/containerd/differential.rs` and its like, cut down to
//! the least, and measured on 1.6.20, 1.7.24 and 2.1.9. Claims about other releases come from
//! their sources.

mod daemon;
mod files;
mod plugins;
mod snapshotters;
mod values;

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;
use crate::containerd::FileState;

/// One letter for each of 1.6.20, 1.7.24 and 2.1.9: serves, no CRI, exits.
fn verdicts(config: &str, drop_in: &str) -> String {
    let mut files = ConfigFiles::new("/etc/containerd/config.toml", config);
    files.insert("/etc/containerd/a.toml", FileState::Bytes(drop_in.into()));
    let releases = [(1, 6, 20), (1, 7, 24), (2, 1, 9)];
    letters(&files, &releases)
}

fn letters(files: &ConfigFiles, releases: &[(u16, u16, u16)]) -> String {
    let releases = releases.iter();
    of_host(
        files,
        Some([].into()),
        releases.map(|(major, minor, patch)| Release::new(*major, *minor, *patch)),
    )
}

/// The same for a host with these snapshotters.
fn of_host(
    files: &ConfigFiles,
    snapshotters: Option<BTreeSet<String>>,
    releases: impl Iterator<Item = Release>,
) -> String {
    let host = Host {
        files: Some([PathBuf::from("/a/file")].into()),
        snapshotters,
        mkfs_erofs: false,
        ..Host::default()
    };
    let model = Model::new(files, &host);
    let letter = |release| match model.verdict(release) {
        Verdict::Serves { .. } => 's',
        Verdict::NoCri { .. } => 'n',
        Verdict::Exits { .. } => 'e',
    };
    releases.map(letter).collect()
}

/// The same on a host that may have any snapshotter, for 1.6, 1.7.3, 1.7, 2.0, 2.1 and 2.3.
#[track_caller]
fn assert_anywhere(config: &str, expected: &str) {
    let text = format!("version = 2\n{config}");
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let releases = ["1.6", "1.7.3", "1.7", "2.0", "2.1", "2.3"];
    let releases = releases.map(|it| it.parse().expect("a release"));
    let found = of_host(&files, None, releases.into_iter());
    assert_eq!(found, expected, "{config}");
}

/// The same for Debian's builds of 1.6.20, 1.7.24 and 2.1.9.
#[track_caller]
fn assert_by_debian(config: &str, expected: &str) {
    let text = format!("version = 2\n{config}");
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let releases = ["1.6.20~ds1", "1.7.24~ds1", "2.1.9+unknown"];
    let releases = releases.map(|it| it.parse().expect("a release"));
    let found = of_host(&files, Some([].into()), releases.into_iter());
    assert_eq!(found, expected, "{config}");
}

/// The same for 2.0.11, 2.2.1, 2.2.7, 2.3.4 and 2.4.0.
#[track_caller]
fn assert_2x(config: &str, expected: &str) {
    let text = format!("version = 2\n{config}");
    let files = ConfigFiles::new("/etc/containerd/config.toml", text);
    let releases = [(2, 0, 11), (2, 2, 1), (2, 2, 7), (2, 3, 4), (2, 4, 0)];
    assert_eq!(letters(&files, &releases), expected, "{config}");
}

const CRI: &str = "plugins.'io.containerd.grpc.v1.cri'";

#[track_caller]
fn assert_verdicts(config: &str, expected: &str) {
    let config = format!("version = 2\n{config}");
    assert_eq!(verdicts(&config, ""), expected, "{config}");
}
