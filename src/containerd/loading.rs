//! From files to one config: imports, versions, merge rules.
//!
//! `LoadConfig` and `mergeConfig` in `cmd/containerd/server/config/config.go` (in 1.x
//! `services/server/config/config.go`).

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::asked::Asked;
use super::files::FileState;
use super::imports::{absolute, is_pattern};
use super::loaded::Loaded;
use super::merging::Merging;
use super::migration;
use super::model::Model;
use super::release::{ONE_7, Release, Releases};
use super::schema;
use super::servers;
use super::shape::{Decoder, Mismatch};
use super::syntax;
use super::table::place_of;
use super::verdict::{Finding, Reason};
use crate::toml::value::{Place, Table, Value};

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

fn any(ranges: &[Releases], release: &Asked) -> bool {
    ranges.iter().any(|releases| release.is_in(*releases))
}

impl Model<'_> {
    /// Loads the main file and its imports.
    pub(super) fn load<'m>(&'m self, release: &'m Asked) -> Result<Loaded<'m>, Reason> {
        let mut loaded = Loaded {
            model: self,
            release,
            top: Table::new(),
            version: 0,
            lost: Vec::new(),
        };
        let is_loaded = load(&mut loaded);
        is_loaded.map_err(|(message, place)| self.reason(message, place))?;
        Ok(loaded)
    }
}

fn load(loaded: &mut Loaded<'_>) -> Result<(), Finding> {
    merge_all(loaded)?;
    validate(loaded)?;
    let release = loaded.release;
    if !release.is_1x() {
        let newest = release.newest_config_version();
        let versions = loaded.version..newest;
        migration::migrate(&mut loaded.top, versions, release, &mut loaded.lost)?;
        loaded.model.note_unread(loaded);
    }
    Ok(())
}

