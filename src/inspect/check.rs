//! What each containerd release makes of a config, and what a pod would stumble over later.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml_edit::{Item, Value};

use crate::config::surroundings;
use crate::containerd::lost::{self, Losses};
use crate::containerd::release::{listed, listed_do, reading};
use crate::containerd::{ConfigFiles, Release, Verdict, read_as, version};
use crate::disk::HostRoot;
use crate::edit::unread::Reading;
use crate::error::{Error, Warning};
use crate::toml::render::{self, Quotes};
use crate::want::handler;

use super::inventory::{Inventory, ListedHandler};
use super::opened::Opened;

/// The result of checking a config.
#[derive(Debug, Clone)]
pub struct Check {
    /// The config's path as it was given.
    pub path: PathBuf,
    /// The config version of the main file, 0 if it has none.
    pub config_version: i64,
    /// A row for each release that was asked for.
    pub releases: Vec<CheckedRelease>,
    /// What every release accepts although a pod would fail later, and handlers that some do not
    /// load.
    pub warnings: Vec<Warning>,
}

/// What one release makes of a config.
#[derive(Debug, Clone)]
pub struct CheckedRelease {
    /// The release.
    pub release: Release,
    /// Whether it reads files of this config version at all.
    pub reads: bool,
    /// What becomes of the daemon; `None` if the release does not count. One that was asked for
    /// alone does, whatever it reads.
    pub verdict: Option<Verdict>,
}

impl CheckedRelease {
    /// Whether it serves; `None` if it does not count.
    fn serves(&self) -> Option<bool> {
        self.verdict.as_ref().map(Verdict::serves)
    }
}

impl Check {
    /// Checks the config at `path` for each of the releases. `root` is where the host's files are.
    ///
    /// # Errors
    ///
    /// [`Code::NotToml`](crate::Code::NotToml) if the main file is no TOML, and [`Code::WrongType`](crate::Code::WrongType) if its version is no
    /// integer. Whatever else is wrong is a verdict.
    pub fn of(
        path: &Path,
        bytes: &[u8],
        releases: &[Release],
        root: &HostRoot,
    ) -> Result<Self, Error> {
        let opened = Opened::of(path, bytes, root)?;
        let config_version = version::of_any(&opened.config).map_err(|error| error.at(path))?;
        let (files, model) = (&opened.files, opened.model());
        let is_named = releases != Release::LINES;
        let mut losses = Losses::default();
        let row = |&release: &Release| {
            let reads = release.reads(config_version);
            let verdict = (reads || is_named).then(|| {
                let judged = model.judge(release);
                losses.add(release, judged.lost);
                judged.verdict
            });
            CheckedRelease {
                release,
                reads,
                verdict,
            }
        };
        let newer = lost::unknown(releases);
        let read = reading(releases, config_version);
        let releases: Vec<CheckedRelease> = releases.iter().map(row).collect();
        let reading = Reading {
            version: config_version,
            releases: &read,
            lacks_snapshotter: &|name, release| model.lacks_snapshotter(name, release),
            has_program: &|name| surroundings::is_program(root, name),
        };
        let mut warnings = warnings(files, &releases, &reading);
        warnings.extend(losses.warnings(&model, files));
        warnings.extend(newer);
        Ok(Self {
            path: path.to_owned(),
            config_version,
            releases,
            warnings,
        })
    }

    /// Has the only release that was asked for say what its daemon does.
    pub fn set_verdict(&mut self, verdict: Verdict) {
        if let [row] = self.releases.as_mut_slice() {
            row.verdict = Some(verdict);
        }
    }

    /// Returns the verdict on the config of the line of `release`, or else on the first one that has any.
    #[must_use]
    pub fn verdict_of(&self, release: Option<Release>) -> Option<&Verdict> {
        let is_its = |row: &&CheckedRelease| release.is_some_and(|it| row.release.is_of_line(it));
        let mut rows = self.releases.iter();
        let row = rows.clone().find(is_its);
        row.or_else(|| rows.find(|row| row.verdict.is_some()))?
            .verdict
            .as_ref()
    }

    /// Whether every release that counts serves, and at least one does. One that is not out yet does
    /// not count beside others.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.counting().any(|row| row.serves() == Some(true)) && self.broken().is_empty()
    }

    /// Returns the releases that serve.
    #[must_use]
    pub fn serving(&self) -> Vec<Release> {
        releases_of(&self.releases, |row| row.serves() == Some(true))
    }

    /// Returns the releases that count and do not serve.
    #[must_use]
    pub fn broken(&self) -> Vec<Release> {
        releases_of(self.counting(), |row| row.serves() == Some(false))
    }

    fn counting(&self) -> impl Iterator<Item = &CheckedRelease> {
        let rows = self.releases.iter();
        let is_named = !rows.clone().map(|row| row.release).eq(Release::LINES);
        rows.filter(move |row| is_named || row.release.is_out())
    }
}

