//! Looking up what a table of a config has.

use std::sync::Arc;

use crate::toml::value::{Place, Table, Value};

/// Where a key of a table stands.
pub(super) fn place_of(table: &Table, key: &str) -> Option<Place> {
    table.get(key).map(|value| value.place)
}

/// The table at a key; an empty one if there is none.
pub(super) fn table_at(table: &Table, name: &str) -> Table {
    let value = table.get(name).and_then(Value::table);
    value.cloned().unwrap_or_default()
}

/// The same without a copy.
pub(super) fn shared_at(table: &Table, name: &str) -> Arc<Table> {
    let value = table.get(name);
    value.map_or_else(Arc::default, Value::shared_table)
}

/// The string at a key; an empty one if there is none.
pub(super) fn string<'t>(table: &'t Table, name: &str) -> &'t str {
    table.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The string at a key, if there is one that is not empty, and where it stands.
pub(super) fn text<'t>(table: &'t Table, name: &str) -> Option<(&'t str, Place)> {
    let value = table.get(name)?;
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some((text, value.place))
}
