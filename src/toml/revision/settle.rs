//! Making all changes of a revision, as one set of splices.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::toml::index::{Kind, rest_after};
use crate::toml::splice::Splices;
use crate::toml::{Path, lines};

use super::{Refused, Revision};

impl Revision<'_> {
    /// The text after all changes.
    ///
    /// # Errors
    ///
    /// [`Refused`] if an inline table of several lines would lose something.
    pub(crate) fn finish(self) -> Result<String, Refused> {
        let text = self.document.text();
        Ok(self.splices()?.apply(text))
    }

    /// The whole lines that go by all changes, in file order.
    ///
    /// # Errors
    ///
    /// As [`Self::finish`].
    pub(in crate::toml) fn dropped_lines(self) -> Result<Vec<Range<usize>>, Refused> {
        Ok(self.splices()?.dropped_lines())
    }

    fn splices(mut self) -> Result<Splices, Refused> {
        let text = self.document.text();
        let removed = Removed::of(std::mem::take(&mut self.removed));
        self.drop_statements(&removed);
        self.drop_entries(&removed)?;
        // A list begins before those that are in it.
        for list in std::mem::take(&mut self.lists).into_values().rev() {
            list.settle(&mut self.splices);
        }
        let mut blocks = std::mem::take(&mut self.blocks);
        let tables = self.tables.iter();
        blocks.extend(tables.map(|table| table.block(self.document)));
        for mut block in blocks {
            let offset = block.offset;
            let is_first = offset == lines::start(text, 0) && !self.splices.adds_at(offset);
            if block.is_spaced && !is_first {
                block.lines.insert(0, String::new());
            }
            self.splices.add_lines(offset, block.lines);
        }
        Ok(self.splices)
    }

    fn drop_statements(&mut self, removed: &Removed) {
        let goes_with = self.goes_with(removed);
        let numbers: Vec<usize> = (0..goes_with.len()).collect();
        // What stands above a block is not between two statements of the one before it.
        let is_one = |&a: &usize, &b: &usize| {
            goes_with[a] == goes_with[b] && self.document.own_comment(b, self.is_own).is_none()
        };
        let runs: Vec<&[usize]> = numbers.chunk_by(is_one).collect();
        for run in runs {
            if let ([first, ..], [.., last]) = (run, run)
                && goes_with[*first].is_some()
            {
                self.drop_run(*first, *last);
            }
        }
    }

    /// What each statement that goes goes with, as a number; nothing, if nothing goes.
    fn goes_with(&self, removed: &Removed) -> Vec<Option<usize>> {
        let index = &self.document.index;
        if removed.0.is_empty() && self.removed_entries.is_empty() && self.pruned.is_empty() {
            return Vec::new();
        }
        let statements = 0..index.statements.len();
        let mut goes_with: Vec<Option<usize>> = statements
            .map(|statement| removed.holding(index.path(statement)))
            .collect();
        let mut next = removed.0.len();
        for entry in &self.removed_entries {
            for &statement in entry {
                goes_with[statement] = Some(next);
            }
            next += 1;
        }
        for table in &self.pruned {
            let header = index.header(table);
            let Some(header) = header.filter(|header| !self.filled.contains(header)) else {
                continue;
            };
            if index.body(header).all(|pair| goes_with[pair].is_some()) {
                for statement in std::iter::once(header).chain(index.body(header)) {
                    goes_with[statement] = Some(next);
                }
                next += 1;
            }
        }
        goes_with
    }

    /// Drops consecutive statements with all lines between them. A header goes with its own comment,
    /// and with an empty line above that was there for its sake.
    fn drop_run(&mut self, first: usize, last: usize) {
        let document = self.document;
        let text = document.text();
        let mut start = document.statement_lines(first).start;
        let end = document.statement_lines(last).end;
        if document.index.statements[first].kind != Kind::Pair {
            let comment = document.own_comment(first, self.is_own);
            let is_spaced = comment.is_some() || lines::is_blank(&text[end..lines::end(text, end)]);
            start = comment.map_or(start, |line| line.start);
            let blank = document.blank_above(first, start);
            if let Some(blank) = blank.filter(|_| is_spaced) {
                start = blank.start;
            }
        }
        self.splices.drop_lines(start..end);
    }

    /// Drops entries of inline tables.
    fn drop_entries(&mut self, removed: &Removed) -> Result<(), Refused> {
        if removed.0.is_empty() {
            return Ok(());
        }
        for (number, table) in self.document.index.inline_tables.iter().enumerate() {
            let path = || table.path.iter().map(String::as_str);
            // One that goes as a whole goes with the entry that holds it.
            if removed.holding(path()).is_some() {
                continue;
            }
            for (entry, it) in table.entries.iter().enumerate() {
                let keys = self.document.index.names(&it.keys);
                if removed.holding(path().chain(keys)).is_some() {
                    self.inline_table(number)?.gone.insert(entry);
                }
            }
        }
        Ok(())
    }
}

/// Paths in order, none of which is below another.
struct Removed(Vec<Path>);

impl Removed {
    fn of(paths: BTreeSet<Path>) -> Self {
        let mut paths: Vec<Path> = paths.into_iter().collect();
        paths.dedup_by(|path, kept| rest_after(path, kept).is_some());
        Self(paths)
    }

    /// The number of the one that `path` is at or below.
    fn holding<'p>(&self, path: impl Iterator<Item = &'p str> + Clone) -> Option<usize> {
        let is_before = |known: &Path| known.iter().map(String::as_str).le(path.clone());
        let number = self.0.partition_point(is_before).checked_sub(1)?;
        let known = &self.0[number];
        let is_below = path.take(known.len()).eq(known.iter().map(String::as_str));
        is_below.then_some(number)
    }
}
