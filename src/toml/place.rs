//! Where a key belongs: how its table is spelled, and where a new header goes.

use super::document::Document;
use super::index::{Kind, rest_after};
use super::lines;
use super::look::Indentation;

/// How a table takes another key.
pub(super) enum Place {
    /// In the inline table of this number, which is the table or holds it.
    Inline(usize),
    /// On a line of its own.
    Line(Line),
    /// Below a header that is yet to be written.
    NewHeader,
}

/// The line of a new key.
pub(super) struct Line {
    pub(super) offset: usize,
    /// The white space before the key, and the segments that it is spelled with there.
    pub(super) prefix: String,
    /// How many segments of its path stand in the prefix or in the header above.
    pub(super) depth: usize,
    pub(super) header: Option<usize>,
}

impl Place {
    /// Finds how `table` takes a key. A table that is not there is spelled like the nearest one on
    /// the way to it: `[a.b]` is an error where `a.b` has dotted keys, and often one for older
    /// parsers where `a` has.
    pub(super) fn of(document: &Document, table: &[String], is_own: fn(&str) -> bool) -> Self {
        let index = &document.index;
        if table.is_empty() {
            return Self::Line(Line {
                offset: in_root(document, is_own),
                prefix: String::new(),
                depth: 0,
                header: None,
            });
        }
        if let Some(number) = inline_table(document, table) {
            return Self::Inline(number);
        }
        if let Some(header) = index.header(table) {
            let last = index.body(header).next_back().unwrap_or(header);
            return Self::Line(Line {
                offset: document.statement_lines(last).end,
                prefix: Indentation::of(document, header).keys,
                depth: table.len(),
                header: Some(header),
            });
        }
        for depth in (1..=table.len()).rev() {
            let mut below = index.below(&table[..depth]);
            let spells_it = |&at: &usize| {
                index.statements[at].kind == Kind::Pair && index.header_depth(at) < depth
            };
            if let Some(pair) = below.clone().rfind(spells_it) {
                let indent = document.indent(pair);
                let spelled = document.raw_keys(pair, depth - index.header_depth(pair));
                return Self::Line(Line {
                    offset: document.statement_lines(pair).end,
                    prefix: format!("{indent}{spelled}."),
                    depth,
                    header: index.statements[pair].header,
                });
            }
            if below.next().is_some() {
                break;
            }
        }
        Self::NewHeader
    }
}

/// The number of the deepest inline table on the way to `path`.
pub(super) fn inline_table(document: &Document, path: &[String]) -> Option<usize> {
    let tables = document.index.inline_tables.iter().enumerate();
    let holding = tables.filter(|(_, table)| rest_after(path, &table.path).is_some());
    let deepest = holding.max_by_key(|(_, table)| table.path.len())?;
    Some(deepest.0)
}

/// Where a new header for `path` goes: below everything that shares most segments with it, else at
/// the end.
pub(super) fn below_relatives(
    document: &Document,
    path: &[String],
    is_own: fn(&str) -> bool,
) -> usize {
    let index = &document.index;
    match (0..index.statements.len()).max_by_key(|&at| index.shared(at, path)) {
        // One that shares nothing: the last of all.
        Some(nearest) => below(document, nearest, is_own),
        None => below_comments(document.text(), is_own),
    }
}

/// Where a text without a statement goes on: below its comments, but above those that would belong
/// to a header there.
fn below_comments(text: &str, is_own: fn(&str) -> bool) -> usize {
    let start = lines::start(text, 0);
    let mut end = start;
    let mut below = start;
    for line in text[start..].split_inclusive('\n') {
        below += line.len();
        if lines::is_comment(line) && !is_own(line) {
            end = below;
        }
    }
    end
}

/// The end of the table body that a statement is part of, and of the comments that directly follow,
/// unless these touch the next header or belong to it.
pub(super) fn below(document: &Document, statement: usize, is_own: fn(&str) -> bool) -> usize {
    // A header in the middle of a body would take the rest of it over.
    let last = document.index.body(statement).next_back();
    let end = document.statement_lines(last.unwrap_or(statement)).end;
    let mut below = end;
    while below < document.text().len() {
        let line = &document.text()[below..lines::end(document.text(), below)];
        if is_own(line) {
            return end;
        }
        if !lines::is_comment(line) {
            return if lines::is_blank(line) { below } else { end };
        }
        below += line.len();
    }
    below
}

/// Where a key of the root table goes: below the last one, else above the first header, else at the
/// end.
fn in_root(document: &Document, is_own: fn(&str) -> bool) -> usize {
    let statements = &document.index.statements;
    let first_header = statements.iter().position(|it| it.kind != Kind::Pair);
    let pairs = first_header.unwrap_or(statements.len());
    match (pairs.checked_sub(1), first_header) {
        (Some(last), _) => document.statement_lines(last).end,
        (None, Some(header)) => above_block(document, header, is_own),
        (None, None) => below_comments(document.text(), is_own),
    }
}

/// Where a key goes above a header: above the empty line that goes with one of the tool's headers.
fn above_block(document: &Document, header: usize, is_own: fn(&str) -> bool) -> usize {
    let own = document.own_comment(header, is_own);
    let blank = own.and_then(|own| document.blank_above(header, own.start));
    let lines = blank.unwrap_or_else(|| document.with_comments(header));
    lines.start
}
