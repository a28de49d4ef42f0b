//! Reading what a patch file says, key by key.

use std::str::FromStr;

use toml_edit::{Item, Key, TableLike, Value};

use crate::containerd::Wanted;
use crate::error::{Code, Error, Position};
use crate::toml::render::{self, Quotes};
use crate::toml::{Document, type_name};
use crate::want::change::Change;
use crate::want::handler::{self, Handler, Preset, Setting};
use crate::want::nearest::nearest;

use super::PatchFile;

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

type Read<T> = Result<T, Error>;

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
            Error::new(Code::BadPatchFile, error.to_string(), FIX).position_at(error.at)
        })?;
        let root = Entry {
            document: &document,
            path: Vec::new(),
            key: None,
            item: document.toml.as_item(),
        };
        let mut file = Self::default();
        let change = &mut file.change;
        let mut entries = root.table()?;
        // In whatever order the tables stand, the change is the same.
        entries.sort_by_key(|entry| KEYS.iter().position(|key| *key == entry.name()));
        for entry in entries {
            match entry.name() {
                "owner" => file.owner = Some(entry.parsed()?),
                "default" => change.set_default(&entry.parsed()?),
                "handlers" => {
                    for handler in entry.table()? {
                        change.set_handler(&handler.handler()?);
                    }
                }
                "cri" => {
                    entry.read(&Wanted::cri(), change)?;
                    entry.note_places(&mut file.places)?;
                }
                "proxy_plugins" => {
                    for plugin in entry.table()? {
                        plugin.check_is_not_empty()?;
                    }
                    entry.read(&Wanted::proxy_plugins(), change)?;
                }
                "debug" => entry.read(&Wanted::debug(), change)?,
                _ => return Err(entry.unknown(&KEYS)),
            }
        }
        Ok(file)
    }
}

