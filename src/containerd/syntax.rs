//! TOML that `toml_edit` accepts and some containerd release refuses.
//!
//! 1.x parses with go-toml v1, 2.x with go-toml v2, each with limits of its own. Measured rows:
//! `fixtures/conformance/toml-syntax.tsv`.

use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, parse_document};
use toml_parser::{ErrorSink, Source, Span};

use crate::error::{Code, Error};
use crate::toml::index::Kind;
use crate::toml::{Document, ParseError};

use super::release::{Release, Releases};
use super::schema;

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        let hint = if error.is_too_deep {
            "nest this value less deeply; containerd itself has no such limit"
        } else {
            "fix this line; containerd reads the file only when it starts, so it may still be running \
             with an older one"
        };
        Self::new(Code::NotToml, error.to_string(), hint).position_at(error.at)
    }
}

/// A construct that not every release parses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Construct {
    ByteOrderMark,
    HexEscape,
    EscapeEscape,
    MinuteTime,
    LowercaseTime,
    DateAlone,
    LeapSecond,
    QuotesBeforeQuotes,
    InlineTableOfLines,
    CommaAtTheEnd,
    BracketInHeader,
    QuoteInKey,
    HeaderOfDottedTable,
    SpaceAfterDot,
    CommaOnItsLine,
    ZeroWithExponent,
    EscapeInUnknownKey,
}

/// The first release that reads TOML 1.1 (go-toml 2.4).
const FIRST_OF_1_1: Release = Release::new(2, 4, 0);
const TOML_1_0: Releases = Releases::between(Release::new(0, 0, 0), FIRST_OF_1_1);

/// Which releases refuse what, and why.
const REFUSALS: &[(Construct, Releases, &str)] = &[
    (
        Construct::ByteOrderMark,
        Releases::TWO,
        "a byte order mark at the start of the file",
    ),
    (Construct::HexEscape, TOML_1_0, "the escape \\x is TOML 1.1"),
    (
        Construct::EscapeEscape,
        Releases::ONE,
        "the escape \\e is TOML 1.1",
    ),
    (
        Construct::MinuteTime,
        TOML_1_0,
        "a time without seconds is TOML 1.1",
    ),
    (
        Construct::LowercaseTime,
        Releases::ONE,
        "a lowercase t or z in a date-time",
    ),
    (Construct::DateAlone, Releases::ONE, "a date without a time"),
    (Construct::LeapSecond, Releases::ONE, "a 60th second"),
    (
        Construct::LeapSecond,
        Releases::between(Release::new(2, 3, 0), FIRST_OF_1_1),
        "a 60th second",
    ),
    (
        Construct::QuotesBeforeQuotes,
        Releases::ONE,
        "quotes directly before the closing quotes of a multi-line string",
    ),
    (
        Construct::InlineTableOfLines,
        Releases::between(Release::new(2, 0, 0), FIRST_OF_1_1),
        "a line break inside an inline table is TOML 1.1",
    ),
    (
        Construct::CommaAtTheEnd,
        TOML_1_0,
        "a comma at the end of an inline table is TOML 1.1",
    ),
    (
        Construct::BracketInHeader,
        Releases::ONE,
        "a bracket inside a header's key",
    ),
    (
        Construct::QuoteInKey,
        Releases::ONE,
        "an escaped quote in a key",
    ),
    (
        Construct::HeaderOfDottedTable,
        Releases::TWO,
        "a header of a table that dotted keys have made",
    ),
    (
        Construct::SpaceAfterDot,
        Releases::ONE,
        "a key with a space behind a dot, and none before it",
    ),
    (
        Construct::CommaOnItsLine,
        Releases::ONE,
        "a comma at the start of a line in an inline table",
    ),
    (
        Construct::ZeroWithExponent,
        Releases::ONE,
        "a float that begins with 0e",
    ),
    (
        // The strict decoder looks for the key in the file and panics.
        Construct::EscapeInUnknownKey,
        Releases::between(Release::new(2, 0, 0), Release::new(2, 3, 0)),
        "an escape in the name of an unknown key",
    ),
];

/// What some releases refuse although the tool reads it.
pub(super) fn refused() -> impl Iterator<Item = (&'static str, Releases)> {
    REFUSALS
        .iter()
        .map(|(_, releases, reason)| (*reason, *releases))
}

/// The constructs of a file that not every release parses, with where they stand.
#[derive(Debug, Default)]
pub(crate) struct Peculiarities(Vec<(Construct, usize)>);

