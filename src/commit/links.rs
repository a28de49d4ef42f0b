//! Drop-ins that are links, or that links lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::commit::editor::Editor;
use crate::config::Config;

impl Editor {
    /// Notes which drop-ins are links. A file that containerd reads under several paths is edited under one:
    /// that of the ledger, which knows these paths, else its own.
    pub(super) fn note_links(&self, config: &mut Config, known: &[PathBuf]) {
        let main = self.main();
        let files = config.files().iter().map(|file| &file.path);
        let drop_ins: Vec<PathBuf> = files.filter(|path| **path != main).cloned().collect();
        let is_link = |path: &&PathBuf| self.host_root.entry(path).is_ok_and(|it| it.is_symlink());
        let links: BTreeSet<PathBuf> = drop_ins.iter().filter(is_link).cloned().collect();
        if links.is_empty() {
            return;
        }
        let mut same: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        for path in drop_ins {
            if let Ok(real) = self.host_root.resolve(&path) {
                same.entry(real).or_default().push(path);
            }
        }
        for mut paths in same.into_values() {
            let is_known = |path: &&PathBuf| known.contains(path);
            let own = || paths.iter().find(|path| !links.contains(*path));
            let edited = paths.iter().find(is_known).or_else(own);
            let Some(edited) = edited.or(paths.first()).cloned() else {
                continue;
            };
            // Another one that the ledger knows is a file of its own to it.
            paths.retain(|path| *path != edited && !known.contains(path));
            if links.contains(&edited) && (known.contains(&edited) || !paths.is_empty()) {
                paths.push(edited.clone());
            }
            if !paths.is_empty() {
                config.set_links(&paths, &edited);
            }
        }
    }
}
