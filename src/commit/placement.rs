//! Which file the new keys of an owner go to, and what of the files beside it would be in the way.

use std::path::{Path, PathBuf};

use crate::commit::editor::{DropIn, Editor};
use crate::commit::operation_log::LogTo;
use crate::containerd::{ConfigFiles, absolute};
use crate::disk::sidecar;
use crate::disk::target::{Snapshot, Target};
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

    /// Finds a file of the config by its path on the host; `main` is the config itself.
    pub(crate) fn target_of(&self, path: &Path, main: &Target) -> Result<Target, Error> {
        if *path == self.main() {
            return Ok(main.clone());
        }
        Target::find_drop_in(path, &self.host_root, main)
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

    /// Refuses, before there is any, files beside the config that containerd would load, and a log
    /// that is one of them.
    pub(crate) fn check_sidecars(&self, target: &Target, snapshot: &Snapshot) -> Result<(), Error> {
        if let LogTo::File(log) = &self.log
            && let Some(found) = self.log_path(target)
            && let Some(reason) = sidecar::used_for(&found, &target.path)
        {
            let message = format!("the operation log can't be {}: {reason}", log.display());
            let hint = "name a file of its own with --log, or --log none; without it, the log is \
                        beside the config";
            return Err(Error::new(Code::BadLog, message, hint).at(&self.path));
        }
        let main = self.main();
        let real = self.host_root.on_host(&target.path);
        let files = ConfigFiles::read(&self.host_root, &main, self.source(snapshot));
        let beside = [main, real]
            .into_iter()
            .flat_map(|it| sidecar::examples(&it));
        let log = match &self.log {
            LogTo::File(log) => Some(self.host_root.absolute(log)),
            _ => None,
        };
        self.check_not_imported(&files, beside.chain(log))
    }

    /// Refuses a drop-in of which a file beside the config would be imported.
    pub(super) fn check_beside(&self, target: &Target, files: &ConfigFiles) -> Result<(), Error> {
        let named = target.beside.file_name();
        let named = named.map(|name| self.main().with_file_name(name));
        let real = self.host_root.on_host(&target.beside);
        let both = [Some(real), named].into_iter().flatten();
        let beside = both.flat_map(|name| sidecar::examples_of_drop_in(&name));
        self.check_not_imported(files, beside)
    }

    /// Refuses imports that would load a file which stands beside the config during an edit.
    fn check_not_imported(
        &self,
        files: &ConfigFiles,
        mut sidecars: impl Iterator<Item = PathBuf>,
    ) -> Result<(), Error> {
        let imported = sidecars.find_map(|it| Some((files.pattern_for(&it)?, it)));
        let Some((pattern, sidecar)) = imported else {
            return Ok(());
        };
        let message = format!(
            "the import {} matches {}",
            pattern.display(),
            sidecar.display()
        );
        let hint = format!(
            "make the import match what it is meant for, as in {}",
            pattern.with_file_name("*.toml").display()
        );
        Err(Error::new(Code::ImportedSidecar, message, hint).at(&self.path))
    }
}

/// The drop-in was to be a file that can't be one.
fn bad_drop_in(path: &Path, reason: &str) -> Error {
    let message = format!("this can't be the drop-in: {reason}");
    let hint = "name a file of its own with --drop-in=PATH, or --drop-in alone for \
                conf.d/50-OWNER.toml beside the config";
    Error::new(Code::BadDropIn, message, hint).at(path)
}
