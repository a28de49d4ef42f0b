//! Where a key stands in a file of each config version.
//!
//! A key has one canonical spelling, that of config version 3. Versions 1 and 2 have all of CRI in
//! one plugin; `ConfigMigration` in containerd's `plugins/cri/images/plugin.go`,
//! `plugins/cri/runtime/plugin.go` and `plugins/cri/cri.go` says where each key has gone. Version 4
//! has plugins of what the daemon listens on; version 1 has short names for plugins.

mod rival;

use std::borrow::Cow;

use super::plugin::{self, IMAGES, OLD_CRI, RUNTIME};
use super::{registry, schema, servers};
use crate::toml::Document;

/// Keys of CRI's one plugin, each with all below it, that the images plugin has, and how it calls them.
pub(super) const IMAGES_KEYS: [(&str, &str); 10] = [
    ("sandbox_image", "pinned_images.sandbox"),
    ("registry", "registry"),
    ("image_decryption", "image_decryption"),
    ("max_concurrent_downloads", "max_concurrent_downloads"),
    ("image_pull_progress_timeout", "image_pull_progress_timeout"),
    ("image_pull_with_sync_fs", "image_pull_with_sync_fs"),
    ("stats_collect_period", "stats_collect_period"),
    ("containerd.snapshotter", "snapshotter"),
    (
        "containerd.disable_snapshot_annotations",
        "disable_snapshot_annotations",
    ),
    (
        "containerd.discard_unpacked_layers",
        "discard_unpacked_layers",
    ),
];

/// How one file spells keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    version: i64,
    /// The plugin that has CRI's runtime part.
    runtime: Cow<'static, str>,
    /// The two plugins of which each has it, for other releases: nobody has chosen one.
    pub(crate) undecided: Option<[&'static str; 2]>,
}

impl Spelling {
    /// The spelling of a file of this version. `document` may have handlers where a newer version
    /// has them.
    pub(crate) fn of(document: Option<&Document>, version: i64) -> Self {
        let own = plugin::of_version(version);
        let chosen = document.map_or(Ok(own), |document| plugin::choose(document, version));
        Self {
            version,
            runtime: chosen.unwrap_or(own).into(),
            undecided: chosen.err(),
        }
    }

    /// The spelling of a file of this version in which somebody has chosen the plugin that has the
    /// runtime part.
    pub(crate) fn with_plugin(version: i64, id: &str) -> Self {
        Self {
            version,
            runtime: id.to_owned().into(),
            undecided: None,
        }
    }

    /// The plugin that has the runtime part.
    pub(crate) fn plugin(&self) -> &str {
        &self.runtime
    }

    /// Whether the file has the runtime part where its version has it.
    pub(crate) fn is_of_its_version(&self) -> bool {
        self.runtime == plugin::of_version(self.version)
    }

    /// The config version of the file.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// Whether containerd 1.x looks for handlers where this file has them. There a listed handler replaces
    /// the built-in map, so that `runc` has to be listed too.
    pub(crate) fn is_read_by_1x(&self) -> bool {
        matches!(self.version, 0..=2) && self.is_of_its_version()
    }

    /// Where the file has the key of this canonical path.
    pub(crate) fn place(&self, path: &[String]) -> Vec<String> {
        let (id, rest) = match path {
            [plugins, id, rest @ ..] if plugins == "plugins" => (id, rest),
            _ => {
                let of_plugin = (self.version > 3).then(|| servers::in_plugin(path));
                return of_plugin.flatten().map_or_else(|| path.to_vec(), owned);
            }
        };
        if id == RUNTIME {
            return joined(&self.runtime, rest);
        }
        if let Some(place) = one_of_two(path, self.version) {
            return place;
        }
        if self.version > 2 {
            return path.to_vec();
        }
        let of_cri = moved(rest, |(old, new)| (new, old)).filter(|_| id == IMAGES);
        let id = match of_cri {
            Some(_) => OLD_CRI,
            None => registry::old_name(id),
        };
        let rest = of_cri.as_deref().unwrap_or(rest);
        joined(self.plugin_name(id), rest)
    }

    /// Whether the file has a place for the key of this canonical path: below CRI's one plugin some
    /// names are those of other keys.
    pub(crate) fn has_place(&self, path: &[String]) -> bool {
        self.canonical(&self.place(path)) == path
    }

