//! What is in force at one key.

use std::fmt::Write as _;

use containerd_edit::{KeyInForce, Value as Toml, dotted_key};
use serde_json::json;

use super::report::Report;

/// What is in force: a string as it is, all else as TOML.
pub(super) fn report(found: &KeyInForce) -> Report {
    let value = &found.value;
    let text = match value.as_str() {
        Some(text) => format!("{text}\n"),
        None if value.is_table() => {
            let mut text = String::new();
            lines(value, &mut Vec::new(), &mut text);
            text
        }
        None => format!("{value}\n"),
    };
    Report::new(json!(found), text)
}

/// A line for each value of a table.
fn lines<'v>(value: &'v Toml, path: &mut Vec<&'v str>, text: &mut String) {
    let entries = value.entries();
    if entries.is_empty() && !path.is_empty() {
        let _ = writeln!(text, "{} = {value}", dotted_key(path));
    }
    for (name, value) in entries {
        path.push(name);
        lines(value, path, text);
        path.pop();
    }
}
