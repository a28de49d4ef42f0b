//! What stands around a statement: white space, empty lines and comments.

use std::ops::Range;

use super::document::Document;
use super::index::Kind;
use super::lines;

impl Document {
    /// The whole lines of a statement.
    pub(crate) fn statement_lines(&self, statement: usize) -> Range<usize> {
        let span = &self.index.statements[statement].span;
        lines::start(self.text(), span.start)..lines::end(self.text(), span.end)
    }

    /// The white space that the line of a statement begins with.
    pub(super) fn indent(&self, statement: usize) -> &str {
        lines::indent(self.text(), self.index.statements[statement].span.start)
    }

    /// The lines of a statement with the comments that touch it from above.
    pub(super) fn with_comments(&self, statement: usize) -> Range<usize> {
        let Range { mut start, end } = self.statement_lines(statement);
        while let Some(line) = self.line_above(statement, start, lines::is_comment) {
            start = line.start;
        }
        start..end
    }

    /// The comment line right above a header, if `is_own` says that it belongs to it.
    pub(crate) fn own_comment(
        &self,
        header: usize,
        is_own: fn(&str) -> bool,
    ) -> Option<Range<usize>> {
        if self.index.statements[header].kind == Kind::Pair {
            return None;
        }
        self.line_above(header, self.statement_lines(header).start, is_own)
    }

    /// The line above `offset` if it is empty.
    pub(super) fn blank_above(&self, statement: usize, offset: usize) -> Option<Range<usize>> {
        self.line_above(statement, offset, lines::is_blank)
    }

    /// The line above `offset`, if it is of that kind and belongs to no statement: the last line of a
    /// string may look like a comment.
    fn line_above(
        &self,
        statement: usize,
        offset: usize,
        is_it: fn(&str) -> bool,
    ) -> Option<Range<usize>> {
        let before = statement.checked_sub(1);
        let free_from = || before.map_or(0, |before| self.statement_lines(before).end);
        let line = lines::above(self.text(), offset)?;
        (is_it(&self.text()[line.clone()]) && line.start >= free_from()).then_some(line)
    }
}
