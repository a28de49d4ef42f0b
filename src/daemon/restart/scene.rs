//! What a restart is made with, and how.

use std::path::Path;
use std::time::Duration;

use super::daemon::Daemon;
use crate::commit::editor::Editor;
use crate::daemon::service::Prepared;
use crate::error::Error;

/// The daemon of a config, and the way to restart it.
pub(super) struct Scene<'a> {
    pub(super) editor: &'a Editor,
    pub(super) service: Prepared,
    pub(super) endpoint: &'a Path,
    /// How long one restart may take.
    pub(super) limit: Duration,
    pub(super) tell: &'a dyn Fn(&str),
}

impl Scene<'_> {
    /// The daemon that runs now; `None`: none does.
    pub(super) fn daemon(&self) -> Result<Option<Daemon>, Error> {
        Daemon::look(&self.editor.host_root, self.endpoint)
    }
}
