//! The handlers that containerd loads from a config and all that it imports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::commit::editor::Editor;
use crate::containerd::{ConfigFiles, Model, Release, Verdict};
use crate::error::{Error, Position};
use crate::toml::Value;
use crate::want::key::handler_path;

use super::inventory::Inventory;
use super::opened::Opened;

/// The handlers of a config as the releases see it that read it.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The config's path as it was given.
    pub path: PathBuf,
    /// The config version of the main file, 0 if it has none.
    pub version: i64,
    /// The releases that read a file of this version, of those that were asked for.
    pub releases: Vec<Release>,
    /// Why no owner is known: the ledger can't be read.
    pub ledger_error: Option<String>,
    /// The handlers: those of the main file in its order, then those of drop-ins, then the
    /// built-in one.
    pub handlers: Vec<EffectiveHandler>,
}

/// A handler, where it comes from, and which releases load it from there.
#[derive(Debug, Clone, Default)]
pub struct EffectiveHandler {
    /// The handler's name.
    pub name: String,
    /// Where it is listed; `None` for containerd's built-in `runc`.
    pub place: Option<HandlerPlace>,
    /// The installer that it belongs to, by the ledger.
    pub owner: Option<String>,
    /// Whether it is there only because containerd 1.x needs it beside another one.
    pub is_implied: bool,
    /// The shim that runs its pods, as containerd sees it; `None` if none is set.
    pub runtime_type: Option<String>,
    /// The releases that load it.
    pub releases: Vec<Release>,
    /// The releases for which it is the default.
    pub default_on: Vec<Release>,
    /// The releases that merge what this file says of it into what another one says: 2.x does.
    pub merged_on: Vec<Release>,
    /// Its keys as the newest of the releases reads them, dotted for those of its tables: those of
    /// the file first, then what other files add. Empty for the built-in `runc`.
    pub settings: Vec<(Vec<String>, Value)>,
}

/// Where a handler is listed.
#[derive(Debug, Clone)]
pub struct HandlerPlace {
    /// The file: the config by the path that was given, another one by its path on the host.
    pub file: PathBuf,
    /// The ID of the plugin table.
    pub plugin: String,
    /// Where it first stands in the file.
    pub at: Position,
}

impl Editor {
    /// Works out which handlers the editor's releases load, and to which owner each belongs.
    ///
    /// `plugin_id` narrows the main file's handlers to those of one plugin table, which may be one that
    /// is not known here.
    ///
    /// # Errors
    ///
    /// As of [`Editor::check`], and [`Code::UnknownVersion`](crate::Code::UnknownVersion) if the config's
    /// version is not known and `plugin_id` is not given.
    pub fn effective(&self, plugin_id: Option<&str>) -> Result<Effective, Error> {
        let path = self.started_with();
        let opened = Opened::of(self, self.existing_source()?)?;
        let (ledger, ledger_error) = self.seen_ledger();
        let own = Inventory::of(&opened.config, plugin_id).map_err(|error| error.at(path))?;
        let (files, model) = (&opened.files, opened.model());
        let main = files.main();
        let version = own.version;
        let releases = model.reading(self.releases.as_slice(), version);
        let mut handlers = Vec::new();
        for (file, inventory) in [(main, own)].into_iter().chain(drop_ins(files)) {
            let names = self.names_in_ledger(&ledger, file);
            let whole = (file == main).then(|| Inventory::of(&opened.config, None).ok());
            let whole = whole
                .flatten()
                .unwrap_or_else(|| inventory.clone())
                .handlers;
            for listed in inventory.handlers {
                let key = handler_path(&listed.name);
                let name = ledger.file_with(&names, &key);
                let tables = whole.iter().filter(|it| it.name == listed.name);
                let tables: Vec<&str> = tables.map(|it| &*it.plugin).collect();
                let table = ledger.table_of(name, inventory.version, &tables);
                let is_there = table == Some(&*listed.plugin);
                let owner = ledger.owner_in_file(name, &key).filter(|_| is_there);
                handlers.push(EffectiveHandler {
                    owner: owner.map(str::to_owned),
                    is_implied: is_there && ledger.is_implied_in(name, &key),
                    place: Some(HandlerPlace {
                        file: file.to_owned(),
                        plugin: listed.plugin,
                        at: listed.at,
                    }),
                    name: listed.name,
                    runtime_type: listed.runtime_type,
                    settings: listed.settings,
                    ..EffectiveHandler::default()
                });
            }
        }
        handlers.push(EffectiveHandler {
            name: "runc".to_owned(),
            ..EffectiveHandler::default()
        });
        let named = by_name(&handlers);
        let has_others = files.files.len() > 1;
        for &release in &releases {
            note_loaded(&mut handlers, &named, &model, release, has_others);
        }
        handlers.retain(|handler| handler.place.is_some() || !handler.releases.is_empty());
        let places = handlers.iter_mut().filter_map(|it| it.place.as_mut());
        for place in places.filter(|place| place.file == main) {
            path.clone_into(&mut place.file);
        }
        Ok(Effective {
            path: path.to_owned(),
            version,
            releases,
            ledger_error,
            handlers,
        })
    }
}

