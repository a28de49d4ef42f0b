//! Changing a document: get its text out, put another one in, and not a byte differs that was not
//! asked for.

mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::Position;

use super::document::Document;
use super::elements::{self, Elements};
use super::headings::Heading;
use super::inline::Entries;
use super::look::{self, Indentation, Look};
use super::meaning::type_name;
use super::place::{self, Place};
use super::render;
use super::splice::Splices;
use super::table::{self, NewTable, Pair};

/// Changes to one document, which are made together.
///
/// Values are TOML text and are written as they are given. All verbs look at the document as it was
/// parsed, and what comes to the same place stands in the order of the calls. Whether the new text
/// means what was asked for is for the caller to check, who parses it anyway.
pub(crate) struct Revision<'d, 't> {
    document: &'d Document<'t>,
    is_own: fn(&str) -> bool,
    splices: Splices,
    /// New keys.
    inserted: Vec<Vec<String>>,
    removed: BTreeSet<Vec<String>>,
    /// The statements of entries of arrays of tables that go.
    removed_entries: Vec<Vec<usize>>,
    pruned: Vec<Vec<String>>,
    /// Headers that gain a key.
    filled: BTreeSet<usize>,
    /// By the number of the inline table.
    entries: BTreeMap<usize, Entries>,
    /// By the place of the array.
    elements: BTreeMap<usize, (Range<usize>, Elements)>,
    tables: Vec<NewTable>,
    blocks: Vec<Block>,
}

/// Why a document can't be changed as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Something else stands there than what the verb is for.
    WrongType {
        path: Vec<String>,
        found: &'static str,
        wanted: &'static str,
        at: Position,
    },
    /// A comment in an inline table of several lines would come to stand beside another entry.
    MultiLine { path: Vec<String>, at: Position },
    /// A key would be inserted into a table that is removed.
    Removed { path: Vec<String>, at: Position },
}

/// Lines with a header of their own.
struct Block {
    offset: usize,
    lines: Vec<String>,
    /// Whether an empty line comes first. Without a comment, nothing would tell that it came with
    /// the block.
    is_spaced: bool,
}

