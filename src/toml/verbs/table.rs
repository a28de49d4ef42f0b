//! The text of a table that is not there yet.

use super::document::Document;
use super::index::rest_after;
use super::look::Look;
use super::render::{self, Quotes};

/// A key below a table, and the text of its value.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) path: Vec<String>,
    pub(crate) value: String,
}

/// A table with its own header.
#[derive(Debug)]
pub(super) struct NewTable {
    pub(super) offset: usize,
    pub(super) path: Vec<String>,
    /// Goes above the header.
    pub(super) comment: Option<String>,
    pub(super) pairs: Vec<Pair>,
}

impl NewTable {
    /// The header and its keys, then each table below.
    pub(super) fn lines(&self, document: &Document<'_>, look: &Look) -> Vec<String> {
        let mut tables: Vec<&[String]> = vec![&[]];
        for pair in &self.pairs {
            if !tables.contains(&pair.table()) {
                tables.push(pair.table());
            }
        }
        let mut lines = Vec::new();
        if let Some(comment) = &self.comment {
            lines.push(format!("{}{comment}", look.indentation.header));
        }
        for table in tables {
            let path = self.path.iter().chain(table).map(String::as_str);
            let indentation = if table.is_empty() {
                look.indentation.clone()
            } else {
                let path: Vec<&str> = path.collect();
                look.indentation.of_child(document, &path)
            };
            let below = table
                .iter()
                .map(|name| render::header_key(name, document.key_quotes()));
            let name = below.fold(look.name.clone(), |name, key| name + "." + &key);
            lines.push(format!("{}[{name}]", indentation.header));
            for pair in self.pairs.iter().filter(|pair| pair.table() == table) {
                let key = render::dotted(&pair.path[table.len()..], document.key_quotes());
                lines.push(format!("{}{key} = {}", indentation.keys, pair.value));
            }
        }
        lines
    }

    /// Whether it has, or comes with, the header of the table at `path`.
    pub(super) fn has_header(&self, path: &[&str]) -> bool {
        let below = rest_after(path, &self.path);
        below.is_some_and(|below| {
            let mut pairs = self.pairs.iter();
            below.is_empty() || pairs.any(|pair| pair.table() == below)
        })
    }
}

impl Pair {
    pub(crate) fn new<S: ToString>(path: &[S], value: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(ToString::to_string).collect(),
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
    let pairs: Vec<&Pair> = pairs.iter().collect();
    nested(&pairs, 0, quotes)
}

/// An inline table of pairs that share the first `depth` segments.
fn nested(pairs: &[&Pair], depth: usize, quotes: Quotes) -> String {
    let mut entries: Vec<String> = Vec::new();
    let mut names: Vec<&String> = Vec::new();
    for pair in pairs {
        let name = &pair.path[depth];
        if names.contains(&name) {
            continue;
        }
        names.push(name);
        let value = if pair.path.len() == depth + 1 {
            pair.value.clone()
        } else {
            let same = pairs.iter().filter(|other| other.path[depth] == *name);
            let same: Vec<&Pair> = same.copied().collect();
            nested(&same, depth + 1, quotes)
        };
        entries.push(format!("{} = {value}", render::key(name, quotes)));
    }
    render::inline(&entries)
}
