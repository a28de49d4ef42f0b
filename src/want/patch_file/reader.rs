//! Reading what a patch file says, key by key.

use std::str::FromStr;

use crate::error::{Code, Error, Position};
use crate::toml::{Document, Value};
use crate::want::change::Change;
use crate::want::handler::{Handler, Preset, Setting};
use crate::want::known::{PRESET, SHORT_FORMS};
use crate::want::mistake::{self, FIX, OfValue};
use crate::want::statements::Statements;

use super::PatchFile;

type Read<T> = Result<T, Error>;

impl PatchFile {
    /// Reads the bytes of a patch file. One that says nothing is none the worse for that.
    ///
    /// # Errors
    ///
    /// [`Code::BadPatchFile`], with the position, if the bytes are not TOML, if a key is not one that containerd reads in
    /// its place (below a handler's `options`, any is), if a value is not of its type, can't be parsed
    /// by some containerd release, or names no owner, handler or preset, or if two spellings of a key
    /// have different values.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document = Document::parse(bytes).map_err(|error| {
            Error::new(Code::BadPatchFile, error.to_string(), "fix this line").position_at(error.at)
        })?;
        let root = Entry {
            document: &document,
            path: Vec::new(),
            value: document.root(),
        };
        let mut change = Change::new();
        let mut entries = root.table()?;
        // In whatever order the tables stand, the change is the same.
        entries.sort_by_key(|entry| {
            let form = SHORT_FORMS.iter().position(|form| *form == entry.name());
            form.unwrap_or(SHORT_FORMS.len())
        });
        for entry in entries {
            match entry.name() {
                "owner" => change = change.owner(entry.parsed()?),
                "default" => {
                    change.set_default(&entry.parsed()?);
                    entry.state(&mut change.keys)?;
                }
                "handlers" => {
                    for handler in entry.table()? {
                        let handler = handler.handler(&mut change.keys)?;
                        change.set_handler(&handler);
                    }
                }
                _ => {
                    let settings = entry.settings(0, &mut change.keys)?;
                    for setting in &settings {
                        change.set_key(setting);
                    }
                }
            }
        }
        Ok(Self { change })
    }
}

/// A key of the file and what stands there.
struct Entry<'d> {
    document: &'d Document,
    path: Vec<&'d str>,
    value: &'d Value,
}

impl<'d> Entry<'d> {
    fn name(&self) -> &'d str {
        self.path.last().copied().unwrap_or_default()
    }

    /// The entries of a table, in the order of the file.
    fn table(&self) -> Read<Vec<Self>> {
        if !self.value.is_table() {
            return Err(self.wrong_type("a table"));
        }
        let below = |(name, value): (&'d str, &'d Value)| Self {
            document: self.document,
            path: self.path.iter().copied().chain([name]).collect(),
            value,
        };
        Ok(self.value.entries().into_iter().map(below).collect())
    }

    fn text(&self) -> Read<&'d str> {
        let text = self.value.as_str();
        text.ok_or_else(|| self.wrong_type("a string"))
    }

    /// Reads the name of an owner or a handler.
    fn parsed<N: FromStr<Err = Error>>(&self) -> Read<N> {
        let name = self.text()?.parse();
        name.map_err(|error: Error| self.mistaken(&mistake::of_value(error.to_string(), FIX)))
    }

    fn preset(&self) -> Read<&'static Preset> {
        let name = self.text()?;
        Preset::named(name).ok_or_else(|| {
            let message = format!("no preset is called {name:?}");
            self.mistaken(&mistake::of_value(message, Preset::suggestion(name)))
        })
    }

    /// Reads a handler.
    fn handler(&self, statements: &mut Statements) -> Read<Handler> {
        let name = self.name().parse();
        let name = name.map_err(|error: Error| self.mistaken(&error))?;
        let mut preset = None;
        let mut settings = Vec::new();
        for key in self.table()? {
            if key.name() == PRESET {
                preset = Some(key.preset()?);
                key.state(statements)?;
            } else {
                settings.extend(key.settings(2, statements)?);
            }
        }
        // The settings are right: what may be missing is what runs it.
        Handler::resolve(name, preset, settings).map_err(|error| {
            let hint = format!(
                "say what runs it with runtime_type = \"…\", or take a preset with preset = \"…\"; {}",
                Preset::suggestion(self.name())
            );
            self.mistaken(&error.with_hint(hint))
        })
    }

    /// Reads a key and all below it, as settings of the table that is `depth` segments down.
    fn settings(&self, depth: usize, statements: &mut Statements) -> Read<Vec<Setting>> {
        let given = self.path.len() - 1;
        let checked = mistake::check(&self.path, self.value, given);
        checked.map_err(|error| self.mistaken(&error))?;
        if !self.value.is_table() {
            self.state(statements)?;
            let setting = Setting::new(&self.path[depth..], self.value.clone());
            return Ok(vec![setting]);
        }
        let mut settings = Vec::new();
        for key in self.table()? {
            settings.extend(key.settings(depth, statements)?);
        }
        Ok(settings)
    }

    /// Enters what the file says of the key.
    fn state(&self, statements: &mut Statements) -> Read<()> {
        let setting = Setting::new(&self.path, self.value.clone());
        statements.enter(setting, Some(&self.position(false)))
    }

    /// A value of another type.
    fn wrong_type(&self, wanted: &str) -> Error {
        self.mistaken(&mistake::of_type(&self.path, self.value, wanted))
    }

    /// What is wrong, at the value, or else at the key.
    fn mistaken(&self, error: &Error) -> Error {
        let position = self.position(error.detail::<OfValue>().is_some());
        Error::new(Code::BadPatchFile, error.to_string(), error.hint()).position_at(position)
    }

    /// Where the key stands, or its value.
    fn position(&self, of_value: bool) -> Position {
        let value = self.document.value(&self.path).filter(|_| of_value);
        let offset = value.map_or(self.value.place.offset, |span| span.start);
        self.document.position(offset)
    }
}
