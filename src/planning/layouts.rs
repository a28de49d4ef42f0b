//! Edits where a distribution stands between the file and containerd: a template, a merge of its
//! own, strings that are filled in.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::containerd::ConfigFiles;
#[cfg(feature = "cri")]
use crate::containerd::{Host, Model, Release, Verdict};
use crate::distribution::{Distribution, Kind, k0s, template};
use crate::document::Document;
use crate::editor::{Editor, Plan};
use crate::error::Error;
use crate::file::target::{Snapshot, Target};
use crate::patch::{Patch, listed_names};

use super::{Part, Work};

impl Editor {
    /// The config that the last start made of a template, if it is a template that is edited.
    pub(super) fn generated(&self) -> Option<&Path> {
        match &self.layout.as_ref()?.kind {
            Kind::Template { generated, .. } => Some(generated),
            _ => None,
        }
    }

    /// What a release makes of the config as it is now, in the file that containerd is started with.
    #[cfg(feature = "cri")]
    pub(crate) fn verdict(&self, release: Release) -> Result<Verdict, Error> {
        let path = self.generated().unwrap_or(&self.path);
        let read = Target::find(path, &self.host_root)?.read()?;
        // No file means the same to containerd as one that says nothing.
        let bytes = self.filled_in(read.bytes().unwrap_or_default());
        let main = self.host_root.absolute(path);
        let files = ConfigFiles::read(&self.host_root, &main, &bytes);
        let host = Host::of(&self.host_root, &files);
        Ok(Model::new(&files, &host).verdict(release))
    }

    /// The folder of drop-ins that the distribution reads.
    pub(super) fn drop_in_folder(&self) -> Option<&Path> {
        match &self.layout.as_ref()?.kind {
            Kind::DropIn { folder, .. } => Some(folder),
            _ => None,
        }
    }

    /// The text of the config as containerd gets it.
    pub(super) fn filled_in<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
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
        let wrong = |source| Error::Template {
            path: self.path.clone(),
            source: Box::new(source),
        };
        let read = Target::find(generated, &self.host_root)?.read()?;
        let last = text(read.bytes().unwrap_or_default(), generated)?;
        let bytes = snapshot.bytes();
        let before = bytes.map(|bytes| text(bytes, &self.path)).transpose()?;
        let edit = template::edit(before, last, patch).map_err(wrong)?;
        let plan = Plan {
            path: self.path.clone(),
            before: bytes.map(<[u8]>::to_vec),
            edited: edit.edited,
            drop_ins: Vec::new(),
        };
        let main = self.host_root.absolute(generated);
        let files = |text: &str| ConfigFiles::read(&self.host_root, &main, text.as_bytes());
        let (before, after) = (files(&edit.before), files(&edit.after));
        let mut work = Work {
            plan,
            parts: Vec::new(),
        };
        if work.plan.is_change() {
            let listed = Document::parse(edit.before.as_bytes());
            let listed = listed.as_ref().map(listed_names).unwrap_or_default();
            let warnings = self.judge(&before, &[after], &work.plan, &listed)?;
            work.plan.edited.warnings.extend(warnings);
        }
        Ok(work)
    }

    /// The config before and after, where it is k0s that merges the drop-ins with it: containerd
    /// reads what k0s has made of them.
    pub(super) fn merged_by_k0s(
        &self,
        files: &ConfigFiles,
        parts: &[Part],
    ) -> Result<Option<[ConfigFiles; 2]>, Error> {
        let is_k0s = |layout: &crate::Layout| {
            layout.distribution == Distribution::K0s && matches!(layout.kind, Kind::DropIn { .. })
        };
        if !self.layout.as_ref().is_some_and(is_k0s) {
            return Ok(None);
        }
        let is_merged = |bytes: &[u8]| Document::parse(bytes).is_ok_and(|it| k0s::is_merged(&it));
        let is_part = |path: &Path| parts.iter().any(|part| part.is_at(path, self));
        let folder = self.drop_in_folder();
        let mut own = files
            .imported()
            .filter(|(path, bytes)| path.parent() != folder && !is_part(path) && is_merged(bytes));
        let Some((path, bytes)) = own.next() else {
            return Ok(None);
        };
        let path: PathBuf = path.to_owned();
        let mut merged = text(bytes, &path)?.to_owned();
        let before = merged.clone();
        let failed = |path: &Path, source| Error::Parse {
            path: path.to_owned(),
            source,
        };
        for part in parts {
            let change = &part.change;
            let old = change.before.as_deref().unwrap_or_default();
            let old = text(old, &change.path)?;
            let new = change.after.as_deref().unwrap_or_default();
            merged = k0s::without(&merged, old).map_err(|error| failed(&path, error))?;
            merged = k0s::merged(&merged, new).map_err(|error| failed(&change.path, error))?;
        }
        let whole = |text: String| ConfigFiles::new(&path, text);
        Ok(Some([whole(before), whole(merged)]))
    }
}

/// Bytes as text, or where they are none.
fn text<'b>(bytes: &'b [u8], path: &Path) -> Result<&'b str, Error> {
    str::from_utf8(bytes).map_err(|_| {
        let source = Document::parse(bytes).err();
        match source {
            Some(source) => Error::Parse {
                path: path.to_owned(),
                source,
            },
            None => Error::NoFile {
                path: path.to_owned(),
            },
        }
    })
}
