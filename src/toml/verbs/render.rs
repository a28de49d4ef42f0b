//! Text of new keys and values, in the TOML that every containerd release parses.
//!
//! Everything is written on one line, and with the escapes of TOML 1.0 alone: containerd 1.x
//! refuses `\e` and `\xHH`, 2.x refuses line breaks in inline tables, and every release refuses
//! times without seconds (`fixtures/conformance/toml-syntax.tsv`). 1.x also refuses `\"` in keys,
//! and brackets in the keys of headers.

use std::fmt::Write as _;

use toml_edit::{Formatted, InlineTable, Value};
use toml_writer::{ToTomlKey as _, ToTomlValue as _, TomlKeyBuilder, TomlStringBuilder};

use super::meaning;

/// Which quotes a string takes where both would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Quotes {
    /// `"…"`
    #[default]
    Basic,
    /// `'…'`
    Literal,
}

impl Quotes {
    /// The quotes of a string as it is written in a file.
    pub(crate) fn of(raw: &str) -> Self {
        if raw.starts_with('\'') {
            Self::Literal
        } else {
            Self::Basic
        }
    }
}

/// A key segment: bare where it can be.
pub(crate) fn key(name: &str, quotes: Quotes) -> String {
    let builder = TomlKeyBuilder::new(name);
    let spelled = || match quotes {
        Quotes::Literal => builder.as_literal(),
        Quotes::Basic => builder.as_basic_pretty().or_else(|| builder.as_literal()),
    };
    match builder.as_unquoted().or_else(spelled) {
        Some(key) => key.to_toml_key(),
        None => escaped(name, &['"']),
    }
}

/// A key segment of a header.
pub(crate) fn header_key(name: &str, quotes: Quotes) -> String {
    if name.contains(['[', ']']) {
        escaped(name, &['"', '[', ']'])
    } else {
        key(name, quotes)
    }
}

/// A basic string in which these characters, and those that need an escape, stand by their number.
fn escaped(name: &str, numbered: &[char]) -> String {
    let mut text = String::from("\"");
    for character in name.chars() {
        if numbered.contains(&character) || character == '\\' || character.is_ascii_control() {
            let _ = write!(text, "\\u{:04X}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text.push('"');
    text
}

/// A dotted key.
pub(crate) fn dotted<S: AsRef<str>>(path: &[S], quotes: Quotes) -> String {
    let segments: Vec<String> = path.iter().map(|name| key(name.as_ref(), quotes)).collect();
    segments.join(".")
}

/// A value on one line.
pub(crate) fn value(value: &Value, quotes: Quotes) -> String {
    match value {
        Value::String(string) => text(string.value(), quotes),
        Value::Array(array) => {
            let elements: Vec<String> =
                array.iter().map(|each| self::value(each, quotes)).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::InlineTable(table) => inline_table(table, quotes),
        Value::Integer(integer) => integer.value().to_string(),
        Value::Float(float) => Formatted::new(*float.value()).to_string(),
        Value::Boolean(boolean) => boolean.value().to_string(),
        Value::Datetime(datetime) => meaning::with_seconds(*datetime.value()).to_string(),
    }
}

/// An inline table on one line, `{}` when empty.
fn inline_table(table: &InlineTable, quotes: Quotes) -> String {
    let entries: Vec<String> = table
        .iter()
        .map(|(name, each)| format!("{} = {}", key(name, quotes), value(each, quotes)))
        .collect();
    inline(&entries)
}

/// An inline table of entries that are text already.
pub(crate) fn inline(entries: &[String]) -> String {
    if entries.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", entries.join(", "))
    }
}

fn text(text: &str, quotes: Quotes) -> String {
    let builder = TomlStringBuilder::new(text);
    let literal = match quotes {
        Quotes::Literal => builder.as_literal(),
        Quotes::Basic => None,
    };
    literal
        .unwrap_or_else(|| builder.as_basic())
        .to_toml_value()
}
