//! What is in force at one key.

use std::fmt::Write as _;

use containerd_edit::KeyInForce;
use containerd_edit::report::ReleaseValue;
use serde_json::{Value, json};
use toml_edit::Value as Toml;

use super::report::{Report, warnings};

/// The value of a key.
pub(super) struct KeyReport<'k>(pub(super) &'k KeyInForce);

impl Report for KeyReport<'_> {
    fn json(&self) -> Value {
        let found = self.0;
        let release = |it: &ReleaseValue| json!({ "containerd": it.release.to_string(), "value": it.value.as_ref().map(self::json) });
        json!({
            "key": found.key,
            "value": self::json(&found.value),
            "file": found.file.to_string_lossy(),
            "line": found.at.line,
            "column": found.at.column,
            "owner": found.owner,
            "releases": found.releases.iter().map(release).collect::<Value>(),
            "warnings": warnings(&found.warnings),
        })
    }

    /// A string as it is, all else as TOML.
    fn text(&self) -> String {
        match &self.0.value {
            Toml::String(text) => format!("{}\n", text.value()),
            table @ Toml::InlineTable(_) => {
                let mut text = String::new();
                lines(table, &mut Vec::new(), &mut text);
                text
            }
            value => format!("{}\n", value.to_string().trim()),
        }
    }
}

/// A line for each value of a table.
fn lines<'v>(value: &'v Toml, path: &mut Vec<&'v str>, text: &mut String) {
    let Some(table) = value
        .as_inline_table()
        .filter(|it| path.is_empty() || !it.is_empty())
    else {
        let key = dotted(path.iter().copied());
        let _ = writeln!(text, "{key} = {}", value.to_string().trim());
        return;
    };
    for (name, value) in table {
        path.push(name);
        lines(value, path, text);
        path.pop();
    }
}

/// A path as a dotted key.
pub(super) fn dotted<'k>(path: impl IntoIterator<Item = &'k str>) -> String {
    let keys = path.into_iter();
    let keys = keys.map(|key| toml_edit::Key::new(key).to_string());
    keys.collect::<Vec<_>>().join(".")
}

/// A TOML value as JSON.
pub(super) fn json(value: &Toml) -> Value {
    match value {
        Toml::String(text) => text.value().clone().into(),
        Toml::Integer(integer) => (*integer.value()).into(),
        // JSON has no infinity: null.
        Toml::Float(float) => (*float.value()).into(),
        Toml::Boolean(boolean) => (*boolean.value()).into(),
        Toml::Datetime(datetime) => datetime.value().to_string().into(),
        Toml::Array(array) => array.iter().map(json).collect(),
        Toml::InlineTable(table) => {
            let entries = table.iter();
            entries.map(|(key, value)| (key, json(value))).collect()
        }
    }
}