impl EffectiveHandler {
    fn file(&self) -> Option<&Path> {
        self.place.as_ref().map(|place| &*place.file)
    }
}

/// What the imported files list.
fn drop_ins(files: &ConfigFiles) -> impl Iterator<Item = (&Path, Inventory)> {
    files.imported().filter_map(|(path, source)| {
        let config = source.document().ok()?;
        Some((path, Inventory::of(config, None).ok()?))
    })
}

/// The numbers of the handlers of each name.
type Named = BTreeMap<String, Vec<usize>>;

fn by_name(handlers: &[EffectiveHandler]) -> Named {
    let mut named = Named::new();
    for (number, handler) in handlers.iter().enumerate() {
        let numbers = named.entry(handler.name.clone()).or_default();
        numbers.push(number);
    }
    named
}

/// Notes what a release has loaded, each where it comes from. `is_split`: whether there are several
/// files, of which 2.x makes one handler.
fn note_loaded(
    handlers: &mut [EffectiveHandler],
    named: &Named,
    model: &Model<'_>,
    release: Release,
    is_split: bool,
) {
    let Verdict::Serves {
        handlers: loaded,
        default,
    } = model.verdict(release)
    else {
        return;
    };
    let joins = is_split && !release.is_1x();
    let merged = joins.then(|| model.config_in(release)).flatten();
    for (name, handler) in &loaded {
        let (file, at) = model.position_of(handler).unzip();
        let line = at.map(|at| at.line);
        let listed = named.get(name).into_iter().flatten().copied();
        let here = listed.clone();
        let here = here.filter(|&number| handlers[number].file() == file);
        // A spelling whose first line is another one: the handler's first place will do.
        let line_of = |number: usize| Some(handlers[number].place.as_ref()?.at.line);
        let Some(number) = here.min_by_key(|&number| line_of(number) != line) else {
            continue;
        };
        let known = &mut handlers[number];
        known.releases.push(release);
        known.runtime_type = Some(handler.runtime_type.clone()).filter(|kind| !kind.is_empty());
        if default == *name {
            known.default_on.push(release);
        }
        let Some((merged, file)) = merged.as_ref().zip(file) else {
            continue;
        };
        let path = handler_path(name);
        let sources = merged.sources(&path, model);
        if sources.iter().all(|it| *it == file) {
            continue;
        }
        let value = merged.value(&path);
        let mut settings = value.as_ref().map_or_else(Vec::new, Value::leaves);
        settings.sort_by_key(|(key, _)| {
            let mut own_keys = known.settings.iter();
            let rank = own_keys.position(|(own, _)| own == key);
            rank.unwrap_or(usize::MAX)
        });
        known.settings = settings;
        for number in listed {
            let other = handlers[number].file();
            if other.is_some_and(|it| it != file && sources.contains(it)) {
                handlers[number].merged_on.push(release);
            }
        }
    }
}
