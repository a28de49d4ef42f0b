//! What a document says.

use std::sync::Arc;

use toml_edit::{Item, TableLike, Value};

use crate::toml::document::Document;
use crate::toml::literal::Literal;

use super::{Element, Leaf, Node, Table, Tree};

impl Tree {
    /// Reads a document.
    pub(crate) fn of(document: &Document) -> Self {
        let mut root = read(document.toml.as_table(), document.text());
        root.is_written = true;
        Self {
            root: Arc::new(root),
        }
    }
}

fn read(table: &dyn TableLike, text: &str) -> Table {
    let entries = table.iter().map(|(name, item)| {
        let node = match item.as_table_like() {
            Some(table) => {
                let mut below = read(table, text);
                below.is_written = is_written(item);
                Node::Table(Arc::new(below))
            }
            None => Node::Leaf(leaf(item, text)),
        };
        (name.to_owned(), node)
    });
    Table {
        entries: entries.collect(),
        is_written: false,
    }
}

fn is_written(item: &Item) -> bool {
    match item {
        Item::Table(table) => !table.is_implicit() && !table.is_dotted(),
        Item::Value(Value::InlineTable(table)) => !table.is_dotted(),
        _ => false,
    }
}

fn leaf(item: &Item, text: &str) -> Leaf {
    let raw = |value: &Value| match value.span() {
        Some(span) => Literal::new(&text[span]),
        None => Literal::of(value),
    };
    let array: Vec<Literal> = match item {
        Item::Value(Value::Array(array)) => array.iter().map(raw).collect(),
        Item::ArrayOfTables(array) => {
            let tables = array.iter().map(|table| {
                let table = table.clone().into_inline_table();
                Literal::of(&Value::InlineTable(table))
            });
            tables.collect()
        }
        _ => Vec::new(),
    };
    let elements = array
        .into_iter()
        .enumerate()
        .map(|(number, literal)| Element {
            literal,
            number: Some(number),
        });
    let mut leaf = Leaf {
        literal: Literal::new(""),
        elements: elements.collect(),
        is_array: matches!(item, Item::Value(Value::Array(_)) | Item::ArrayOfTables(_)),
        rank: 0,
    };
    match item {
        Item::Value(value) => leaf.literal = raw(value),
        _ => leaf.settle_elements(),
    }
    leaf
}