/// `LoadConfig`: merges the main file and its imports, breadth first, each file once.
fn merge_all(loaded: &mut Loaded<'_>) -> Result<(), Finding> {
    let (files, release) = (loaded.model.files, loaded.release);
    let newest = release.newest_config_version();
    let mut pending = VecDeque::from([(files.main.clone(), None)]);
    let mut done = HashSet::new();
    let is_1x = release.is_1x();
    let mut version = if is_1x { 0 } else { newest };
    let mut first_version = 0;
    while let Some((path, import)) = pending.pop_front() {
        let is_out_of_sight = *files.state(&path) == FileState::OutOfSight;
        if is_out_of_sight || !done.insert(path.clone()) {
            continue;
        }
        let mut file = load_file(loaded, &path, import)?;
        let own = file.get("version").and_then(Value::as_integer);
        let own = own.unwrap_or_default();
        let place = place_of(&file, "version");
        if first_version == 0 {
            first_version = own;
        }
        if own > first_version && release.is_in(NEWEST_FIRST) {
            let message = format!(
                "drop-in config version {own} is higher than root config version {first_version}"
            );
            return Err((message, place));
        }
        if release.is_in(MIGRATES_EACH_FILE) {
            if own < 0 {
                return Err((panic_at_negative(own), place));
            }
            if own >= version {
                loaded.lost.extend(servers::ignored_servers(&file));
            }
            migration::migrate(&mut file, own..version, release, &mut loaded.lost)?;
            version = version.max(own);
        } else if matches!(own, 0 | 1) && !is_1x {
            // Up to the version merged so far, without the migrations of plugins.
            if version > newest {
                let message = format!(
                    "panic: index out of range [{newest}] (a file of version {own} is migrated to \
                     version {version})"
                );
                return Err((message, place_of(&loaded.top, "version")));
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
        Merging::File { is_1x }.tables(&mut loaded.top, file);
        for (import, place) in imports.iter().flat_map(Value::texts) {
            let found = resolve(loaded, &path, import);
            let found = found.map_err(|message| (message, Some(place)))?;
            pending.extend(found.into_iter().map(|path| (path, Some(place))));
        }
    }
    loaded.version = version;
    Ok(())
}

/// Reads one file and checks its types. Returns its known keys, spelled as they should be.
fn load_file(loaded: &Loaded<'_>, path: &Path, import: Option<Place>) -> Result<Table, Finding> {
    let (model, release) = (loaded.model, loaded.release);
    let shown = path.display();
    let Some(text) = model.text_at(path) else {
        let message = match model.files.state(path) {
            FileState::Missing => format!("open {shown}: no such file or directory"),
            FileState::Folder => format!("read {shown}: is a directory"),
            FileState::Unreadable(reason) => format!("open {shown}: {reason}"),
            FileState::Bytes(_) | FileState::OutOfSight => format!("{shown} can't be read"),
        };
        return Err((message, import));
    };
    let failed = |what: &str, offset| {
        let message = format!("failed to load TOML: {what}");
        (message, Some(Place { text, offset }))
    };
    let says = model.says(text);
    let says = says.map_err(|error| failed(&error.message, 0))?;
    if let Some((what, offset)) = syntax::refusal(&says.peculiarities, release) {
        let what = format!("containerd {} does not parse {what}", release.alone());
        return Err(failed(&what, offset));
    }
    let decoder = Decoder {
        release,
        is_file: true,
    };
    let known = decoder.decode(schema::FILE, says.root_of(release));
    let known = known.map_err(Mismatch::finding)?;
    Ok(Arc::unwrap_or_clone(known.shared_table()))
}

/// `resolveImports`: the absolute paths of an import, as the release finds them.
fn resolve(loaded: &Loaded<'_>, importer: &Path, import: &str) -> Result<Vec<PathBuf>, String> {
    let written = Path::new(import);
    let path = absolute(importer, import);
    let is_uncleaned = is_pattern(written) && any(&GLOBS_FROM_WORKING_DIRECTORY, loaded.release);
    let pattern = if is_uncleaned { written } else { &path };
    if !is_pattern(pattern) {
        return Ok(vec![path]);
    }
    let found = loaded.model.files.matches(pattern);
    found.ok_or_else(|| format!("imports: {import}: syntax error in pattern"))
}

/// What is checked once all files are merged.
fn validate(loaded: &Loaded<'_>) -> Result<(), Finding> {
    let (version, release) = (loaded.version, loaded.release);
    let newest = release.newest_config_version();
    let refusal = if version > newest && !release.is_1x() {
        Some(format!(
            "expected containerd config version equal to or less than `{newest}`, got `{version}`"
        ))
    } else if version > newest && any(&CHECKED_VERSION, release) {
        Some(format!("unsupported config version `{version}`"))
    } else if version < 0 && !release.is_1x() {
        Some(panic_at_negative(version))
    } else {
        None
    };
    if let Some(message) = refusal {
        return Err((message, place_of(&loaded.top, "version")));
    }
    // 2.x has brought their names up to date, but where the version was negative before.
    if version < 2 && release.is_1x() {
        return Ok(());
    }
    let is_full = |name: &str| {
        if !release.is_1x() {
            return name.contains('.');
        }
        let prefixed = name.starts_with("io.containerd.") || !release.is_in(CHECKED_PREFIX);
        prefixed && name.split('.').count() >= 4
    };
    let disabled = loaded.plugin_names("disabled_plugins");
    let required = loaded.plugin_names("required_plugins");
    let tables = loaded.table("plugins").filter(|_| release.is_1x());
    let tables = tables.into_iter().flatten();
    let mut named = disabled
        .map(|(name, place)| ("disabled plugin", name, place))
        .chain(required.map(|(name, place)| ("required plugin", name, place)))
        .chain(tables.map(|(name, node)| ("plugin key", &**name, node.place)));
    let Some((what, name, place)) = named.find(|(_, name, _)| !is_full(name)) else {
        return Ok(());
    };
    let message = format!("invalid {what} URI \"{name}\" expect io.containerd.x.vx");
    Err((message, Some(place)))
}

fn panic_at_negative(version: i64) -> String {
    format!("panic: index out of range [{version}] (the config version is negative)")
}
