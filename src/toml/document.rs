//! A document as bytes, meaning and positions.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::str::Utf8Error;

use toml_edit::Item;

use crate::error::Position;

use super::index::{Index, Kind, rest_after};
use super::lines;
use super::render::Quotes;

/// A parsed TOML file that remembers its exact text.
#[derive(Debug)]
pub struct Document<'t> {
    pub(crate) toml: toml_edit::Document<Cow<'t, str>>,
    pub(crate) index: Index<'t>,
}

/// Bytes that are no TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, in the parser's words.
    pub message: String,
    /// Where the parser stopped.
    pub at: Position,
    /// Whether it is TOML all the same, nested too deep to be read here.
    pub(crate) is_too_deep: bool,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_wrong = if self.is_too_deep {
            ""
        } else {
            "not valid TOML: "
        };
        write!(formatter, "{is_wrong}{}", self.message)
    }
}

impl std::error::Error for ParseError {}

thread_local! {
    static PARSED: Cell<usize> = const { Cell::new(0) };
}

/// How many texts this thread has parsed: each text once is the aim.
#[doc(hidden)]
#[must_use]
pub fn parsed() -> usize {
    PARSED.get()
}

/// The only place that parses.
fn read<'t>(text: &Cow<'t, str>) -> Result<toml_edit::Document<Cow<'t, str>>, ParseError> {
    PARSED.set(PARSED.get() + 1);
    toml_edit::Document::parse(text.clone()).map_err(|error| {
        let start = error.span().map(|span| span.start);
        if DEPTH_MESSAGES.contains(&error.message()) {
            return too_deep(text, start);
        }
        ParseError {
            message: error.message().replace('\n', ", "),
            at: lines::position(text, start.unwrap_or(0)),
            is_too_deep: false,
        }
    })
}

/// How deep a value may be nested (`toml_edit`'s limit), in brackets or by dots.
const DEEPEST: usize = 80;
/// What `toml_edit` says of values, and of keys, which it gives no place.
const DEPTH_MESSAGES: [&str; 2] = [
    "cannot recurse further; max recursion depth met",
    "recursion limit",
];

fn too_deep(text: &str, start: Option<usize>) -> ParseError {
    let start = start.unwrap_or_else(|| {
        let is_deep = |line: &&str| line.matches('.').count() >= DEEPEST;
        let line = text.lines().find(is_deep).unwrap_or(text);
        line.as_ptr().addr() - text.as_ptr().addr()
    });
    ParseError {
        message: format!("nested more than {DEEPEST} deep, which containerd-edit does not read"),
        at: lines::position(text, start),
        is_too_deep: true,
    }
}

/// The bytes of a file as text, which need not be TOML.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, ParseError> {
    str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error))
}

fn not_utf8(bytes: &[u8], error: Utf8Error) -> ParseError {
    let valid = String::from_utf8_lossy(bytes);
    ParseError {
        message: format!("byte {:#04x} is not UTF-8", bytes[error.valid_up_to()]),
        at: lines::position(&valid, error.valid_up_to()),
        is_too_deep: false,
    }
}

impl<'t> Document<'t> {
    /// Parses the bytes of a config file.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the bytes are not UTF-8 or not TOML, with the place. As in `toml_edit`,
    /// values nested more than 80 deep are refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use containerd_edit::Document;
    ///
    /// assert!(Document::parse(b"version = 2\n").is_ok());
    /// let error = Document::parse(b"version = 2\n\"3s\"\n").unwrap_err();
    /// assert_eq!((error.at.line, error.at.column), (2, 5));
    /// ```
    pub fn parse(bytes: &'t [u8]) -> Result<Self, ParseError> {
        let text = text_of(bytes)?;
        // What is nested too deep is refused before it is indexed.
        let toml = read(&Cow::Borrowed(text))?;
        let index = Index::new(text);
        Ok(Self { toml, index })
    }

