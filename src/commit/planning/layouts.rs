//! Edits where a distribution stands between the file and containerd: a template, a merge of its
//! own, strings that are filled in.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::commit::editor::{Editor, Plan};
use crate::containerd::ConfigFiles;
use crate::disk::target::{self, Snapshot, Target};
use crate::edit;
use crate::edit::patch::listed_names;
use crate::error::Error;
use crate::node::{Distribution, Kind, k0s, template};
use crate::toml::Document;
use crate::want::patch::Patch;

use super::{File, Work};

impl Editor {
    /// The config that the last start made of a template, if it is a template that is edited.
    pub(crate) fn generated(&self) -> Option<&Path> {
        match &self.layout.as_ref()?.kind {
            Kind::Template { generated, .. } => Some(generated),
            _ => None,
        }
    }

    /// The folder of drop-ins that the distribution reads.
    pub(crate) fn drop_in_folder(&self) -> Option<&Path> {
        match &self.layout.as_ref()?.kind {
            Kind::DropIn { folder, .. } => Some(folder),
            _ => None,
        }
    }

    /// A text of the config as a TOML parser can read it. `None`: it is a template whose directives
    /// decide over other lines.
    pub(crate) fn as_toml<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        match self.generated() {
            Some(_) => template::as_toml(text).map(Cow::Owned),
            None => Some(Cow::Borrowed(text)),
        }
    }

    /// The text of the config as containerd gets it.
    pub(crate) fn filled_in<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match (&self.layout, str::from_utf8(bytes)) {
            (Some(layout), Ok(text)) => match layout.rendered(text) {
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                Cow::Borrowed(_) => Cow::Borrowed(bytes),
            },
            _ => Cow::Borrowed(bytes),
        }
    }

    /// Works out what becomes of a template, and of the config that the distribution makes of it.
    pub(super) fn work_out_template(
        &self,
        snapshot: &Snapshot,
        generated: &Path,
        patch: &Patch,
    ) -> Result<Work, Error> {
        let read = Target::find(generated, &self.host_root)?.read()?;
        let last = text(read.bytes().unwrap_or_default(), generated)?;
        let bytes = snapshot.bytes();
        let before = bytes.map(|bytes| text(bytes, &self.path)).transpose()?;
        let edit =
            edit::template::edit(before, last, patch).map_err(|error| error.at(&self.path))?;
        let plan = Plan {
            path: self.path.clone(),
            before: bytes.map(<[u8]>::to_vec),
            edited: edit.edited,
            drop_ins: Vec::new(),
        };
        let main = self.host_root.absolute(generated);
        let files = |text: &str| ConfigFiles::read(&self.host_root, &main, text.as_bytes());
        let (before, after) = (files(&edit.before), files(&edit.after));
        let unreached =
            self.check_reach(patch, &plan.edited, (&after, None), &|_| edit.is_whole)?;
        let mut work = Work {
            plan,
            parts: Vec::new(),
            order: vec![File::Main],
        };
        if work.plan.is_change() {
            let listed = Document::parse(edit.before.as_bytes());
            let listed = listed.as_ref().map(listed_names).unwrap_or_default();
            self.check_default(patch, &work.plan, &after)?;
            let warnings = self.judge((&before, &after), &work.plan, &listed, patch.adds())?;
            work.plan.edited.warnings.extend(warnings);
        }
        work.plan.edited.warnings.extend(unreached);
        Ok(work)
    }

    /// k0s's own part of what it makes of the files, where it is k0s that merges the drop-ins:
    /// containerd reads what k0s has made of them.
    pub(super) fn own_of_k0s(&self, files: &ConfigFiles) -> Result<Option<OwnOfK0s>, Error> {
        let is_k0s = self.layout.as_ref();
        let is_k0s = is_k0s.is_some_and(|layout| layout.distribution == Distribution::K0s);
        let Some(folder) = self.drop_in_folder().filter(|_| is_k0s) else {
            return Ok(None);
        };
        let mut own = files.imported();
        let own =
            own.find(|(path, bytes)| path.parent() != Some(folder) && merged_text(bytes).is_some());
        let Some((path, bytes)) = own else {
            return Ok(None);
        };
        let mut text = text(bytes, path)?.to_owned();
        for (_, drop_in) in merged_in(files, folder) {
            text = k0s::without(&text, drop_in).map_err(|source| Error::from(source).at(path))?;
        }
        Ok(Some(OwnOfK0s {
            path: path.to_owned(),
            folder: folder.to_owned(),
            text,
        }))
    }
}

/// What k0s itself says of CRI.
pub(super) struct OwnOfK0s {
    /// The file into which it merges the drop-ins of the folder.
    path: PathBuf,
    folder: PathBuf,
    /// What would be there without any.
    text: String,
}

impl OwnOfK0s {
    /// What k0s makes of the files.
    pub(super) fn merged(&self, files: &ConfigFiles) -> Result<ConfigFiles, Error> {
        let mut text = self.text.clone();
        for (path, drop_in) in merged_in(files, &self.folder) {
            text = k0s::merged(&text, drop_in).map_err(|source| Error::from(source).at(path))?;
        }
        Ok(ConfigFiles::new(&self.path, text))
    }
}

/// The drop-ins in the folder that k0s merges, in its order.
fn merged_in<'f>(
    files: &'f ConfigFiles,
    folder: &Path,
) -> impl Iterator<Item = (&'f Path, &'f str)> {
    let drop_ins = files.imported();
    drop_ins
        .filter(move |(path, _)| path.parent() == Some(folder))
        .filter_map(|(path, bytes)| Some((path, merged_text(bytes)?)))
}

/// The text, if k0s merges a file like it.
fn merged_text(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    let config = Document::parse(bytes).ok()?;
    k0s::is_merged(&config).then_some(text)
}

/// Bytes as text, or where they are none.
fn text<'b>(bytes: &'b [u8], path: &Path) -> Result<&'b str, Error> {
    str::from_utf8(bytes).map_err(|_| {
        let source = Document::parse(bytes).err();
        match source {
            Some(source) => Error::from(source).at(path),
            None => target::no_file(path),
        }
    })
}
