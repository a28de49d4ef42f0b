//! Values of what `toml_edit` has parsed.

use std::str::FromStr;
use std::sync::Arc;

use toml_edit::{Datetime, InlineTable, Item, Key, TableLike};

use super::value::{Data, Form, Place, Table, TextId, Value};

impl Value {
    /// All that a text says.
    pub(super) fn of_document(root: &toml_edit::Table, text: TextId) -> Self {
        let place = Place { text, offset: 0 };
        Self::of_table(entries(root, text), place).with(Form::Header)
    }

    /// Reads what was parsed. `place` is where its key stands.
    fn read(item: &Item, place: Place) -> Self {
        let below = |table: &toml_edit::Table| Self::of_table(entries(table, place.text), place);
        match item {
            Item::None => Self::of_table(Table::new(), place),
            Item::Value(value) => Self::of_value(value, place),
            Item::Table(table) if table.is_implicit() || table.is_dotted() => below(table),
            Item::Table(table) => below(table).with(Form::Header),
            Item::ArrayOfTables(array) => {
                let tables = array.iter().map(|it| below(it).with(Form::Header));
                Self::new(Data::Array(tables.collect()), place).with(Form::Header)
            }
        }
    }

    fn of_value(value: &toml_edit::Value, place: Place) -> Self {
        use toml_edit::Value as Parsed;
        let data = match value {
            Parsed::String(text) => Data::Text(text.value().as_str().into()),
            Parsed::Integer(integer) => Data::Integer(*integer.value()),
            Parsed::Float(float) => Data::Float(*float.value()),
            Parsed::Boolean(boolean) => Data::Boolean(*boolean.value()),
            Parsed::Datetime(datetime) => Data::Datetime(with_seconds(*datetime.value())),
            Parsed::Array(array) => {
                let elements = array.iter().map(|value| Self::of_value(value, place));
                Data::Array(elements.collect())
            }
            Parsed::InlineTable(table) => Data::Table(Arc::new(entries(table, place.text))),
        };
        let is_dotted = value.as_inline_table().is_some_and(InlineTable::is_dotted);
        let span = value.span().filter(|_| !is_dotted);
        Self::new(data, place).with(span.map_or(Form::Unwritten, Form::Value))
    }
}

/// The entries of a table, each placed at its key; where no text has it, in the order of the entries.
fn entries(table: &dyn TableLike, text: TextId) -> Table {
    let entries = table.iter().enumerate().map(|(rank, (name, item))| {
        let key = table.key(name).and_then(Key::span);
        let offset = key.map_or(rank, |span| span.start);
        (name.into(), Value::read(item, Place { text, offset }))
    });
    entries.collect()
}

/// The time with its seconds, which TOML 1.1 allows to leave out where they are 0.
fn with_seconds(mut datetime: Datetime) -> Datetime {
    if let Some(time) = &mut datetime.time {
        time.second.get_or_insert(0);
    }
    datetime
}

/// The segments of a dotted key, each without its quotes.
///
/// # Errors
///
/// What is wrong with it, if it is no key.
pub(crate) fn key_path(dotted: &str) -> Result<Vec<String>, String> {
    let keys = Key::parse(dotted).map_err(|error| reason(&error))?;
    Ok(keys.iter().map(|key| key.get().to_owned()).collect())
}

fn reason(error: &toml_edit::TomlError) -> String {
    error.message().replace('\n', ", ")
}

impl FromStr for Value {
    type Err = String;

    /// Reads the text of a value; the error says what is wrong with it.
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.parse().map_err(|error| reason(&error))?;
        Ok(Self::of_value(&parsed, Place::default()))
    }
}
