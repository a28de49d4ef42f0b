//! From files to one config: imports, versions, merge rules.
//!
//! `LoadConfig` and `mergeConfig` in `cmd/containerd/server/config/config.go` (in 1.x
//! `services/server/config/config.go`).

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::files::FileState;
use super::imports::{absolute, is_pattern};
use super::lost::Lost;
use super::migration;
use super::model::Model;
use super::registry;
use super::release::{ONE_7, Release, Releases};
use super::schema;
use super::servers;
use super::shape::Decoder;
use super::tree::{self, Data, Node, Place, Table};
use super::verdict::Reason;

/// A config with all that it imports.
#[derive(Debug)]
pub(super) struct Loaded {
    /// The keys of the file, spelled as they should be.
    pub(super) top: Table,
    /// The config version that holds for the whole.
    pub(super) version: i64,
    /// What 2.x does not read although an older release would.
    pub(super) lost: Vec<Lost>,
}

impl Loaded {
    /// Whether plugins go by the short names of version 1. (1.x takes a negative version for a
    /// newer one.)
    pub(super) fn has_short_names(&self, release: Release) -> bool {
        release.is_1x() && matches!(self.version, 0 | 1)
    }

    pub(super) fn table(&self, key: &str) -> Option<&Table> {
        self.top.get(key)?.table()
    }

    /// The IDs of the proxy plugins, of which there is one for each that has a known type.
    pub(super) fn proxies(&self, release: Release) -> Vec<(String, Place)> {
        let proxies = self.table("proxy_plugins").into_iter().flatten();
        let named = proxies.filter_map(|(name, node)| {
            let kind = proxy_type(node, release)?;
            Some((format!("{kind}.{name}"), node.place))
        });
        named.collect()
    }

    /// Where a plugin is disabled.
    pub(super) fn disabled(&self, id: &str, release: Release) -> Option<Place> {
        let short = self.has_short_names(release);
        let name = if short { registry::short_name(id) } else { id };
        let mut disabled = self.plugin_names("disabled_plugins");
        disabled
            .find(|(disabled, _)| *disabled == name)
            .map(|(_, place)| place)
    }

    /// The names of the plugins in a list.
    pub(super) fn plugin_names(&self, list: &str) -> impl Iterator<Item = (&str, Place)> {
        self.top.get(list).into_iter().flat_map(Node::texts)
    }
}

/// Patterns are taken as they are written, relative ones from the daemon's working directory
/// (fixed by containerd#9834 and #9835).
const GLOBS_FROM_WORKING_DIRECTORY: [Releases; 2] = [
    Releases::between(Release::new(0, 0, 0), Release::new(1, 6, 30)),
    Releases::between(Release::new(1, 7, 0), Release::new(1, 7, 14)),
];
/// A file of an unknown version ends the daemon; before, 1.x ignored the number.
const CHECKED_VERSION: [Releases; 2] = [
    Releases::between(Release::new(1, 6, 32), Release::new(1, 7, 0)),
    Releases::between(Release::new(1, 7, 17), Release::new(2, 0, 0)),
];
/// Each file is migrated before it is merged.
const MIGRATES_EACH_FILE: Releases = Releases::from(2, 3);
/// No file may be newer than the first.
const NEWEST_FIRST: Releases = Releases::between(Release::new(2, 3, 0), Release::new(2, 3, 5));
/// Plugin names must begin with `io.containerd.`.
const CHECKED_PREFIX: Releases = ONE_7;

fn any(ranges: &[Releases], release: Release) -> bool {
    ranges.iter().any(|releases| releases.contain(release))
}

