//! A walk through a file's tokens, for what not every release parses.

use toml_parser::Span;
use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind};

use crate::toml::Document;

use super::construct::{self, Construct};

/// The constructs of a text that its tokens show, with where they stand.
pub(super) fn constructs(config: &Document) -> Vec<(Construct, usize)> {
    let mut finder = Finder {
        text: config.text(),
        found: Vec::new(),
        comma: None,
        open: Vec::new(),
        in_header: false,
    };
    for event in &config.index.events {
        finder.take(event);
    }
    finder.found
}

struct Finder<'t> {
    text: &'t str,
    found: Vec<(Construct, usize)>,
    /// The last comma of an inline table that nothing has followed yet.
    comma: Option<usize>,
    /// What has opened each array and inline table that is not closed yet.
    open: Vec<EventKind>,
    in_header: bool,
}

impl<'t> Finder<'t> {
    fn text(&self, span: Span) -> &'t str {
        self.text.get(span.start()..span.end()).unwrap_or_default()
    }

    fn note(&mut self, construct: Construct, span: Span) {
        self.found.push((construct, span.start()));
    }

    fn in_inline_table(&self) -> bool {
        self.open.last() == Some(&EventKind::InlineTableOpen)
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
                    self.note(construct::QUOTES_BEFORE_QUOTES, span);
                }
                let mut bytes = text.bytes().enumerate();
                while let Some((at, _)) = bytes.find(|(_, byte)| *byte == b'\\') {
                    let construct = match bytes.next() {
                        Some((_, b'x')) => construct::HEX_ESCAPE,
                        Some((_, b'e')) => construct::ESCAPE_ESCAPE,
                        _ => continue,
                    };
                    self.found.push((construct, span.start() + at));
                }
            }
            Encoding::MlLiteralString => {
                if text.len() > 6 && text.ends_with("''''") {
                    self.note(construct::QUOTES_BEFORE_QUOTES, span);
                }
            }
            Encoding::LiteralString => {}
        }
    }

    fn datetime(&mut self, span: Span) {
        let text = self.text(span);
        let is_date = text.len() >= 10 && text.as_bytes()[4] == b'-' && text.is_char_boundary(10);
        let time = text.get(10..).filter(|_| is_date);
        let time = time.map_or(text, |time| time.trim_start_matches(['T', 't', ' ']));
        let is_time = time.len() >= 5 && time.as_bytes()[2] == b':';
        let second = time.get(5..8);
        // With a space behind it, 1.x reads a date.
        let is_alone = || !matches!(self.text.as_bytes().get(span.end()), None | Some(b' '));
        let construct = match (is_date, is_time) {
            (true, false) if is_alone() => construct::DATE_ALONE,
            (_, true) if second.is_none_or(|it| !it.starts_with(':')) => construct::MINUTE_TIME,
            (_, true) if second == Some(":60") => construct::LEAP_SECOND,
            (_, true) if text.contains(['t', 'z']) => construct::LOWERCASE_TIME,
            _ => return,
        };
        self.note(construct, span);
    }

    fn key(&mut self, span: Span, encoding: Encoding) {
        self.string(span, encoding);
        let text = self.text(span);
        if self.in_header && text.contains(['[', ']']) {
            self.note(construct::BRACKET_IN_HEADER, span);
        }
        let is_numbered = || {
            let mut quotes = ["\\u0022", "\\U00000022"].iter();
            !self.in_header && quotes.any(|quote| text.contains(quote))
        };
        let is_spelled = encoding == Encoding::BasicString && text.contains("\\\"");
        if text.contains('\\') && (is_spelled || is_numbered()) {
            self.note(construct::QUOTE_IN_KEY, span);
        }
    }

    fn scalar(&mut self, span: Span, encoding: Option<Encoding>) {
        let text = self.text(span);
        match encoding {
            Some(encoding) => self.string(span, encoding),
            None if text.starts_with("0e") || text.starts_with("0E") => {
                self.note(construct::ZERO_WITH_EXPONENT, span);
            }
            None => self.datetime(span),
        }
    }

    fn key_sep(&mut self, span: Span) {
        let byte = |at: usize| self.text.as_bytes().get(at).copied();
        let is_space = |byte: Option<u8>| matches!(byte, Some(b' ' | b'\t'));
        let before = span.start().checked_sub(1).and_then(byte);
        let after = byte(span.end());
        let is_bare = !self.in_header && is_space(after) && !is_space(before);
        if is_bare || after == Some(b'\t') {
            self.note(construct::SPACE_AFTER_DOT, span);
        }
    }

    fn value_sep(&mut self, span: Span) {
        self.comma = Some(span.start());
        let line = self.text[..span.start()].rsplit('\n').next();
        if line.is_some_and(|line| line.trim().is_empty()) {
            self.note(construct::COMMA_ON_ITS_LINE, span);
        }
    }

    fn take(&mut self, event: &Event) {
        let span = event.span();
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.in_header = true,
            EventKind::StdTableClose | EventKind::ArrayTableClose => self.in_header = false,
            EventKind::SimpleKey => {
                self.comma = None;
                if let Some(encoding) = event.encoding() {
                    self.key(span, encoding);
                }
            }
            EventKind::Scalar => self.scalar(span, event.encoding()),
            EventKind::KeySep => self.key_sep(span),
            EventKind::ArrayOpen | EventKind::InlineTableOpen => self.open.push(event.kind()),
            EventKind::ArrayClose => drop(self.open.pop()),
            EventKind::InlineTableClose => {
                self.open.pop();
                let comma = self.comma.take();
                self.found
                    .extend(comma.map(|at| (construct::COMMA_AT_THE_END, at)));
            }
            EventKind::ValueSep if self.in_inline_table() => self.value_sep(span),
            EventKind::Newline if self.in_inline_table() => {
                self.note(construct::INLINE_TABLE_OF_LINES, span);
            }
            _ => {}
        }
    }
}
