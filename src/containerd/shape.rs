//! The types that containerd's configuration keys have.
//!
//! A value of another type ends the daemon when it decodes the file, whatever plugin it belongs to.

use std::borrow::Cow;
use std::rc::Rc;

use crate::toml::render;

use super::duration;
use super::release::{Release, Releases};
use super::tree::{Data, Node, Place, Table};

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
    /// An array of values of one shape.
    List(&'static Self),
    /// A table with these keys; others are ignored.
    Table(&'static [Field]),
    /// A table of any keys, with values of one shape.
    Map(&'static Self),
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
    pub(super) found: &'static str,
    pub(super) wanted: &'static str,
    pub(super) place: Place,
}

impl Shape {
    /// What has to stand there, with its article.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::TextList => "an array of strings",
            Self::Duration => "a duration, as in \"5s\"",
            Self::List(_) => "an array",
            Self::Table(_) | Self::Map(_) => "a table",
            Self::Any => "anything",
        }
    }

    /// Checks a value and all below it.
    pub(super) fn check(self, node: &Node, release: Release) -> Result<(), Mismatch> {
        let fits = match (self, &node.data) {
            (Self::Text, Data::Text(_))
            | (Self::Boolean, Data::Boolean(_))
            | (Self::Integer, Data::Integer(_))
            | (Self::Float, Data::Float(_))
            | (Self::Any, _) => true,
            // go-toml v1 converts no integer to a float, v2 does.
            (Self::Float, Data::Integer(_)) => !release.is_1x(),
            (Self::Duration, Data::Text(text)) => duration::is_valid(text),
            (Self::TextList, Data::Array(array)) => {
                array.iter().all(|node| matches!(node.data, Data::Text(_)))
            }
            (Self::List(shape), Data::Array(array)) => {
                array
                    .iter()
                    .try_for_each(|node| shape.check(node, release))?;
                true
            }
            (Self::Map(shape), Data::Table(table)) => {
                for (name, node) in &**table {
                    let checked = shape.check(node, release);
                    checked.map_err(|mismatch| mismatch.below(name))?;
                }
                true
            }
            (Self::Table(fields), Data::Table(table)) => {
                for (key, node) in &**table {
                    let is_key = |Field(name, _, releases): &&Field| {
                        is_spelled(name, key, table, release) && releases.contain(release)
                    };
                    if let Some(Field(name, shape, _)) = fields.iter().find(is_key) {
                        let checked = shape.check(node, release);
                        checked.map_err(|mismatch| mismatch.below(name))?;
                    }
                }
                true
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        Err(Mismatch {
            path: Vec::new(),
            found: match node.data {
                Data::Text(_) if matches!(self, Self::Duration) => "another string",
                Data::Array(_) if matches!(self, Self::TextList) => "an array of something else",
                _ => node.kind(),
            },
            wanted: self.wanted(),
            place: node.place,
        })
    }
}

impl Mismatch {
    /// The same, seen from the table that holds the key.
    pub(super) fn below(mut self, key: &str) -> Self {
        self.path.push(key.to_owned());
        self
    }

    /// The dotted key.
    pub(super) fn key(&self) -> String {
        let path: Vec<&String> = self.path.iter().rev().collect();
        render::dotted(&path, render::Quotes::Basic)
    }
}

/// Whether a release takes the table's `key` for `name`: go-toml v2 does not mind the case of
/// letters, v1 takes the name in capitals where there is none as it should be.
fn is_spelled(name: &str, key: &str, table: &Table, release: Release) -> bool {
    if key.len() != name.len() || !key.eq_ignore_ascii_case(name) {
        return false;
    }
    if key == name {
        return true;
    }
    let is_capital = || key.bytes().all(|byte| !byte.is_ascii_lowercase());
    !release.is_1x() || (is_capital() && !table.contains_key(name))
}

/// The value of a key as the release sees it: variants in other case are taken together.
pub(super) fn field<'t>(table: &'t Table, name: &str, release: Release) -> Option<Cow<'t, Node>> {
    if let (true, Some(node)) = (release.is_1x(), table.get(name)) {
        return Some(Cow::Borrowed(node));
    }
    // In the order of their bytes: the last one wins.
    let mut variants = table
        .iter()
        .filter(|(key, _)| is_spelled(name, key, table, release))
        .map(|(_, node)| node);
    let first = Cow::Borrowed(variants.next()?);
    Some(variants.fold(first, |earlier, later| {
        let (Data::Table(a), Data::Table(b)) = (&earlier.data, &later.data) else {
            return Cow::Borrowed(later);
        };
        let mut both = (**a).clone();
        decode_over(&mut both, b);
        Cow::Owned(Node::new(Data::table(both), later.place))
    }))
}

/// The string at a key, if there is one that is not empty, and where it stands.
pub(super) fn text(table: &Table, name: &str, release: Release) -> Option<(String, Place)> {
    let node = field(table, name, release)?;
    let text = node.text().filter(|text| !text.is_empty())?;
    Some((text.to_owned(), node.place))
}

/// Decodes one table over another one, as into the same Go struct.
fn decode_over(table: &mut Table, later: &Table) {
    for (key, node) in later {
        match (table.get_mut(key).map(|known| &mut known.data), &node.data) {
            (Some(Data::Table(known)), Data::Table(more)) => {
                decode_over(Rc::make_mut(known), more);
            }
            _ => {
                table.insert(key.clone(), node.clone());
            }
        }
    }
}
