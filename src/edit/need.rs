//! Why a key stays though nobody wants it.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::ledger::FileKey;

pub(super) const PROXIES: &str = "proxy_plugins";

/// Keys that stay though nobody wants them, each with what needs it.
pub(crate) type Needed = BTreeMap<FileKey, Need>;

/// Why a key stays though nobody wants it.
#[derive(Debug, Clone)]
pub(crate) enum Need {
    /// Another key needs it.
    Key(FileKey),
    /// Its file can't be changed, or some release would do worse without it.
    Why {
        /// What keeps it there.
        needed_by: String,
        /// The same, and what has to be so for it to go.
        reason: String,
    },
}

impl FileKey {
    /// What is given up with a key or stays with it: its handler, its proxy plugin, or itself.
    pub(crate) fn unit(&self) -> &[String] {
        let proxy = self.key.path.get(..2).filter(|it| is_proxy(it));
        self.key.handler().or(proxy).unwrap_or(&self.key.path)
    }
}

impl Need {
    /// Some release would do worse without a key.
    pub(crate) fn harm(harm: &Error) -> Self {
        Self::Why {
            needed_by: harm.to_string(),
            reason: format!("{harm}. The first run in which that is no longer so removes it"),
        }
    }
}

pub(super) fn is_proxy(table: &[String]) -> bool {
    matches!(table, [proxies, _] if proxies == PROXIES)
}
