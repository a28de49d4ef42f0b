//! What a release has at a key once it has loaded all files and brought them up to date.

use super::keys::Wanted;
use super::loading::Loaded;
use super::model::Model;
use super::release::Release;
use super::shape::read_as;
use super::spelling::Spelling;
use super::tree::{Node, Table};

/// A config as one release has loaded it.
pub(crate) struct Effective {
    loaded: Loaded,
    release: Release,
    /// How the release itself spells keys.
    spelling: Spelling,
}

impl Model<'_> {
    /// Loads the config; `None` if the release does not get as far.
    pub(crate) fn effective(&self, release: Release) -> Option<Effective> {
        let loaded = self.load(release).ok()?;
        let version = if loaded.has_short_names(release) {
            1
        } else {
            release.newest_config_version()
        };
        Some(Effective {
            spelling: Spelling::of(None, version),
            loaded,
            release,
        })
    }
}

impl Effective {
    /// What the release has at a canonical path; `None` if nothing that it reads.
    pub(crate) fn node(&self, path: &[String]) -> Option<&Node> {
        let place = self.spelling.place(path);
        Wanted::of(&place, &[self.release])?;
        let (first, rest) = place.split_first()?;
        let mut node = self.loaded.top.get(first)?;
        for name in rest {
            node = self.entry(node.table()?, name)?;
        }
        Some(node)
    }

    fn entry<'t>(&self, table: &'t Table, name: &str) -> Option<&'t Node> {
        let names = table.keys().map(String::as_str);
        let same: Vec<&str> = names.filter(|it| it.eq_ignore_ascii_case(name)).collect();
        let exact = same.iter().find(|it| **it == name).copied();
        table.get(exact.or_else(|| read_as(name, &same, self.release))?)
    }
}
