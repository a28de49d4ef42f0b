//! How fields of a ledger are written, where that is not as serde has it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Fields that this release does not know: they are kept.
pub(super) type Rest = Map<String, Value>;

/// Rises only if an older reader would do harm.
pub(super) const FORMAT: u64 = 1;

/// The format of a ledger, which is the one that this release knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub(super) struct Format;

impl From<Format> for u64 {
    fn from(Format: Format) -> Self {
        FORMAT
    }
}

impl TryFrom<u64> for Format {
    type Error = String;

    fn try_from(format: u64) -> Result<Self, String> {
        let other = || format!("its format is {format}, and this release knows {FORMAT} only");
        (format == FORMAT).then_some(Self).ok_or_else(other)
    }
}

/// A map as an array of objects, each of which has the fields of a key and of its value.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Pair<K, V> {
        #[serde(flatten)]
        key: K,
        #[serde(flatten)]
        value: V,
    }

    pub(in crate::ledger) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map.iter().map(|(key, value)| Pair { key, value }))
    }

    pub(in crate::ledger) fn deserialize<'d, K, V, D>(
        deserializer: D,
    ) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'d> + Ord,
        V: Deserialize<'d>,
        D: Deserializer<'d>,
    {
        let pairs = Vec::<Pair<K, V>>::deserialize(deserializer)?;
        Ok(pairs.into_iter().map(|it| (it.key, it.value)).collect())
    }
}

/// A path of which the empty one is `null`.
pub(super) mod path {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de};

    use crate::toml::render::{self, Quotes};
    use crate::toml::{Path, key_path};

    pub(in crate::ledger) fn serialize<S: Serializer>(
        path: &Path,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let dotted = (!path.is_empty()).then(|| render::dotted(path, Quotes::Basic));
        dotted.serialize(serializer)
    }

    pub(in crate::ledger) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<Path, D::Error> {
        let dotted = Option::<String>::deserialize(deserializer)?;
        let path = dotted.map(|it| key_path(&it)).transpose();
        Ok(path.map_err(de::Error::custom)?.unwrap_or_default())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) fn is_zero(it: &u64) -> bool {
    *it == 0
}
