//! The types that containerd's configuration keys have.
//!
//! A value of another type ends the daemon when it decodes the file, whatever plugin it belongs to.

use std::borrow::Cow;

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
    /// An array of anything.
    List,
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
    pub(super) key: String,
    pub(super) found: &'static str,
    pub(super) wanted: &'static str,
    pub(super) place: Place,
}

impl Shape {
    fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::TextList => "an array of strings",
            Self::Duration => "a duration, as in \"5s\"",
            Self::List => "an array",
            Self::Table(_) | Self::Map(_) => "a table",
            Self::Any => "anything",
        }
    }

    /// Checks a value and all below it.
    pub(super) fn check(self, node: &Node, release: Release, key: &str) -> Result<(), Mismatch> {
        let fits = match (self, &node.data) {
            (Self::Text, Data::Text(_))
            | (Self::Boolean, Data::Boolean(_))
            | (Self::Integer, Data::Integer(_))
            | (Self::Float, Data::Float(_))
            | (Self::List, Data::Array(_))
            | (Self::Any, _) => true,
            // go-toml v1 converts no integer to a float, v2 does.
            (Self::Float, Data::Integer(_)) => !release.is_1x(),
            (Self::Duration, Data::Text(text)) => duration::is_valid(text),
            (Self::TextList, Data::Array(array)) => {
                array.iter().all(|node| matches!(node.data, Data::Text(_)))
            }
            (Self::Map(shape), Data::Table(table)) => {
                for (name, node) in table {
                    shape.check(node, release, &format!("{key}.{name}"))?;
                }
                true
            }
            (Self::Table(fields), Data::Table(table)) => {
                for Field(name, shape, releases) in fields {
                    if !releases.contain(release) {
                        continue;
                    }
                    for node in variants(table, name, release) {
                        shape.check(node, release, &format!("{key}.{name}"))?;
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
            key: key.trim_start_matches('.').to_owned(),
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

/// The values that a release takes for the key `name`: go-toml v2 does not mind the case of
/// letters, v1 takes the name in capitals where there is none as it should be.
fn variants<'t>(table: &'t Table, name: &str, release: Release) -> Vec<&'t Node> {
    if release.is_1x() {
        let exact = table.get(name).or_else(|| table.get(&name.to_uppercase()));
        return exact.into_iter().collect();
    }
    // In the order of their bytes: the last one wins.
    table
        .iter()
        .filter(|(key, _)| key.to_lowercase() == name.to_lowercase())
        .map(|(_, node)| node)
        .collect()
}

/// The value of a key as the release sees it: variants in other case are taken together.
pub(super) fn field<'t>(table: &'t Table, name: &str, release: Release) -> Option<Cow<'t, Node>> {
    let mut variants = variants(table, name, release).into_iter();
    let first = Cow::Borrowed(variants.next()?);
    Some(variants.fold(first, |earlier, later| {
        let (Data::Table(a), Data::Table(b)) = (&earlier.data, &later.data) else {
            return Cow::Borrowed(later);
        };
        let mut both = a.clone();
        decode_over(&mut both, b);
        Cow::Owned(Node::new(Data::Table(both), later.place))
    }))
}

/// Decodes one table over another one, as into the same Go struct.
fn decode_over(table: &mut Table, later: &Table) {
    for (key, node) in later {
        match (table.get_mut(key).map(|known| &mut known.data), &node.data) {
            (Some(Data::Table(known)), Data::Table(more)) => decode_over(known, more),
            _ => {
                table.insert(key.clone(), node.clone());
            }
        }
    }
}
