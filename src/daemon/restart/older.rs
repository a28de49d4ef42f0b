//! A daemon that is older than its config.

use std::path::{Path, PathBuf};

use super::daemon::Daemon;
use super::started::Started;
use crate::commit::editor::Editor;
use crate::error::Error;
use crate::node::Layout;

/// Returns a file that was changed after the daemon at `endpoint`, a path of the host, was started, or
/// a folder that its config imports from. `None`: nothing was, no daemon serves, its start is not known,
/// or it is restarted after each change anyway.
///
/// # Errors
///
/// [`Error`] if nobody can say whether a daemon is there.
pub fn changed_since_start(editor: &Editor, endpoint: &Path) -> Result<Option<PathBuf>, Error> {
    let is_watched = editor
        .layout
        .as_ref()
        .is_some_and(Layout::restarts_by_itself);
    let daemon = Daemon::look(&editor.host_root, endpoint)?.filter(|_| !is_watched);
    Ok(
        daemon.and_then(|daemon| match Started::of(editor, daemon.started) {
            Started::Before(path) => Some(path),
            _ => None,
        }),
    )
}
