//! Where everything stands: the statements of a TOML file, in file order, with byte spans.
//!
//! `toml_edit` knows what a file means, but not where its tables begin and end. This index is
//! built from the events of `toml_parser`, the parser that `toml_edit` itself uses, so the two
//! can't disagree about the grammar.

mod owned;

use std::borrow::Cow;
use std::ops::Range;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{EventReceiver, parse_document};
use toml_parser::{ErrorSink, Source, Span};

/// What is left of `path` after `prefix`; `None` if it does not start with it.
pub(crate) fn rest_after<'p, P: AsRef<str>, S: AsRef<str>>(
    path: &'p [P],
    prefix: &[S],
) -> Option<&'p [P]> {
    let shared = path
        .iter()
        .zip(prefix)
        .take_while(|(a, b)| a.as_ref() == b.as_ref())
        .count();
    (shared == prefix.len()).then(|| &path[shared..])
}

/// One segment of a dotted key: its decoded name and where it is written.
#[derive(Debug, Clone)]
pub(crate) struct Segment<'t> {
    pub(crate) name: Cow<'t, str>,
    pub(crate) span: Range<usize>,
}

/// What a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[a.b]`
    Header,
    /// `[[a.b]]`
    ArrayHeader,
    /// `a.b = value`
    Pair,
}

/// A header or a key-value pair at the top level of the file (not inside an inline table).
#[derive(Debug)]
pub(crate) struct Statement<'t> {
    pub(crate) kind: Kind,
    /// The segments as written: absolute for a header, relative to its header for a pair.
    pub(crate) keys: Vec<Segment<'t>>,
    /// For a pair: the statement number of the header above it; `None` in the root table.
    pub(crate) header: Option<usize>,
    /// From the first character of the statement to the last one of its value or bracket.
    pub(crate) span: Range<usize>,
    /// For a pair: the span of its value.
    pub(crate) value: Range<usize>,
}

/// One entry of an inline table.
#[derive(Debug)]
pub(crate) struct Entry<'t> {
    pub(crate) keys: Vec<Segment<'t>>,
    pub(crate) span: Range<usize>,
    pub(crate) value: Range<usize>,
}

impl Entry<'_> {
    /// Whether the entry is `path` itself, seen from its table, or lies below it.
    pub(crate) fn is_below(&self, path: &[&str]) -> bool {
        let names = self.keys.iter().map(|key| key.name.as_ref());
        names.zip(path).take_while(|(a, b)| a == *b).count() == path.len()
    }
}

/// An inline table that is reachable by keys alone (not inside an array).
#[derive(Debug)]
pub(crate) struct InlineTable<'t> {
    /// The absolute path of the table.
    pub(crate) path: Vec<Cow<'t, str>>,
    /// From `{` to `}`, both included.
    pub(crate) span: Range<usize>,
    pub(crate) entries: Vec<Entry<'t>>,
    /// The statement that the table is part of.
    pub(crate) statement: usize,
    /// Whether a line break or a comment stands between its entries (TOML 1.1).
    pub(crate) multi_line: bool,
}

/// The statements of a file and its inline tables, each in file order.
#[derive(Debug, Default)]
pub(crate) struct Index<'t> {
    pub(crate) statements: Vec<Statement<'t>>,
    pub(crate) inline_tables: Vec<InlineTable<'t>>,
}

impl<'t> Index<'t> {
    /// Indexes `text`, which `toml_edit` has accepted.
    pub(crate) fn new(text: &'t str) -> Self {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut builder = Builder::new(source);
        let mut ignored = ();
        parse_document(&tokens, &mut builder, &mut ignored);
        builder.index
    }

    /// The absolute path of a statement, segment by segment.
    pub(crate) fn path(&self, statement: usize) -> impl Iterator<Item = &str> {
        let statement = &self.statements[statement];
        let header = statement.header.map(|header| &self.statements[header].keys);
        header
            .into_iter()
            .flatten()
            .chain(&statement.keys)
            .map(|segment| segment.name.as_ref())
    }

