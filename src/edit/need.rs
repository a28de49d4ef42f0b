//! Why a key stays though nobody wants it.

use std::collections::BTreeMap;

use crate::config::view::View;
use crate::error::Error;
use crate::ledger::{FileKey, Made};
use crate::toml::Value;

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

/// The proxy plugins of a file, as if the tool had made their tables.
pub(super) fn proxies((file, view): (&String, &View)) -> impl Iterator<Item = Made> {
    let table = [PROXIES.to_owned()];
    let proxies = view.tree.table(&view.place(&table)).into_iter();
    let names = proxies.flat_map(Value::names);
    names.map(move |name| Made::new(file, &[PROXIES, name].map(str::to_owned)))
}

pub(super) fn is_proxy(table: &[String]) -> bool {
    matches!(table, [proxies, _] if proxies == PROXIES)
}