/// Warnings about the handlers of all files, each with its place.
fn warnings(
    files: &ConfigFiles,
    releases: &[CheckedRelease],
    reading: &Reading<'_>,
) -> Vec<Warning> {
    let inventories = files.in_order().filter_map(|(path, source)| {
        let inventory = Inventory::of(source.document().ok()?, None);
        Some((path, inventory.ok()?.handlers))
    });
    let inventories: Vec<(&Path, Vec<ListedHandler>)> = inventories.collect();
    let listed = || inventories.iter().flat_map(|(_, handlers)| handlers);
    let typed = listed().filter(|it| it.runtime_type.as_ref().is_some_and(|it| !it.is_empty()));
    let typed: BTreeSet<&str> = typed.map(|it| it.name.as_str()).collect();
    let mut warnings = Vec::new();
    for (path, handlers) in &inventories {
        for handler in handlers {
            let mut found = Vec::new();
            found.extend(not_loaded(handler, releases));
            found.extend(untyped(handler, &typed));
            for (path, value) in &handler.settings {
                found.extend(key(handler, path, value));
                found.extend(case(handler, path, releases));
                found.extend(reading.warnings(&handler.name, path, value));
            }
            let placed = |warning: Warning| warning.in_file(path, &handler.at, files.main());
            warnings.extend(found.into_iter().map(placed));
        }
    }
    warnings
}

/// The releases of which something is true.
fn releases_of<'r>(
    rows: impl IntoIterator<Item = &'r CheckedRelease>,
    is_true: impl Fn(&CheckedRelease) -> bool,
) -> Vec<Release> {
    let rows = rows.into_iter().filter(|row| is_true(row));
    rows.map(|row| row.release).collect()
}

/// A handler for which releases that read the file look elsewhere.
fn not_loaded(handler: &ListedHandler, releases: &[CheckedRelease]) -> Option<Warning> {
    let ListedHandler { name, plugin, .. } = handler;
    let is_ignored = |row: &CheckedRelease| match &row.verdict {
        Some(Verdict::Serves { handlers, .. }) => row.reads && !handlers.contains_key(name),
        _ => false,
    };
    let ignoring = releases_of(releases, is_ignored);
    let does = listed_do(&ignoring);
    let message = format!("containerd {does} not load {name} from plugins.\"{plugin}\"");
    (!ignoring.is_empty()).then(|| Warning::new("not-loaded", message))
}

/// `typed`: the handlers that have a type in some file.
fn untyped(handler: &ListedHandler, typed: &BTreeSet<&str>) -> Option<Warning> {
    let name = &handler.name;
    let has_type = typed.contains(name.as_str());
    let message =
        format!("{name} has no runtime_type: no pod can run on it (2.x gives runc its own)");
    (!has_type).then(|| Warning::new("no-runtime-type", message))
}

/// A key that no release reads so.
fn key(handler: &ListedHandler, path: &[String], value: &Value) -> Option<Warning> {
    let (name, key) = (&handler.name, render::dotted(path, Quotes::Basic));
    let Some((_, wanted)) = handler::known(path) else {
        let message =
            format!("unknown key {key} in handler {name}: no containerd release reads it");
        return Some(Warning::new("unknown-key", message));
    };
    let item = Item::Value(value.clone());
    let message = format!("{key} of {name} wants {}", wanted.text());
    (!wanted.accepts(&item)).then(|| Warning::new("wrong-type", message))
}

/// A key that releases do not read because of its case, or of another key's that they take for it.
fn case(handler: &ListedHandler, path: &[String], releases: &[CheckedRelease]) -> Option<Warning> {
    let (name, shown) = (&handler.name, render::dotted(path, Quotes::Basic));
    (1..=path.len()).find_map(|depth| {
        let (key, table) = path[..depth].split_last()?;
        let (right, _) = handler::known(&path[..depth])?;
        let beside = handler.settings.iter().filter_map(|(other, _)| {
            let (other, rest) = (other.get(depth - 1)?, &other[..depth - 1]);
            (rest == table && other.eq_ignore_ascii_case(key)).then_some(other.as_str())
        });
        let beside: Vec<&str> = beside.collect();
        let reads_other = |release| read_as(right, &beside, release).filter(|other| other != key);
        let is_unread = |row: &CheckedRelease| {
            row.reads && read_as(right, &beside, row.release) != Some(key.as_str())
        };
        let ignoring = releases_of(releases, is_unread);
        let (first, listed) = (ignoring.first()?, listed(&ignoring));
        let message = match reads_other(*first) {
            Some(other) => format!("containerd {listed} read {other} instead of {shown} of {name}"),
            None => format!(
                "{shown} of {name} is spelled {right}: containerd {listed} read no other case"
            ),
        };
        Some(Warning::new("key-case", message))
    })
}