    /// How many leading segments the path of `statement` shares with `path`.
    pub(crate) fn shared(&self, statement: usize, path: &[&str]) -> usize {
        self.path(statement)
            .zip(path)
            .take_while(|(a, b)| a == *b)
            .count()
    }

    /// Whether `statement` is `path` itself or lies below it.
    pub(crate) fn is_below(&self, statement: usize, path: &[&str]) -> bool {
        self.shared(statement, path) == path.len()
    }

    /// Whether the path of `statement` is exactly `path`.
    pub(crate) fn is_at(&self, statement: usize, path: &[&str]) -> bool {
        self.is_below(statement, path) && self.path(statement).count() == path.len()
    }

    /// How many segments the header above a statement has.
    pub(crate) fn header_depth(&self, statement: usize) -> usize {
        let header = self.statements[statement].header;
        header.map_or(0, |header| self.statements[header].keys.len())
    }

    /// The header statement `[path]`, if there is one.
    pub(crate) fn header(&self, path: &[&str]) -> Option<usize> {
        (0..self.statements.len()).find(|&statement| {
            self.statements[statement].kind == Kind::Header && self.is_at(statement, path)
        })
    }

    /// The pairs that stand directly under a header.
    pub(crate) fn body(&self, header: usize) -> impl DoubleEndedIterator<Item = usize> {
        let end = self.statements[header + 1..]
            .iter()
            .position(|statement| statement.kind != Kind::Pair)
            .map_or(self.statements.len(), |offset| header + 1 + offset);
        header + 1..end
    }
}

/// A pair whose value has not ended yet.
struct OpenPair<'t> {
    keys: Vec<Segment<'t>>,
    start: usize,
}

struct Builder<'t> {
    source: Source<'t>,
    index: Index<'t>,
    header: Option<usize>,
    header_start: usize,
    /// Keys read since the last `=`, `{`, `,` or line.
    keys: Vec<Segment<'t>>,
    pairs: Vec<OpenPair<'t>>,
    /// Numbers of the inline tables that are open.
    tables: Vec<usize>,
    /// Depth of arrays: what stands inside one has no key path and is not indexed.
    array_depth: usize,
    array_start: usize,
}

impl<'t> Builder<'t> {
    fn new(source: Source<'t>) -> Self {
        Self {
            source,
            index: Index::default(),
            header: None,
            header_start: 0,
            keys: Vec::new(),
            pairs: Vec::new(),
            tables: Vec::new(),
            array_depth: 0,
            array_start: 0,
        }
    }

    fn end_header(&mut self, kind: Kind, end: usize) {
        self.header = Some(self.index.statements.len());
        self.index.statements.push(Statement {
            kind,
            keys: std::mem::take(&mut self.keys),
            header: None,
            span: self.header_start..end,
            value: end..end,
        });
    }

    fn end_value(&mut self, value: Range<usize>) {
        let Some(pair) = self.pairs.pop() else {
            return;
        };
        let span = pair.start..value.end;
        let keys = pair.keys;
        if let Some(&table) = self.tables.last() {
            let entries = &mut self.index.inline_tables[table].entries;
            entries.push(Entry { keys, span, value });
        } else {
            self.index.statements.push(Statement {
                kind: Kind::Pair,
                keys,
                header: self.header,
                span,
                value,
            });
        }
    }

    fn between_entries(&mut self) {
        if let (0, Some(&table)) = (self.array_depth, self.tables.last()) {
            self.index.inline_tables[table].multi_line = true;
        }
    }
}

