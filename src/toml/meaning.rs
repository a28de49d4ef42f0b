//! What a TOML file means, apart from how it is written.

use toml_edit::{Datetime, Item, Value};

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

/// Whether two values mean the same: spelling, order of keys and formatting don't count.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
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
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::InlineTable(a), Value::InlineTable(b)) => {
            let is_there = |key, value| b.get(key).is_some_and(|other| same(value, other));
            a.len() == b.len() && a.iter().all(|(key, value)| is_there(key, value))
        }
        _ => false,
    }
}

/// Whether a value says what another one says, and nothing besides: in tables more keys may stand that
/// say nothing.
pub(crate) fn says_just(value: &Value, other: &Value) -> bool {
    let (Value::InlineTable(table), Value::InlineTable(others)) = (value, other) else {
        return same(value, other);
    };
    let is_there = |key, other| table.get(key).is_some_and(|it| says_just(it, other));
    let mut more = table.iter().filter(|(key, _)| !others.contains_key(key));
    others.iter().all(|(key, other)| is_there(key, other)) && more.all(|(_, it)| says_nothing(it))
}

/// Whether a value says no more than if it were not there.
pub(crate) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::String(text) => text.value().is_empty(),
        Value::Integer(number) => *number.value() == 0,
        Value::Float(number) => *number.value() == 0.0,
        Value::Boolean(is_set) => !is_set.value(),
        Value::Datetime(_) => false,
        Value::Array(elements) => elements.is_empty(),
        Value::InlineTable(table) => table.iter().all(|(_, value)| says_nothing(value)),
    }
}

/// The time with its seconds, which TOML 1.1 allows to leave out where they are 0.
pub(crate) fn with_seconds(mut datetime: Datetime) -> Datetime {
    if let Some(time) = &mut datetime.time {
        time.second.get_or_insert(0);
    }
    datetime
}

/// The values at and below an item, with their paths from there, in the order of the text; of an empty
/// table there are none.
pub(crate) fn values(item: &Item) -> Vec<(Vec<String>, Value)> {
    let Some(table) = item.as_table_like() else {
        let value = item.clone().into_value();
        return value.into_iter().map(|it| (Vec::new(), it)).collect();
    };
    let mut found = Vec::new();
    for (name, item) in table.iter() {
        let below = values(item).into_iter();
        found.extend(below.map(|(path, value)| {
            let path = [name.to_owned()].into_iter().chain(path);
            (path.collect(), value)
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Value {
        let document = toml_edit::Document::parse(text).expect("test input is TOML");
        document.into_table().into_inline_table().into()
    }

    #[test]
    fn spelling_does_not_count() {
        for (a, b) in [
            ("a.b = 1", "[a]\nb = 0x1"),
            ("[[a]]\nb = 'x'", "a = [{ b = \"x\" }]"),
            ("a = nan", "a = -nan"),
            ("a = 07:32", "a = 07:32:00"),
            ("b = 1\na = 2", "a = 2\nb = 1"),
        ] {
            assert!(same(&parsed(a), &parsed(b)), "{a} is {b}");
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
            assert!(!same(&parsed(a), &parsed(b)), "{a} is not {b}");
        }
    }
}
