//! An edit that the user has asked for.

use std::collections::BTreeSet;

use containerd_edit::{Change, DropIn, Error, Request};

use super::arguments::{Editing, Patching};
use super::patch_file::PatchFiles;

/// An edit, and how it is to be made.
pub(super) struct Edit<'e> {
    pub(super) request: Request,
    pub(super) editing: &'e Editing,
    /// The file that it is about, or that new keys go to.
    pub(super) drop_in: DropIn,
    /// Whether to print the resulting file, and nothing else.
    pub(super) prints_file: bool,
    /// Where the change was read from.
    pub(super) files: Option<&'e PatchFiles>,
    /// The command in a few words, for whoever waits for the lock or reads the operation log.
    pub(super) summary: String,
    /// The handlers that no pod uses, if the daemon was asked.
    pub(super) unused: Option<BTreeSet<String>>,
}

impl<'e> Edit<'e> {
    pub(super) fn of(
        mut change: Change,
        patching: &'e Patching,
        summary: String,
    ) -> Result<Self, Error> {
        if patching.adopt {
            change = change.adopt();
        }
        change = patching.was.iter().try_fold(change, Change::was)?;
        if let Some(id) = &patching.placing.plugin.plugin_id {
            change = change.plugin_id(id);
        }
        Ok(Self {
            drop_in: patching.placing.drop_in(),
            prints_file: patching.placing.stdout,
            ..Self::new(change, &patching.editing, summary)
        })
    }

    pub(super) fn new(
        request: impl Into<Request>,
        editing: &'e Editing,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            request: request.into(),
            editing,
            drop_in: DropIn::Automatic,
            prints_file: false,
            files: None,
            summary: summary.into(),
            unused: None,
        }
    }
}
