//! What becomes of the drop-ins that an edit is about.

use std::path::Path;

use crate::commit::editor::imported_sidecar;
use crate::commit::editor::{Editor, FileChange};
use crate::config::surroundings::Changes;
use crate::containerd::{ConfigFiles, version};
use crate::disk::sidecar;
use crate::disk::target;
use crate::edit::patch::imports::with_import;
use crate::edit::patch::provenance::Provenance;
use crate::edit::patch::{
    Edited, apply_to_part, is_left_over, settled, take_out_if_there, take_out_of_part,
};
use crate::error::Warning;
use crate::error::{Code, Error};
use crate::want::patch::Patch;

use super::drop_ins::{Part, Role};

const OTHER_VERSION: &str = "without --drop-in the config itself is changed; or bring both files to \
                             one version (`containerd config migrate`)";

impl Editor {
    /// Works out what becomes of a drop-in of the config, which holds `main` by then.
    pub(super) fn edit_drop_in(
        &self,
        part: &mut Part,
        main: Option<&str>,
        patch: &Patch,
    ) -> Result<(), Error> {
        let config = part.parse()?;
        let edited = if part.is_chosen() && patch.adds() {
            let base = self.base(part, main, patch)?;
            let base = self.parse(base.as_bytes())?;
            let patch = self.allowed(settled(&base, patch))?;
            let version = self.allowed(version::of_any(&base))?;
            if let Some(config) = &config {
                let own = part.allowed(version::of_any(config))?;
                self.check_version(part, own, version)?;
            }
            part.allowed(apply_to_part(config.as_ref(), &base, &patch))?
        } else {
            let base = main.map(|text| self.parse(text.as_bytes())).transpose()?;
            // One of an unknown version can say nothing here.
            let base = base.filter(|base| version::of(base).is_ok());
            let (config, base) = (config.as_ref(), base.as_ref());
            let other = patch.for_other_file();
            match (part.role, config) {
                (Role::OfOther, Some(config)) => {
                    let Ok(edited) = take_out_if_there(config, base, &other) else {
                        part.change.after = Some(config.text().to_owned());
                        return Ok(());
                    };
                    edited
                }
                (Role::Chosen, _) => part.allowed(take_out_of_part(config, base, patch))?,
                (_, _) => part.allowed(take_out_of_part(config, base, &other))?,
            }
        };
        part.change.after.clone_from(&edited.text);
        // One whose first line another program has dropped is not known by that.
        let is_over = edited.text.as_deref().is_some_and(is_left_over);
        let bytes = part.snapshot.bytes();
        let says_so = bytes.is_some_and(|bytes| Provenance::creator(bytes).is_some());
        let is_changed = bytes != edited.text.as_ref().map(String::as_bytes);
        let is_for_it = match part.role {
            Role::Chosen if patch.adds() => false,
            // By the log alone, somebody may have put a file of theirs in its place.
            Role::Chosen | Role::Own => is_changed || says_so,
            Role::OfOther => is_changed,
        };
        if part.creator.is_some() && is_over && is_for_it {
            part.change.after = None;
        }
        part.edited = Some(edited);
        Ok(())
    }

    /// The config as it will be when it imports the drop-in.
    fn base(&self, part: &Part, main: Option<&str>, patch: &Patch) -> Result<String, Error> {
        let config = main.map(|text| self.parse(text.as_bytes())).transpose()?;
        if self.drop_in_is_read {
            return main
                .map(str::to_owned)
                .ok_or_else(|| target::no_file(&self.path));
        }
        let base = with_import(config.as_ref(), &part.import(), patch.named_owner());
        let base = self.allowed(base)?;
        if self.allowed(version::of_any(&self.parse(base.as_bytes())?))? < 2 {
            let message = "this config is of version 1, whose handlers containerd 2.0 to 2.2 read \
                           from no file, and so from no drop-in";
            return Err(Error::new(Code::DropInVersion, message, OTHER_VERSION).at(&self.path));
        }
        Ok(base)
    }

    /// Refuses a drop-in of another version than the config's: 2.0 to 2.2 silently lose what one of
    /// them says, 2.3 exits where it is the newer one.
    fn check_version(&self, part: &Part, own: i64, version: i64) -> Result<(), Error> {
        if own == version {
            return Ok(());
        }
        let own = match own {
            0 => "names no config version".to_owned(),
            own => format!("is of config version {own}"),
        };
        let message = format!(
            "this file {own}, and {} is of version {version}: containerd 2.0 to 2.2 would lose what \
             one of them says, and 2.3 does not take a drop-in that is newer",
            self.path.display()
        );
        Err(Error::new(Code::DropInVersion, message, OTHER_VERSION).at(&part.change.path))
    }

