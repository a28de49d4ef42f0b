//! The types that containerd's configuration keys have.
//!
//! A value of another type ends the daemon when it decodes the file, whatever plugin it belongs to.

use std::borrow::Cow;
use std::slice;

use crate::toml::render;

use super::asked::Asked;
use super::duration;
use super::merging::Merging;
use super::release::{Release, Releases};
use super::verdict::Finding;
use crate::toml::value::{Data, Name, Place, Table, Value};

/// What a value has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    Boolean,
    Integer,
    Float,
    TextList,
    /// A string that is a duration in Go's notation.
    Duration,
    /// The same, or a number of nanoseconds.
    Nanoseconds,
    /// An array of values of one shape.
    List(&'static Self),
    /// A table with these keys; others are ignored.
    Table(&'static [Field]),
    /// The same. Where the key is missing, 1.x takes its keys from the table above: that is how
    /// go-toml v1 decodes an embedded struct.
    Embedded(&'static [Field]),
    /// A table of any keys, with values of one shape.
    Map(&'static Self),
    /// A table that containerd hands on as it is. Who gets it is known to read these keys.
    HandedOn(&'static [Field]),
    /// Anything.
    Any,
}

/// A key, its shape, and the releases that read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field(
    pub(super) &'static str,
    pub(super) Shape,
    pub(super) Releases,
);

/// A value of a type that the daemon can't decode.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// The segments of its key, the last one first.
    path: Vec<String>,
    found: &'static str,
    wanted: &'static str,
    place: Place,
}

/// What a release knows of a value.
type Decoded<'n> = Result<Cow<'n, Value>, Mismatch>;

impl Shape {
    /// The keys that are known of a table.
    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Self::Table(fields) | Self::Embedded(fields) | Self::HandedOn(fields) => fields,
            _ => &[],
        }
    }

    /// What has to stand there, with its article.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::TextList => "an array of strings",
            Self::Duration | Self::Nanoseconds => "a duration, as in \"5s\"",
            Self::List(_) => "an array",
            Self::Table(_) | Self::Embedded(_) | Self::Map(_) | Self::HandedOn(_) => "a table",
            Self::Any => "anything",
        }
    }
}

/// How a release decodes: keys by any spelling that it takes, into one value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoder<'a> {
    pub(super) release: &'a Asked,
    /// 2.x decodes a file as it stands, and what a plugin gets once more, sorted by name.
    pub(super) is_file: bool,
}

