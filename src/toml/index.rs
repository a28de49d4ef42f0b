//! Where everything stands: the statements of a TOML file, in file order, with byte spans.
//!
//! `toml` knows what a file means, but not where its tables begin and end. This index is built
//! from the events of `toml_parser`, the parser that `toml` itself uses, so the two
//! can't disagree about the grammar.

use std::borrow::Cow;
use std::ops::Range;
use std::{iter, mem};

use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

/// What is left of `path` after `prefix`; `None` if it does not start with it.
pub(crate) fn rest_after<'p, P: AsRef<str>>(
    path: &'p [P],
    prefix: &[impl AsRef<str>],
) -> Option<&'p [P]> {
    let (above, rest) = path.split_at_checked(prefix.len())?;
    let mut names = above.iter().zip(prefix);
    names.all(|(a, b)| a.as_ref() == b.as_ref()).then_some(rest)
}

/// One segment of a dotted key.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Its decoded name, among those of the index.
    name: Range<usize>,
    /// Where it is written.
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

/// A header or a key-value pair.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) kind: Kind,
    /// The numbers of its segments, as written: absolute for a header, relative to its header or its
    /// inline table for a pair.
    pub(crate) keys: Range<usize>,
    /// For a pair: the statement number of the header above it; `None` in the root table.
    pub(crate) header: Option<usize>,
    /// From the first character of the statement to the last one of its value or bracket.
    pub(crate) span: Range<usize>,
}

/// An inline table that is reachable by keys alone (not inside an array).
#[derive(Debug)]
pub(crate) struct InlineTable {
    /// The absolute path of the table.
    pub(crate) path: Vec<String>,
    /// From `{` to `}`, both included.
    pub(crate) span: Range<usize>,
    pub(crate) entries: Vec<Statement>,
}

impl InlineTable {
    /// Whether a line break, and maybe a comment, stands between its entries (TOML 1.1).
    pub(crate) fn has_line_breaks(&self, text: &str) -> bool {
        let starts = self.entries.iter().map(|entry| entry.span.start);
        let ends = self.entries.iter().map(|entry| entry.span.end);
        let mut gaps = iter::once(self.span.start)
            .chain(ends)
            .zip(starts.chain([self.span.end]));
        gaps.any(|(start, end)| text[start..end].contains('\n'))
    }
}

/// The statements of a file, without what is in inline tables, and these, each in file order.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// All that the parser has come by.
    pub(crate) events: Vec<Event>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) inline_tables: Vec<InlineTable>,
    /// Where the comments stand that are inside of no value.
    pub(crate) comments: Vec<Range<usize>>,
    segments: Vec<Segment>,
    /// The names of all segments, one after the other.
    names: String,
}

impl Index {
    /// Indexes `text`, which `toml` has accepted.
    pub(crate) fn new(text: &str) -> Self {
        let source = Source::new(text);
        let tokens = source.lex().into_vec();
        let mut events = Vec::with_capacity(tokens.len());
        parse_document(&tokens, &mut events, &mut ());
        let mut builder = Builder::default();
        for event in &events {
            builder.take(&source, event);
        }
        Self {
            events,
            ..builder.index
        }
    }

    /// The numbers of the segments after the first `taken`, which now are all.
    fn keys_from(&self, taken: &mut usize) -> Range<usize> {
        let start = mem::replace(taken, self.segments.len());
        start..self.segments.len()
    }

    pub(crate) fn segments(&self, keys: &Range<usize>) -> &[Segment] {
        &self.segments[keys.clone()]
    }

    pub(crate) fn names(&self, keys: &Range<usize>) -> impl Iterator<Item = &str> + Clone {
        let segments = self.segments(keys).iter();
        segments.map(|segment| &self.names[segment.name.clone()])
    }

    /// The absolute path of a statement, segment by segment.
    pub(crate) fn path(&self, statement: usize) -> impl Iterator<Item = &str> + Clone {
        let statement = &self.statements[statement];
        let header = statement.header.map(|header| &self.statements[header].keys);
        let above = self.names(header.unwrap_or(&(0..0)));
        above.chain(self.names(&statement.keys))
    }

    /// The paths of all statements, then those of all entries of inline tables, with where they stand.
    pub(crate) fn written(&self) -> impl Iterator<Item = (Vec<&str>, &Range<usize>)> {
        let statements = self.statements.iter().enumerate();
        let statements =
            statements.map(|(it, statement)| (self.path(it).collect(), &statement.span));
        let entries = self.inline_tables.iter().flat_map(|table| {
            table.entries.iter().map(|entry| {
                let above = table.path.iter().map(String::as_str);
                let path = above.chain(self.names(&entry.keys));
                (path.collect(), &entry.span)
            })
        });
        statements.chain(entries)
    }

    /// How many leading segments the path of `statement` shares with `path`.
    pub(crate) fn shared(&self, statement: usize, path: &[impl AsRef<str>]) -> usize {
        let names = path.iter().map(AsRef::as_ref);
        let both = self.path(statement).zip(names);
        both.take_while(|(a, b)| a == b).count()
    }

    /// Whether `statement` is `path` itself or lies below it.
    pub(crate) fn is_below(&self, statement: usize, path: &[impl AsRef<str>]) -> bool {
        self.shared(statement, path) == path.len()
    }

    /// Whether the path of `statement` is exactly `path`.
    pub(crate) fn is_at(&self, statement: usize, path: &[impl AsRef<str>]) -> bool {
        self.path(statement).eq(path.iter().map(AsRef::as_ref))
    }

    /// How many segments the header above a statement has.
    pub(crate) fn header_depth(&self, statement: usize) -> usize {
        let header = self.statements[statement].header;
        header.map_or(0, |header| self.statements[header].keys.len())
    }

