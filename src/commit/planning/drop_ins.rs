//! The drop-ins that an edit is about: where they are, and what was read there.

use std::path::{Path, PathBuf};

use crate::commit::editor::{DropIn, Editor, FileChange};
use crate::containerd::{ConfigFiles, absolute};
use crate::disk::sidecar;
use crate::disk::target::{Snapshot, Target};
use crate::edit::patch::Edited;
use crate::error::{Code, Error};
use crate::toml::Document;
use crate::want::handler::Owner;
use crate::want::patch::Patch;

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
    pub(super) edited: Option<Edited>,
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

    pub(super) fn is_chosen(&self) -> bool {
        self.role == Role::Chosen
    }

    pub(super) fn parse(&self) -> Result<Option<Document<'_>>, Error> {
        let parsed = self.snapshot.bytes().map(Document::parse).transpose();
        parsed.map_err(|source| Error::from(source).at(&self.change.path))
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
            let reason = "an import can't name it: its path is not UTF-8, or has a `*`";
            return Err(bad_drop_in(&path, reason));
        }
        let target = Target::find_drop_in(&path, &self.host_root, main)?;
        let used_for = sidecar::used_for(&target.path, &main.path)
            .or_else(|| self.taken_beside(&target, main));
        if let Some(reason) = used_for {
            return Err(bad_drop_in(&path, reason));
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
}

/// The drop-in was to be a file that can't be one.
fn bad_drop_in(path: &Path, reason: &str) -> Error {
    let message = format!("this can't be the drop-in: {reason}");
    let hint = "name a file of its own with --drop-in=PATH, or --drop-in alone for \
                conf.d/50-OWNER.toml beside the config";
    Error::new(Code::BadDropIn, message, hint).at(path)
}
