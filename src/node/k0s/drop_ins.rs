//! The drop-ins of k0s, and what containerd loads once k0s has merged them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::merging::{is_merged, keep_own_handler, least, merge, take_out, text};
use crate::config::surroundings::Changes;
use crate::containerd::ConfigFiles;
use crate::disk::HostRoot;
use crate::toml::{Document, Literal, Source, Tree};

/// The drop-ins of a host that runs k0s.
#[derive(Debug)]
pub(crate) struct DropIns {
    /// By their paths, in k0s's order.
    files: BTreeMap<PathBuf, Source>,
    /// The file into which k0s merges them, and what would be there without any; `None`: it is out of
    /// sight.
    own: Option<(PathBuf, Tree)>,
}

impl DropIns {
    /// Reads the drop-ins in a folder. `files` are those that k0s's config imports.
    pub(crate) fn read(root: &HostRoot, folder: &Path, files: &ConfigFiles) -> Self {
        // What the folder holds, as an import of it would find it.
        let import = format!("imports = [\"{}/*.toml\"]\n", folder.display());
        let found = ConfigFiles::read(root, files.main(), import);
        let drop_ins = found.imported();
        let drop_ins = drop_ins.map(|(path, source)| (path.to_owned(), source.clone()));
        let drop_ins: BTreeMap<PathBuf, Source> = drop_ins.collect();
        let mut outside = files
            .imported()
            .filter(|(path, _)| path.parent() != Some(folder));
        let own = outside.find_map(|(path, source)| {
            let mut own = of_cri(source)?.clone();
            for drop_in in drop_ins.values().filter_map(of_cri) {
                take_out(&mut own, drop_in);
            }
            keep_own_handler(&mut own);
            Some((path.to_owned(), own))
        });
        Self {
            files: drop_ins,
            own,
        }
    }

    /// The drop-ins, in k0s's order.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&Path, &Source)> {
        self.files.iter().map(|(path, source)| (&**path, source))
    }

    /// The file into which k0s merges them, and what it says itself of CRI there; `None`: that is out
    /// of sight.
    pub(crate) fn own(&self) -> Option<(&Path, String)> {
        let (path, own) = self.own.as_ref()?;
        Some((path, text(own)))
    }

    /// What containerd loads once some drop-ins have changed. `main` is k0s's config, and `files` what
    /// that imports.
    pub(crate) fn loaded(
        &self,
        root: &HostRoot,
        files: &ConfigFiles,
        main: Option<&Arc<Document>>,
        changes: Changes,
    ) -> ConfigFiles {
        let mut drop_ins = self.files.clone();
        for (path, changed) in changes {
            match changed {
                Some(source) => drop(drop_ins.insert(path, source)),
                None => drop(drop_ins.remove(&path)),
            }
        }
        let (merged, mut imported): (Vec<_>, Vec<_>) = drop_ins
            .into_iter()
            .partition(|(_, source)| of_cri(source).is_some());
        let own = self.own.as_ref();
        let mut part = own.map_or_else(least, |(_, own)| own.clone());
        for drop_in in merged.iter().filter_map(|(_, source)| of_cri(source)) {
            merge(&mut part, drop_in);
        }
        // k0s imports its own part last.
        let mut paths = merged.into_iter().map(|(path, _)| path);
        let path = own.map(|(path, _)| path.clone());
        let path = path.or_else(|| paths.next_back());
        imported.extend(path.map(|path| (path, text(&part).into())));
        let paths = imported
            .iter()
            .map(|(path, _)| format!("'{}', ", path.display()));
        let imports = format!("[{}", paths.collect::<String>());
        let main = if own.is_some() {
            let mut main = main.map_or_else(Tree::default, |main| main.tree().clone());
            let imports = Literal::new(format!("{imports}]"));
            main.put(&["imports".to_owned()], &imports, 0);
            text(&main)
        } else {
            // What can't be seen stays.
            let main = main.map_or("", |main| main.text());
            main.replacen("imports = [", &format!("imports = {imports}"), 1)
        };
        let imported = imported.into_iter();
        let imported = imported.map(|(path, source)| (path, Some(source)));
        files.changed(root, main.into(), &imported.collect())
    }
}

/// What the drop-in says, if k0s merges it.
fn of_cri(source: &Source) -> Option<&Tree> {
    let document = source.document().ok()?;
    is_merged(document).then(|| document.tree())
}
