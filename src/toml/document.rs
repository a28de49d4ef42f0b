//! A document as bytes, meaning and positions.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use crate::error::Position;

use super::index::{Index, rest_after};
use super::lines::{self, Breaks};
use super::reading::{DEEPEST, Mistake};
use super::render::Quotes;
use super::tree::Tree;
use super::value::{TextId, Value};

/// A parsed TOML file that remembers its exact text.
#[derive(Debug)]
pub struct Document {
    tree: Tree,
    pub(crate) index: Index,
    breaks: OnceLock<Breaks>,
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

/// The bytes of a file as text, which need not be TOML.
pub(crate) fn text_of(bytes: &[u8]) -> Result<&str, ParseError> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(bytes);
        ParseError {
            message: format!("byte {:#04x} is not UTF-8", bytes[error.valid_up_to()]),
            at: lines::position(&valid, error.valid_up_to()),
            is_too_deep: false,
        }
    })
}

/// What `toml` says of values, and of keys, which it gives no place.
const DEPTH_MESSAGES: [&str; 2] = [
    "cannot recurse further; max recursion depth met",
    "recursion limit",
];

fn parse_error(text: &str, (message, start): Mistake) -> ParseError {
    let is_too_deep = DEPTH_MESSAGES.contains(&&*message);
    let deep_line = || {
        let is_deep = |line: &&str| line.matches('.').count() >= DEEPEST;
        let line = text.lines().find(is_deep).unwrap_or(text);
        line.as_ptr().addr() - text.as_ptr().addr()
    };
    let message = if is_too_deep {
        format!("nested more than {DEEPEST} deep, which containerd-edit does not read")
    } else {
        message
    };
    let start = start.unwrap_or_else(|| if is_too_deep { deep_line() } else { 0 });
    ParseError {
        message,
        at: lines::position(text, start),
        is_too_deep,
    }
}

impl Document {
    /// Parses the bytes of a config file.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the bytes are not UTF-8 or not TOML, with the place. As in `toml`,
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
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::parse_as(TextId::new(), bytes)
    }

    /// The same of a text that has an ID: [`Self::parse`].
    pub(crate) fn parse_as(id: TextId, bytes: &[u8]) -> Result<Self, ParseError> {
        let text = text_of(bytes)?;
        PARSED.set(PARSED.get() + 1);
        // What is nested too deep is refused before it is indexed.
        let root = Value::of_document(text, id);
        let root = root.map_err(|mistake| parse_error(text, mistake))?;
        Ok(Self {
            tree: Tree {
                root,
                text: text.into(),
            },
            index: Index::new(text),
            breaks: OnceLock::new(),
        })
    }

    /// The ID of the text.
    pub(crate) fn id(&self) -> TextId {
        self.root().place.text
    }

    /// The text as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.tree.text
    }

    /// What it says.
    pub(crate) fn root(&self) -> &Value {
        &self.tree.root
    }

    /// The same, as a tree that can be changed.
    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What stands at `path`, whatever its spelling.
    pub(crate) fn get(&self, path: &[impl AsRef<str>]) -> Option<&Value> {
        let mut names = path.iter().map(AsRef::as_ref);
        names.try_fold(self.root(), |value, name| value.table()?.get(name))
    }

    /// Where `path` is first written, for messages.
    pub(crate) fn offset(&self, path: &[impl AsRef<str>]) -> usize {
        let mut written = self.index.written();
        let first = written.find(|(keys, _)| rest_after(keys, path).is_some());
        first.map_or(0, |(_, span)| span.start)
    }

    /// Where each entry of the table at `path` is first written.
    pub(crate) fn offsets_in(&self, path: &[impl AsRef<str>]) -> BTreeMap<&str, usize> {
        let mut found = BTreeMap::new();
        for (keys, span) in self.index.written() {
            if let Some([name, ..]) = rest_after(&keys, path) {
                found.entry(*name).or_insert(span.start);
            }
        }
        found
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        let breaks = self.breaks.get_or_init(|| Breaks::of(self.text()));
        breaks.position(self.text(), offset)
    }

    /// The span of the value that is written for exactly `path`.
    pub(crate) fn value(&self, path: &[impl AsRef<str>]) -> Option<Range<usize>> {
        self.get(path)?.span().cloned()
    }

    /// The first `count` segments of a statement's own keys, as they are written.
    pub(crate) fn raw_keys(&self, statement: usize, count: usize) -> &str {
        let keys = self.index.segments(&self.index.statements[statement].keys);
        &self.text()[keys[0].span.start..keys[count - 1].span.end]
    }

    /// The quotes around the first key in a header that has any.
    pub(crate) fn key_quotes(&self) -> Quotes {
        let headers = self.index.headers().map(|it| &self.index.statements[it]);
        let keys = headers.flat_map(|header| self.index.segments(&header.keys));
        let mut texts = keys.map(|key| &self.text()[key.span.clone()]);
        let quoted = texts.find(|text| text.starts_with(['"', '\'']));
        quoted.map_or(Quotes::Basic, Quotes::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Document {
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
            let span = config.value(&["a", "b", "c"]).expect("it is there");
            assert_eq!(&text[span], "1", "{text}");
            assert!(config.get(&["a", "b", "c"]).is_some(), "{text}");
            assert!(config.value(&["a", "b"]).is_none(), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        let error = Document::parse(b"a = 1\nb = \"\xff\"\n").expect_err("not UTF-8");
        assert_eq!((error.at.line, error.at.column), (2, 6));
        assert_eq!(error.message, "byte 0xff is not UTF-8");
    }
}
