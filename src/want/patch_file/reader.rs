//! Reading what a patch file says, key by key.

use std::str::FromStr;

use toml_edit::{Item, Key, TableLike, Value};

use crate::containerd::Wanted;
use crate::error::{Code, Error, Position};
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, type_name};
use crate::want::handler::{self, Handler, HandlerName, Preset, Setting};

use super::PatchFile;
use crate::want::nearest::nearest;

const KEYS: [&str; 6] = [
    "owner",
    "default",
    "handlers",
    "cri",
    "proxy_plugins",
    "debug",
];
/// The key of a handler that is not containerd's.
const PRESET: &str = "preset";
const FIX: &str = "fix this line";
/// So many names of keys are listed to people.
const MOST_NAMES: usize = 20;

/// The keys below CRI's plugin table that say something of handlers, and what says it here.
const OF_HANDLERS: &[(&[&str], &str)] = &[
    (&["containerd", "runtimes"], "[handlers.NAME]"),
    (&["containerd", "default_runtime"], "[handlers.NAME]"),
    (
        &["containerd", "untrusted_workload_runtime"],
        "[handlers.NAME]",
    ),
    (
        &["containerd", "default_runtime_name"],
        "default = \"NAME\" at the top of the file",
    ),
];

/// A key of the file and what stands there.
struct Entry<'d> {
    path: Vec<&'d str>,
    key: Option<&'d Key>,
    item: &'d Item,
}

impl<'d> Entry<'d> {
    fn name(&self) -> &'d str {
        self.path.last().copied().unwrap_or_default()
    }

    fn dotted(&self) -> String {
        render::dotted(&self.path, Quotes::Basic)
    }

    /// What stands there as a setting of the table that is `depth` segments down.
    fn setting(&self, depth: usize) -> Setting {
        let value = match self.item {
            Item::Value(value) => value.clone(),
            // What stands in the table is a setting of its own.
            Item::Table(_) | Item::None => Value::InlineTable(toml_edit::InlineTable::new()),
            Item::ArrayOfTables(array) => Value::Array(array.clone().into_array()),
        };
        Setting::new(&self.path[depth..], value)
    }
}

impl PatchFile {
    /// Reads the bytes of a patch file. One that says nothing is none the worse for that.
    ///
    /// # Errors
    ///
    /// [`Code::BadPatchFile`], with the position, if the bytes are not TOML, if a key is not one that containerd reads in
    /// its place (below a handler's `options`, any is), or if a value is not of its type, can't be
    /// parsed by some containerd release, or names no owner, handler or preset.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document = Document::parse(bytes).map_err(|error| {
            Error::new(Code::BadPatchFile, error.to_string(), "fix this line").position_at(error.at)
        })?;
        Reader {
            document: &document,
        }
        .file()
    }
}

type Read<T> = Result<T, Error>;

/// Reads one patch file.
struct Reader<'d> {
    document: &'d Document,
}

impl<'d> Reader<'d> {
    /// Reads the whole file.
    fn file(&self) -> Read<PatchFile> {
        let mut file = PatchFile::default();
        let root = Entry {
            path: Vec::new(),
            key: None,
            item: self.document.toml.as_item(),
        };
        for entry in self.table(&root)? {
            match entry.name() {
                "owner" => file.owner = Some(self.name(&entry)?),
                "default" => file.default = Some(self.name(&entry)?),
                "handlers" => {
                    for handler in self.table(&entry)? {
                        file.handlers.push(self.handler(&handler)?);
                    }
                }
                "cri" => {
                    self.settings(&entry, &Wanted::cri(), &mut file.cri)?;
                    self.places(&entry, &mut file.places)?;
                }
                "proxy_plugins" => {
                    for plugin in self.table(&entry)? {
                        self.not_empty(&plugin)?;
                    }
                    let wanted = Wanted::proxy_plugins();
                    self.settings(&entry, &wanted, &mut file.proxy_plugins)?;
                }
                "debug" => self.settings(&entry, &Wanted::debug(), &mut file.debug)?,
                _ => return Err(self.unknown(&entry, &KEYS)),
            }
        }
        Ok(file)
    }

