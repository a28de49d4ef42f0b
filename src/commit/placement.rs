//! Which file the new keys of an owner go to.

use std::path::{Path, PathBuf};

use crate::commit::editor::{DropIn, Editor};
use crate::containerd::absolute;
use crate::disk::sidecar;
use crate::disk::target::Target;
use crate::error::{Code, Error};
use crate::node::drop_in_of;
use crate::want::handler::Owner;

/// The folder of drop-ins beside a config.
const FOLDER: &str = "conf.d";

impl Editor {
    /// The path of the drop-in that a change goes to, if it goes to one.
    pub(crate) fn chosen_drop_in(&self, owner: &Owner) -> Result<Option<PathBuf>, Error> {
        let given = match &self.drop_in {
            DropIn::None => return Ok(None),
            DropIn::ForOwner => {
                let of_layout = self.layout.as_ref().and_then(|it| it.drop_in(owner));
                let beside = || absolute(&self.main(), &format!("{FOLDER}/{}", drop_in_of(owner)));
                return Ok(Some(of_layout.unwrap_or_else(beside)));
            }
            DropIn::At(given) => given,
        };
        let bad = |reason| bad_drop_in(given, reason);
        let text = given.to_str();
        let text = text.ok_or_else(|| bad("an import can't name it, since it is not UTF-8"))?;
        if text.contains('*') {
            return Err(bad("containerd would take its import for a pattern"));
        }
        if given.file_name().is_none() || text.ends_with('/') {
            return Err(bad("it does not name a file"));
        }
        Ok(Some(absolute(&self.main(), text)))
    }

    /// Finds the drop-in at a path of the host, if it can be one.
    pub(crate) fn find_drop_in(&self, path: &Path, main: &Target) -> Result<Target, Error> {
        if path.to_str().is_none() || path.to_string_lossy().contains('*') {
            let reason = "an import can't name it: its path is not UTF-8, or has a `*`";
            return Err(bad_drop_in(path, reason));
        }
        let target = Target::find_drop_in(path, &self.host_root, main)?;
        let used_for = sidecar::used_for(&target.path, &main.path)
            .or_else(|| self.taken_beside(&target, main));
        match used_for {
            Some(reason) => Err(bad_drop_in(path, reason)),
            None => Ok(target),
        }
    }

    /// Why the files beside the config that a drop-in needs would be in the way of others.
    fn taken_beside(&self, target: &Target, main: &Target) -> Option<&'static str> {
        let log = self.log_path(main)?;
        if target.path == log {
            Some("that is the operation log")
        } else if sidecar::previous(&target.beside) == log {
            Some("its previous text would stand in the place of the operation log")
        } else {
            None
        }
    }
}

/// The drop-in was to be a file that can't be one.
fn bad_drop_in(path: &Path, reason: &str) -> Error {
    let message = format!("this can't be the drop-in: {reason}");
    let hint = "name a file of its own with --drop-in=PATH, or --drop-in alone for \
                conf.d/50-OWNER.toml beside the config";
    Error::new(Code::BadDropIn, message, hint).at(path)
}
