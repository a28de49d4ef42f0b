//! Reading what a patch file says, key by key.

use std::str::FromStr;

use crate::error::{Code, Error, Position};
use crate::toml::{Document, Value};
use crate::want::handler::{Handler, Preset, Setting};
use crate::want::known::{PRESET, SHORT_FORMS};
use crate::want::mistake::{self, FIX, Mistake};

use super::PatchFile;
use crate::want::statements::Statements;

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
        let mut file = Self::default();
        let change = &mut file.change;
        let mut entries = root.table()?;
        // In whatever order the tables stand, the change is the same.
        entries.sort_by_key(|entry| {
            let form = SHORT_FORMS.iter().position(|form| *form == entry.name());
            form.unwrap_or(SHORT_FORMS.len())
        });
        for entry in entries {
            match entry.name() {
                "owner" => file.owner = Some(entry.parsed()?),
                "default" => {
                    change.set_default(&entry.parsed()?);
                    entry.state(&mut file.statements)?;
                }
                "handlers" => {
                    for handler in entry.table()? {
                        change.set_handler(&handler.handler(&mut file.statements)?);
                    }
                }
                _ => {
                    let mut settings = Vec::new();
                    entry.read(0, &mut settings, &mut file.statements)?;
                    for setting in &settings {
                        change.set_key(setting);
                    }
                }
            }
        }
        Ok(file)
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
        name.map_err(|error: Error| self.mistaken(Mistake::of_value(error.to_string(), FIX)))
    }

    fn preset(&self) -> Read<&'static Preset> {
        let name = self.text()?;
        Preset::named(name).ok_or_else(|| {
            let message = format!("no preset is called {name:?}");
            self.mistaken(Mistake::of_value(message, Preset::suggestion(name)))
        })
    }

    /// Reads a handler.
    fn handler(&self, statements: &mut Statements) -> Read<Handler> {
        let name = self.name().parse();
        let name = name.map_err(|error: Error| {
            self.mistaken(Mistake::of_key(error.to_string(), error.hint()))
        })?;
        let mut preset = None;
        let mut settings = Vec::new();
        for key in self.table()? {
            if key.name() == PRESET {
                preset = Some(key.preset()?);
                key.state(statements)?;
            } else {
                key.read(2, &mut settings, statements)?;
            }
        }
        // The settings are right: what may be missing is what runs it.
        Handler::resolve(name, preset, settings).map_err(|error| {
            let hint = format!(
                "say what runs it with runtime_type = \"…\", or take a preset with preset = \"…\"; {}",
                Preset::suggestion(self.name())
            );
            self.mistaken(Mistake::of_key(error.to_string(), hint))
        })
    }

    /// Reads a key and all below it, as settings of the table that is `depth` segments down.
    fn read(
        &self,
        depth: usize,
        settings: &mut Vec<Setting>,
        statements: &mut Statements,
    ) -> Read<()> {
        let given = self.path.len() - 1;
        if let Some(mistake) = mistake::find(&self.path, self.value, given) {
            return Err(self.mistaken(mistake));
        }
        if !self.value.is_table() {
            self.state(statements)?;
            settings.push(Setting::new(&self.path[depth..], self.value.clone()));
            return Ok(());
        }
        let mut keys = self.table()?.into_iter();
        keys.try_for_each(|key| key.read(depth, settings, statements))
    }

    /// Enters what the file says of the key.
    fn state(&self, statements: &mut Statements) -> Read<()> {
        statements.enter(&self.path, self.value, self.position(false))
    }

    /// A value of another type.
    fn wrong_type(&self, wanted: &str) -> Error {
        self.mistaken(Mistake::of_type(&self.path, self.value, wanted))
    }

    /// The error of a mistake, at the value, or else at the key.
    fn mistaken(&self, mistake: Mistake) -> Error {
        let error = Error::new(Code::BadPatchFile, mistake.message, mistake.hint);
        error.position_at(self.position(mistake.is_of_value))
    }

    /// Where the key stands, or its value.
    fn position(&self, of_value: bool) -> Position {
        let value = self.document.value(&self.path).filter(|_| of_value);
        let offset = value.map_or(self.value.place.offset, |span| span.start);
        self.document.position(offset)
    }
}
