//! The patch file: what an installer wants of a config, as TOML.

mod nearest;
mod reader;

use crate::error::Position;
use crate::want::handler::{Handler, HandlerName, Owner, Setting};
use crate::want::patch::Patch;

/// What an installer wants of a config, read from a file of its own.
///
/// # Examples
///
/// ```
/// use containerd_edit::{Document, PatchFile, apply};
///
/// let file = PatchFile::parse(
///     br#"
///     owner = "kata-deploy"
///     [handlers.kata-qemu]
///     preset = "kata"
///     "#,
/// )?;
/// let config = Document::parse(b"version = 3\n")?;
/// let edited = apply(Some(&config), &file.into_patch())?;
/// assert_eq!(edited.handlers.added, ["kata-qemu"]);
///
/// let error = PatchFile::parse(b"[handlers.kata]\nsnapshoter = \"nydus\"\n").unwrap_err();
/// assert_eq!(error.position().map(|at| (at.line, at.column)), Some((2, 1)));
/// assert_eq!(error.hint(), "did you mean snapshotter?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct PatchFile {
    owner: Option<Owner>,
    default: Option<HandlerName>,
    handlers: Vec<Handler>,
    cri: Vec<Setting>,
    proxy_plugins: Vec<Setting>,
    debug: Vec<Setting>,
    /// Where the keys of CRI stand.
    places: Vec<(String, Position)>,
}

impl PatchFile {
    /// Returns the installer that the file speaks for, if it says so.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// Returns where the file says a key of CRI's plugin, dotted:
    /// whether a release reads it is only known once there is a config.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<&Position> {
        let mut places = self.places.iter();
        places.find(|(known, _)| known == key).map(|(_, at)| at)
    }

    /// Turns the file into a patch that [declares](Patch::declares) what it says, for its owner, if
    /// it names one.
    #[must_use]
    pub fn into_patch(self) -> Patch {
        let mut patch = self.handlers.into_iter().fold(Patch::new(), Patch::ensure);
        patch = self.cri.into_iter().fold(patch, Patch::cri);
        let proxies = self.proxy_plugins.into_iter();
        patch = proxies.fold(patch, Patch::proxy_plugin);
        patch = self.debug.into_iter().fold(patch, Patch::debug);
        if let Some(name) = self.default {
            patch = patch.default_handler(name);
        }
        if let Some(owner) = self.owner {
            patch = patch.owner(owner);
        }
        patch.declares()
    }
}

#[cfg(test)]
mod tests;