impl<'d, 't> Revision<'d, 't> {
    /// Begins with no change. A comment line that `is_own` accepts belongs to the header below it:
    /// it goes with that header.
    pub(crate) fn of(document: &'d Document<'t>, is_own: fn(&str) -> bool) -> Self {
        Self {
            document,
            is_own,
            splices: Splices::default(),
            inserted: Vec::new(),
            removed: BTreeSet::new(),
            removed_entries: Vec::new(),
            pruned: Vec::new(),
            filled: BTreeSet::new(),
            entries: BTreeMap::new(),
            elements: BTreeMap::new(),
            tables: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Replaces the value at `path`.
    ///
    /// # Errors
    ///
    /// [`Refused`] if no value is written for exactly that path.
    pub(crate) fn set(&mut self, path: &[&str], value: &str) -> Result<(), Refused> {
        let Some(item) = self.document.get(path) else {
            return Err(self.wrong_type(path, "nothing", "a value"));
        };
        let Some((_, span)) = self.document.value(path) else {
            return Err(self.wrong_type(path, type_name(item), "a value"));
        };
        self.splices.replace(span, value);
        Ok(())
    }

    /// Adds a key that is not there, or that is removed, to its table, as the table is spelled. A table
    /// that needs a header for it gets one, with `comment` above.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the key is there, or something on the way to it is no table.
    pub(crate) fn insert(
        &mut self,
        path: &[&str],
        value: &str,
        comment: Option<&str>,
    ) -> Result<(), Refused> {
        let (name, table) = self.new_key(path)?;
        let document = self.document;
        let key = render::key(name, document.key_quotes());
        match Place::of(document, table) {
            Place::Root => {
                let line = format!("{key} = {value}");
                self.splices
                    .add_pair(place::in_root(document, self.is_own), line);
            }
            Place::Inline(number) => self.add_entry(number, path, value),
            Place::Header(header) => {
                let indent = Indentation::of(document, header).keys;
                let last = document.index.body(header).next_back().unwrap_or(header);
                let end = document.statement_lines(last).end;
                self.splices
                    .add_pair(end, format!("{indent}{key} = {value}"));
                self.filled.insert(header);
            }
            Place::Dotted { pair, depth } => {
                let own = depth - document.index.header_depth(pair);
                let prefix = document.raw_keys(pair, own);
                let rest = render::dotted(&path[depth..], document.key_quotes());
                let indent = look::of_line(document, pair);
                let line = format!("{indent}{prefix}.{rest} = {value}");
                let end = document.statement_lines(pair).end;
                self.splices.add_pair(end, line);
                self.filled.extend(document.index.statements[pair].header);
            }
            Place::NewHeader => self.add_pair(path, value, comment),
        }
        Ok(())
    }

    /// Adds a table that is not there, or that is removed: below a header of its own, with `comment`
    /// above, or as one entry of the inline table that holds it.
    ///
    /// # Errors
    ///
    /// [`Refused`] if the table is there, or something on the way to it is no table.
    pub(crate) fn insert_table(
        &mut self,
        path: &[&str],
        pairs: Vec<Pair>,
        comment: Option<&str>,
    ) -> Result<(), Refused> {
        let (_, parent) = self.new_key(path)?;
        if let Some(number) = place::inline_table(self.document, parent) {
            let value = table::inline(&pairs, self.document.key_quotes());
            self.add_entry(number, path, &value);
        } else {
            self.tables.push(NewTable {
                offset: place::below_relatives(self.document, parent, self.is_own),
                path: owned(path),
                comment: comment.map(str::to_owned),
                pairs,
            });
        }
        Ok(())
    }

    /// Adds an element to the end of the array at `path`, in the array's own style. One of
    /// `[[headers]]` gets another header, with `comment` above.
    ///
    /// # Errors
    ///
    /// [`Refused`] if there is no array, or if it consists of tables and `value` is none.
    pub(crate) fn insert_element(
        &mut self,
        path: &[&str],
        value: &str,
        comment: Option<&str>,
    ) -> Result<(), Refused> {
        let document = self.document;
        let Some(&last) = elements::headers(document, path).last() else {
            self.array(path)?.added.push(value.to_owned());
            return Ok(());
        };
        let Some(pairs) = elements::pairs(value) else {
            return Err(self.wrong_type(path, "an array of tables", "an array of values"));
        };
        let look = Look::of_entry(document, last);
        let Indentation { header, keys } = look.indentation;
        let comment_line = comment.iter().map(|comment| format!("{header}{comment}"));
        let mut lines: Vec<String> = comment_line.collect();
        lines.push(format!("{header}[[{}]]", look.name));
        lines.extend(pairs.iter().map(|pair| format!("{keys}{pair}")));
        let mut below = (last..document.index.statements.len()).rev();
        let last = below.find(|&it| document.index.is_below(it, path));
        self.blocks.push(Block {
            offset: place::below(document, last.unwrap_or_default(), self.is_own),
            lines,
            is_spaced: look.is_spaced && comment.is_some(),
        });
        Ok(())
    }

    /// Removes what stands at `path` and below, wherever it is written. Where nothing is, nothing
    /// happens.
    pub(crate) fn remove(&mut self, path: &[&str]) {
        // Below an array of tables are keys of this path that are not at it.
        if self.document.get(path).is_some() {
            self.removed.insert(owned(path));
        }
    }

    /// Removes the element of that number from the array at `path`. Where there are not so many,
    /// nothing happens.
    ///
    /// # Errors
    ///
    /// [`Refused`] if there is no array.
    pub(crate) fn remove_element(&mut self, path: &[&str], number: usize) -> Result<(), Refused> {
        let headers = elements::headers(self.document, path);
        if headers.is_empty() {
            self.array(path)?.gone.insert(number);
        } else if let Some(&header) = headers.get(number) {
            let index = &self.document.index;
            let next = headers.get(number + 1).copied();
            let own = header..next.unwrap_or(index.statements.len());
            let own = own.filter(|&it| index.is_below(it, path)).collect();
            self.removed_entries.push(own);
        }
        Ok(())
    }

    /// Removes the header of a table if all keys below it go and none comes.
    pub(crate) fn prune(&mut self, table: &[&str]) {
        self.pruned.push(owned(table));
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

    /// Removes comment lines that no header follows.
    pub(crate) fn remove_comments(&mut self, lines: Vec<Range<usize>>) {
        for lines in lines {
            self.splices.drop_lines(lines);
        }
    }

    /// Whether no verb has changed anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.splices.is_empty()
            && self.removed.is_empty()
            && self.removed_entries.is_empty()
            && self.pruned.is_empty()
            && self.entries.is_empty()
            && self.elements.is_empty()
            && self.tables.is_empty()
            && self.blocks.is_empty()
    }

    fn array(&mut self, path: &[&str]) -> Result<&mut Elements, Refused> {
        let item = self.document.get(path);
        let is_array = item.is_some_and(toml_edit::Item::is_array);
        let Some((_, span)) = self.document.value(path).filter(|_| is_array) else {
            let found = item.map_or("nothing", type_name);
            return Err(self.wrong_type(path, found, "an array"));
        };
        let new = (span.clone(), Elements::default());
        Ok(&mut self.elements.entry(span.start).or_insert(new).1)
    }

    fn add_entry(&mut self, table: usize, path: &[&str], value: &str) {
        let document = self.document;
        let depth = document.index.inline_tables[table].path.len();
        let key = render::dotted(&path[depth..], document.key_quotes());
        let entries = self.entries.entry(table).or_default();
        entries.added.push(format!("{key} = {value}"));
    }

    /// Adds a key below a new header.
    fn add_pair(&mut self, path: &[&str], value: &str, comment: Option<&str>) {
        let Some((name, parent)) = path.split_last() else {
            return;
        };
        let mut known = self.tables.iter_mut();
        if let Some(table) = known.find(|table| table.has_header(parent)) {
            let below = &path[table.path.len()..];
            table.pairs.push(Pair::new(below, value));
        } else {
            self.tables.push(NewTable {
                offset: place::below_relatives(self.document, parent, self.is_own),
                path: owned(parent),
                comment: comment.map(str::to_owned),
                pairs: vec![Pair::new(&[name], value)],
            });
        }
    }

    /// The last segment of a path where something can be inserted, and the path of its table.
    fn new_key<'p>(&mut self, path: &'p [&'p str]) -> Result<(&'p str, &'p [&'p str]), Refused> {
        let Some((name, table)) = path.split_last() else {
            return Err(self.wrong_type(path, "a table", "nothing"));
        };
        let key = owned(path);
        if self.removed.contains(&key) {
            return Ok((name, table));
        }
        if let Some((depth, item)) = self.document.obstacle(table) {
            return Err(self.wrong_type(&path[..depth], type_name(item), "a table"));
        }
        if let Some(item) = self.document.get(path) {
            return Err(self.wrong_type(path, type_name(item), "nothing"));
        }
        self.inserted.push(key);
        Ok((name, table))
    }

    fn wrong_type(&self, path: &[&str], found: &'static str, wanted: &'static str) -> Refused {
        Refused::WrongType {
            path: owned(path),
            found,
            wanted,
            at: self.document.position(self.document.offset(path)),
        }
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|&name| name.to_owned()).collect()
}
