//! One TOML value as it is written.

use serde::{Deserialize, Deserializer, Serialize, de};

use super::render;
use super::value::Value;

/// The text of a TOML value. Two are equal if they mean the same.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Literal {
    text: String,
}

impl Literal {
    /// Takes text that is known to be a TOML value.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// Writes a value on one line, as every containerd release parses it.
    pub(crate) fn of(value: &Value) -> Self {
        Self::new(value.to_string())
    }

    /// Writes a string.
    pub(crate) fn string(text: &str) -> Self {
        Self::of(&text.into())
    }

    /// The text as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What the text means; `None` if it is no TOML value.
    pub(crate) fn value(&self) -> Option<Value> {
        self.text.parse().ok()
    }

    /// Whether it says no more than if it were not there.
    pub(crate) fn says_nothing(&self) -> bool {
        self.value().is_none_or(|it| it.says_nothing())
    }

    /// Whether it says what `other` says, and nothing besides.
    pub(crate) fn says_just(&self, other: &Self) -> bool {
        let values = self.value().zip(other.value());
        values.is_some_and(|(own, other)| own.says_just(&other))
    }

    /// The text, with the keys of a table in their order: in whatever order they are written, they mean
    /// the same.
    pub(crate) fn sorted(&self) -> String {
        let value = self.value();
        let Some(table) = value.as_ref().and_then(Value::table) else {
            return self.text.clone();
        };
        render::inline(table.iter().map(|(name, value)| render::pair(name, value)))
    }

    /// The string that the text means, if it means one.
    pub(crate) fn as_string(&self) -> Option<String> {
        self.value()?.as_str().map(str::to_owned)
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        let same = || self.value().is_some_and(|it| Some(it) == other.value());
        self.text == other.text || same()
    }
}

impl<'d> Deserialize<'d> for Literal {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        let literal = Self::new(String::deserialize(deserializer)?);
        if literal.value().is_none() {
            let message = format!("{:?} is no TOML value", literal.text);
            return Err(de::Error::custom(message));
        }
        Ok(literal)
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
