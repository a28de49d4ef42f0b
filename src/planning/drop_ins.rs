//! The drop-ins that an edit is about: where they are, what was read there, what becomes of them.

use std::path::{Path, PathBuf};

use crate::containerd::{ConfigFiles, absolute, version};
use crate::document::Document;
use crate::editor::{DropIn, Editor, FileChange};
use crate::error::Error;
use crate::file::sidecar;
use crate::file::target::{Snapshot, Target};
use crate::handler::Owner;
use crate::patch::imports::with_import;
use crate::patch::{
    Edited, Patch, PatchError, Warning, apply_to_part, says_nothing, settled, take_out_if_there,
    take_out_of_part,
};
use crate::surroundings::Changes;

/// The folder of drop-ins beside a config, and how their names begin.
const FOLDER: &str = "conf.d";
const PREFIX: &str = "50-";

/// What a drop-in is to an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The patch goes there.
    Chosen,
    /// It was created for the owner of the patch, which takes out what stands there.
    Own,
    /// It was created for somebody else.
    OfOther,
}

/// A drop-in that an edit is about.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) target: Target,
    pub(crate) snapshot: Snapshot,
    pub(crate) change: FileChange,
    /// What the patch does there, until that is reported.
    edited: Option<Edited>,
    pub(super) role: Role,
    /// For whom this tool has created it.
    pub(super) creator: Option<String>,
    /// Its folder goes too, if nothing else is in it.
    pub(crate) folder_goes: bool,
}

impl Part {
    /// The path in an import of this file, which was looked at before: it is UTF-8.
    pub(super) fn import(&self) -> String {
        self.change.path.to_string_lossy().into_owned()
    }

    /// The paths by which imports may name it.
    pub(super) fn names(&self, editor: &Editor) -> [PathBuf; 2] {
        let real = editor.host_root.on_host(&self.target.path);
        [self.change.path.clone(), real]
    }

    /// Whether an import of this path leads here.
    pub(super) fn is_at(&self, path: &Path, editor: &Editor) -> bool {
        let resolved = || {
            let folder = editor.host_root.resolve(path.parent()?).ok()?;
            Some(folder.join(path.file_name()?))
        };
        path == self.change.path || resolved().as_ref() == Some(&self.target.path)
    }

    /// Enters what becomes of the drop-in, under each of its names.
    pub(super) fn enter(&self, editor: &Editor, changes: &mut Changes) {
        let after = self.change.after.as_ref();
        for name in self.names(editor) {
            changes.insert(name, after.map(|text| text.as_bytes().to_vec()));
        }
    }

    pub(super) fn is_chosen(&self) -> bool {
        self.role == Role::Chosen
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

    fn parse(&self) -> Result<Option<Document<'_>>, Error> {
        let parsed = self.snapshot.bytes().map(Document::parse).transpose();
        parsed.map_err(|source| Error::Parse {
            path: self.change.path.clone(),
            source,
        })
    }

    fn allowed<T, E: Into<PatchError>>(&self, result: Result<T, E>) -> Result<T, Error> {
        result.map_err(|source| Error::Patch {
            path: self.change.path.clone(),
            source: source.into(),
        })
    }
}

impl Editor {
    /// The path of the drop-in that the patch goes to, if it goes to one.
    pub(super) fn chosen_drop_in(&self, patch: &Patch) -> Result<Option<PathBuf>, Error> {
        let given = match &self.drop_in {
            DropIn::None => return Ok(None),
            DropIn::ForOwner => {
                let owner = patch.named_owner();
                let of_layout = self.layout.as_ref().and_then(|it| it.drop_in(owner));
                return Ok(Some(
                    of_layout.unwrap_or_else(|| self.default_drop_in(owner)),
                ));
            }
            DropIn::At(given) => given,
        };
        let bad = |reason| Error::BadDropIn {
            path: given.clone(),
            reason,
        };
        let text = given.to_str();
        let text = text.ok_or_else(|| bad("an import can't name it, since it is not UTF-8"))?;
        if text.contains('*') {
            return Err(bad("containerd would take its import for a pattern"));
        }
        if given.file_name().is_none() || text.ends_with('/') {
            return Err(bad("it names no file"));
        }
        Ok(Some(absolute(&self.main(), text)))
    }

    pub(super) fn default_drop_in(&self, owner: &Owner) -> PathBuf {
        let owner = owner.as_str().replace('/', "-");
        absolute(&self.main(), &format!("{FOLDER}/{PREFIX}{owner}.toml"))
    }

