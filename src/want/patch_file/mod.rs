//! The patch file: what an installer wants of a config, as TOML.

mod reader;

use crate::error::{Error, Position};
use crate::want::change::Change;
use crate::want::handler::Owner;
use crate::want::statements::Statements;

/// What an installer wants of a config, read from a file of its own.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Config, Ledger, PatchFile, edit};
///
/// let file = PatchFile::parse(
///     br#"
///     owner = "kata-deploy"
///     [handlers.kata-qemu]
///     preset = "kata"
///     "#,
/// )?;
/// let config = Config::new("/etc/containerd/config.toml", Some("version = 3\n"))?;
/// let edited = edit(&config, &Ledger::default(), &file.into_change())?;
/// assert_eq!(edited.report.handlers.added, ["kata-qemu"]);
///
/// let error = PatchFile::parse(b"[handlers.kata]\nsnapshoter = \"nydus\"\n").unwrap_err();
/// assert_eq!(error.position().map(|at| (at.line, at.column)), Some((2, 1)));
/// assert_eq!(error.hint(), "did you mean snapshotter?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct PatchFile {
    change: Change,
}

impl PatchFile {
    /// Returns the installer that the file speaks for, if it says so.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        let change = &self.change;
        change.names_owner.then_some(&change.owner)
    }

    /// Returns where the file says a key that an error or a warning is about, as its `key` names it:
    /// whether a release reads it is only known once there is a config.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<Position> {
        self.change.keys.position(key).cloned()
    }

    /// Makes sure that this file says of no key anything else than one that was read before, which is
    /// called `name`.
    ///
    /// # Errors
    ///
    /// [`Code::BadPatchFile`](crate::Code::BadPatchFile), with the position in this file, if it
    /// contradicts the other one. The elements of lists add up.
    pub fn agree_with(&self, earlier: &Self, name: &str) -> Result<(), Error> {
        self.change.keys.agree_with(&earlier.change.keys, name)
    }

    /// Turns the file into a change that [declares](Change::declares) what it says, for its owner, if
    /// it names one.
    pub fn into_change(self) -> Change {
        let mut change = self.change.declares();
        change.keys = Statements::default();
        change
    }
}

#[cfg(test)]
mod tests;
