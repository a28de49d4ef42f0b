//! A config from the files that were read.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use crate::containerd::imports::{absolute, is_pattern, written};
use crate::containerd::{ConfigFiles, FileState};
use crate::error::Error;

use super::files::Config;

impl Config {
    /// The config of files that were read. `is_there`: whether the main file is. An imported file
    /// that is no TOML is left out: that it keeps containerd from starting is for the judge to see.
    ///
    /// # Errors
    ///
    /// As [`Config::new`].
    pub(crate) fn of(
        files: &ConfigFiles,
        is_there: bool,
        is_writable: &dyn Fn(&Path) -> bool,
    ) -> Result<Self, Error> {
        let main = files.main();
        let source = match files.state(main) {
            FileState::Bytes(source) if is_there => Some(source),
            _ => None,
        };
        let mut config = Self::new(main, None)?;
        config.add(main, source, is_writable(main))?;
        for path in files.in_order() {
            if path == main {
                continue;
            }
            if let FileState::Bytes(source) = files.state(&path) {
                let _ = config.add(&path, Some(source), is_writable(&path));
            }
        }
        Ok(config)
    }
}

impl ConfigFiles {
    /// The paths of the files in the order in which they are loaded.
    fn in_order(&self) -> Vec<PathBuf> {
        let mut order = vec![self.main().to_owned()];
        let mut pending = VecDeque::from([self.main().to_owned()]);
        while let Some(importer) = pending.pop_front() {
            let FileState::Bytes(source) = self.state(&importer) else {
                continue;
            };
            for import in written(source) {
                let path = absolute(&importer, &import);
                let found = if is_pattern(&path) {
                    self.matches(&path).to_vec()
                } else {
                    vec![path]
                };
                for path in found {
                    if !order.contains(&path) {
                        order.push(path.clone());
                        pending.push_back(path);
                    }
                }
            }
        }
        order
    }
}
