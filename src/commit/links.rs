//! Drop-ins that are links, or that links lead to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::commit::editor::Editor;
use crate::config::Config;

impl Editor {
    /// Notes which drop-ins are links. A file that containerd reads under several paths is edited under one:
    /// that of the ledger, which knows these paths, else its own.
    pub(super) fn note_links(&self, config: &mut Config, known: &[PathBuf]) {
        let main = self.main();
        let files = config.files().iter().map(|file| &file.path);
        let drop_ins: Vec<PathBuf> = files.filter(|path| **path != main).cloned().collect();
        let is_link = |path: &Path| self.host_root.entry(path).is_ok_and(|it| it.is_symlink());
        if !drop_ins.iter().any(|path| is_link(path)) {
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
            let own = || paths.iter().find(|path| !is_link(path)).or(paths.first());
            let Some(edited) = paths.iter().find(is_known).or_else(own).cloned() else {
                continue;
            };
            // Another one that the ledger knows is a file of its own to it.
            paths.retain(|path| *path == edited || !known.contains(path));
            let is_alone = paths.len() == 1;
            if !is_alone || known.contains(&edited) && is_link(&edited) {
                paths.retain(|path| *path != edited || is_link(path));
                config.set_links(&paths, &edited);
            }
        }
    }
}