impl Model<'_> {
    /// Loads the main file and its imports.
    pub(super) fn load(&self, release: Release) -> Result<Loaded, Reason> {
        let mut loaded = self.merge_all(release)?;
        self.validate(&loaded, release)?;
        if !release.is_1x() {
            let newest = release.newest_config_version();
            let lost = migration::migrate(&mut loaded.top, loaded.version, newest, release);
            let lost = lost.map_err(|(message, place)| self.reason(message, Some(place)))?;
            loaded.lost.extend(lost);
            self.note_unread(&mut loaded);
        }
        Ok(loaded)
    }

    /// `LoadConfig`: merges the main file and its imports, breadth first, each file once.
    pub(super) fn merge_all(&self, release: Release) -> Result<Loaded, Reason> {
        let main = self.files.main.clone();
        let mut pending = VecDeque::from([(main, None)]);
        let mut done = HashSet::new();
        let mut top = Table::new();
        let mut lost = Vec::new();
        let mut version = if release.is_1x() {
            0
        } else {
            release.newest_config_version()
        };
        let mut first_version = 0;
        while let Some((path, import)) = pending.pop_front() {
            let is_out_of_sight = *self.files.state(&path) == FileState::OutOfSight;
            if is_out_of_sight || !done.insert(path.clone()) {
                continue;
            }
            let mut file = self.load_file(&path, import, release)?;
            let own = version_of(&file);
            if first_version == 0 {
                first_version = own;
            }
            if NEWEST_FIRST.contain(release) && own > first_version {
                let message = format!(
                    "drop-in config version {own} is higher than root config version {first_version}"
                );
                return Err(self.reason(message, place_of(&file, "version")));
            }
            if MIGRATES_EACH_FILE.contain(release) {
                if own < 0 {
                    return Err(self.reason(panic_at_negative(own), place_of(&file, "version")));
                }
                if own >= version {
                    lost.extend(servers::ignored_servers(&file));
                }
                let found = migration::migrate(&mut file, own, version, release);
                lost.extend(found.map_err(|(message, place)| self.reason(message, Some(place)))?);
                version = version.max(own);
            } else if !release.is_1x() && matches!(own, 0 | 1) {
                // Up to the version merged so far, without the migrations of plugins.
                let newest = release.newest_config_version();
                if version > newest {
                    let message = format!(
                        "panic: index out of range [{newest}] (a file of version {own} is migrated to \
                         version {version})"
                    );
                    return Err(self.reason(message, place_of(&top, "version")));
                }
                if version > 1 {
                    migration::v1_migrate(&mut file);
                }
                let migrated = version.max(own);
                if migrated != 0 {
                    version = migrated;
                }
            } else if own != 0 {
                version = own;
            }
            let imports = file.get("imports").cloned();
            merge(&mut top, file, release);
            let written = imports.iter().flat_map(Node::texts);
            for (import, place) in written {
                let found = self.resolve(&path, import, release);
                let found = found.map_err(|message| self.reason(message, Some(place)))?;
                pending.extend(found.into_iter().map(|path| (path, Some(place))));
            }
        }
        Ok(Loaded { top, version, lost })
    }

    /// Reads one file and checks its types. Returns its known keys, spelled as they should be.
    fn load_file(
        &self,
        path: &Path,
        import: Option<Place>,
        release: Release,
    ) -> Result<Table, Reason> {
        let shown = path.display();
        let Some(number) = self.number_of(path) else {
            let message = match self.files.state(path) {
                FileState::Missing => format!("open {shown}: no such file or directory"),
                FileState::Folder => format!("read {shown}: is a directory"),
                FileState::Unreadable(reason) => format!("open {shown}: {reason}"),
                FileState::Bytes(_) | FileState::OutOfSight => format!("{shown} can't be read"),
            };
            return Err(self.reason(message, import));
        };
        let says = self.says(number).map_err(|error| Reason {
            message: format!("failed to load TOML: {}", error.message),
            at: Some((path.to_owned(), Some(error.at.clone()))),
        })?;
        let place = |offset| Place {
            file: number,
            offset,
        };
        if let Some((what, offset)) = says.peculiarities.refusal(release) {
            let message =
                format!("failed to load TOML: containerd {release} does not parse {what}");
            return Err(self.reason(message, Some(place(offset))));
        }
        let whole = Node::new(Data::Table(Rc::clone(says.table_of(release))), place(0));
        let decoded = schema::FILE.decode(&whole, Decoder::of_file(release));
        let decoded = decoded.map_err(|mismatch| self.mismatch(&mismatch))?;
        Ok(Rc::unwrap_or_clone(decoded.shared_table()))
    }

    /// `resolveImports`: the absolute paths of an import, as the release finds them.
    fn resolve(
        &self,
        importer: &Path,
        import: &str,
        release: Release,
    ) -> Result<Vec<PathBuf>, String> {
        let written = Path::new(import);
        let path = absolute(importer, import);
        let is_uncleaned = any(&GLOBS_FROM_WORKING_DIRECTORY, release) && is_pattern(written);
        let pattern = if is_uncleaned { written } else { &path };
        if !is_pattern(pattern) {
            return Ok(vec![path]);
        }
        let found = self.files.matches(pattern).map(<[PathBuf]>::to_vec);
        found.ok_or_else(|| format!("imports: {import}: syntax error in pattern"))
    }

    /// What is checked once all files are merged.
    fn validate(&self, loaded: &Loaded, release: Release) -> Result<(), Reason> {
        let version = loaded.version;
        let newest = release.newest_config_version();
        let place = place_of(&loaded.top, "version");
        if any(&CHECKED_VERSION, release) && version > newest {
            let message = format!("unsupported config version `{version}`");
            return Err(self.reason(message, place));
        }
        if !release.is_1x() {
            if version > newest {
                let message = format!(
                    "expected containerd config version equal to or less than `{newest}`, got `{version}`"
                );
                return Err(self.reason(message, place));
            }
            if version < 0 {
                return Err(self.reason(panic_at_negative(version), place));
            }
        }
        // 2.x has brought their names up to date, but where the version was negative before.
        if release.is_1x() && version < 2 {
            return Ok(());
        }
        let is_full = |name: &str| {
            if !release.is_1x() {
                return name.contains('.');
            }
            let prefixed = !CHECKED_PREFIX.contain(release) || name.starts_with("io.containerd.");
            prefixed && name.split('.').count() >= 4
        };
        for (list, kind) in [
            ("disabled_plugins", "disabled"),
            ("required_plugins", "required"),
        ] {
            for (name, place) in loaded.plugin_names(list) {
                if !is_full(name) {
                    let message =
                        format!("invalid {kind} plugin URI \"{name}\" expect io.containerd.x.vx");
                    return Err(self.reason(message, Some(place)));
                }
            }
        }
        if release.is_1x() {
            let plugins = loaded.table("plugins").into_iter().flatten();
            for (name, node) in plugins {
                if !is_full(name) {
                    let message =
                        format!("invalid plugin key URI \"{name}\" expect io.containerd.x.vx");
                    return Err(self.reason(message, Some(node.place)));
                }
            }
        }
        Ok(())
    }
}

