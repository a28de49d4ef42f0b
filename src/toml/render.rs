//! Text of new keys and values, in the TOML that every containerd release parses.
//!
//! Everything is written on one line, and with the escapes of TOML 1.0 alone: containerd 1.x
//! refuses `\e` and `\xHH`, 2.x refuses line breaks in inline tables, and every release refuses
//! times without seconds (`fixtures/conformance/toml-syntax.tsv`). 1.x also refuses `\"` in keys,
//! and brackets in the keys of headers.

use std::fmt::{self, Write as _};

use toml_writer::{ToTomlKey as _, ToTomlValue as _, TomlKeyBuilder, TomlStringBuilder};

use super::value::{Data, Value};

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

/// The dotted key that these segments make.
pub fn dotted_key<S: AsRef<str>>(path: &[S]) -> String {
    dotted(path, Quotes::Basic)
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match &self.data {
            Data::Text(text) => TomlStringBuilder::new(text).as_basic().to_toml_value(),
            Data::Array(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::to_string).collect();
                format!("[{}]", elements.join(", "))
            }
            Data::Table(_) => {
                let entries = self.entries().into_iter();
                inline(entries.map(|(name, value)| pair(name, value)))
            }
            Data::Integer(integer) => integer.to_string(),
            Data::Float(float) => float.to_toml_value(),
            Data::Boolean(boolean) => boolean.to_string(),
            Data::Datetime(datetime) => datetime.to_string(),
        };
        formatter.write_str(&text)
    }
}

/// A key and its value.
pub(crate) fn pair(name: &str, value: impl fmt::Display) -> String {
    format!("{} = {value}", key(name, Quotes::Basic))
}

/// An inline table of entries that are text already, `{}` when empty.
pub(super) fn inline(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", entries.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_stay_on_one_line_and_use_old_escapes_only() {
        let text = Value::from("a\nb\u{1b}\u{7f}\"\\").to_string();
        assert_eq!(text, r#""a\nb\u001B\u007F\"\\""#);
    }

    #[test]
    fn keys_are_bare_where_they_can_be() {
        assert_eq!(key("a-b_1", Quotes::Basic), "a-b_1");
        assert_eq!(key("a.b", Quotes::Basic), "\"a.b\"");
        assert_eq!(key("a.b", Quotes::Literal), "'a.b'");
        assert_eq!(key("a\"b", Quotes::Basic), "'a\"b'");
        assert_eq!(key("", Quotes::Basic), "\"\"");
        assert_eq!(key("a'\"", Quotes::Basic), r#""a'\u0022""#);
        assert_eq!(
            key("\n\"\"\\", Quotes::Literal),
            r#""\u000A\u0022\u0022\u005C""#
        );
        assert_eq!(key("a]", Quotes::Basic), "\"a]\"");
        assert_eq!(
            header_key("a]\"[", Quotes::Literal),
            r#""a\u005D\u0022\u005B""#
        );
        assert_eq!(header_key("a b", Quotes::Literal), "'a b'");
    }

    #[test]
    fn times_have_seconds() {
        for (given, written) in [
            ("07:32", "07:32:00"),
            ("1979-05-27T07:32Z", "1979-05-27T07:32:00Z"),
            ("1979-05-27", "1979-05-27"),
        ] {
            let given: Value = given.parse().expect("TOML");
            assert_eq!(given.to_string(), written);
        }
    }

    #[test]
    fn composed_values_lose_line_breaks_and_comments() {
        let given: Value = "[1, # one\n {a = 'x'}, []]".parse().expect("TOML");
        assert_eq!(given.to_string(), r#"[1, { a = "x" }, []]"#);
    }
}