impl Decoder<'_> {
    /// Decodes a value and all below it: what the release knows of it, each key as it should be
    /// spelled.
    pub(super) fn decode(self, shape: Shape, node: &Value) -> Decoded<'_> {
        let release = self.release;
        let fits = match (shape, &node.data) {
            (Shape::Text, Data::Text(_))
            | (Shape::Boolean, Data::Boolean(_))
            | (Shape::Integer | Shape::Nanoseconds, Data::Integer(_))
            | (Shape::Float, Data::Float(_))
            | (Shape::HandedOn(_) | Shape::Map(Shape::Any), Data::Table(_))
            | (Shape::Any, _) => true,
            // go-toml v1 converts no integer to a float, v2 does.
            (Shape::Float, Data::Integer(_)) => !release.is_1x(),
            (Shape::Duration | Shape::Nanoseconds, Data::Text(text)) => duration::is_valid(text),
            // `UnmarshalText` gets what go-toml makes of the number: v1 prints "0" for 0.0, too.
            (Shape::Duration, Data::Integer(number)) => *number == 0 || self.has_go_toml_2_4(),
            (Shape::Duration, Data::Float(number)) => *number == 0.0 && release.is_1x(),
            (Shape::TextList, Data::Array(array)) => {
                array.iter().all(|node| matches!(node.data, Data::Text(_)))
            }
            // go-toml v1 knows no empty array of tables.
            (Shape::List(shape), Data::Array(array)) if !(array.is_empty() && release.is_1x()) => {
                return self.list(*shape, array, node);
            }
            (Shape::List(shape), Data::Table(_)) if self.has_go_toml_2_4() => {
                return self.list(*shape, slice::from_ref(node), node);
            }
            (Shape::Map(shape), Data::Table(table)) => {
                return self.map(*shape, table, node);
            }
            (Shape::Table(fields) | Shape::Embedded(fields), Data::Table(table)) => {
                return self.table(fields, table, node);
            }
            _ => self.skips(shape, node),
        };
        if fits {
            return Ok(Cow::Borrowed(node));
        }
        Err(Mismatch {
            path: Vec::new(),
            found: match node.data {
                Data::Text(_) if matches!(shape, Shape::Duration) => "another string",
                Data::Array(_) if matches!(shape, Shape::TextList) => "an array of something else",
                _ => node.kind(),
            },
            wanted: shape.wanted(),
            place: node.place,
        })
    }

    fn list<'n>(self, shape: Shape, array: &[Value], node: &'n Value) -> Decoded<'n> {
        let values = array
            .iter()
            .map(|node| Ok(self.decode(shape, node)?.into_owned()));
        let array = Data::Array(values.collect::<Result<_, _>>()?);
        Ok(Cow::Owned(Value::new(array, node.place)))
    }

    fn map<'n>(self, shape: Shape, table: &Table, node: &'n Value) -> Decoded<'n> {
        let mut values = Cow::Borrowed(table);
        for (name, node) in table {
            let value = self.decode(shape, node);
            if let Cow::Owned(value) = value.map_err(|mismatch| mismatch.below(name))? {
                values.to_mut().insert(Name::clone(name), value);
            }
        }
        Ok(match values {
            Cow::Borrowed(_) => Cow::Borrowed(node),
            Cow::Owned(table) => Cow::Owned(Value::of_table(table, node.place)),
        })
    }

    fn table<'n>(self, fields: &'static [Field], table: &Table, node: &'n Value) -> Decoded<'n> {
        let is_1x = self.release.is_1x();
        let mut known = self.known(fields, table);
        let mut is_as_it_was = known.len() == table.len();
        let mut values: Vec<(Name, Cow<'_, Value>)> = Vec::with_capacity(known.len());
        for entries in known.chunk_by_mut(|one, other| one.field == other.field) {
            let Field(name, shape, _) = &fields[entries[0].field];
            if !is_1x && self.is_file {
                entries.sort_by_key(|entry| entry.node.place.offset);
            }
            let read = |entry: &Entry<'_>| {
                let keys: Vec<&str> = entries.iter().map(|entry| &**entry.key).collect();
                read_by_1x(name, &keys) == Some(entry.key)
            };
            let mut whole: Option<(Name, Cow<'_, Value>)> = None;
            for entry in &*entries {
                let is_spelled = **entry.key == **name;
                is_as_it_was &= is_spelled;
                if is_1x && !is_spelled && !read(entry) {
                    continue;
                }
                let value = self.decode(*shape, entry.node);
                let value = value.map_err(|mismatch| mismatch.below(name))?;
                let is_skipped = self.skips(*shape, &value);
                is_as_it_was &= matches!(value, Cow::Borrowed(_)) && !is_skipped;
                match &mut whole {
                    _ if is_skipped => {}
                    Some((_, known)) => Merging::Struct.values(known.to_mut(), value.into_owned()),
                    None if is_spelled => whole = Some((Name::clone(entry.key), value)),
                    None => whole = Some(((*name).into(), value)),
                }
            }
            values.extend(whole);
        }
        for (field, Field(name, shape, releases)) in fields.iter().enumerate() {
            if let (true, Shape::Embedded(_)) = (is_1x, shape)
                && known.iter().all(|entry| entry.field != field)
                && self.release.is_in(*releases)
            {
                let value = self.decode(*shape, node)?;
                if !value.is_zero() {
                    is_as_it_was = false;
                    values.push(((*name).into(), value));
                }
            }
        }
        if is_as_it_was {
            return Ok(Cow::Borrowed(node));
        }
        let values = values.into_iter();
        let whole = values.map(|(name, value)| (name, value.into_owned()));
        Ok(Cow::Owned(Value::of_table(whole.collect(), node.place)))
    }

    /// go-toml 2.4 takes an integer for a duration, and a table for an array that holds it.
    fn has_go_toml_2_4(self) -> bool {
        self.release.parses_as(Releases::from(2, 4))
    }

    /// Whether the value leaves what is wanted as it was: up to go-toml 2.3 the header of an empty
    /// table sets nothing, whatever it is the header of.
    fn skips(self, shape: Shape, node: &Value) -> bool {
        let is_empty = node.table().is_some_and(Table::is_empty);
        let may_skip = is_empty && !self.is_file;
        let is_scalar = matches!(
            shape,
            Shape::Text
                | Shape::Boolean
                | Shape::Integer
                | Shape::Float
                | Shape::Duration
                | Shape::Nanoseconds
        );
        may_skip && is_scalar && !self.release.is_1x() && !self.has_go_toml_2_4()
    }

    /// The entries of a table that the release knows, whatever their case, in the order of their
    /// fields.
    fn known<'t>(self, fields: &[Field], table: &'t Table) -> Vec<Entry<'t>> {
        let mut known = Vec::with_capacity(table.len());
        known.extend(table.iter().filter_map(|(key, node)| {
            let is_it = |Field(name, _, releases): &Field| {
                (**key == **name || key.eq_ignore_ascii_case(name)) && self.release.is_in(*releases)
            };
            let field = fields.iter().position(is_it)?;
            Some(Entry { field, key, node })
        }));
        known.sort_by_key(|entry| entry.field);
        known
    }
}

/// A key of a table, and the number of its field.
struct Entry<'t> {
    field: usize,
    key: &'t Name,
    node: &'t Value,
}

/// The key that a release reads for `name`, out of those in one table that differ from it in case
/// alone. Of several, 2.x reads the last one by its bytes.
pub(crate) fn read_as<'k>(name: &str, keys: &[&'k str], release: Release) -> Option<&'k str> {
    if release.is_1x() {
        return read_by_1x(name, keys);
    }
    keys.iter().copied().max()
}

/// What go-toml v1 reads: it tries four spellings.
fn read_by_1x<'k>(name: &str, keys: &[&'k str]) -> Option<&'k str> {
    let [lower, upper] = [name.to_lowercase(), name.to_uppercase()];
    let first_lower = lower.get(..1).zip(name.get(1..));
    let first_lower = first_lower.map_or_else(String::new, |(first, rest)| first.to_owned() + rest);
    let mut spellings = [name, &lower, &upper, &first_lower].into_iter();
    spellings.find_map(|wanted| keys.iter().copied().find(|key| *key == wanted))
}

impl Mismatch {
    /// The same, seen from the table that holds the key.
    pub(super) fn below(mut self, key: &str) -> Self {
        self.path.push(key.to_owned());
        self
    }

    /// In containerd's words, with its place.
    pub(super) fn finding(self) -> Finding {
        let path: Vec<&String> = self.path.iter().rev().collect();
        let key = render::dotted(&path, render::Quotes::Basic);
        let (found, wanted) = (self.found, self.wanted);
        let message = format!("{key} is {found} where containerd decodes {wanted}");
        (message, Some(self.place))
    }
}
