//! What a document says.

use std::borrow::Cow;
use std::sync::Arc;

use toml_edit::{Item, TableLike, Value};

use crate::toml::document::Document;
use crate::toml::literal::Literal;

use super::{Leaf, Node, Table, Tree};

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
    let array = match item {
        Item::Value(Value::Array(array)) => Some(Cow::Borrowed(array)),
        Item::ArrayOfTables(array) => Some(Cow::Owned(array.clone().into_array())),
        _ => None,
    };
    let elements: Option<Vec<Literal>> = array.map(|array| array.iter().map(raw).collect());
    let literal = match item {
        Item::Value(value) => raw(value),
        _ => Literal::array(elements.as_deref().unwrap_or_default()),
    };
    Leaf {
        elements,
        has_headers: item.is_array_of_tables(),
        ..Leaf::new(literal, 0)
    }
}