    /// Reads one handler.
    fn handler(&self, entry: &Entry<'d>) -> Read<Handler> {
        let name: HandlerName = entry
            .name()
            .parse()
            .map_err(|error: Error| self.wrong(entry, &error.to_string(), error.hint()))?;
        let mut preset = None;
        let mut settings = Vec::new();
        for key in self.table(entry)? {
            if key.name() == PRESET {
                preset = Some(self.preset(&key)?);
            } else {
                self.handler_settings(&key, &mut settings)?;
            }
        }
        Handler::resolve(name, preset, settings).map_err(|error| {
            let hint = match error.code() {
                Code::NoRuntimeType => format!(
                    "say what runs it with runtime_type = \"…\", or take a preset with preset = \
                     \"…\" ({})",
                    Preset::names()
                ),
                _ => FIX.to_owned(),
            };
            self.wrong(entry, &error.to_string(), &hint)
        })
    }

    /// Reads a key of a handler, and all below it.
    fn handler_settings(&self, entry: &Entry<'d>, settings: &mut Vec<Setting>) -> Read<()> {
        let setting = entry.setting(2);
        // Options are the shim's own.
        let is_containerds = setting.path().len() == 1;
        if is_containerds && (!setting.is_known() || setting.other_case().is_some()) {
            let names: Vec<&str> = handler::keys().chain([PRESET]).collect();
            return Err(self.unknown(entry, &names));
        }
        if let Some(wanted) = setting.wrong_type() {
            return Err(self.wrong_type(entry, wanted));
        }
        if entry.item.is_table_like() {
            for key in self.table(entry)? {
                self.handler_settings(&key, settings)?;
            }
        } else {
            settings.push(self.portable(entry, setting)?);
        }
        Ok(())
    }

    /// Reads the keys of a table of containerd's that is no handler's.
    fn settings(
        &self,
        entry: &Entry<'d>,
        wanted: &Wanted,
        settings: &mut Vec<Setting>,
    ) -> Read<()> {
        for key in self.table(entry)? {
            self.check_of_handlers(&key)?;
            let Some(below) = wanted.at(key.name()) else {
                return Err(self.unknown(&key, &wanted.names()));
            };
            if below.is_table() {
                self.settings(&key, &below, settings)?;
            } else if below.accepts(key.item) {
                settings.push(self.portable(&key, key.setting(1))?);
            } else {
                return Err(self.wrong_type(&key, &below.text()));
            }
        }
        Ok(())
    }

    /// Where the keys below stand, tables too.
    fn places(&self, entry: &Entry<'d>, places: &mut Vec<(String, Position)>) -> Read<()> {
        for key in self.table(entry)? {
            places.push((key.setting(1).key(), self.position(&key, None)));
            if key.item.is_table_like() {
                self.places(&key, places)?;
            }
        }
        Ok(())
    }

    /// Refuses a key of CRI's plugin that a patch file has a place of its own for.
    fn check_of_handlers(&self, entry: &Entry<'_>) -> Read<()> {
        let ["cri", path @ ..] = entry.path.as_slice() else {
            return Ok(());
        };
        let mut others = OF_HANDLERS.iter();
        let Some((_, place)) = others.find(|(other, _)| *other == path) else {
            return Ok(());
        };
        let message = if entry.name() == "default_runtime_name" {
            "the default handler belongs in default"
        } else {
            "handlers belong in [handlers]"
        };
        let hint = format!("write {place} instead");
        Err(self.wrong(entry, &format!("{}: {message}", entry.dotted()), &hint))
    }

