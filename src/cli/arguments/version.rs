//! What `--version --verbose` says.

use std::ffi::OsString;

use containerd_edit::Release;

/// Returns the version with what was built in and which releases are modelled.
pub(super) fn in_full() -> &'static str {
    let releases = Release::LINES.map(|release| release.to_string());
    let features = if cfg!(feature = "cri") {
        "cli, cri"
    } else {
        "cli"
    };
    let text = format!(
        "{}\nfeatures: {features}\ncontainerd releases: {}\nconfig versions: 1 to {}",
        env!("CARGO_PKG_VERSION"),
        releases.join(", "),
        Release::LINES.map(Release::newest_config_version)[releases.len() - 1],
    );
    // clap wants it for good, and asks once.
    text.leak()
}

/// Whether a command line has `--verbose`, wherever it stands: clap ends at `--version`.
pub(super) fn is_wanted_in_full(words: &[OsString]) -> bool {
    words.iter().map(|word| word.to_string_lossy()).any(|word| {
        let is_short = word.starts_with('-') && !word.starts_with("--");
        word == "--verbose" || (is_short && word.contains('v'))
    })
}
