//! What a TOML file means, apart from how it is written.

use toml_edit::{Datetime, Item, TableLike, Value};

/// What an item is, with its article, for messages.
pub(crate) fn type_name(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "an array of tables",
        Item::Value(value) => match value {
            Value::String(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Boolean(_) => "a boolean",
            Value::Datetime(_) => "a date or time",
            Value::Array(_) => "an array",
            Value::InlineTable(_) => "an inline table",
        },
    }
}

/// What a change is expected to leave at a path.
#[derive(Debug)]
pub(crate) struct Expectation {
    pub(crate) path: Vec<String>,
    /// `None`: nothing may be left there.
    pub(crate) value: Option<Value>,
}

/// Whether two items mean the same: spelling, order and formatting don't count.
pub(crate) fn same(a: &Item, b: &Item) -> bool {
    if let (Some(a), Some(b)) = (a.as_table_like(), b.as_table_like()) {
        return same_tables(a, b);
    }
    if let (Some(a), Some(b)) = (a.as_value(), b.as_value()) {
        return same_values(a, b);
    }
    match (elements(a), elements(b)) {
        (Some(a), Some(b)) => a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(a, b)),
        _ => false,
    }
}

/// Whether `item` means the same as `value`.
pub(crate) fn is_value(item: &Item, value: &Value) -> bool {
    match item.as_value() {
        Some(other) => same_values(other, value),
        None => same(item, &Item::Value(value.clone())),
    }
}

fn same_tables(a: &dyn TableLike, b: &dyn TableLike) -> bool {
    a.len() == b.len()
        && a.iter()
            .all(|(key, item)| b.get(key).is_some_and(|other| same(item, other)))
}

pub(crate) fn same_values(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.value() == b.value(),
        (Value::Integer(a), Value::Integer(b)) => a.value() == b.value(),
        (Value::Float(a), Value::Float(b)) => {
            a.value().to_bits() == b.value().to_bits() || (a.value().is_nan() && b.value().is_nan())
        }
        (Value::Boolean(a), Value::Boolean(b)) => a.value() == b.value(),
        (Value::Datetime(a), Value::Datetime(b)) => {
            with_seconds(*a.value()) == with_seconds(*b.value())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_values(a, b))
        }
        (Value::InlineTable(a), Value::InlineTable(b)) => same_tables(a, b),
        _ => false,
    }
}

/// The time with its seconds, which TOML 1.1 allows to leave out where they are 0.
pub(crate) fn with_seconds(mut datetime: Datetime) -> Datetime {
    if let Some(time) = &mut datetime.time {
        time.second.get_or_insert(0);
    }
    datetime
}

/// The elements of an array, also of one written as `[[headers]]`.
fn elements(item: &Item) -> Option<Vec<Item>> {
    match item {
        Item::ArrayOfTables(array) => Some(array.iter().cloned().map(Item::Table).collect()),
        Item::Value(Value::Array(array)) => Some(array.iter().cloned().map(Item::Value).collect()),
        _ => None,
    }
}

/// Walks two files in lockstep and returns the first path at which they differ otherwise than
/// expected, or at which the expected is not there.
///
/// Tables on the way to an expected value may appear, and tables that held nothing but what was
/// expected to go may disappear.
pub(crate) fn surprise(before: &Item, after: &Item, expected: &[Expectation]) -> Option<String> {
    let expected: Vec<_> = expected
        .iter()
        .map(|expectation| (expectation.path.as_slice(), expectation.value.as_ref()))
        .collect();
    let mut path = Vec::new();
    let agrees = walk(Some(before), Some(after), &expected, &mut path);
    (!agrees).then(|| path.join("."))
}

type Pending<'e> = (&'e [String], Option<&'e Value>);

/// `path` is left at the place of the first disagreement.
fn walk<'i>(
    before: Option<&'i Item>,
    after: Option<&'i Item>,
    expected: &[Pending<'_>],
    path: &mut Vec<String>,
) -> bool {
    if let Some((_, value)) = expected.iter().find(|(rest, _)| rest.is_empty()) {
        return match (value, after) {
            (Some(value), Some(item)) => is_value(item, value),
            (None, None) => true,
            _ => false,
        };
    }
    if expected.is_empty() {
        return match (before, after) {
            (Some(before), Some(after)) => same(before, after),
            (None, None) => true,
            _ => false,
        };
    }
    let tables = |item: Option<&'i Item>| item.map(Item::as_table_like);
    let (before, after) = match (tables(before), tables(after)) {
        (Some(None), _) | (_, Some(None)) => return false,
        (before, after) => (before.flatten(), after.flatten()),
    };
    // An empty table that comes or goes on the way is a change of its own.
    let empty = |table: Option<&dyn TableLike>| table.is_some_and(TableLike::is_empty);
    if (before.is_none() && empty(after)) || (empty(before) && after.is_none()) {
        return false;
    }
    let mut keys: Vec<&str> = Vec::new();
    keys.extend(
        before
            .iter()
            .flat_map(|table| table.iter())
            .map(|(key, _)| key),
    );
    keys.extend(
        after
            .iter()
            .flat_map(|table| table.iter())
            .map(|(key, _)| key)
            .filter(|key| before.is_none_or(|table| !table.contains_key(key))),
    );
    for (rest, _) in expected {
        let key = rest[0].as_str();
        let known = |table: Option<&dyn TableLike>| table.is_some_and(|t| t.contains_key(key));
        if !known(before) && !known(after) && !keys.contains(&key) {
            keys.push(key);
        }
    }
    for key in keys {
        let below: Vec<Pending<'_>> = expected
            .iter()
            .filter(|(rest, _)| rest[0] == key)
            .map(|(rest, value)| (&rest[1..], *value))
            .collect();
        path.push(key.to_owned());
        let before = before.and_then(|table| table.get(key));
        let after = after.and_then(|table| table.get(key));
        if !walk(before, after, &below, path) {
            return false;
        }
        path.pop();
    }
    true
}