    /// Refuses files beside the config that containerd would load as it loads the drop-in.
    pub(super) fn check_beside(&self, part: &Part, after: &ConfigFiles) -> Result<(), Error> {
        let named = part
            .change
            .path
            .file_name()
            .map(|name| self.main().with_file_name(name));
        let real = self.host_root.on_host(&part.target.beside);
        let mut sidecars = sidecar::examples_of_drop_in(&real).to_vec();
        sidecars.extend(
            named
                .iter()
                .flat_map(|named| sidecar::examples_of_drop_in(named)),
        );
        let matched = sidecars.into_iter().find_map(|sidecar| {
            let pattern = after.pattern_for(&sidecar)?.to_owned();
            Some((pattern, sidecar))
        });
        match matched {
            Some((pattern, sidecar)) => Err(imported_sidecar(&self.path, &pattern, &sidecar)),
            None => Ok(()),
        }
    }
}

impl Part {
    /// Enters what becomes of the drop-in, under each of its names.
    pub(super) fn enter(&self, editor: &Editor, changes: &mut Changes) {
        let after = self.change.after.as_ref();
        for name in self.names(editor) {
            changes.insert(name, after.map(|text| text.as_bytes().to_vec()));
        }
    }

    /// Whether the patch was applied here. One of somebody else may not be editable.
    pub(super) fn is_edited(&self) -> bool {
        self.role != Role::OfOther || self.change.is_change()
    }

    /// What is told of it; nothing of one that was not asked for and is not there, or not changed
    /// and somebody else's.
    pub(super) fn to_show(&self) -> Option<FileChange> {
        let is_told = match self.role {
            Role::Chosen => true,
            Role::Own => self.change.before.is_some() || self.change.after.is_some(),
            Role::OfOther => self.change.is_change(),
        };
        is_told.then(|| self.change.clone())
    }

    /// Adds what was done here to what was done to the config.
    pub(super) fn report_to(&mut self, edited: &mut Edited) {
        let Some(own) = self.edited.take() else {
            return;
        };
        edited.warnings.extend(self.default_gone(&own));
        let handlers = &mut edited.handlers;
        handlers.added.extend(own.handlers.added);
        handlers.changed.extend(own.handlers.changed);
        handlers.removed.extend(own.handlers.removed);
        // What goes here and comes there has moved.
        let moved: Vec<String> = handlers
            .added
            .iter()
            .filter(|name| handlers.removed.contains(name))
            .cloned()
            .collect();
        handlers.added.retain(|name| !moved.contains(name));
        handlers.removed.retain(|name| !moved.contains(name));
        handlers.changed.extend(moved);
        for names in [
            &mut handlers.added,
            &mut handlers.changed,
            &mut handlers.removed,
        ] {
            let mut seen = std::collections::BTreeSet::new();
            names.retain(|name| seen.insert(name.clone()));
        }
        edited.keys.extend(own.keys);
        edited.means_otherwise |= own.means_otherwise;
        edited.takes_back |= own.takes_back;
        edited.gives_back.extend(own.gives_back);
        edited.new_default = own.new_default.or(edited.new_default.take());
        let path = self.change.path.display();
        edited
            .warnings
            .extend(own.warnings.into_iter().map(|mut warning| {
                // The place of a warning is one in the config.
                if let Some(at) = warning.at.take() {
                    warning.message = format!("{} ({path}:{at})", warning.message);
                }
                warning
            }));
    }

    /// What the owner of a drop-in loses that another owner's patch is not about.
    fn default_gone(&self, edited: &Edited) -> Option<Warning> {
        if self.role != Role::OfOther || edited.new_default.is_none() {
            return None;
        }
        let owner = self.creator.as_ref()?;
        let path = self.change.path.display();
        Some(Warning {
            code: "default-gone",
            message: format!(
                "the default that {owner} has set in {path} goes with the handler that it names"
            ),
            at: None,
        })
    }

    /// Says whether the folder goes with the file: not one that others may look into, nor one that
    /// a link leads to.
    pub(super) fn settle_folder(&mut self, after: &ConfigFiles, editor: &Editor) {
        let goes = self.change.before.is_some() && self.change.after.is_none();
        let Some(folder) = self.change.path.parent().filter(|_| goes) else {
            return;
        };
        let entry = editor.host_root.entry(folder);
        let is_link = entry.is_ok_and(|entry| entry.is_symlink());
        let real = editor.host_root.on_host(&self.target.folder);
        let is_looked_into =
            |pattern: &Path| pattern.starts_with(folder) || pattern.starts_with(&real);
        let is_read = editor.drop_in_is_read || after.patterns().any(is_looked_into);
        self.folder_goes = !is_link && !is_read;
    }

    fn allowed<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| error.at(&self.change.path))
    }
}
