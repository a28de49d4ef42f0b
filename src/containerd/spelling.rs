//! Where a key stands in a file of each config version.
//!
//! A key has one canonical spelling, that of config version 3. Versions 1 and 2 have all of CRI in
//! one plugin; `ConfigMigration` in containerd's `plugins/cri/images/plugin.go`,
//! `plugins/cri/runtime/plugin.go` and `plugins/cri/cri.go` says where each key has gone. Version 4
//! has plugins of what the daemon listens on; version 1 has short names for plugins.

use std::borrow::Cow;

use super::plugin::{self, IMAGES, NoTable, OLD_CRI, RUNTIME};
use super::{registry, servers};
use crate::toml::{Document, rest_after};

/// Keys of CRI's one plugin, each with all below it, that the images plugin has.
pub(super) const IMAGES_KEYS: &[(&[&str], &[&str])] = &[
    (&["sandbox_image"], &["pinned_images", "sandbox"]),
    (&["registry"], &["registry"]),
    (&["image_decryption"], &["image_decryption"]),
    (&["max_concurrent_downloads"], &["max_concurrent_downloads"]),
    (
        &["image_pull_progress_timeout"],
        &["image_pull_progress_timeout"],
    ),
    (&["image_pull_with_sync_fs"], &["image_pull_with_sync_fs"]),
    (&["stats_collect_period"], &["stats_collect_period"]),
    (&["containerd", "snapshotter"], &["snapshotter"]),
    (
        &["containerd", "disable_snapshot_annotations"],
        &["disable_snapshot_annotations"],
    ),
    (
        &["containerd", "discard_unpacked_layers"],
        &["discard_unpacked_layers"],
    ),
];

/// Keys that stay in CRI's one plugin in every version.
pub(super) const STREAMING_KEYS: &[&str] = &[
    "disable_tcp_service",
    "stream_server_address",
    "stream_server_port",
    "stream_idle_timeout",
    "enable_tls_streaming",
    "x509_key_pair_streaming",
];

const CONTAINERD: &str = "containerd";
/// Tables of CRI's runtime part that are moved key by key.
const TABLES_OF_RUNTIME: [&str; 2] = [CONTAINERD, "cni"];
/// Tables that are moved to the images plugin as a whole.
const TABLES_OF_IMAGES: [&str; 2] = ["registry", "image_decryption"];

/// Tables of containerd whose keys are names of somebody's choice: `*` stands for any one segment.
const NAMES: &[&[&str]] = &[
    &["plugins"],
    &["proxy_plugins"],
    &["proxy_plugins", "*", "exports"],
    &["timeouts"],
    &["stream_processors"],
    &["plugins", RUNTIME, "containerd", "runtimes"],
    &["plugins", IMAGES, "pinned_images"],
    &["plugins", IMAGES, "runtime_platforms"],
    &["plugins", IMAGES, "registry", "mirrors"],
    &["plugins", IMAGES, "registry", "configs"],
    &["plugins", IMAGES, "registry", "auths"],
    &["plugins", IMAGES, "registry", "headers"],
];

/// Two places of one key in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rival {
    /// What the file's version has, as far as it is moved as one: each of these paths.
    pub(crate) own: Vec<Vec<String>>,
    /// The same in the other place.
    pub(crate) other: Vec<String>,
    /// The key in the other place.
    pub(crate) place: Vec<String>,
}