/// A key of the file and what stands there.
struct Entry<'d> {
    document: &'d Document,
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

    /// The entries of a table, in the order of the file.
    fn table(&self) -> Read<Vec<Self>> {
        let table = self.item.as_table_like();
        let table = table.ok_or_else(|| self.wrong_type("a table"))?;
        let below = |(name, item): (&'d str, &'d Item)| Self {
            document: self.document,
            path: self.path.iter().copied().chain([name]).collect(),
            key: table.key(name),
            item,
        };
        Ok(table.iter().map(below).collect())
    }

    fn text(&self) -> Read<&'d str> {
        let text = self.item.as_str();
        text.ok_or_else(|| self.wrong_type("a string"))
    }

    /// Reads the name of an owner or a handler.
    fn parsed<N: FromStr<Err = Error>>(&self) -> Read<N> {
        let name = self.text()?.parse();
        name.map_err(|error: Error| self.wrong_value(&error.to_string(), FIX))
    }

    fn preset(&self) -> Read<&'static Preset> {
        let name = self.text()?;
        Preset::named(name).ok_or_else(|| {
            let message = format!("no preset is called {name:?}");
            self.wrong_value(&message, &Preset::suggestion(name))
        })
    }

    /// Reads a handler.
    fn handler(&self) -> Read<Handler> {
        let name = self.name().parse();
        let name = name.map_err(|error: Error| self.wrong(&error.to_string(), error.hint()))?;
        let mut preset = None;
        let mut settings = Vec::new();
        for key in self.table()? {
            if key.name() == PRESET {
                preset = Some(key.preset()?);
            } else {
                key.read_of_handler(&mut settings)?;
            }
        }
        Handler::resolve(name, preset, settings).map_err(|error| {
            let hint = match error.code() {
                Code::NoRuntimeType => format!(
                    "say what runs it with runtime_type = \"…\", or take a preset with preset = \
                     \"…\"; {}",
                    Preset::suggestion(self.name())
                ),
                _ => FIX.to_owned(),
            };
            self.wrong(&error.to_string(), &hint)
        })
    }

    /// Reads a key of a handler, and all below it.
    fn read_of_handler(&self, settings: &mut Vec<Setting>) -> Read<()> {
        let setting = self.setting(2);
        // Options are the shim's own.
        let is_containerds = setting.path().len() == 1;
        if is_containerds && (!setting.is_known() || setting.other_case().is_some()) {
            let mut names = handler::keys();
            names.push(PRESET);
            return Err(self.unknown(&names));
        }
        if let Some(wanted) = setting.wrong_type() {
            return Err(self.wrong_type(wanted));
        }
        if !self.item.is_table_like() {
            settings.push(self.portable(setting)?);
            return Ok(());
        }
        let mut keys = self.table()?.into_iter();
        keys.try_for_each(|key| key.read_of_handler(settings))
    }

    /// Reads the keys of a table of containerd's that is no handler's.
    fn read(&self, wanted: &Wanted, change: &mut Change) -> Read<()> {
        for key in self.table()? {
            key.check_is_not_of_handlers()?;
            let Some(below) = wanted.at(key.name()) else {
                return Err(key.unknown(&wanted.names()));
            };
            if below.is_table() {
                key.read(&below, change)?;
            } else if below.accepts(key.item) {
                change.set_key(&key.portable(key.setting(0))?)?;
            } else {
                return Err(key.wrong_type(&below.text()));
            }
        }
        Ok(())
    }

    /// Notes where the keys below stand, tables too.
    fn note_places(&self, places: &mut Vec<(String, Position)>) -> Read<()> {
        for key in self.table()? {
            places.push((key.setting(1).key(), key.position(None)));
            if key.item.is_table_like() {
                key.note_places(places)?;
            }
        }
        Ok(())
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

    /// Refuses a key of CRI's plugin that a patch file has a place of its own for.
    fn check_is_not_of_handlers(&self) -> Read<()> {
        let ["cri", "containerd", name] = self.path[..] else {
            return Ok(());
        };
        let (message, place) = match name {
            "runtimes" | "default_runtime" | "untrusted_workload_runtime" => {
                ("handlers belong in [handlers]", "[handlers.NAME]")
            }
            "default_runtime_name" => (
                "the default handler belongs in default",
                "default = \"NAME\" at the top of the file",
            ),
            _ => return Ok(()),
        };
        let message = format!("{}: {message}", self.dotted());
        Err(self.wrong(&message, &format!("write {place} instead")))
    }

    fn check_is_not_empty(&self) -> Read<()> {
        if !self.item.as_table_like().is_some_and(TableLike::is_empty) {
            return Ok(());
        }
        let message = format!("{} holds no keys", self.dotted());
        Err(self.wrong(&message, "give it a type and an address, or leave it out"))
    }

    fn portable(&self, setting: Setting) -> Read<Setting> {
        let Some(reason) = setting.unportable() else {
            return Ok(setting);
        };
        let message = format!("{}: {reason}", self.dotted());
        Err(self.wrong(&message, "write it in another way"))
    }

    /// A key that is none of these names.
    fn unknown(&self, names: &[&str]) -> Error {
        let name = self.name();
        let mut cased = names.iter();
        if let Some(right) = cased.find(|known| known.eq_ignore_ascii_case(name)) {
            let message = format!("{} is spelled {right}", self.dotted());
            return self.wrong(&message, &format!("write {right}"));
        }
        let table = match self.path.split_last() {
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
        self.wrong(&message, &hint)
    }

    fn wrong_type(&self, wanted: &str) -> Error {
        let found = match type_name(self.item) {
            "an array" => "this array",
            found => found,
        };
        let message = format!("{} wants {wanted}, not {found}", self.dotted());
        self.wrong_value(&message, FIX)
    }

    /// An error at a key.
    fn wrong(&self, message: &str, hint: &str) -> Error {
        Error::new(Code::BadPatchFile, message, hint).position_at(self.position(None))
    }

    /// An error at a value, or at the key of a table.
    fn wrong_value(&self, message: &str, hint: &str) -> Error {
        let position = self.position(self.item.as_value());
        Error::new(Code::BadPatchFile, message, hint).position_at(position)
    }

    fn position(&self, value: Option<&Value>) -> Position {
        let value = value.and_then(Value::span);
        let span = value.or_else(|| self.key.and_then(Key::span));
        let offset = span.map_or_else(|| self.document.offset(&self.path), |span| span.start);
        self.document.position(offset)
    }
}
