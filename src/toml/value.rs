//! What TOML says, apart from how it is written.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Serialize, Serializer};
use toml::value::{Datetime, Offset};

/// A TOML value. Two are equal if they mean the same: spelling, formatting and the order of keys do not
/// count. It is displayed on one line, with those escapes alone that every containerd release parses.
#[derive(Debug, Clone)]
pub struct Value {
    pub(crate) data: Data,
    pub(crate) place: Place,
    pub(super) form: Form,
}

/// Shared, and copied when it is changed: everybody looks at the same files.
pub(crate) type Table = BTreeMap<Name, Value>;

/// A key or a text, which copies of a table share.
pub(crate) type Name = Arc<str>;

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Table(Arc<Table>),
    Array(Vec<Value>),
    Text(Name),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(Datetime),
}

/// A place in one of the texts that were parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    pub(crate) text: TextId,
    pub(crate) offset: usize,
}

/// Tells one text from all others of this process. The default is that of no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct TextId(usize);

/// How a value is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// As a value that stands there.
    Value(Range<usize>),
    /// Not yet: new keys are written in the order of their ranks. Without a text, as its elements are.
    Put { text: Option<Name>, rank: u64 },
    /// Below headers of its own.
    Header,
    /// Nowhere: the keys or the headers of what is in a table have made it, or no text has it.
    Unwritten,
}

impl TextId {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Value {
    pub(crate) fn new(data: Data, place: Place) -> Self {
        let form = Form::Unwritten;
        Self { data, place, form }
    }

    pub(crate) fn of_table(table: Table, place: Place) -> Self {
        Self::new(Data::Table(Arc::new(table)), place)
    }

    pub(super) fn with(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Where the value stands that is written for exactly this key.
    pub(super) fn span(&self) -> Option<&Range<usize>> {
        match &self.form {
            Form::Value(span) => Some(span),
            _ => None,
        }
    }

    /// Whether a table is there for its own sake: it has a header, or braces.
    pub(crate) fn is_written(&self) -> bool {
        self.form != Form::Unwritten
    }

    /// Whether a table stands there as one value, in braces.
    pub(crate) fn is_inline(&self) -> bool {
        self.is_table() && self.span().is_some()
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.data {
            Data::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The table, without a copy; an empty one if it is none.
    pub(crate) fn shared_table(&self) -> Arc<Table> {
        match &self.data {
            Data::Table(table) => Arc::clone(table),
            _ => Arc::default(),
        }
    }

    /// Whether it is a table, however it is written.
    #[must_use]
    pub fn is_table(&self) -> bool {
        self.table().is_some()
    }

    /// Returns the keys of a table with their values, in the order of the text; of another value, none.
    #[must_use]
    pub fn entries(&self) -> Vec<(&str, &Self)> {
        let entries = self.table().into_iter().flatten();
        let mut entries: Vec<_> = entries.map(|(name, value)| (&**name, value)).collect();
        entries.sort_by_key(|(_, value)| value.place);
        entries
    }

    /// The values at and below, with their paths from here, in the order of the text; of an empty table
    /// there are none.
    pub(crate) fn leaves(&self) -> Vec<(Vec<String>, Self)> {
        if !self.is_table() {
            return vec![(Vec::new(), self.clone())];
        }
        let mut found = Vec::new();
        for (name, value) in self.entries() {
            let below = value.leaves().into_iter();
            found.extend(below.map(|(path, value)| ([&[name.to_owned()], &*path].concat(), value)));
        }
        found
    }

    pub(crate) fn array(&self) -> Option<&[Self]> {
        match &self.data {
            Data::Array(array) => Some(array),
            _ => None,
        }
    }

    /// Returns the text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self.data {
            Data::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// The strings in an array, and where they stand.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, Place)> {
        let elements = self.array().unwrap_or_default().iter();
        elements.filter_map(|it| Some((it.as_str()?, it.place)))
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.as_bool() == Some(true)
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

    /// Whether it says no more than if it were not there.
    pub(crate) fn says_nothing(&self) -> bool {
        let table = self.table();
        table.map_or_else(|| self.is_zero(), |it| it.values().all(Self::says_nothing))
    }

    /// A table without its keys that say nothing; any other value as it is.
    pub(crate) fn without_zeros(&self) -> Self {
        let mut value = self.clone();
        if let Data::Table(table) = &mut value.data {
            Arc::make_mut(table).retain(|_, it| !it.says_nothing());
        }
        value
    }

    /// Whether it says what `other` says, and nothing besides: in tables more keys may stand that say
    /// nothing.
    pub(crate) fn says_just(&self, other: &Self) -> bool {
        let Some((table, others)) = self.table().zip(other.table()) else {
            return self == other;
        };
        let is_there = |(key, other)| table.get(key).is_some_and(|it| it.says_just(other));
        let mut more = table.iter().filter(|(key, _)| !others.contains_key(*key));
        others.iter().all(is_there) && more.all(|(_, it)| it.says_nothing())
    }

    /// What the value is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self.data {
            Data::Table(_) => "a table",
            Data::Array(_) if self.form == Form::Header => "an array of tables",
            Data::Array(_) => "an array",
            Data::Text(_) => "a string",
            Data::Integer(_) => "an integer",
            Data::Float(_) => "a float",
            Data::Boolean(_) => "a boolean",
            Data::Datetime(_) => "a date or time",
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(one), Self::Table(other)) => one == other,
            (Self::Array(one), Self::Array(other)) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Integer(one), Self::Integer(other)) => one == other,
            (Self::Float(one), Self::Float(other)) => {
                one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan()
            }
            (Self::Boolean(one), Self::Boolean(other)) => one == other,
            (Self::Datetime(one), Self::Datetime(other)) => in_one_way(*one) == in_one_way(*other),
            _ => false,
        }
    }
}