    /// Parses bytes and keeps them.
    pub(super) fn of(bytes: Vec<u8>) -> Result<Document<'static>, ParseError> {
        let text = String::from_utf8(bytes)
            .map_err(|error| not_utf8(error.as_bytes(), error.utf8_error()))?;
        let toml = read(&Cow::Owned(text))?;
        let index = Index::new(toml.raw()).into_owned();
        Ok(Document { toml, index })
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        self.toml.raw()
    }

    /// What stands at `path`, whatever its spelling.
    pub(crate) fn get(&self, path: &[&str]) -> Option<&Item> {
        let mut item = self.toml.as_item();
        for key in path {
            item = item.as_table_like()?.get(key)?;
        }
        Some(item)
    }

    /// The string at `path`.
    pub(crate) fn string(&self, path: &[&str]) -> Option<&str> {
        self.get(path)?.as_str()
    }

    /// The first item on `path` that is no table, with the number of segments that lead to it.
    pub(crate) fn obstacle(&self, path: &[&str]) -> Option<(usize, &Item)> {
        let mut item = self.toml.as_item();
        for (depth, key) in path.iter().enumerate() {
            item = item.as_table_like()?.get(key)?;
            if item.as_table_like().is_none() {
                return Some((depth + 1, item));
            }
        }
        None
    }

    /// Where `path` is first written, for messages.
    pub(crate) fn offset(&self, path: &[&str]) -> usize {
        let statement = (0..self.index.statements.len())
            .find(|&statement| self.index.is_below(statement, path))
            .map(|statement| self.index.statements[statement].span.start);
        let entry = || {
            self.index.inline_tables.iter().find_map(|table| {
                let rest = rest_after(path, &table.path)?;
                table
                    .entries
                    .iter()
                    .find(|entry| entry.is_below(rest))
                    .map(|entry| entry.span.start)
            })
        };
        statement.or_else(entry).unwrap_or(0)
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        lines::position(self.text(), offset)
    }

    /// The span of the value that is written for exactly `path`, and the statement it is part of.
    pub(crate) fn value(&self, path: &[&str]) -> Option<(usize, Range<usize>)> {
        let statements = self.index.statements.iter().enumerate();
        for (number, statement) in statements {
            if statement.kind == Kind::Pair && self.index.is_at(number, path) {
                return Some((number, statement.value.clone()));
            }
        }
        self.index.inline_tables.iter().find_map(|table| {
            let rest = rest_after(path, &table.path)?;
            table
                .entries
                .iter()
                .find(|entry| entry.keys.iter().map(|key| &key.name).eq(rest.iter()))
                .map(|entry| (table.statement, entry.value.clone()))
        })
    }

    /// The first `count` segments of a statement's own keys, as they are written.
    pub(crate) fn raw_keys(&self, statement: usize, count: usize) -> &str {
        let keys = &self.index.statements[statement].keys[..count];
        match (keys.first(), keys.last()) {
            (Some(first), Some(last)) => &self.text()[first.span.start..last.span.end],
            _ => "",
        }
    }

    /// The quotes around the first key in a header that has any.
    pub(crate) fn key_quotes(&self) -> Quotes {
        let statements = self.index.statements.iter();
        let headers = statements.filter(|it| it.kind == Kind::Header);
        self.first_quotes(headers.flat_map(|header| header.keys.iter().map(|key| &key.span)))
    }

    fn first_quotes<'s>(&self, spans: impl Iterator<Item = &'s Range<usize>>) -> Quotes {
        let mut texts = spans.map(|span| &self.text()[span.clone()]);
        let quoted = texts.find(|text| text.starts_with(['"', '\'']));
        quoted.map_or(Quotes::Basic, Quotes::of)
    }

    /// The whole lines of a statement.
    pub(crate) fn statement_lines(&self, statement: usize) -> Range<usize> {
        let span = &self.index.statements[statement].span;
        lines::start(self.text(), span.start)..lines::end(self.text(), span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::meaning::type_name;
    use super::*;

    fn parsed(text: &str) -> Document<'_> {
        Document::parse(text.as_bytes()).expect("test input is TOML")
    }

    #[test]
    fn a_value_is_found_in_every_spelling() {
        for text in [
            "a.b.c = 1",
            "[a]\nb.c = 1",
            "[a.b]\nc = 1",
            "a = { b.c = 1 }",
        ] {
            let config = parsed(text);
            let (_, span) = config.value(&["a", "b", "c"]).expect("it is there");
            assert_eq!(&text[span], "1", "{text}");
            assert!(config.get(&["a", "b", "c"]).is_some(), "{text}");
            assert!(config.value(&["a", "b"]).is_none(), "{text}");
        }
    }

    #[test]
    fn the_first_thing_in_the_way_is_named() {
        let config = parsed("[a]\nb = []\n[[c]]\n");
        let obstacle = |path| {
            config
                .obstacle(path)
                .map(|(depth, item)| (depth, type_name(item)))
        };
        assert_eq!(obstacle(&["a", "b", "c"]), Some((2, "an array")));
        assert_eq!(obstacle(&["c"]), Some((1, "an array of tables")));
        assert_eq!(obstacle(&["a", "x"]), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        let error = Document::parse(b"a = 1\nb = \"\xff\"\n").expect_err("not UTF-8");
        assert_eq!((error.at.line, error.at.column), (2, 6));
        assert_eq!(error.message, "byte 0xff is not UTF-8");
    }
}