    /// Reads the drop-ins that the patch is about: the chosen one, and where it takes something out,
    /// all that this tool has created.
    pub(super) fn parts(
        &self,
        main: &Target,
        before: &ConfigFiles,
        chosen: Option<PathBuf>,
        patch: &Patch,
    ) -> Result<Vec<Part>, Error> {
        let mut parts = Vec::new();
        let creators = self.creators(before);
        let part = |path: PathBuf, role| {
            let mut part = self.part(path, main, role)?;
            part.creator = part
                .snapshot
                .bytes()
                .and_then(|bytes| creators.of(&part.change.path, bytes));
            Ok::<_, Error>(part)
        };
        if let Some(path) = chosen {
            parts.push(part(path, Role::Chosen)?);
        }
        let mut others = Vec::new();
        let owner = patch.named_owner().as_str();
        for (path, bytes) in before.imported().filter(|_| patch.takes_out()) {
            match creators.of(path, bytes) {
                Some(creator) if patch.prunes() && creator == owner => {
                    others.push(part(path.to_owned(), Role::Own)?);
                }
                // Where one can't be edited, what stays in it is told at the end.
                Some(_) => {
                    let part = part(path.to_owned(), Role::OfOther).ok();
                    others.extend(part.filter(|part| part.parse().is_ok()));
                }
                None => {}
            }
        }
        // What an earlier run has left there need not be imported.
        let left = patch
            .prunes()
            .then(|| self.default_drop_in(patch.named_owner()));
        others.extend(left.and_then(|path| part(path, Role::Own).ok()));
        for part in others {
            if !parts
                .iter()
                .any(|known| known.target.path == part.target.path)
            {
                parts.push(part);
            }
        }
        Ok(parts)
    }

    pub(super) fn part(&self, path: PathBuf, main: &Target, role: Role) -> Result<Part, Error> {
        if path.to_str().is_none() || path.to_string_lossy().contains('*') {
            return Err(Error::BadDropIn {
                path,
                reason: "an import can't name it: its path is not UTF-8, or has a `*`",
            });
        }
        let target = Target::find_drop_in(&path, &self.host_root, main)?;
        let used_for = sidecar::used_for(&target.path, &main.path)
            .or_else(|| self.taken_beside(&target, main));
        if let Some(reason) = used_for {
            return Err(Error::BadDropIn { path, reason });
        }
        let snapshot = target.read()?;
        Ok(Part {
            change: FileChange {
                path,
                before: snapshot.bytes().map(<[u8]>::to_vec),
                after: None,
            },
            target,
            snapshot,
            edited: None,
            role,
            creator: None,
            folder_goes: false,
        })
    }

    /// Why the files beside the config that a drop-in needs would be in the way of others.
    fn taken_beside(&self, target: &Target, main: &Target) -> Option<&'static str> {
        let log = self.log_path(main);
        let previous = sidecar::previous(&target.beside);
        if Some(&target.path) == log.as_ref() {
            Some("that is the operation log")
        } else if target.beside == main.path {
            Some("it has the name of the config, whose sidecars would be in its way")
        } else if Some(&previous) == log.as_ref()
            || sidecar::used_for(&previous, &main.path).is_some()
        {
            Some("its previous text would stand in the place of another file beside the config")
        } else {
            None
        }
    }

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
                        part.change.after = Some(config.text.to_owned());
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
        let is_over = edited.text.as_deref().is_some_and(says_nothing);
        if part.creator.is_some() && is_over && !(part.is_chosen() && patch.adds()) {
            part.change.after = None;
        }
        part.edited = Some(edited);
        Ok(())
    }

    /// The config as it will be when it imports the drop-in.
    fn base(&self, part: &Part, main: Option<&str>, patch: &Patch) -> Result<String, Error> {
        let config = main.map(|text| self.parse(text.as_bytes())).transpose()?;
        if self.drop_in_is_read {
            return main.map(str::to_owned).ok_or_else(|| Error::NoFile {
                path: self.path.clone(),
            });
        }
        let base = with_import(config.as_ref(), &part.import(), patch.named_owner());
        let base = self.allowed(base)?;
        if self.allowed(version::of_any(&self.parse(base.as_bytes())?))? < 2 {
            return Err(Error::DropInVersion {
                path: self.path.clone(),
                what:
                    "this config is of version 1, whose handlers containerd 2.0 to 2.2 read from \
                       no file, and so from no drop-in"
                        .to_owned(),
            });
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
        Err(Error::DropInVersion {
            path: part.change.path.clone(),
            what: format!(
                "this file {own}, and {} is of version {version}: containerd 2.0 to 2.2 would lose \
                 what one of them says, and 2.3 does not take a drop-in that is newer",
                self.path.display()
            ),
        })
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
            Some((pattern, sidecar)) => Err(Error::ImportedSidecar {
                path: self.path.clone(),
                pattern,
                sidecar,
            }),
            None => Ok(()),
        }
    }
}