    /// A plugin of version 2 as the file calls it.
    fn plugin_name<'p>(&self, id: &'p str) -> &'p str {
        let short = registry::short_name(id);
        let is_short = self.version < 2 && registry::full_name(short) == id;
        if is_short { short } else { id }
    }

    /// The canonical path of the key that the file has at `place`.
    pub(crate) fn canonical(&self, place: &[String]) -> Vec<String> {
        let place = with_known_case(place);
        let (id, rest) = match place.as_slice() {
            [plugins, id, rest @ ..] if plugins == "plugins" => (id, rest),
            _ => return place,
        };
        let is_cri = self.version <= 2 && id == self.plugin_name(OLD_CRI);
        if *id == self.runtime && !is_cri {
            return joined(RUNTIME, rest);
        }
        if self.version > 2 {
            let is_first = self.version > 3 && !servers::is_second(&place);
            let at_top = is_first.then(|| servers::at_top(&place));
            return at_top.flatten().map_or(place, owned);
        }
        if !is_cri {
            let full = match self.version {
                2 => Cow::Borrowed(id.as_str()),
                _ => registry::full_name(id).into(),
            };
            return joined(registry::new_name(&full), rest);
        }
        if let Some(rest) = moved(rest, |(old, new)| (old, new)) {
            return joined(IMAGES, &rest);
        }
        let is_of_server = rest.first().is_some_and(|key| schema::is_of_server(key));
        // Where the runtime part is spelled anew, this table is no part of it.
        let is_its_own = is_of_server || !self.is_of_its_version();
        joined(if is_its_own { OLD_CRI } else { RUNTIME }, rest)
    }
}

/// The canonical path of a key, whatever the config version that spells it so.
pub(crate) fn canonical(path: &[String]) -> Vec<String> {
    let spellings = [1, 2, 4].map(|version| Spelling::of(None, version));
    let canonical = |path: Vec<String>, spelling: &Spelling| spelling.canonical(&path);
    spellings.iter().fold(path.to_vec(), canonical)
}

/// The canonical path of the one key that a config of this version has where a newer one has the key of
/// `path` and another one.
pub(crate) fn one_of_two(path: &[String], version: i64) -> Option<Vec<String>> {
    let is_one = version < 4 && servers::is_second(path);
    is_one.then(|| servers::at_top(path))?.map(owned)
}

/// Whether a canonical path belongs to CRI, which is one plugin below config version 3.
pub(crate) fn is_cri(path: &[String]) -> bool {
    let is_image = |rest| moved(rest, |(old, new)| (new, old)).is_some();
    match path {
        [plugins, id, rest @ ..] if plugins == "plugins" => {
            id == RUNTIME || id == OLD_CRI || id == IMAGES && is_image(rest)
        }
        _ => false,
    }
}

/// Whether a canonical path belongs to the plugin that has the handlers.
pub(crate) fn is_runtime(path: &[String]) -> bool {
    matches!(path, [plugins, id, ..] if plugins == "plugins" && id == RUNTIME)
}

/// The tables above handlers and proxy plugins in the letters that they are known by.
fn with_known_case(place: &[String]) -> Vec<String> {
    let mut place = place.to_vec();
    let tops: &[&str] = &["plugins", "proxy_plugins", "stream_processors"];
    for (depth, names) in [(0, tops), (2, &["containerd"]), (3, &["runtimes"])] {
        let Some(segment) = place.get_mut(depth) else {
            break;
        };
        let Some(name) = names.iter().find(|it| segment.eq_ignore_ascii_case(it)) else {
            break;
        };
        (*name).clone_into(segment);
    }
    place
}

fn owned<const DEPTH: usize>(path: [&str; DEPTH]) -> Vec<String> {
    path.map(str::to_owned).to_vec()
}

fn joined(id: &str, rest: &[String]) -> Vec<String> {
    let plugin = ["plugins", id].into_iter().map(str::to_owned);
    plugin.chain(rest.iter().cloned()).collect()
}

type Row = (&'static str, &'static str);

/// The path that the table has for `path`; each row is given as from and to.
fn moved(path: &[String], row: impl Fn(Row) -> Row) -> Option<Vec<String>> {
    let mut rows = IMAGES_KEYS.iter().map(|it| row(*it));
    rows.find_map(|(from, to)| {
        let mut rest = path.iter();
        let mut names = from.split('.');
        let is_it = names.all(|name| rest.next().is_some_and(|it| it == name));
        let moved = to.split('.').map(str::to_owned).chain(rest.cloned());
        is_it.then(|| moved.collect())
    })
}

#[cfg(test)]
mod tests;