impl Peculiarities {
    pub(crate) fn of(config: &Document<'_>) -> Self {
        let text = config.text();
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut finder = Finder {
            source,
            text,
            found: Vec::new(),
            inline_depth: 0,
            comma: None,
            arrays: Vec::new(),
            in_header: false,
        };
        if text.starts_with('\u{feff}') {
            finder.found.push((Construct::ByteOrderMark, 0));
        }
        parse_document(&tokens, &mut finder, &mut ());
        let mut found = finder.found;
        found.extend(headers_of_dotted_tables(config));
        found.extend(escapes_in_unknown_keys(config));
        Self(found)
    }

    /// Why this release does not parse the file, and where.
    pub(crate) fn refusal(&self, release: Release) -> Option<(&'static str, usize)> {
        self.0.iter().find_map(|(construct, offset)| {
            let (_, _, reason) = REFUSALS
                .iter()
                .find(|(known, releases, _)| known == construct && releases.contain(release))?;
            Some((*reason, *offset))
        })
    }
}

/// Headers of tables that dotted keys have made before.
fn headers_of_dotted_tables(config: &Document<'_>) -> Vec<(Construct, usize)> {
    let index = &config.index;
    let mut made = std::collections::HashSet::new();
    let mut found = Vec::new();
    for (number, statement) in index.statements.iter().enumerate() {
        let own = statement.keys.len();
        if statement.kind == Kind::Pair && own == 1 {
            continue;
        }
        let path: Vec<&str> = index.path(number).collect();
        if statement.kind == Kind::Pair {
            for depth in path.len() - own + 1..path.len() {
                made.insert(path[..depth].to_vec());
            }
        } else if made.contains(&path) {
            found.push((Construct::HeaderOfDottedTable, statement.span.start));
        }
    }
    found
}

/// The text in whose headers each backslash is a letter: go-toml v1 reads no escapes there. `None`
/// where no header has one.
pub(super) fn without_escapes_in_headers(config: &Document<'_>) -> Option<String> {
    let text = config.text();
    let headers = config.index.statements.iter();
    let headers = headers.filter(|statement| statement.kind != Kind::Pair);
    let mut read = String::new();
    let mut copied = 0;
    for key in headers.flat_map(|header| &header.keys) {
        let raw = &text[key.span.clone()];
        if raw.starts_with('"') && raw.contains('\\') {
            read += &text[copied..key.span.start];
            read += &raw.replace('\\', "\\\\");
            copied = key.span.end;
        }
    }
    (copied > 0).then(|| read + &text[copied..])
}

/// Keys that no release knows, with an escape in their first or last part.
fn escapes_in_unknown_keys(config: &Document<'_>) -> Vec<(Construct, usize)> {
    let index = &config.index;
    let mut found = Vec::new();
    for (number, statement) in index.statements.iter().enumerate() {
        let text = config.text();
        let ends = [statement.keys.first(), statement.keys.last()];
        let mut ends = ends.into_iter().flatten();
        let is_escaped = ends.any(|key| {
            let raw = &text[key.span.clone()];
            raw.starts_with('"') && raw.contains('\\')
        });
        if is_escaped && !schema::is_of_file(index.path(number)) {
            found.push((Construct::EscapeInUnknownKey, statement.span.start));
        }
    }
    found
}

struct Finder<'t> {
    source: Source<'t>,
    text: &'t str,
    found: Vec<(Construct, usize)>,
    inline_depth: usize,
    /// The last comma of an inline table that nothing has followed yet.
    comma: Option<usize>,
    /// Inline depth at which each open array was opened: inside one, lines may break.
    arrays: Vec<usize>,
    in_header: bool,
}