/// A time without what says nothing: a fraction of 0, and an offset of 0 that is not `Z`.
fn in_one_way(mut datetime: Datetime) -> Datetime {
    if let Some(time) = &mut datetime.time {
        time.nanosecond = time.nanosecond.filter(|it| *it > 0);
    }
    if datetime.offset == Some(Offset::Custom { minutes: 0 }) {
        datetime.offset = Some(Offset::Z);
    }
    datetime
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.data {
            Data::Table(_) => serializer.collect_map(self.entries()),
            Data::Array(elements) => elements.serialize(serializer),
            Data::Text(text) => text.serialize(serializer),
            Data::Integer(integer) => integer.serialize(serializer),
            Data::Float(float) => float.serialize(serializer),
            Data::Boolean(boolean) => boolean.serialize(serializer),
            Data::Datetime(datetime) => serializer.collect_str(datetime),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::new(Data::Text(text.into()), Place::default())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::Document;

    fn parsed(text: &str) -> Value {
        let document = Document::parse(text.as_bytes()).expect("test input is TOML");
        document.root().clone()
    }

    #[test]
    fn spelling_does_not_count() {
        for (a, b) in [
            ("a.b = 1", "[a]\nb = 0x1"),
            ("[[a]]\nb = 'x'", "a = [{ b = \"x\" }]"),
            ("a = nan", "a = -nan"),
            ("a = 07:32", "a = 07:32:00.000"),
            ("a = 1979-05-27T07:32Z", "a = 1979-05-27 07:32:00+00:00"),
            ("b = 1\na = 2", "a = 2\nb = 1"),
        ] {
            assert_eq!(parsed(a), parsed(b));
        }
    }

    #[test]
    fn values_of_different_type_or_sign_are_not_the_same() {
        for (a, b) in [
            ("a = 1", "a = 1.0"),
            ("a = \"1\"", "a = 1"),
            ("a = 0.0", "a = -0.0"),
            ("a = [1, 2]", "a = [2, 1]"),
            ("a = {}", "a = []"),
            ("a = 1", "a = 1\nb = 1"),
        ] {
            assert_ne!(parsed(a), parsed(b));
        }
    }

    #[test]
    fn leaves_come_in_the_order_of_the_text() {
        let paths = |value: &Value| {
            let leaves = value.leaves().into_iter();
            let paths: Vec<String> = leaves.map(|(path, _)| path.join(".")).collect();
            paths.join(" ")
        };
        let document = parsed("z = 1\nb.c = 2\n[d]\n[a.y]\nx = 1\n[a]\nc = { z = 1, a = 2 }\n");
        assert_eq!(paths(&document), "z b.c a.y.x a.c.z a.c.a");
        assert_eq!(
            paths(&"{ b = 1, a.c = {}, a.b = 2 }".parse().expect("TOML")),
            "b a.b"
        );
    }

    #[test]
    fn a_table_may_be_filled_with_what_says_nothing() {
        let value = |text: &str| text.parse::<Value>().expect("TOML");
        let wanted = value("{ a = 'x', b = { c = 1 } }");
        for (text, says_just) in [
            ("{ a = 'x', b = { c = 1 } }", true),
            (
                "{ b = { c = 1, d = false }, a = 'x', e = '', f = [], g = { h = 0 } }",
                true,
            ),
            ("{ a = 'x', b = { c = 1, d = true } }", false),
            ("{ a = 'x', b = { c = 1 }, e = [''] }", false),
            ("{ a = 'x', b = { } }", false),
            ("{ a = 'x' }", false),
        ] {
            assert_eq!(value(text).says_just(&wanted), says_just, "{text}");
        }
        assert!(!value("''").says_just(&value("'x'")));
    }
}
