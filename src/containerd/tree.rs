//! Config values as containerd's loader sees them: without spelling, with the place they came from.

use std::collections::BTreeMap;
use std::rc::Rc;

use toml_edit::{Datetime, Item, Value};

/// A value and where it is written.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) data: Data,
    pub(crate) place: Place,
}

/// Shared, and copied when it is changed: every release looks at the same files.
pub(crate) type Table = BTreeMap<Name, Node>;

/// A key or a text, which copies of a table share.
pub(crate) type Name = Rc<str>;

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Table(Rc<Table>),
    Array(Vec<Node>),
    Text(Name),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(Datetime),
}

/// A place in one of the files that make up a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    /// The number of the file, in the order of loading.
    pub(crate) file: usize,
    pub(crate) offset: usize,
}

impl Node {
    pub(crate) fn new(data: Data, place: Place) -> Self {
        Self { data, place }
    }

    pub(crate) fn of_table(table: Table, place: Place) -> Self {
        Self::new(Data::Table(Rc::new(table)), place)
    }

    /// Reads a parsed item of the file with this number. `start` is where its key stands.
    pub(crate) fn read(item: &Item, file: usize, start: usize) -> Self {
        let place = Place {
            file,
            offset: start,
        };
        match item {
            Item::None => Self::of_table(Table::new(), place),
            Item::Value(value) => Self::of_value(value, place),
            Item::Table(table) => Self::of_table(entries(table, file), place),
            Item::ArrayOfTables(array) => {
                let tables = array.iter();
                let tables = tables.map(|table| Self::of_table(entries(table, file), place));
                Self::new(Data::Array(tables.collect()), place)
            }
        }
    }

    fn of_value(value: &Value, place: Place) -> Self {
        let data = match value {
            Value::String(text) => Data::Text(text.value().as_str().into()),
            Value::Integer(integer) => Data::Integer(*integer.value()),
            Value::Float(float) => Data::Float(*float.value()),
            Value::Boolean(boolean) => Data::Boolean(*boolean.value()),
            Value::Datetime(datetime) => Data::Datetime(*datetime.value()),
            Value::Array(array) => Data::Array(
                array
                    .iter()
                    .map(|value| Self::of_value(value, place))
                    .collect(),
            ),
            Value::InlineTable(table) => return Self::of_table(entries(table, place.file), place),
        };
        Self::new(data, place)
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.data {
            Data::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The table, without a copy; an empty one if it is none.
    pub(crate) fn shared_table(&self) -> Rc<Table> {
        match &self.data {
            Data::Table(table) => Rc::clone(table),
            _ => Rc::default(),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, Place)> {
        let array: &[Self] = match &self.data {
            Data::Array(array) => array,
            _ => &[],
        };
        array
            .iter()
            .filter_map(|node| Some((node.text()?, node.place)))
    }

    pub(crate) fn is_true(&self) -> bool {
        matches!(self.data, Data::Boolean(true))
    }

    /// What Go calls the zero value: what a later file does not override an earlier one with.
    pub(crate) fn is_zero(&self) -> bool {
        match &self.data {
            Data::Table(table) => table.is_empty(),
            Data::Array(array) => array.is_empty(),
            Data::Text(text) => text.is_empty(),
            Data::Integer(integer) => *integer == 0,
            Data::Float(float) => *float == 0.0,
            Data::Boolean(boolean) => !boolean,
            Data::Datetime(_) => false,
        }
    }

    /// What the value is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self.data {
            Data::Table(_) => "a table",
            Data::Array(_) => "an array",
            Data::Text(_) => "a string",
            Data::Integer(_) => "an integer",
            Data::Float(_) => "a float",
            Data::Boolean(_) => "a boolean",
            Data::Datetime(_) => "a date or time",
        }
    }
}

/// Where a key of a table stands.
pub(super) fn place_of(table: &Table, key: &str) -> Option<Place> {
    table.get(key).map(|node| node.place)
}

/// The table at a key; an empty one if there is none.
pub(super) fn table_at(table: &Table, name: &str) -> Table {
    let node = table.get(name).and_then(Node::table);
    node.cloned().unwrap_or_default()
}

/// The same without a copy.
pub(super) fn shared_at(table: &Table, name: &str) -> Rc<Table> {
    let node = table.get(name);
    node.map_or_else(Rc::default, Node::shared_table)
}

/// The string at a key, if there is one that is not empty, and where it stands.
pub(crate) fn text<'t>(table: &'t Table, name: &str) -> Option<(&'t str, Place)> {
    let node = table.get(name)?;
    let text = node.text().filter(|text| !text.is_empty())?;
    Some((text, node.place))
}

/// The entries of a table, each placed at its key.
pub(crate) fn entries(table: &dyn toml_edit::TableLike, file: usize) -> Table {
    table
        .iter()
        .map(|(name, item)| {
            let key = table.key(name).and_then(toml_edit::Key::span);
            let start = key.map_or(0, |span| span.start);
            (name.into(), Node::read(item, file, start))
        })
        .collect()
}
