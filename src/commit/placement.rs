//! Which file the new keys of an owner go to, and what of the files beside it would be in the way.

use std::path::{Path, PathBuf};

use crate::commit::editor::{DropIn, Editor};
use crate::commit::operation_log::LogTo;
use crate::config::Config;
use crate::containerd::{ConfigFiles, absolute};
use crate::disk::sidecar;
use crate::disk::target::{Snapshot, Target};
use crate::error::{Code, Error};
use crate::ledger::Ledger;
use crate::want::handler::{Owner, drop_in_of};

/// The folder of drop-ins beside a config.
const FOLDER: &str = "conf.d";

impl Editor {
    /// The path of the file that was named for a change; `None`: the edit finds it out.
    pub(super) fn named_file(
        &self,
        owner: &Owner,
        config: &Config,
        ledger: &Ledger,
    ) -> Result<Option<PathBuf>, Error> {
        let layout = self.layout.as_ref();
        let is_template = layout.is_some_and(|layout| layout.template.is_some());
        let has_folder = layout.is_some_and(|layout| layout.folder.is_some());
        match &self.drop_in {
            DropIn::ForOwner | DropIn::At(_) if is_template => {
                let message = "--drop-in: this node reads no drop-ins, its config is written from a \
                               template";
                let hint = "leave --drop-in out: the keys go into the template";
                Err(Error::new(Code::BadDropIn, message, hint).at(&self.path))
            }
            DropIn::None if has_folder => {
                let message = "--no-drop-in: the distribution writes this file anew";
                let hint = "leave --no-drop-in out: the keys go to a drop-in";
                Err(Error::new(Code::BadDropIn, message, hint).at(&self.path))
            }
            DropIn::None => Ok(Some(self.main())),
            DropIn::Automatic if is_template => Ok(Some(self.main())),
            DropIn::Automatic if !has_folder => Ok(None),
            DropIn::Automatic | DropIn::ForOwner => {
                Ok(Some(self.drop_in_of(owner, config, ledger)))
            }
            DropIn::At(given) => self.drop_in_at(given, owner, config).map(Some),
        }
    }

    /// The path on the host of the drop-in that was named, or of the config.
    pub(super) fn named_path(&self) -> Result<PathBuf, Error> {
        let main = self.main();
        match &self.drop_in {
            DropIn::At(path) => Ok(absolute(&main, importable(path)?)),
            _ => Ok(main),
        }
    }

    /// The path of a file on the host, if that is a drop-in.
    pub(super) fn as_drop_in<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        (path != self.main()).then_some(path)
    }

    /// The drop-in that an owner has, or gets.
    fn drop_in_of(&self, owner: &Owner, config: &Config, ledger: &Ledger) -> PathBuf {
        let known = ledger.owners.get(owner.as_str());
        let known = known.filter(|known| config.is_writable(&known.file));
        let known = known.map(|known| config.path_of(&known.file));
        let of_layout = || self.layout.as_ref()?.drop_in(owner);
        let imported = || Some(config.path_of(&config.imported_drop_in(owner.as_str())?));
        let beside = || {
            let name = drop_in_of(owner.as_str());
            absolute(&self.main(), &format!("{FOLDER}/{name}"))
        };
        let known = known.filter(|path| *path != self.main()).or_else(of_layout);
        known.or_else(imported).unwrap_or_else(beside)
    }

    /// The drop-in at a path that somebody has named.
    fn drop_in_at(&self, given: &Path, owner: &Owner, config: &Config) -> Result<PathBuf, Error> {
        let bad = |reason| bad_drop_in(given, reason);
        let text = importable(given)?;
        if text.contains('*') {
            return Err(bad("containerd would take its import for a pattern"));
        }
        if given.file_name().is_none() || text.ends_with('/') {
            return Err(bad("it does not name a file"));
        }
        let path = absolute(&self.main(), text);
        if path == self.main() {
            return Err(bad("that is the config itself"));
        }
        let layout = self.layout.as_ref();
        let Some(own) = layout.and_then(|layout| layout.drop_in(owner)) else {
            return Ok(path);
        };
        let is_inside = path.parent() == own.parent() && path.extension() == own.extension();
        if is_inside || config.files().iter().any(|file| file.leads_to(&path)) {
            return Ok(path);
        }
        let message = "this can't be the drop-in: no file of this node imports it, and the \
                       distribution writes the config anew";
        let hint = format!(
            "leave the path out for {}, or name another *.toml there",
            own.display()
        );
        Err(Error::new(Code::BadDropIn, message, hint).at(given))
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
        let log = self.log_path(main).ok()??;
        if target.path == log {
            Some("that is the operation log")
        } else if sidecar::examples_of_drop_in(&target.beside).contains(&log) {
            Some("a file beside it would stand in the place of the operation log")
        } else {
            None
        }
    }

    /// Refuses, before there is any, files beside the config that containerd would load, and a log
    /// that is one of them.
    pub(crate) fn check_sidecars(&self, target: &Target, snapshot: &Snapshot) -> Result<(), Error> {
        if let LogTo::File(log) = &self.log
            && let Ok(Some(found)) = self.log_path(target)
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
        sidecars: impl Iterator<Item = PathBuf>,
    ) -> Result<(), Error> {
        let Some((sidecar, pattern)) = files.first_matched(sidecars) else {
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

/// The path of a drop-in as an import has it.
fn importable(path: &Path) -> Result<&str, Error> {
    let reason = "an import can't name it, since it is not UTF-8";
    path.to_str().ok_or_else(|| bad_drop_in(path, reason))
}

/// The drop-in was to be a file that can't be one.
fn bad_drop_in(path: &Path, reason: &str) -> Error {
    let message = format!("this can't be the drop-in: {reason}");
    let hint = "name a file of its own with --drop-in=PATH, or --drop-in alone for \
                50-OWNER.toml in the folder that the config imports, else in conf.d";
    Error::new(Code::BadDropIn, message, hint).at(path)
}
