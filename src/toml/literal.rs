//! One TOML value as it is written.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::render;
use super::value::Value;

/// A TOML value with its text. Two are equal if they mean the same.
#[derive(Debug, Clone)]
pub(crate) struct Literal {
    text: String,
    value: Value,
}

impl Literal {
    /// Takes text that is known to be a TOML value; any other is a string.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let value = text.parse().unwrap_or_else(|_| text.as_str().into());
        Self { text, value }
    }

    /// Writes a value on one line, as every containerd release parses it.
    pub(crate) fn of(value: &Value) -> Self {
        Self::written(value, value.to_string())
    }

    /// A value that is written so.
    pub(super) fn written(value: &Value, text: String) -> Self {
        let value = value.clone();
        Self { text, value }
    }

    /// Writes a string.
    pub(crate) fn string(text: &str) -> Self {
        Self::of(&text.into())
    }

    /// The text as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text, with the keys of a table in their order: in whatever order they are written, they mean
    /// the same.
    pub(crate) fn sorted(&self) -> String {
        let Some(table) = self.table() else {
            return self.text.clone();
        };
        render::inline(table.iter().map(|(name, value)| render::pair(name, value)))
    }

    /// The text of a string.
    pub(crate) fn as_string(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }
}

impl Deref for Literal {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Serialize for Literal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'d> Deserialize<'d> for Literal {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let no_value = |_| de::Error::custom(format!("{text:?} is no TOML value"));
        let value = text.parse().map_err(no_value)?;
        Ok(Self { text, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_count() {
        for (one, other) in [
            ("'a'", "\"a\""),
            ("0x10", "16"),
            ("[1,2]", "[ 1, 2, ]"),
            ("{a=1}", "{ 'a' = 1 }"),
        ] {
            assert_eq!(Literal::new(one), Literal::new(other));
        }
        assert_ne!(Literal::new("1"), Literal::new("1.0"));
    }

    #[test]
    fn a_table_is_sorted_and_nothing_else() {
        let sorted = |text| Literal::new(text).sorted();
        assert_eq!(sorted("{ b = 1, a = 2 }"), sorted("{a=2,b=1}"));
        assert_eq!(sorted("'a'"), "'a'");
    }

    #[test]
    fn a_string_is_read_back() {
        let text = "a \"b\" \\ c";
        assert_eq!(Literal::string(text).as_string().as_deref(), Some(text));
        assert_eq!(Literal::new("1").as_string(), None);
    }
}
