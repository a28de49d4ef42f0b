//! A document as bytes, meaning and positions.

use std::ops::Range;

use toml_edit::Item;

use crate::error::Position;

use super::index::{Index, Kind, rest_after};
use super::lines;
use super::render::Quotes;

/// A parsed TOML file that remembers its exact text.
#[derive(Debug)]
pub struct Document<'t> {
    pub(crate) text: &'t str,
    pub(crate) toml: toml_edit::Document<&'t str>,
    pub(crate) index: Index<'t>,
}

/// Bytes that are no TOML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid TOML: {message}")]
pub struct ParseError {
    /// What is wrong, in the parser's words.
    pub message: String,
    /// Where the parser stopped.
    pub at: Position,
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
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = String::from_utf8_lossy(bytes);
            ParseError {
                message: format!("byte {:#04x} is not UTF-8", bytes[error.valid_up_to()]),
                at: lines::position(&valid, error.valid_up_to()),
            }
        })?;
        let toml = toml_edit::Document::parse(text).map_err(|error| ParseError {
            message: error.message().replace('\n', ", "),
            at: lines::position(text, error.span().map_or(0, |span| span.start)),
        })?;
        Ok(Self {
            text,
            toml,
            index: Index::new(text),
        })
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text
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
        lines::position(self.text, offset)
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

    /// The text of the value that is written for exactly `path`.
    pub(crate) fn raw(&self, path: &[&str]) -> Option<&'t str> {
        self.get(path)?;
        self.value(path).map(|(_, span)| &self.text[span])
    }

    /// The first `count` segments of a statement's own keys, as they are written.
    pub(crate) fn raw_keys(&self, statement: usize, count: usize) -> &'t str {
        let keys = &self.index.statements[statement].keys[..count];
        match (keys.first(), keys.last()) {
            (Some(first), Some(last)) => &self.text[first.span.start..last.span.end],
            _ => "",
        }
    }

    /// The quotes around the first string.
    pub(crate) fn quotes(&self) -> Quotes {
        let values = self.index.statements.iter().map(|it| &it.value);
        self.first_quotes(values)
    }

    /// The quotes around the first key in a header that has any.
    pub(crate) fn key_quotes(&self) -> Quotes {
        let statements = self.index.statements.iter();
        let headers = statements.filter(|it| it.kind == Kind::Header);
        self.first_quotes(headers.flat_map(|header| header.keys.iter().map(|key| &key.span)))
    }

    fn first_quotes<'s>(&self, spans: impl Iterator<Item = &'s Range<usize>>) -> Quotes {
        let mut texts = spans.map(|span| &self.text[span.clone()]);
        let quoted = texts.find(|text| text.starts_with(['"', '\'']));
        quoted.map_or(Quotes::Basic, Quotes::of)
    }

    /// The whole lines of a statement.
    pub(crate) fn statement_lines(&self, statement: usize) -> Range<usize> {
        let span = &self.index.statements[statement].span;
        lines::start(self.text, span.start)..lines::end(self.text, span.end)
    }
}
