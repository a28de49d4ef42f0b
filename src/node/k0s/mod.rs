//! k0s: a config that it writes itself, and drop-ins that it merges into it.

mod drop_ins;
mod merging;

use std::path::Path;

pub(crate) use self::drop_ins::DropIns;
use crate::error::Warning;

/// The config that containerd is started with.
pub(super) const CONFIG: &str = "/etc/k0s/containerd.toml";
/// The folder of drop-ins, which k0s watches: whatever happens in it restarts containerd.
pub(super) const FOLDER: &str = "/etc/k0s/containerd.d";
pub(super) const FOLDER_NAME: &str = "containerd.d";
/// The line that makes k0s write the config anew.
const MANAGED: &str = "# k0s_managed=true";

/// Whether k0s writes the config itself.
pub(super) fn is_managed(text: &str) -> bool {
    // k0s takes the line wherever it stands.
    text.lines().any(|line| line == MANAGED)
}

/// What people should know of a config that k0s leaves alone.
pub(super) fn unmanaged(config: &Path) -> Warning {
    let message = format!(
        "k0s does not manage this config, since it has no line `{MANAGED}`, and reads no {}: the \
         config itself is edited",
        config.with_file_name(FOLDER_NAME).display()
    );
    Warning::new("k0s-unmanaged", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_counts_in_any_line() {
        assert!(is_managed("# k0s_managed=true\nversion = 2\n"));
        assert!(is_managed("\r\n# k0s_managed=true\r\n"));
        assert!(!is_managed("# k0s_managed=true or not\n"));
        assert!(!is_managed("version = 2\n"));
    }
}
