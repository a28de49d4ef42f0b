//! Changing a document: get its text out, put another one in, and not a byte differs that was not
//! asked for.

mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Position;

use super::Path;
use super::document::Document;
use super::elements::{self, List};
use super::headings::Heading;
use super::look::{self, Indentation};
use super::place::{self, Place};
use super::render;
use super::splice::Splices;
use super::table::{self, Block, NewTable, Pair};
use super::tree::differences::{Difference, Inserted};
use super::value::Value;

/// Changes to one document, which are made together.
///
/// Values are TOML text and are written as they are given. All verbs look at the document as it was
/// parsed, and what comes to the same place stands in the order of the calls. What is to make room
/// for something else is removed first. Whether the new text means what was asked for is for the
/// caller to check, who parses it anyway.
pub(crate) struct Revision<'d> {
    document: &'d Document,
    is_own: fn(&str) -> bool,
    splices: Splices,
    removed: BTreeSet<Path>,
    /// The statements of entries of arrays of tables that go.
    removed_entries: Vec<Vec<usize>>,
    pruned: Vec<Path>,
    /// Headers that gain a key.
    filled: BTreeSet<usize>,
    /// Arrays and inline tables, by their places.
    lists: BTreeMap<usize, List>,
    tables: Vec<NewTable>,
    blocks: Vec<Block>,
}

/// Why a document can't be changed as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Something else stands there than what the verb is for.
    WrongType {
        path: Path,
        found: &'static str,
        wanted: &'static str,
        at: Position,
    },
    /// A comment in an inline table of several lines would come to stand beside another entry.
    MultiLine { path: Path, at: Position },
}

