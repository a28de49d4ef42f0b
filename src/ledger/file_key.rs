//! One key in one file.

use serde::{Deserialize, Serialize};

use crate::config::view::Views;
use crate::toml::Literal;
use crate::want::key::Key;

/// One key in one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct FileKey {
    pub(crate) file: String,
    #[serde(flatten)]
    pub(crate) key: Key,
}

impl FileKey {
    pub(crate) fn new(file: &str, key: &Key) -> Self {
        Self {
            file: file.to_owned(),
            key: key.clone(),
        }
    }

    /// What stands there.
    pub(crate) fn now(&self, views: &Views) -> Option<Literal> {
        views.get(&self.file)?.value(&self.key)
    }

    /// Whether it is at or below a path of a file.
    pub(crate) fn is_in(&self, file: &str, path: &[String]) -> bool {
        self.file == file && self.key.path.starts_with(path)
    }
}
