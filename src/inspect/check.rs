//! What each containerd release makes of a config, and what a pod would stumble over later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml_edit::Value;

use crate::config::surroundings;
use crate::containerd::release::listed;
use crate::containerd::{ConfigFiles, Host, Model, Release, Verdict, version};
use crate::disk::HostRoot;
use crate::edit::inventory::{Inventory, ListedHandler};
use crate::error::Error;
use crate::error::Warning;
use crate::toml::{Document, Source};
use crate::want::handler::{Setting, shim_binary};

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
    /// What becomes of the daemon.
    pub verdict: Verdict,
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
        let source = Source::from(bytes);
        let config = source.document();
        let config = config.map_err(|error| Error::from(error.clone()).at(path))?;
        let config_version = version::of_any(config).map_err(|error| error.at(path))?;
        let main = root.absolute(path);
        let files = ConfigFiles::read(root, &main, source.clone());
        let host = Host::of(root, &files);
        let model = Model::new(&files, &host);
        let releases: Vec<CheckedRelease> = releases
            .iter()
            .map(|&release| CheckedRelease {
                release,
                reads: release.reads(config_version),
                verdict: model.verdict(release),
            })
            .collect();
        let warnings = warnings(config, &releases, root);
        Ok(Self {
            path: path.to_owned(),
            config_version,
            releases,
            warnings,
        })
    }

    /// Whether every release serves that reads the file, and at least one does.
    #[must_use]
    pub fn serves(&self) -> bool {
        let mut counted = self
            .releases
            .iter()
            .filter(|row| self.counts(row))
            .peekable();
        counted.peek().is_some() && counted.all(|row| row.verdict.serves())
    }

    /// Whether a release counts: one that was asked for alone does, whatever it reads.
    #[must_use]
    pub fn counts(&self, row: &CheckedRelease) -> bool {
        row.reads || self.releases.len() == 1
    }
}

fn warnings(config: &Document, releases: &[CheckedRelease], root: &HostRoot) -> Vec<Warning> {
    let mut programs = Programs {
        root,
        known: BTreeMap::new(),
    };
    let mut warnings = Vec::new();
    let mut inventory = Vec::new();
    if let Ok(found) = Inventory::of(config, None) {
        inventory = found.handlers;
    }
    for handler in &inventory {
        let name = &handler.name;
        let mut warn = |code, message: String| {
            warnings.push(Warning {
                code,
                message,
                at: Some(handler.at.clone()),
            });
        };
        let ignoring: Vec<Release> = releases
            .iter()
            .filter(|row| row.reads)
            .filter(|row| match &row.verdict {
                Verdict::Serves { handlers, .. } => !handlers.contains_key(name),
                _ => false,
            })
            .map(|row| row.release)
            .collect();
        if !ignoring.is_empty() {
            let verb = if ignoring.len() > 1 { "do" } else { "does" };
            warn(
                "not-loaded",
                format!(
                    "containerd {} {verb} not load {name} from plugins.\"{}\"",
                    listed(&ignoring),
                    handler.plugin
                ),
            );
        }
        runtime_type(handler, &mut programs, &mut warn);
        keys(handler, &mut programs, &mut warn);
    }
    warnings
}

fn runtime_type(
    handler: &ListedHandler,
    programs: &mut Programs<'_>,
    warn: &mut impl FnMut(&'static str, String),
) {
    let name = &handler.name;
    let kind = handler.runtime_type.as_deref().unwrap_or_default();
    if kind.is_empty() {
        let message =
            format!("{name} has no runtime_type: no pod can run on it (2.x gives runc its own)");
        warn("no-runtime-type", message);
    } else if let Some(binary) = shim_binary(kind) {
        if !programs.has(&binary) {
            let message = format!("the shim {binary} of {name} is not on this host");
            warn("missing-shim", message);
        }
    } else {
        let message = format!(
            "runtime_type {kind:?} of {name} names no shim: it wants io.containerd.NAME.v2 or an \
             absolute path"
        );
        warn("bogus-runtime-type", message);
    }
}

fn keys(
    handler: &ListedHandler,
    programs: &mut Programs<'_>,
    warn: &mut impl FnMut(&'static str, String),
) {
    let name = &handler.name;
    for (path, value) in &handler.settings {
        let setting = Setting::new(path, value.clone());
        if !setting.is_known() {
            warn(
                "unknown-key",
                format!(
                    "unknown key {} in handler {name}: no containerd release reads it",
                    setting.key()
                ),
            );
        } else if let Some(right) = setting.other_case() {
            let message = format!(
                "{} of {name} is spelled {right}: containerd 1.x and the shims mind the case",
                setting.key()
            );
            warn("key-case", message);
        } else if let Some(wanted) = setting.wrong_type() {
            warn(
                "wrong-type",
                format!("{} of {name} wants {wanted}", setting.key()),
            );
        }
        if let (["options", "BinaryName"], Value::String(binary)) = (
            path.iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
            value,
        ) {
            let binary = binary.value();
            if !binary.is_empty() && !programs.has(binary) {
                warn(
                    "missing-binary",
                    format!("{binary} of {name} is not on this host"),
                );
            }
        }
    }
}

/// The programs of the host, each looked for once.
struct Programs<'r> {
    root: &'r HostRoot,
    known: BTreeMap<String, bool>,
}

impl Programs<'_> {
    fn has(&mut self, name: &str) -> bool {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let found = surroundings::is_program(self.root, name);
        self.known.insert(name.to_owned(), found);
        found
    }
}