impl EventReceiver for Builder<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.header_start = span.start();
    }

    fn std_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end_header(Kind::Header, span.end());
    }

    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.header_start = span.start();
    }

    fn array_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end_header(Kind::ArrayHeader, span.end());
    }

    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, _: &mut dyn ErrorSink) {
        if self.array_depth > 0 {
            return;
        }
        let mut name = Cow::Borrowed("");
        if let Some(raw) = self.source.get(span) {
            let raw = toml_parser::Raw::new_unchecked(raw.as_str(), encoding, span);
            raw.decode_key(&mut name, &mut ());
        }
        let span = span.start()..span.end();
        self.keys.push(Segment { name, span });
    }

    fn key_val_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if self.array_depth > 0 {
            return;
        }
        let keys = std::mem::take(&mut self.keys);
        let start = keys.first().map_or(0, |first| first.span.start);
        self.pairs.push(OpenPair { keys, start });
    }

    fn scalar(&mut self, span: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        if self.array_depth == 0 {
            self.end_value(span.start()..span.end());
        }
    }

    fn array_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        if self.array_depth == 0 {
            self.array_start = span.start();
        }
        self.array_depth += 1;
        true
    }

    fn array_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.array_depth = self.array_depth.saturating_sub(1);
        if self.array_depth == 0 {
            self.end_value(self.array_start..span.end());
        }
    }

    fn inline_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) -> bool {
        if self.array_depth > 0 {
            return true;
        }
        let header = self
            .header
            .map(|header| &self.index.statements[header].keys);
        let path = header
            .into_iter()
            .flatten()
            .chain(self.pairs.iter().flat_map(|pair| &pair.keys))
            .map(|segment| segment.name.clone())
            .collect();
        self.tables.push(self.index.inline_tables.len());
        self.index.inline_tables.push(InlineTable {
            path,
            span: span.start()..span.end(),
            entries: Vec::new(),
            statement: self.index.statements.len(),
            multi_line: false,
        });
        true
    }

    fn inline_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        if self.array_depth > 0 {
            return;
        }
        if let Some(table) = self.tables.pop() {
            let table = &mut self.index.inline_tables[table];
            table.span.end = span.end();
            let value = table.span.clone();
            self.end_value(value);
        }
    }

    fn comment(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.between_entries();
    }

    fn newline(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.between_entries();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statements as `kind path = value`, with the texts that the spans cover.
    fn statements(text: &str) -> Vec<String> {
        let index = Index::new(text);
        let numbers = 0..index.statements.len();
        numbers
            .map(|number| {
                let statement = &index.statements[number];
                let path: Vec<&str> = index.path(number).collect();
                format!(
                    "{}: {} -> {}",
                    path.join("/"),
                    &text[statement.span.clone()],
                    &text[statement.value.clone()]
                )
            })
            .collect()
    }

    #[test]
    fn every_statement_has_its_absolute_path_and_its_text() {
        let text = "\u{feff}a . 'b c' = [1, # one\r\n {x = 1}]\n [d.\"\\u0065\"] # d\nf = {g.h = 1}\n[[i]]";
        assert_eq!(
            statements(text),
            [
                "a/b c: a . 'b c' = [1, # one\r\n {x = 1}] -> [1, # one\r\n {x = 1}]",
                "d/e: [d.\"\\u0065\"] -> ",
                "d/e/f: f = {g.h = 1} -> {g.h = 1}",
                "i: [[i]] -> ",
            ]
        );
    }

    #[test]
    fn inline_tables_are_found_by_their_keys_but_not_in_arrays() {
        let text = "[a]\nb = { c = { d = 1 }, e.f = { }, g = [{ h = {} }] }\n";
        let index = Index::new(text);
        let tables: Vec<(String, &str, usize)> = index
            .inline_tables
            .iter()
            .map(|table| {
                let text = &text[table.span.clone()];
                (table.path.join("/"), text, table.entries.len())
            })
            .collect();
        assert_eq!(
            tables,
            [
                (
                    "a/b".to_owned(),
                    "{ c = { d = 1 }, e.f = { }, g = [{ h = {} }] }",
                    3
                ),
                ("a/b/c".to_owned(), "{ d = 1 }", 1),
                ("a/b/e/f".to_owned(), "{ }", 0),
            ]
        );
    }

    #[test]
    fn a_line_break_in_an_array_makes_no_table_multi_line() {
        let lines = |text| Index::new(text).inline_tables[0].multi_line;
        assert!(!lines("a = { b = [\n1, # one\n] }"));
        assert!(lines("a = { b = 1,\n}"));
        assert!(lines("a = { b = 1 # one\n}"));
    }
}
