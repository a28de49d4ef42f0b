//! Where a key belongs: how its table is spelled, and where a new header goes.

use std::ops::Range;

use super::document::Document;
use super::index::{Kind, rest_after};
use super::lines;

/// How a table takes another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Above the first header.
    Root,
    /// In the inline table of this number, which is the table or holds it.
    Inline(usize),
    /// Below its own header.
    Header(usize),
    /// As a dotted key below the last one that shares `depth` segments with the table.
    Dotted { pair: usize, depth: usize },
    /// Below a header that is yet to be written.
    NewHeader,
}

impl Place {
    /// Finds how `table` takes a key. A table that is not there is spelled like the nearest one on
    /// the way to it: `[a.b]` is an error where `a.b` has dotted keys, and often one for older
    /// parsers where `a` has.
    pub(crate) fn of(document: &Document, table: &[String]) -> Self {
        if table.is_empty() {
            return Self::Root;
        }
        if let Some(number) = inline_table(document, table) {
            return Self::Inline(number);
        }
        let index = &document.index;
        if let Some(header) = index.header(table) {
            return Self::Header(header);
        }
        for depth in (1..=table.len()).rev() {
            let mut below =
                (0..index.statements.len()).filter(|&at| index.is_below(at, &table[..depth]));
            let spells_it = |&at: &usize| {
                index.statements[at].kind == Kind::Pair && index.header_depth(at) < depth
            };
            match below.clone().rfind(spells_it) {
                Some(pair) => return Self::Dotted { pair, depth },
                None if below.next().is_some() => return Self::NewHeader,
                None => {}
            }
        }
        Self::NewHeader
    }
}

/// The number of the deepest inline table on the way to `path`.
pub(crate) fn inline_table(document: &Document, path: &[String]) -> Option<usize> {
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
pub(super) fn in_root(document: &Document, is_own: fn(&str) -> bool) -> usize {
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
    let own = own_comment(document, header, is_own);
    let blank = own.and_then(|own| blank_above(document, header, own.start));
    let lines = blank.unwrap_or_else(|| above_comments(document, header));
    lines.start
}

/// The comment line right above a header, if it belongs to it.
pub(super) fn own_comment(
    document: &Document,
    header: usize,
    is_own: fn(&str) -> bool,
) -> Option<Range<usize>> {
    let is_header = document.index.statements[header].kind != Kind::Pair;
    let start = document.statement_lines(header).start;
    line_above(document, header, start)
        .filter(|line| is_header && is_own(&document.text()[line.clone()]))
}

/// The line above `offset` if it is empty.
pub(super) fn blank_above(
    document: &Document,
    statement: usize,
    offset: usize,
) -> Option<Range<usize>> {
    line_above(document, statement, offset)
        .filter(|line| lines::is_blank(&document.text()[line.clone()]))
}

/// The lines of a statement with the comments that touch it from above.
pub(super) fn above_comments(document: &Document, statement: usize) -> Range<usize> {
    let Range { mut start, end } = document.statement_lines(statement);
    while let Some(line) = line_above(document, statement, start)
        && lines::is_comment(&document.text()[line.clone()])
    {
        start = line.start;
    }
    start..end
}

/// The line above `offset` if it belongs to no statement: the last line of a string may look like a
/// comment.
fn line_above(document: &Document, statement: usize, offset: usize) -> Option<Range<usize>> {
    let before = statement.checked_sub(1);
    let free_from = before.map_or(0, |before| document.statement_lines(before).end);
    lines::above(document.text(), offset).filter(|line| line.start >= free_from)
}
