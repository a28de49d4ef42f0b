//! The handlers that containerd loads from a config and all that it imports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::containerd::{ConfigFiles, Host, Merged, Model, Release, Verdict, plugin};
use crate::disk::HostRoot;
use crate::edit::inventory::{Inventory, ListedHandler};
use crate::error::Error;
use crate::ledger::Ledger;
use crate::toml::Source;

/// The handlers of a config as the releases see it that read it.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The config version of the main file, 0 if it has none.
    pub version: i64,
    /// The releases that read a file of this version, of those that were asked for.
    pub releases: Vec<Release>,
    /// The handlers: those of the main file in its order, then those of drop-ins, then the
    /// built-in one.
    pub handlers: Vec<EffectiveHandler>,
}

/// A handler, where it comes from, and which releases load it from there.
#[derive(Debug, Clone)]
pub struct EffectiveHandler {
    /// The handler's name.
    pub name: String,
    /// The file that lists it; `None` for containerd's built-in `runc`.
    pub file: Option<PathBuf>,
    /// What that file says of it; `None` for the built-in `runc`.
    pub listed: Option<ListedHandler>,
    /// The shim that runs its pods, as containerd sees it; empty if none is set.
    pub runtime_type: String,
    /// The releases that load it.
    pub releases: Vec<Release>,
    /// The releases for which it is the default.
    pub default_on: Vec<Release>,
    /// The releases that merge what this file says of it into what another one says: 2.x does.
    pub merged_on: Vec<Release>,
    /// Its keys as the newest of the releases reads them, dotted for those of its tables: those of
    /// the file first, then what other files add. Empty for the built-in `runc`.
    pub settings: Vec<(Vec<String>, toml_edit::Value)>,
}

impl Effective {
    /// Works out what the releases make of the config at `path`.
    ///
    /// `plugin_id` also takes in the handlers of a plugin table that is not known here. `root` is
    /// where the host's files are, `ledger` says whose handlers are.
    ///
    /// # Errors
    ///
    /// [`Code::NotToml`](crate::Code::NotToml) if the main file is no TOML, and [`Code::WrongType`](crate::Code::WrongType) if its version is no
    /// integer, or is not known and `plugin_id` is not given.
    pub fn of(
        path: &Path,
        bytes: &[u8],
        releases: &[Release],
        plugin_id: Option<&str>,
        root: &HostRoot,
        ledger: &Ledger,
    ) -> Result<Self, Error> {
        let source = Source::from(bytes);
        let config = source.document();
        let config = config.map_err(|error| Error::from(error.clone()).at(path))?;
        let mut own = Inventory::of(config, plugin_id).map_err(|error| error.at(path))?;
        let main = root.absolute(path);
        let files = ConfigFiles::read(root, &main, source.clone());
        let host = Host::of(root, &files);
        let model = Model::new(&files, &host);

        let mut handlers: Vec<EffectiveHandler> = Vec::new();
        let mut add = |file: Option<&Path>, listed: Option<&ListedHandler>, name: &str| {
            handlers.push(EffectiveHandler {
                name: name.to_owned(),
                file: file.map(Path::to_owned),
                listed: listed.cloned(),
                runtime_type: listed
                    .and_then(|listed| listed.runtime_type.clone())
                    .unwrap_or_default(),
                releases: Vec::new(),
                default_on: Vec::new(),
                merged_on: Vec::new(),
                settings: listed.map_or_else(Vec::new, |listed| listed.settings.clone()),
            });
        };
        let folder = main.parent().unwrap_or(Path::new("/"));
        let name_of = |path: &Path| {
            let name = path.strip_prefix(folder).unwrap_or(path);
            name.to_string_lossy().into_owned()
        };
        for listed in &mut own.handlers {
            listed.ask(ledger, &name_of(&main));
            add(Some(&main), Some(listed), &listed.name);
        }
        for (path, mut inventory) in drop_ins(&files) {
            for listed in &mut inventory.handlers {
                listed.ask(ledger, &name_of(path));
                add(Some(path), Some(listed), &listed.name);
            }
        }
        add(None, None, "runc");

        let mut index: BTreeMap<(Option<PathBuf>, String, usize), usize> = BTreeMap::new();
        for (number, handler) in handlers.iter().enumerate() {
            let line = handler.listed.as_ref().map_or(0, |listed| listed.at.line);
            index.insert((handler.file.clone(), handler.name.clone(), line), number);
        }
        let releases: Vec<Release> = releases
            .iter()
            .copied()
            .filter(|release| release.reads(own.version))
            .collect();
        for &release in &releases {
            let verdict = model.verdict(release);
            let Verdict::Serves {
                handlers: loaded,
                default,
            } = &verdict
            else {
                continue;
            };
            let positions = model.positions(loaded);
            for (name, handler) in loaded {
                let (file, line) = match positions.get(name.as_str()) {
                    Some((file, at)) => (Some((*file).to_owned()), at.line),
                    None => (None, 0),
                };
                // A spelling whose first line is another one: the handler's first place will do.
                let number = index.get(&(file.clone(), name.clone(), line)).copied();
                let number = number.or_else(|| {
                    let mut all = handlers.iter();
                    all.position(|known| known.name == *name && known.file == file)
                });
                if let Some(known) = number.and_then(|number| handlers.get_mut(number)) {
                    known.releases.push(release);
                    known.runtime_type.clone_from(&handler.runtime_type);
                    if default == name {
                        known.default_on.push(release);
                    }
                }
            }
        }
        if let Some(merged) = Some(&files)
            .filter(|files| files.len() > 1)
            .and_then(Merged::of)
        {
            merge(&mut handlers, &merged);
        }
        handlers.retain(|handler| handler.file.is_some() || !handler.releases.is_empty());
        Ok(Self {
            version: own.version,
            releases,
            handlers,
        })
    }
}

/// Says which handlers of several files are one on 2.x, and what that is.
fn merge(handlers: &mut [EffectiveHandler], merged: &Merged) {
    for number in 0..handlers.len() {
        let handler = &handlers[number];
        let merging = handler.releases.iter().filter(|release| !release.is_1x());
        let merging: Vec<Release> = merging.copied().collect();
        let Some(listed) = handler.listed.as_ref().filter(|_| !merging.is_empty()) else {
            continue;
        };
        let [plugins, id, containerd, runtimes] = plugin::runtimes_path(&listed.plugin);
        let path = [plugins, id, containerd, runtimes, &handler.name];
        let sources = merged.sources(&path);
        let (name, own) = (handler.name.clone(), handler.file.clone());
        if !sources.iter().any(|file| Some(file) != own.as_ref()) {
            continue;
        }
        let mut below = merged.values_below(&path);
        let mut settings = Vec::new();
        for (key, _) in &listed.settings {
            if let Some(found) = below.iter().position(|(known, _)| known == key) {
                settings.push(below.remove(found));
            }
        }
        settings.extend(below);
        handlers[number].settings = settings;
        for other in handlers.iter_mut().filter(|other| other.name == name) {
            let is_merged = other
                .file
                .as_ref()
                .is_some_and(|file| sources.contains(file));
            if is_merged && other.file != own {
                other.merged_on.extend(&merging);
            }
        }
    }
}

/// What the imported files list.
fn drop_ins(files: &ConfigFiles) -> Vec<(&Path, Inventory)> {
    let listed = files.imported().filter_map(|(path, source)| {
        let config = source.document().ok()?;
        Some((path, Inventory::of(config, None).ok()?))
    });
    listed.collect()
}
