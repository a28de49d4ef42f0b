//! The text of a table that is not there yet.

use super::Path;
use super::document::Document;
use super::index::rest_after;
use super::look::Look;
use super::render::{self, Quotes};

/// A key below a table, and the text of its value.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) path: Path,
    pub(crate) value: String,
}

/// A table with its own header.
pub(super) struct NewTable {
    pub(super) offset: usize,
    pub(super) path: Path,
    /// Goes above the header.
    pub(super) comment: Option<String>,
    pub(super) pairs: Vec<Pair>,
}

/// Lines with a header of their own.
pub(super) struct Block {
    pub(super) offset: usize,
    pub(super) lines: Vec<String>,
    /// Whether an empty line comes first. Without a comment, nothing would tell that it came with
    /// the block.
    pub(super) is_spaced: bool,
}

impl NewTable {
    /// The header and its keys, then each table below.
    pub(super) fn block(&self, document: &Document) -> Block {
        let look = Look::of(document, &self.path);
        let quotes = document.key_quotes();
        let mut tables: Vec<&[String]> = vec![&[]];
        for pair in &self.pairs {
            if !tables.contains(&pair.table()) {
                tables.push(pair.table());
            }
        }
        let comment = self.comment.iter();
        let comment = comment.map(|comment| format!("{}{comment}", look.indentation.header));
        let mut lines: Vec<String> = comment.collect();
        for table in tables {
            let indentation = if table.is_empty() {
                look.indentation.clone()
            } else {
                let path = [&self.path, table].concat();
                look.indentation.of_child(document, &path)
            };
            let below = table.iter().map(|name| render::header_key(name, quotes));
            let name = below.fold(look.name.clone(), |name, key| name + "." + &key);
            lines.push(format!("{}[{name}]", indentation.header));
            for pair in self.pairs.iter().filter(|pair| pair.table() == table) {
                let key = render::dotted(&pair.path[table.len()..], quotes);
                lines.push(format!("{}{key} = {}", indentation.keys, pair.value));
            }
        }
        Block {
            offset: self.offset,
            lines,
            is_spaced: look.is_spaced && self.comment.is_some(),
        }
    }

    /// Whether it has, or comes with, the header of the table at `path`.
    pub(super) fn has_header(&self, path: &[String]) -> bool {
        let below = rest_after(path, &self.path);
        below.is_some_and(|below| {
            let mut pairs = self.pairs.iter();
            below.is_empty() || pairs.any(|pair| pair.table() == below)
        })
    }
}

impl Pair {
    pub(crate) fn new(path: &[String], value: impl Into<String>) -> Self {
        Self {
            path: path.to_vec(),
            value: value.into(),
        }
    }

    /// The path of the table that the key is in.
    fn table(&self) -> &[String] {
        self.path.split_last().map_or(&[], |(_, table)| table)
    }
}

/// The value of an inline table, on one line.
pub(super) fn inline(pairs: &[Pair], quotes: Quotes) -> String {
    nested(&pairs.iter().collect::<Vec<_>>(), 0, quotes)
}

/// An inline table of pairs that share the first `depth` segments.
fn nested(pairs: &[&Pair], depth: usize, quotes: Quotes) -> String {
    let mut groups: Vec<Vec<&Pair>> = Vec::new();
    for pair in pairs {
        let is_its = |group: &&mut Vec<&Pair>| group[0].path[depth] == pair.path[depth];
        match groups.iter_mut().find(is_its) {
            Some(group) => group.push(pair),
            None => groups.push(vec![pair]),
        }
    }
    let entries = groups.iter().map(|group| {
        let first = group[0];
        let value = if first.path.len() == depth + 1 {
            first.value.clone()
        } else {
            nested(group, depth + 1, quotes)
        };
        format!("{} = {value}", render::key(&first.path[depth], quotes))
    });
    render::inline(entries)
}