/// What a proxy plugin is registered as, given by its short name or in full.
pub(super) fn proxy_type(node: &Node, release: Release) -> Option<&'static str> {
    let (kind, _) = tree::text(node.table()?, "type")?;
    let mut known = registry::PROXIES
        .iter()
        .filter(|(_, _, releases)| releases.contain(release));
    let found = known.find(|(short, full, _)| kind == *short || kind == *full);
    found.map(|(_, full, _)| *full)
}

fn panic_at_negative(version: i64) -> String {
    format!("panic: index out of range [{version}] (the config version is negative)")
}

fn version_of(file: &Table) -> i64 {
    match file.get("version").map(|node| &node.data) {
        Some(Data::Integer(version)) => *version,
        _ => 0,
    }
}

pub(super) fn place_of(table: &Table, key: &str) -> Option<Place> {
    table.get(key).map(|node| node.place)
}

/// Merges a later file into what is there.
fn merge(top: &mut Table, file: Table, release: Release) {
    if top.is_empty() {
        *top = file;
        return;
    }
    for (key, node) in file {
        let Some(known) = top.get_mut(&key) else {
            top.insert(key, node);
            continue;
        };
        match (&mut known.data, node.data) {
            (Data::Array(known), Data::Array(more)) => append(known, more, release),
            (Data::Table(known), Data::Table(more)) => match &*key {
                "plugins" if !release.is_1x() => {
                    merge_deeply(Rc::make_mut(known), Rc::unwrap_or_clone(more), release);
                }
                // Their parts are replaced as a whole.
                "plugins" | "proxy_plugins" | "stream_processors" | "timeouts" => {
                    Rc::make_mut(known).extend(Rc::unwrap_or_clone(more));
                }
                _ => {
                    let more = Rc::unwrap_or_clone(more);
                    let set = more.into_iter().filter(|(_, node)| !node.is_zero());
                    Rc::make_mut(known).extend(set);
                }
            },
            (_, data) => {
                let node = Node::new(data, node.place);
                if !node.is_zero() {
                    *known = node;
                }
            }
        }
    }
}

/// 2.x appends what is not there yet, 1.x everything.
fn append(known: &mut Vec<Node>, more: Vec<Node>, release: Release) {
    for node in more {
        let is_there = known
            .iter()
            .any(|known| known.text().is_some() && known.text() == node.text());
        if release.is_1x() || !is_there {
            known.push(node);
        }
    }
}

/// How 2.x merges the sections of plugins: tables key by key, arrays by appending, anything else by
/// replacing, empty values too.
fn merge_deeply(known: &mut Table, more: Table, release: Release) {
    for (key, node) in more {
        let Some(old) = known.get_mut(&key) else {
            known.insert(key, node);
            continue;
        };
        match (&mut old.data, node.data) {
            (Data::Table(old), Data::Table(more)) => {
                merge_deeply(Rc::make_mut(old), Rc::unwrap_or_clone(more), release);
            }
            (Data::Array(old), Data::Array(more)) => append(old, more, release),
            (_, data) => *old = Node::new(data, node.place),
        }
    }
}