impl Rival {
    /// `row` segments of the other place are moved as one.
    fn of(own: &[String], other: &[String], row: usize) -> Self {
        let below = other.len().saturating_sub(row);
        Self {
            own: vec![own[..own.len().saturating_sub(below)].to_vec()],
            other: other[..other.len() - below].to_vec(),
            place: other.to_vec(),
        }
    }
}

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
        let chosen = document.map(|document| plugin::choose(document, version));
        let undecided = match chosen {
            Some(Err(NoTable::Ambiguous(ids))) => Some(ids),
            _ => None,
        };
        let chosen = chosen.and_then(Result::ok);
        Self {
            version,
            runtime: chosen.unwrap_or(own_plugin(version)).into(),
            undecided,
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
        self.runtime == own_plugin(self.version)
    }

    /// The config version of the file.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// Whether containerd 1.x looks for handlers where this file has them.
    pub(crate) fn is_read_by_1x(&self) -> bool {
        plugin::is_read_by_1x(&self.runtime, self.version)
    }

    /// Where the file has the key of this canonical path.
    pub(crate) fn place(&self, path: &[String]) -> Vec<String> {
        let [plugins, id, rest @ ..] = path else {
            return self.server_place(path);
        };
        if plugins != "plugins" {
            return self.server_place(path);
        }
        if id == RUNTIME {
            return joined(&self.runtime, rest);
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

    /// Where containerd 2.x may have the key besides, and takes it from there: what is to be said in
    /// this file goes there, if only that is there.
    pub(crate) fn rival(&self, path: &[String]) -> Option<Rival> {
        let [_, id, rest @ ..] = path else {
            return None;
        };
        if path[0] != "plugins" {
            let of_plugin = servers::in_plugin(path).filter(|_| self.version < 4);
            return of_plugin.map(|place| Rival {
                own: servers::all_at_top(&place[1]),
                ..Rival::of(path, &place, 2)
            });
        }
        if !matches!(self.version, 2 | 3) {
            return None;
        }
        let key = rest.iter().map(String::as_str).collect::<Vec<_>>();
        let is_new = self.version > 2;
        match (id.as_str(), key.as_slice()) {
            // Handlers have one table in each file.
            (RUNTIME, [CONTAINERD, "runtimes" | "default_runtime_name", ..]) => None,
            (RUNTIME, [table, _, ..]) if !is_new && TABLES_OF_RUNTIME.contains(table) => {
                Some(Rival::of(&self.place(path), path, 4))
            }
            (RUNTIME, [_, ..]) if !is_new => Some(Rival::of(&self.place(path), path, 3)),
            // The whole table takes the other one's place.
            (IMAGES, [table, ..]) if !is_new && TABLES_OF_IMAGES.contains(table) => {
                Some(Rival::of(&self.place(path), path, 3))
            }
            (IMAGES, _) if is_new => {
                let old = moved(rest, |(old, new)| (new, old))?;
                let row = if old[0] == CONTAINERD { 4 } else { 3 };
                Some(Rival::of(path, &joined(OLD_CRI, &old), row))
            }
            (id, [_, ..]) if registry::old_name(id) != id => {
                let old = joined(registry::old_name(id), rest);
                let places = if is_new { [path, &old] } else { [&old, path] };
                Some(Rival::of(places[0], places[1], 2))
            }
            _ => None,
        }
    }

    /// A key of a server at the top of the file, which is a plugin's since config version 4.
    fn server_place(&self, path: &[String]) -> Vec<String> {
        let of_plugin = servers::in_plugin(path).filter(|_| self.version > 3);
        of_plugin.unwrap_or_else(|| path.to_vec())
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
        let [plugins, id, rest @ ..] = place.as_slice() else {
            return place;
        };
        if plugins != "plugins" {
            return place;
        }
        let is_cri = self.version <= 2 && id == self.plugin_name(OLD_CRI);
        if *id == self.runtime && !is_cri {
            return joined(RUNTIME, rest);
        }
        if self.version > 2 {
            let at_top = servers::at_top(&place).filter(|_| self.version > 3);
            return at_top.unwrap_or(place);
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
        let is_streaming = rest
            .first()
            .is_some_and(|key| STREAMING_KEYS.contains(&key.as_str()));
        // Where the runtime part is spelled anew, this table is no part of it.
        let is_its_own = is_streaming || !self.is_of_its_version();
        joined(if is_its_own { OLD_CRI } else { RUNTIME }, rest)
    }
}

/// The plugin that has CRI's runtime part in a file of this version.
fn own_plugin(version: i64) -> &'static str {
    match version {
        ..2 => "cri",
        2 => OLD_CRI,
        _ => RUNTIME,
    }
}

/// The canonical path of a key, whatever the config version that spells it so.
pub(crate) fn canonical(path: &[String]) -> Vec<String> {
    let versions = [1, 2, 4].map(|version| Spelling::of(None, version));
    versions
        .iter()
        .fold(path.to_vec(), |path, spelling| spelling.canonical(&path))
}

/// Whether a canonical path belongs to CRI, which is one plugin below config version 3.
pub(crate) fn is_cri(path: &[String]) -> bool {
    let [plugins, id, ..] = path else {
        return false;
    };
    let is_image = || id == IMAGES && moved(&path[2..], |(old, new)| (new, old)).is_some();
    plugins == "plugins" && (id == RUNTIME || id == OLD_CRI || is_image())
}

/// Whether a canonical path belongs to the plugin that has the handlers.
pub(crate) fn is_runtime(path: &[String]) -> bool {
    matches!(path, [plugins, id, ..] if plugins == "plugins" && id == RUNTIME)
}

/// Whether the last segment of a canonical path is a name, in which the case of letters counts. In
/// names of containerd's own keys it does not.
pub(crate) fn is_name(path: &[String]) -> bool {
    let Some((_, table)) = path.split_last() else {
        return false;
    };
    NAMES.iter().any(|names| {
        names.len() == table.len()
            && names
                .iter()
                .zip(table)
                .all(|(name, segment)| *name == "*" || name == segment)
    })
}

/// The tables above handlers in the letters that they are known by.
fn with_known_case(place: &[String]) -> Vec<String> {
    let mut place = place.to_vec();
    for (depth, name) in [(0, "plugins"), (2, "containerd"), (3, "runtimes")] {
        match place.get_mut(depth) {
            Some(segment) if segment.eq_ignore_ascii_case(name) => name.clone_into(segment),
            _ => break,
        }
    }
    place
}

fn joined(id: &str, rest: &[String]) -> Vec<String> {
    let plugin = ["plugins", id].map(str::to_owned);
    plugin.into_iter().chain(rest.iter().cloned()).collect()
}

type Row = (&'static [&'static str], &'static [&'static str]);

