//! Making all changes of a revision, as one set of splices.

use std::collections::BTreeSet;

use crate::toml::index::{Kind, rest_after};
use crate::toml::look::Look;
use crate::toml::{lines, place};

use super::{Block, Refused, Revision};

impl Revision<'_, '_> {
    /// The text after all changes.
    ///
    /// # Errors
    ///
    /// [`Refused`] if a key is inserted below what is removed, or if an inline table of several lines
    /// would lose or gain something.
    pub(crate) fn finish(mut self) -> Result<String, Refused> {
        let removed = Paths::of(std::mem::take(&mut self.removed));
        self.check_inserted(&removed)?;
        self.drop_statements(&removed);
        self.change_inline_tables(&removed)?;
        for (span, elements) in std::mem::take(&mut self.elements).into_values() {
            let array = elements.changed(&self.document.text()[span.clone()]);
            self.splices.replace(span, array);
        }
        self.add_blocks();
        Ok(self.splices.apply(self.document.text()))
    }

    fn check_inserted(&self, removed: &Paths) -> Result<(), Refused> {
        let mut inserted = self.inserted.iter();
        match inserted.find(|path| removed.holding(path).is_some()) {
            None => Ok(()),
            Some(path) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                Err(Refused::Removed {
                    path: path.clone(),
                    at: self.document.position(self.document.offset(&names)),
                })
            }
        }
    }

    fn drop_statements(&mut self, removed: &Paths) {
        let goes_with = self.goes_with(removed);
        let numbers: Vec<usize> = (0..goes_with.len()).collect();
        // What stands above a block is not between two statements of the one before it.
        let is_one = |a: usize, b: usize| goes_with[a] == goes_with[b] && !self.begins_block(b);
        let runs: Vec<&[usize]> = numbers.chunk_by(|&a, &b| is_one(a, b)).collect();
        for run in runs {
            if let ([first, ..], [.., last]) = (run, run)
                && goes_with[*first].is_some()
            {
                self.drop_run(*first, *last);
            }
        }
    }

    /// Whether a statement is a header below the caller's own comment.
    fn begins_block(&self, statement: usize) -> bool {
        let document = self.document;
        let start = document.statement_lines(statement).start;
        let above = place::line_above(document, statement, start);
        document.index.statements[statement].kind != Kind::Pair
            && above.is_some_and(|line| (self.is_own)(&document.text()[line]))
    }

    /// What each statement that goes goes with, as a number; nothing, if nothing goes.
    fn goes_with(&self, removed: &Paths) -> Vec<Option<usize>> {
        let index = &self.document.index;
        if removed.0.is_empty() && self.removed_entries.is_empty() && self.pruned.is_empty() {
            return Vec::new();
        }
        let statements = 0..index.statements.len();
        let mut goes_with: Vec<Option<usize>> = statements
            .map(|statement| removed.holding(&index.path(statement).collect::<Vec<_>>()))
            .collect();
        let mut next = removed.0.len();
        for entry in &self.removed_entries {
            for &statement in entry {
                goes_with[statement] = Some(next);
            }
            next += 1;
        }
        for table in &self.pruned {
            let table: Vec<&str> = table.iter().map(String::as_str).collect();
            let header = index.header(&table);
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
            let above = |start| place::line_above(document, first, start);
            let comment = above(start).filter(|line| (self.is_own)(&text[line.clone()]));
            start = comment.as_ref().map_or(start, |line| line.start);
            let is_spaced = comment.is_some() || lines::is_blank(&text[end..lines::end(text, end)]);
            let blank = above(start).filter(|line| lines::is_blank(&text[line.clone()]));
            if let Some(blank) = blank.filter(|_| is_spaced) {
                start = blank.start;
            }
        }
        self.splices.drop_lines(start..end);
    }

    fn change_inline_tables(&mut self, removed: &Paths) -> Result<(), Refused> {
        let document = self.document;
        for (number, table) in document.index.inline_tables.iter().enumerate() {
            let mut entries = self.entries.remove(&number).unwrap_or_default();
            // One that goes as a whole goes with the entry that holds it.
            if !removed.0.is_empty() && removed.holding(&table.path).is_none() {
                let goes = |entry: &usize| {
                    let keys = table.entries[*entry].keys.iter().map(|key| &key.name);
                    let path: Vec<&str> =
                        table.path.iter().chain(keys).map(AsRef::as_ref).collect();
                    removed.holding(&path).is_some()
                };
                entries.gone = (0..table.entries.len()).filter(goes).collect();
            }
            if entries.is_empty() {
                continue;
            }
            if table.multi_line {
                return Err(Refused::MultiLine {
                    path: table.path.iter().map(ToString::to_string).collect(),
                    at: document.position(table.span.start),
                });
            }
            for (range, text) in entries.changes(document.text(), table) {
                self.splices.replace(range, text);
            }
        }
        Ok(())
    }

    fn add_blocks(&mut self) {
        let document = self.document;
        let text = document.text();
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.extend(self.tables.iter().map(|table| {
            let path: Vec<&str> = table.path.iter().map(String::as_str).collect();
            let look = Look::of(document, &path);
            Block {
                offset: table.offset,
                lines: table.lines(document, &look),
                is_spaced: look.is_spaced && table.comment.is_some(),
            }
        }));
        for mut block in blocks {
            let offset = block.offset;
            let is_first = offset == lines::start(text, 0) && !self.splices.adds_at(offset);
            if block.is_spaced && !is_first {
                block.lines.insert(0, String::new());
            }
            self.splices.add_lines(offset, block.lines);
        }
    }
}

/// Paths in order, none of which is below another.
struct Paths(Vec<Vec<String>>);

impl Paths {
    fn of(paths: BTreeSet<Vec<String>>) -> Self {
        let mut paths: Vec<Vec<String>> = paths.into_iter().collect();
        paths.dedup_by(|path, kept| rest_after(path, kept).is_some());
        Self(paths)
    }

    /// The number of the one that `path` is at or below.
    fn holding<S: AsRef<str>>(&self, path: &[S]) -> Option<usize> {
        let is_before = |known: &Vec<String>| {
            let known = known.iter().map(String::as_str);
            known.le(path.iter().map(AsRef::as_ref))
        };
        let number = self.0.partition_point(is_before).checked_sub(1)?;
        rest_after(path, &self.0[number]).map(|_| number)
    }
}
