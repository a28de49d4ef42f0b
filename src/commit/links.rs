//! Drop-ins that are links, or that links lead to.

use std::path::{Path, PathBuf};

use crate::commit::editor::Editor;
use crate::config::Config;

impl Editor {
    /// Notes which drop-ins are links. Of a link and the file that it leads to, which containerd both
    /// reads, one is edited: the one that the ledger knows, if it is `known`. The other says the same.
    pub(super) fn note_links(&self, config: &mut Config, known: &[PathBuf]) {
        let main = self.main();
        let files = config.files().iter().map(|file| file.path.clone());
        let drop_ins: Vec<PathBuf> = files.filter(|path| *path != main).collect();
        let is_link = |path: &Path| self.host_root.entry(path).is_ok_and(|it| it.is_symlink());
        for link in drop_ins.iter().filter(|path| is_link(path)) {
            let Ok(real) = self.host_root.resolve(link) else {
                continue;
            };
            let is_same = |it: &&PathBuf| self.host_root.resolve(it).is_ok_and(|it| it == real);
            let mut others = drop_ins.iter().filter(|it| *it != link).filter(is_same);
            let file = match others.next() {
                Some(other) if !known.contains(link) => other,
                Some(other) if !known.contains(other) => {
                    config.set_link(other.clone(), link.clone());
                    link
                }
                _ if known.contains(link) => link,
                _ => continue,
            };
            config.set_link(link.clone(), file.clone());
        }
    }
}
