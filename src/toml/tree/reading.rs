//! What a document says.

use std::sync::Arc;

use crate::toml::document::Document;
use crate::toml::literal::Literal;
use crate::toml::value::Value;

use super::{Leaf, Node, Table, Tree};

impl Tree {
    /// Reads a document.
    pub(crate) fn of(document: &Document) -> Self {
        match read(document.root(), document.text()) {
            Node::Table(root) => Self { root },
            Node::Leaf(_) => Self::default(),
        }
    }
}

fn read(value: &Value, text: &str) -> Node {
    let Some(table) = value.table() else {
        return Node::Leaf(leaf(value, text));
    };
    let entries = table.iter();
    let entries = entries.map(|(name, value)| (name.to_string(), read(value, text)));
    Node::Table(Arc::new(Table {
        entries: entries.collect(),
        is_written: value.is_written(),
    }))
}

fn leaf(value: &Value, text: &str) -> Leaf {
    let raw = |value: &Value| match value.span() {
        Some(span) => Literal::new(&text[span.clone()]),
        None => Literal::of(value),
    };
    let elements = value.array().map(|array| array.iter().map(raw).collect());
    Leaf {
        elements,
        has_headers: value.has_headers(),
        ..Leaf::new(raw(value), 0)
    }
}