    /// The statements that are `path` itself or lie below it.
    pub(crate) fn below<P: AsRef<str>>(
        &self,
        path: &[P],
    ) -> impl DoubleEndedIterator<Item = usize> + Clone {
        (0..self.statements.len()).filter(|&it| self.is_below(it, path))
    }

    /// The header statement `[path]`, if there is one.
    pub(crate) fn header(&self, path: &[impl AsRef<str>]) -> Option<usize> {
        self.headers().find(|&header| self.is_at(header, path))
    }

    /// The statements that are `[headers]`.
    pub(crate) fn headers(&self) -> impl DoubleEndedIterator<Item = usize> {
        let statements = 0..self.statements.len();
        statements.filter(|&it| self.statements[it].kind == Kind::Header)
    }

    /// The pairs that stand directly under a header.
    pub(crate) fn body(&self, header: usize) -> impl DoubleEndedIterator<Item = usize> + Clone {
        let below = &self.statements[header + 1..];
        let next = below.iter().position(|it| it.kind != Kind::Pair);
        header + 1..header + 1 + next.unwrap_or(below.len())
    }
}

#[derive(Default)]
struct Builder {
    index: Index,
    header: Option<usize>,
    header_start: usize,
    /// The number of segments that some key has.
    taken: usize,
    /// The keys of pairs whose values have not ended yet.
    pairs: Vec<Range<usize>>,
    /// Numbers of the inline tables that are open.
    tables: Vec<usize>,
    array_depth: usize,
}

impl Builder {
    fn take(&mut self, source: &Source<'_>, event: &Event) {
        let Range { start, end } = event.span().start()..event.span().end();
        match event.kind() {
            EventKind::ArrayOpen => self.array_depth += 1,
            EventKind::ArrayClose => {
                self.array_depth = self.array_depth.saturating_sub(1);
                self.end_value(end);
            }
            // What stands inside an array has no key path.
            _ if self.array_depth > 0 => {}
            EventKind::Comment if self.pairs.is_empty() => self.index.comments.push(start..end),
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => self.header_start = start,
            EventKind::StdTableClose => self.end_header(Kind::Header, end),
            EventKind::ArrayTableClose => self.end_header(Kind::ArrayHeader, end),
            EventKind::SimpleKey => {
                let mut name = Cow::Borrowed(&source.input()[start..end]);
                // A bare key is its own name.
                if let Some(raw) = source.get(event).filter(|_| event.encoding().is_some()) {
                    raw.decode_key(&mut name, &mut ());
                }
                let from = self.index.names.len();
                self.index.names.push_str(&name);
                let (name, span) = (from..self.index.names.len(), start..end);
                self.index.segments.push(Segment { name, span });
            }
            EventKind::KeyValSep => self.pairs.push(self.index.keys_from(&mut self.taken)),
            EventKind::Scalar => self.end_value(end),
            EventKind::InlineTableOpen => {
                self.tables.push(self.index.inline_tables.len());
                self.index.inline_tables.push(InlineTable {
                    path: self.open_path(),
                    span: start..end,
                    entries: Vec::new(),
                });
            }
            EventKind::InlineTableClose => {
                if let Some(table) = self.tables.pop() {
                    self.index.inline_tables[table].span.end = end;
                    self.end_value(end);
                }
            }
            _ => {}
        }
    }

    /// The absolute path of the pair whose value is read.
    fn open_path(&self) -> Vec<String> {
        let header = self.header.map(|it| &self.index.statements[it].keys);
        let keys = header.into_iter().chain(&self.pairs);
        let names = keys.flat_map(|keys| self.index.names(keys));
        names.map(str::to_owned).collect()
    }

    fn end_header(&mut self, kind: Kind, end: usize) {
        self.header = Some(self.index.statements.len());
        self.index.statements.push(Statement {
            kind,
            keys: self.index.keys_from(&mut self.taken),
            header: None,
            span: self.header_start..end,
        });
    }

    fn end_value(&mut self, end: usize) {
        let is_whole = self.array_depth == 0;
        let Some(keys) = self.pairs.pop_if(|_| is_whole) else {
            return;
        };
        let span = self.index.segments[keys.start].span.start..end;
        let statements = match self.tables.last() {
            Some(&table) => &mut self.index.inline_tables[table].entries,
            None => &mut self.index.statements,
        };
        statements.push(Statement {
            kind: Kind::Pair,
            keys,
            header: self.header,
            span,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statements as `path: text`.
    fn statements(text: &str) -> Vec<String> {
        let index = Index::new(text);
        let numbers = 0..index.statements.len();
        numbers
            .map(|number| {
                let path: Vec<&str> = index.path(number).collect();
                let span = index.statements[number].span.clone();
                format!("{}: {}", path.join("/"), &text[span])
            })
            .collect()
    }

    #[test]
    fn every_statement_has_its_absolute_path_and_its_text() {
        let text = "\u{feff}a . 'b c' = [1, # one\r\n {x = 1}]\n [d.\"\\u0065\"] # d\nf = {g.h = 1}\n[[i]]";
        assert_eq!(
            statements(text),
            [
                "a/b c: a . 'b c' = [1, # one\r\n {x = 1}]",
                "d/e: [d.\"\\u0065\"]",
                "d/e/f: f = {g.h = 1}",
                "i: [[i]]",
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
    fn a_line_break_in_an_array_is_none_between_entries() {
        let has_line_breaks = |text| Index::new(text).inline_tables[0].has_line_breaks(text);
        assert!(!has_line_breaks("a = { b = [\n1, # one\n] }"));
        assert!(!has_line_breaks("a = { b = {\n c = 1 } }"));
        assert!(has_line_breaks("a = { b = 1,\n}"));
        assert!(has_line_breaks("a = { b = 1 # one\n}"));
    }
}
