//! The drop-ins of k0s, and what containerd loads once k0s has merged them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::merging::{LEAST, is_merged, merged, with_own_handler, without};
use crate::config::files::text_of;
use crate::config::surroundings::Changes;
use crate::containerd::ConfigFiles;
use crate::disk::HostRoot;
use crate::error::Error;
use crate::toml::{Document, Source};

/// The drop-ins of a host that runs k0s.
#[derive(Debug)]
pub(crate) struct DropIns {
    /// By their paths, in k0s's order.
    files: BTreeMap<PathBuf, Source>,
    /// `None`: it is out of sight.
    own: Option<Own>,
}

/// What k0s itself says of CRI.
#[derive(Debug)]
pub(crate) struct Own {
    /// The file into which it merges the drop-ins.
    pub(crate) path: PathBuf,
    /// What would be there without any.
    pub(crate) text: String,
}

impl DropIns {
    /// Reads the drop-ins in a folder. `files` are those that k0s's config imports.
    pub(crate) fn read(root: &HostRoot, folder: &Path, files: &ConfigFiles) -> Result<Self, Error> {
        // What the folder holds, as an import of it would find it.
        let import = format!("imports = [\"{}/*.toml\"]\n", folder.display());
        let found = ConfigFiles::read(root, files.main(), import);
        let drop_ins = found.imported();
        let drop_ins = drop_ins.map(|(path, source)| (path.to_owned(), source.clone()));
        let mut read = Self {
            files: drop_ins.collect(),
            own: None,
        };
        let is_own = |(path, source): &(&Path, &Source)| {
            path.parent() != Some(folder) && of_cri(source).is_some()
        };
        if let Some((path, source)) = files.imported().find(is_own) {
            let mut text = text_of(path, source.bytes())?.to_owned();
            for drop_in in read.files.values().filter_map(of_cri) {
                text = without(&text, drop_in.text())
                    .map_err(|source| Error::from(source).at(path))?;
            }
            text = with_own_handler(&text).map_err(|source| Error::from(source).at(path))?;
            let path = path.to_owned();
            read.own = Some(Own { path, text });
        }
        Ok(read)
    }

    /// The drop-ins, in k0s's order.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&Path, &Source)> {
        self.files.iter().map(|(path, source)| (&**path, source))
    }

    /// What k0s itself says of CRI; `None`: that is out of sight.
    pub(crate) fn own(&self) -> Option<&Own> {
        self.own.as_ref()
    }

    /// What containerd loads once some drop-ins have changed. `main` is the text of k0s's config, and
    /// `files` what that imports.
    pub(crate) fn loaded(
        &self,
        root: &HostRoot,
        files: &ConfigFiles,
        main: &str,
        changes: Changes,
    ) -> Result<ConfigFiles, Error> {
        let mut drop_ins = self.files.clone();
        for (path, changed) in changes {
            match changed {
                Some(source) => drop(drop_ins.insert(path, source)),
                None => drop(drop_ins.remove(&path)),
            }
        }
        let (of_cri, mut imported): (BTreeMap<_, _>, BTreeMap<_, _>) = drop_ins
            .into_iter()
            .partition(|(_, source)| of_cri(source).is_some());
        let base = self.own.as_ref().map_or(LEAST, |own| &own.text);
        let mut text = base.to_owned();
        for (path, source) in &of_cri {
            text = merged(&text, text_of(path, source.bytes())?)
                .map_err(|source| Error::from(source).at(path))?;
        }
        let path = match &self.own {
            Some(own) => Some(own.path.clone()),
            None => of_cri.into_keys().next_back(),
        };
        let mut paths: Vec<PathBuf> = imported.keys().cloned().collect();
        if let Some(path) = path {
            // k0s imports its own part last.
            paths.push(path.clone());
            imported.insert(path, text.into());
        }
        let paths = paths.iter().map(|path| format!("'{}', ", path.display()));
        let imports = format!("imports = [{}", paths.collect::<String>());
        let main = match &self.own {
            Some(own) => merged(main, &format!("{imports}]"))
                .map_err(|source| Error::from(source).at(&own.path))?,
            // What can't be seen stays.
            None => main.replacen("imports = [", &imports, 1),
        };
        let imported = imported.into_iter();
        let imported = imported.map(|(path, source)| (path, Some(source)));
        Ok(files.changed(root, main.into(), &imported.collect()))
    }
}

/// The drop-in, if k0s merges it.
fn of_cri(source: &Source) -> Option<&Document> {
    let document = source.document().ok()?;
    is_merged(document).then_some(document)
}
