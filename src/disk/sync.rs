//! What makes a change durable.

use std::fs::File;
use std::io;

use super::target::{Folders, Target};
use crate::error::{Code, Error};

/// What this run has done with what it syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Synced {
    Changed,
    Unchanged,
    PutBack,
}

impl Folders<'_> {
    /// Makes what stands in the folder under the target's name durable, and the file's content. Where
    /// the sidecars stand in another folder, that comes second: a rename changes both.
    ///
    /// Syncing the folder is not enough: after a shutdown, xfs reports the loss of the rename for the
    /// file alone. A sync that failed is not tried again, since it would then succeed without having
    /// written anything.
    ///
    /// Also needed where nothing is left to change: an earlier run may have been killed between its
    /// rename and its syncs, and what this run reports must survive a power cut.
    pub(crate) fn sync(&self, file: Option<&File>, what: Synced) -> Result<(), Error> {
        // The file comes last.
        let mut all = self.all.iter().chain(file);
        all.try_for_each(File::sync_all)
            .map_err(|source| not_durable(self.target, what, source))
    }
}

/// The config is as it should be, but the system did not confirm that this survives a power cut.
fn not_durable(target: &Target, what: Synced, source: io::Error) -> Error {
    let done = match what {
        Synced::Changed => "the config was changed",
        Synced::Unchanged => "nothing was left to change",
        Synced::PutBack => "the config was put back as it was",
    };
    let message = format!("{done}, but the disk did not confirm it");
    let hint = "look at `dmesg` for disk errors; once the disk is well, read the file back after a \
                reboot or remount before you trust it (a second sync may claim success without \
                having written anything)";
    let error = Error::new(Code::NotDurable, message, hint)
        .at(&target.path)
        .caused_by(source);
    if what == Synced::Changed {
        error.after_change()
    } else {
        error
    }
}
