//! One key in one file, and what is known of it.

use crate::config::view::Views;
use crate::toml::Literal;
use crate::want::key::Key;

/// One key in one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileKey {
    pub(crate) file: String,
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

/// A map as an array of objects, each of which has the fields of a key as well.
pub(super) mod entries {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{FileKey, Key};

    #[derive(Serialize, Deserialize)]
    struct Stored<F, K, E> {
        file: F,
        #[serde(flatten)]
        key: K,
        #[serde(flatten)]
        entry: E,
    }

    pub(in crate::ledger) fn serialize<E: Serialize, S: Serializer>(
        entries: &BTreeMap<FileKey, E>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let entries = entries.iter();
        serializer.collect_seq(entries.map(|(FileKey { file, key }, entry)| Stored {
            file,
            key,
            entry,
        }))
    }

    pub(in crate::ledger) fn deserialize<'d, E: Deserialize<'d>, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<BTreeMap<FileKey, E>, D::Error> {
        let stored = Vec::<Stored<String, Key, E>>::deserialize(deserializer)?;
        let entries = stored.into_iter();
        let entries = entries.map(|Stored { file, key, entry }| (FileKey { file, key }, entry));
        Ok(entries.collect())
    }
}