impl<'d> Revision<'d> {
    /// Begins with no change. A comment line that `is_own` accepts belongs to the header below it:
    /// it goes with that header.
    pub(crate) fn of(document: &'d Document, is_own: fn(&str) -> bool) -> Self {
        Self {
            document,
            is_own,
            splices: Splices::default(),
            removed: BTreeSet::new(),
            removed_entries: Vec::new(),
            pruned: Vec::new(),
            filled: BTreeSet::new(),
            lists: BTreeMap::new(),
            tables: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Makes these differences, but for the keys that come: those it returns.
    ///
    /// # Errors
    ///
    /// As [`Self::set`], [`Self::remove_element`] and [`Self::insert_element`].
    pub(crate) fn apply(&mut self, differences: Vec<Difference>) -> Result<Vec<Inserted>, Refused> {
        let mut inserted = Vec::new();
        for difference in differences {
            match difference {
                Difference::Removed(path) => self.remove(&path),
                Difference::Unwritten(path) => self.prune(&path),
                Difference::Set(path, literal) => self.set(&path, literal.text())?,
                Difference::Elements(path, gone, new) => {
                    for number in gone {
                        self.remove_element(&path, number)?;
                    }
                    for element in new {
                        self.insert_element(&path, element.text())?;
                    }
                }
                Difference::Inserted(new) => inserted.push(new),
            }
        }
        Ok(inserted)
    }

    /// Replaces the value at `path`.
    ///
    /// # Errors
    ///
    /// [`Refused`] if no value is written for exactly that path.
    pub(crate) fn set(&mut self, path: &[String], value: &str) -> Result<(), Refused> {
        let Some(span) = self.document.value(path) else {
            return Err(self.wrong_type(path, "a value"));
        };
        self.splices.replace(span, value);
        Ok(())
    }

    /// Adds a key that is not there, or that is removed, to its table, as the table is spelled. A table
    /// that needs a header for it gets one, with `comment` above.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the key is there, if something on the way to it is no table, or if it belongs into
    /// an inline table of several lines.
    pub(crate) fn insert(
        &mut self,
        path: &[String],
        value: &str,
        comment: Option<&str>,
    ) -> Result<(), Refused> {
        let (name, table) = self.new_key(path)?;
        let document = self.document;
        match Place::of(document, table, self.is_own) {
            Place::Inline(number) => self.add_entry(number, path, value)?,
            Place::Line(line) => {
                let key = render::dotted(&path[line.depth..], document.key_quotes());
                let text = format!("{}{key} = {value}", line.prefix);
                self.splices.add_pair(line.offset, text);
                self.filled.extend(line.header);
            }
            Place::NewHeader => {
                let mut known = self.tables.iter_mut();
                if let Some(known) = known.find(|known| known.has_header(table)) {
                    let below = &path[known.path.len()..];
                    known.pairs.push(Pair::new(below, value));
                } else {
                    self.tables.push(NewTable {
                        offset: place::below_relatives(document, table, self.is_own),
                        path: table.to_vec(),
                        comment: comment.map(str::to_owned),
                        pairs: vec![Pair::new(std::slice::from_ref(name), value)],
                    });
                }
            }
        }
        Ok(())
    }

    /// Adds a table that is not there, or that is removed: below a header of its own, with `comment`
    /// above, or as one entry of the inline table that holds it.
    ///
    /// # Errors
    ///
    /// As [`Self::insert`].
    pub(crate) fn insert_table(
        &mut self,
        path: &[String],
        pairs: Vec<Pair>,
        comment: Option<&str>,
    ) -> Result<(), Refused> {
        let (_, parent) = self.new_key(path)?;
        if let Some(number) = place::inline_table(self.document, parent) {
            let value = table::inline(&pairs, self.document.key_quotes());
            return self.add_entry(number, path, &value);
        }
        self.tables.push(NewTable {
            offset: place::below_relatives(self.document, parent, self.is_own),
            path: path.to_vec(),
            comment: comment.map(str::to_owned),
            pairs,
        });
        Ok(())
    }

    /// Adds an element to the end of the array at `path`, in the array's own style. One of
    /// `[[headers]]` gets another header.
    ///
    /// # Errors
    ///
    /// [`Refused`] if there is no array, or if it consists of tables and `value` is none.
    pub(crate) fn insert_element(&mut self, path: &[String], value: &str) -> Result<(), Refused> {
        let document = self.document;
        let Some(&last) = elements::headers(document, path).last() else {
            self.array(path)?.added.push(value.to_owned());
            return Ok(());
        };
        let Some(pairs) = elements::pairs(value) else {
            return Err(self.wrong_type(path, "an array of values"));
        };
        let Indentation { header, keys } = Indentation::of(document, last);
        let pairs = pairs.iter().map(|pair| format!("{keys}{pair}"));
        let name = look::name(document, Some(last), path);
        let lines = [format!("{header}[[{name}]]")];
        let last = document.index.below(path).next_back().unwrap_or(last);
        let offset = place::below(document, last, self.is_own);
        self.blocks.push(Block {
            offset,
            lines: lines.into_iter().chain(pairs).collect(),
            is_spaced: false,
        });
        Ok(())
    }

    /// Removes what stands at `path` and below, wherever it is written. Where nothing is, nothing
    /// happens.
    pub(crate) fn remove(&mut self, path: &[String]) {
        // Below an array of tables are keys of this path that are not at it.
        if self.document.get(path).is_some() {
            self.removed.insert(path.to_vec());
        }
    }

    /// Removes the element of that number from the array at `path`. Where there are not so many,
    /// nothing happens.
    ///
    /// # Errors
    ///
    /// [`Refused`] if there is no array.
    pub(crate) fn remove_element(&mut self, path: &[String], number: usize) -> Result<(), Refused> {
        let headers = elements::headers(self.document, path);
        if headers.is_empty() {
            self.array(path)?.gone.insert(number);
        } else if let Some(&header) = headers.get(number) {
            let index = &self.document.index;
            let next = headers.get(number + 1).copied();
            let statements = header..next.unwrap_or(index.statements.len());
            let own = index.below(path).filter(|it| statements.contains(it));
            self.removed_entries.push(own.collect());
        }
        Ok(())
    }

    /// Removes the header of a table if all keys below it go and none comes.
    pub(crate) fn prune(&mut self, table: &[String]) {
        self.pruned.push(table.to_vec());
    }

    /// Puts another comment in the place of the one above a header; `None`: its line goes.
    pub(crate) fn set_comment(&mut self, heading: &Heading, comment: Option<&str>) {
        let lines = heading.lines.clone();
        let Some(comment) = comment else {
            self.splices.drop_lines(lines);
            return;
        };
        let line = &self.document.text()[lines.clone()];
        let start = lines.start + line.len() - line.trim_start().len();
        self.splices
            .replace(start..start + line.trim().len(), comment);
    }

    /// Removes the comment lines that `is_own` accepts and no header follows.
    pub(crate) fn remove_stray_comments(&mut self, goes: impl Fn(&str) -> bool) {
        for lines in self.document.stray_comments(self.is_own) {
            if goes(&self.document.text()[lines.clone()]) {
                self.splices.drop_lines(lines);
            }
        }
    }

    fn array(&mut self, path: &[String]) -> Result<&mut List, Refused> {
        let item = self.document.get(path);
        let array = item.and_then(Value::array);
        let Some((array, span)) = array.zip(self.document.value(path)) else {
            return Err(self.wrong_type(path, "an array"));
        };
        let elements = array.iter().filter_map(|it| it.span().cloned());
        let list = || List::of(self.document, &span, elements);
        Ok(self.lists.entry(span.start).or_insert_with(list))
    }

    /// The inline table of that number.
    fn inline_table(&mut self, number: usize) -> Result<&mut List, Refused> {
        let table = &self.document.index.inline_tables[number];
        if table.has_line_breaks(self.document.text()) {
            return Err(Refused::MultiLine {
                path: table.path.clone(),
                at: self.document.position(table.span.start),
            });
        }
        let entries = table.entries.iter().map(|entry| entry.span.clone());
        let list = || List::of(self.document, &table.span, entries);
        Ok(self.lists.entry(table.span.start).or_insert_with(list))
    }

    fn add_entry(&mut self, table: usize, path: &[String], value: &str) -> Result<(), Refused> {
        let depth = self.document.index.inline_tables[table].path.len();
        let key = render::dotted(&path[depth..], self.document.key_quotes());
        let entries = self.inline_table(table)?;
        entries.added.push(format!("{key} = {value}"));
        Ok(())
    }

    /// The last segment of a path where something can be inserted, and the path of its table.
    fn new_key<'p>(&self, path: &'p [String]) -> Result<(&'p String, &'p [String]), Refused> {
        let Some((name, table)) = path.split_last() else {
            return Err(self.wrong_type(path, "nothing"));
        };
        let is_no_table = |value: &Value| !value.is_table();
        for depth in 1..=table.len() {
            let above = &path[..depth];
            let is_no_table = self.document.get(above).is_some_and(is_no_table);
            if is_no_table && !self.removed.contains(above) {
                return Err(self.wrong_type(above, "a table"));
            }
        }
        if self.document.get(path).is_some() && !self.removed.contains(path) {
            return Err(self.wrong_type(path, "nothing"));
        }
        Ok((name, table))
    }

    fn wrong_type(&self, path: &[String], wanted: &'static str) -> Refused {
        Refused::WrongType {
            path: path.to_vec(),
            found: self.document.get(path).map_or("nothing", Value::kind),
            wanted,
            at: self.document.position(self.document.offset(path)),
        }
    }
}