impl<'t> Finder<'t> {
    fn text(&self, span: Span) -> &'t str {
        self.source.get(span).map_or("", |raw| raw.as_str())
    }

    fn in_inline_table(&self) -> bool {
        self.inline_depth > self.arrays.last().copied().unwrap_or(0)
    }

    fn string(&mut self, span: Span, encoding: Encoding) {
        let text = self.text(span);
        match encoding {
            Encoding::BasicString | Encoding::MlBasicString => {
                let content = text.strip_suffix("\"\"\"").unwrap_or_default();
                let before = content.strip_suffix('"').filter(|before| before.len() >= 3);
                let slashes =
                    before.map(|before| before.len() - before.trim_end_matches('\\').len());
                if slashes.is_some_and(|slashes| slashes % 2 == 0) {
                    self.found
                        .push((Construct::QuotesBeforeQuotes, span.start()));
                }
                let mut escaped = false;
                for (at, byte) in text.bytes().enumerate() {
                    let construct = match (escaped, byte) {
                        (true, b'x') => Some(Construct::HexEscape),
                        (true, b'e') => Some(Construct::EscapeEscape),
                        _ => None,
                    };
                    self.found
                        .extend(construct.map(|construct| (construct, span.start() + at - 1)));
                    escaped = !escaped && byte == b'\\';
                }
            }
            Encoding::MlLiteralString => {
                if text.len() > 6 && text.ends_with("''''") {
                    self.found
                        .push((Construct::QuotesBeforeQuotes, span.start()));
                }
            }
            Encoding::LiteralString => {}
        }
    }

    fn datetime(&mut self, span: Span) {
        let text = self.text(span);
        let is_date = text.len() >= 10 && text.as_bytes()[4] == b'-' && text.is_char_boundary(10);
        let time = if is_date {
            text[10..].trim_start_matches(['T', 't', ' '])
        } else {
            text
        };
        let is_time = time.len() >= 5 && time.as_bytes()[2] == b':';
        if !is_date && !is_time {
            return;
        }
        let construct = if !is_time {
            // With a space behind it, 1.x reads a date.
            if matches!(self.text.as_bytes().get(span.end()), None | Some(b' ')) {
                return;
            }
            Construct::DateAlone
        } else if time.as_bytes().get(5) != Some(&b':') {
            Construct::MinuteTime
        } else if time.get(6..8) == Some("60") {
            Construct::LeapSecond
        } else if text.contains(['t', 'z']) {
            Construct::LowercaseTime
        } else {
            return;
        };
        self.found.push((construct, span.start()));
    }
}

impl EventReceiver for Finder<'_> {
    fn std_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = true;
    }

    fn std_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn array_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = true;
    }

    fn array_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.in_header = false;
    }

    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        self.comma = None;
        let Some(encoding) = encoding else {
            return;
        };
        self.string(span, encoding);
        let text = self.text(span);
        if self.in_header && text.contains(['[', ']']) {
            self.found.push((Construct::BracketInHeader, span.start()));
        }
        let numbered = ["\\u0022", "\\U00000022"]
            .iter()
            .any(|quote| text.contains(quote));
        let spelled = encoding == Encoding::BasicString && text.contains("\\\"");
        if spelled || (numbered && !self.in_header) {
            self.found.push((Construct::QuoteInKey, span.start()));
        }
    }

    fn scalar(&mut self, span: Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        match encoding {
            Some(encoding) => self.string(span, encoding),
            None if self.text(span).starts_with(['0'])
                && self.text(span)[1..].starts_with(['e', 'E']) =>
            {
                self.found.push((Construct::ZeroWithExponent, span.start()));
            }
            None => self.datetime(span),
        }
    }

    fn key_sep(&mut self, span: Span, _: &mut dyn ErrorSink) {
        let byte = |at: usize| self.text.as_bytes().get(at).copied();
        let is_space = |byte: Option<u8>| matches!(byte, Some(b' ' | b'\t'));
        let before = span.start().checked_sub(1).and_then(byte);
        let after = byte(span.end());
        let is_bare = !self.in_header && is_space(after) && !is_space(before);
        if is_bare || after == Some(b'\t') {
            self.found.push((Construct::SpaceAfterDot, span.start()));
        }
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.arrays.push(self.inline_depth);
        true
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.arrays.pop();
        self.comma = None;
    }

    fn inline_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.inline_depth += 1;
        self.comma = None;
        true
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if let Some(comma) = self.comma.take() {
            self.found.push((Construct::CommaAtTheEnd, comma));
        }
        self.inline_depth = self.inline_depth.saturating_sub(1);
    }

    fn value_sep(&mut self, span: Span, _: &mut dyn ErrorSink) {
        if self.in_inline_table() {
            self.comma = Some(span.start());
            let line = self.text[..span.start()].rsplit('\n').next();
            if line.is_some_and(|line| line.trim().is_empty()) {
                self.found.push((Construct::CommaOnItsLine, span.start()));
            }
        }
    }

    fn newline(&mut self, span: Span, _: &mut dyn ErrorSink) {
        if self.in_inline_table() {
            self.found
                .push((Construct::InlineTableOfLines, span.start()));
        }
    }
}