/// The path that the table has for `path`; each row is given as from and to.
fn moved(path: &[String], row: impl Fn(Row) -> Row) -> Option<Vec<String>> {
    let mut rows = IMAGES_KEYS.iter().map(|it| row(*it));
    rows.find_map(|(from, to)| {
        let rest = rest_after(path, from)?;
        let to = to.iter().map(ToString::to_string);
        Some(to.chain(rest.iter().cloned()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(dotted: &str) -> Vec<String> {
        dotted.split('/').map(str::to_owned).collect()
    }

    fn spelling(version: i64) -> Spelling {
        Spelling::of(None, version)
    }

    #[test]
    fn a_key_goes_where_the_version_has_it_and_back() {
        let runtime = "plugins/io.containerd.cri.v1.runtime";
        let images = "plugins/io.containerd.cri.v1.images";
        for (canonical, below_cri) in [
            (
                format!("{runtime}/containerd/runtimes/kata/options/x"),
                "containerd/runtimes/kata/options/x",
            ),
            (format!("{runtime}/enable_cdi"), "enable_cdi"),
            (format!("{images}/pinned_images/sandbox"), "sandbox_image"),
            (
                format!("{images}/registry/config_path"),
                "registry/config_path",
            ),
            (format!("{images}/snapshotter"), "containerd/snapshotter"),
            (
                "plugins/io.containerd.grpc.v1.cri/stream_server_port".to_owned(),
                "stream_server_port",
            ),
        ] {
            let canonical = path(&canonical);
            for (version, id) in [(1, "cri"), (2, "io.containerd.grpc.v1.cri")] {
                let place = path(&format!("plugins/{id}/{below_cri}"));
                assert_eq!(spelling(version).place(&canonical), place);
                assert_eq!(spelling(version).canonical(&place), canonical);
            }
            assert_eq!(spelling(3).place(&canonical), canonical);
            for id in ["cri", OLD_CRI] {
                let spelled = path(&format!("plugins/{id}/{below_cri}"));
                assert_eq!(super::canonical(&spelled), canonical);
            }
        }
    }

    #[test]
    fn plugins_and_servers_go_by_the_names_of_the_version() {
        for (canonical, places) in [
            (
                "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus",
                [
                    "plugins/cgroups/no_prometheus",
                    "plugins/io.containerd.monitor.v1.cgroups/no_prometheus",
                    "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus",
                    "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus",
                ],
            ),
            (
                "plugins/io.containerd.service.v1.diff-service/default",
                [
                    "plugins/diff-service/default",
                    "plugins/io.containerd.service.v1.diff-service/default",
                    "plugins/io.containerd.service.v1.diff-service/default",
                    "plugins/io.containerd.service.v1.diff-service/default",
                ],
            ),
            (
                "plugins/io.containerd.nri.v1.nri/disable",
                ["plugins/io.containerd.nri.v1.nri/disable"; 4],
            ),
            (
                "grpc/tcp_tls_ca",
                [
                    "grpc/tcp_tls_ca",
                    "grpc/tcp_tls_ca",
                    "grpc/tcp_tls_ca",
                    "plugins/io.containerd.server.v1.grpc-tcp/tls_ca",
                ],
            ),
            ("debug/level", ["debug/level"; 4]),
            (
                "debug/address",
                [
                    "debug/address",
                    "debug/address",
                    "debug/address",
                    "plugins/io.containerd.server.v1.debug/address",
                ],
            ),
        ] {
            for (version, place) in (1..).zip(places) {
                let (canonical, place) = (path(canonical), path(place));
                assert_eq!(spelling(version).place(&canonical), place);
                assert_eq!(spelling(version).canonical(&place), canonical, "{version}");
                assert_eq!(super::canonical(&place), canonical);
            }
        }
    }

    #[test]
    fn what_is_moved_as_one_has_another_place() {
        let (old, images) = (
            "plugins/io.containerd.grpc.v1.cri",
            "plugins/io.containerd.cri.v1.images",
        );
        let runtime = "plugins/io.containerd.cri.v1.runtime";
        for (version, canonical, rival) in [
            (
                2,
                format!("{runtime}/enable_cdi"),
                Some([format!("{old}/enable_cdi"), format!("{runtime}/enable_cdi")]),
            ),
            (
                2,
                format!("{runtime}/cni/bin_dir"),
                Some([
                    format!("{old}/cni/bin_dir"),
                    format!("{runtime}/cni/bin_dir"),
                ]),
            ),
            (
                2,
                format!("{runtime}/containerd/runtimes/kata/snapshotter"),
                None,
            ),
            (
                2,
                format!("{images}/registry/headers/x"),
                Some([format!("{old}/registry"), format!("{images}/registry")]),
            ),
            (2, format!("{images}/pinned_images/sandbox"), None),
            (
                3,
                format!("{images}/pinned_images/sandbox"),
                Some([
                    format!("{images}/pinned_images/sandbox"),
                    format!("{old}/sandbox_image"),
                ]),
            ),
            (
                3,
                format!("{images}/snapshotter"),
                Some([
                    format!("{images}/snapshotter"),
                    format!("{old}/containerd/snapshotter"),
                ]),
            ),
            (
                3,
                format!("{images}/registry/headers/x"),
                Some([format!("{images}/registry"), format!("{old}/registry")]),
            ),
            (3, format!("{runtime}/enable_cdi"), None),
            (4, format!("{images}/snapshotter"), None),
            (
                3,
                "grpc/address".to_owned(),
                Some([
                    "grpc/address grpc/uid grpc/gid grpc/max_recv_message_size \
                     grpc/max_send_message_size"
                        .to_owned(),
                    "plugins/io.containerd.server.v1.grpc".to_owned(),
                ]),
            ),
            (4, "grpc/address".to_owned(), None),
            (
                3,
                "plugins/io.containerd.monitor.task.v1.cgroups/no_prometheus".to_owned(),
                Some([
                    "plugins/io.containerd.monitor.task.v1.cgroups".to_owned(),
                    "plugins/io.containerd.monitor.v1.cgroups".to_owned(),
                ]),
            ),
        ] {
            let found = spelling(version).rival(&path(&canonical));
            let found = found.map(|rival| {
                let own: Vec<String> = rival.own.iter().map(|it| it.join("/")).collect();
                [own.join(" "), rival.other.join("/")]
            });
            assert_eq!(found, rival, "{version} {canonical}");
        }
    }

    #[test]
    fn what_has_no_other_place_stays() {
        let only_new = path("plugins/io.containerd.cri.v1.images/use_local_image_pull");
        assert_eq!(spelling(2).place(&only_new), only_new);
        assert!(!is_cri(&only_new));
        let level = path("debug/level");
        assert_eq!(spelling(1).place(&level), level);
    }

    #[test]
    fn handlers_stay_where_a_version_2_file_has_them() {
        let text = "version = 2\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n";
        let document = Document::parse(text.as_bytes()).expect("TOML");
        let spelling = Spelling::of(Some(&document), 2);
        let handler = path("plugins/io.containerd.cri.v1.runtime/containerd/runtimes/x");
        assert_eq!(spelling.place(&handler), handler);
        assert!(!spelling.is_read_by_1x());
    }

    #[test]
    fn a_plugin_that_was_chosen_holds_whatever_the_version() {
        let canonical = path("plugins/io.containerd.cri.v1.runtime/containerd/runtimes/x");
        for (version, id) in [(2, RUNTIME), (2, OLD_CRI), (9, "io.containerd.cri.v9")] {
            let spelling = Spelling::with_plugin(version, id);
            let place = path(&format!("plugins/{id}/containerd/runtimes/x"));
            assert_eq!(spelling.place(&canonical), place);
            assert_eq!(spelling.canonical(&place), canonical);
        }
    }

    #[test]
    fn names_keep_their_case() {
        let runtimes = "plugins/io.containerd.cri.v1.runtime/containerd/runtimes";
        assert!(is_name(&path(&format!("{runtimes}/Kata"))));
        assert!(!is_name(&path(&format!("{runtimes}/kata/options"))));
        assert!(!is_name(&path(&format!(
            "{runtimes}/kata/options/BinaryName"
        ))));
        assert!(is_name(&path("proxy_plugins/Nydus")));
        assert!(!is_name(&path("debug/level")));
    }
}