    fn preset(&self, entry: &Entry<'_>) -> Read<&'static Preset> {
        let name = self.text(entry)?;
        Preset::named(name).ok_or_else(|| {
            let message = format!("no preset is called {name:?}");
            let hint = format!("the presets are {}", Preset::names());
            self.wrong_value(entry, &message, &hint)
        })
    }

    /// Reads the name of an owner or a handler.
    fn name<N: FromStr<Err = Error>>(&self, entry: &Entry<'_>) -> Read<N> {
        let name = self.text(entry)?;
        name.parse()
            .map_err(|error: Error| self.wrong_value(entry, &error.to_string(), FIX))
    }

    fn text<'e>(&self, entry: &Entry<'e>) -> Read<&'e str> {
        let text = entry.item.as_str();
        text.ok_or_else(|| self.wrong_type(entry, "a string"))
    }

    /// The entries of a table, in the order of the file.
    fn table(&self, entry: &Entry<'d>) -> Read<Vec<Entry<'d>>> {
        let Some(table) = entry.item.as_table_like() else {
            return Err(self.wrong_type(entry, "a table"));
        };
        let below = |(name, item): (&'d str, &'d Item)| {
            let mut path = entry.path.clone();
            path.push(name);
            let key = table.key(name);
            Entry { path, key, item }
        };
        Ok(table.iter().map(below).collect())
    }

    fn not_empty(&self, entry: &Entry<'_>) -> Read<()> {
        if !entry.item.as_table_like().is_some_and(TableLike::is_empty) {
            return Ok(());
        }
        let message = format!("{} holds no keys", entry.dotted());
        let hint = "give it a type and an address, or leave it out";
        Err(self.wrong(entry, &message, hint))
    }

    fn portable(&self, entry: &Entry<'_>, setting: Setting) -> Read<Setting> {
        match setting.unportable() {
            Some(reason) => {
                let message = format!("{}: {reason}", entry.dotted());
                Err(self.wrong(entry, &message, "write it in another way"))
            }
            None => Ok(setting),
        }
    }

    /// A key that is none of these names.
    fn unknown(&self, entry: &Entry<'_>, names: &[&str]) -> Error {
        let key = entry.dotted();
        let name = entry.name();
        let mut cased = names
            .iter()
            .filter(|known| known.eq_ignore_ascii_case(name));
        if let Some(right) = cased.next() {
            let message = format!("{key} is spelled {right}");
            return self.wrong(entry, &message, &format!("write {right}"));
        }
        let table = match entry.path.split_last() {
            Some((_, table @ [_, ..])) => render::dotted(table, Quotes::Basic),
            _ => "a patch file".to_owned(),
        };
        let message = format!("{table} takes no key {}", render::key(name, Quotes::Basic));
        let hint = match nearest(name, names) {
            Some(meant) => format!("did you mean {meant}?"),
            None if names.len() <= MOST_NAMES => format!("the keys are {}", names.join(", ")),
            None => "`containerd config default` of 2.x shows the keys, at \
                     [plugins.\"io.containerd.cri.v1.runtime\"], that of 1.x at \
                     [plugins.\"io.containerd.grpc.v1.cri\"]"
                .to_owned(),
        };
        self.wrong(entry, &message, &hint)
    }

    fn wrong_type(&self, entry: &Entry<'_>, wanted: &str) -> Error {
        let found = match type_name(entry.item) {
            "an array" => "this array",
            found => found,
        };
        let message = format!("{} wants {wanted}, not {found}", entry.dotted());
        self.wrong_value(entry, &message, FIX)
    }

    /// An error at a key.
    fn wrong(&self, entry: &Entry<'_>, message: &str, hint: &str) -> Error {
        bad(message, hint, self.position(entry, None))
    }

    /// An error at a value, or at the key of a table.
    fn wrong_value(&self, entry: &Entry<'_>, message: &str, hint: &str) -> Error {
        bad(message, hint, self.position(entry, entry.item.as_value()))
    }

    fn position(&self, entry: &Entry<'_>, value: Option<&Value>) -> Position {
        let value = value.and_then(Value::span);
        let span = value.or_else(|| entry.key.and_then(Key::span));
        let offset = span.map_or_else(|| self.document.offset(&entry.path), |span| span.start);
        self.document.position(offset)
    }
}

fn bad(message: &str, hint: &str, at: Position) -> Error {
    Error::new(Code::BadPatchFile, message, hint).position_at(at)
}
