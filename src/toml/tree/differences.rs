//! What differs between two trees.

use std::sync::Arc;

use crate::toml::literal::Literal;

use super::{Leaf, Node, Path, Table, Tree, missing};

/// One difference between two trees.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Difference {
    /// Nothing stands there any more.
    Removed(Path),
    /// The table is there, but not for its own sake.
    Unwritten(Path),
    /// Another value stands there.
    Set(Path, Literal),
    /// Elements of an array: the numbers of those that are gone, and the new ones.
    Elements(Path, Vec<usize>, Vec<Literal>),
    /// A value stands where there was nothing, or something else than a value.
    Inserted(Inserted),
}

/// A key that comes, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Inserted {
    pub(crate) path: Path,
    pub(crate) literal: Literal,
    /// New keys are written in this order.
    pub(crate) rank: u64,
}

impl Tree {
    /// What differs in `after`, in the order of the paths.
    pub(crate) fn differences(&self, after: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        self.root
            .differences(&after.root, &mut Vec::new(), &mut found);
        found
    }
}

impl Table {
    fn differences(&self, after: &Self, path: &mut Path, found: &mut Vec<Difference>) {
        for (name, node) in &self.entries {
            path.push(name.clone());
            match (node, after.entries.get(name)) {
                (Node::Table(before), Some(Node::Table(after))) if Arc::ptr_eq(before, after) => {}
                (Node::Table(before), Some(Node::Table(after))) => {
                    if before.is_written && !after.is_written && !after.has_leaf() {
                        found.push(Difference::Unwritten(path.clone()));
                    }
                    before.differences(after, path, found);
                }
                (Node::Leaf(before), Some(Node::Leaf(after))) => {
                    found.extend(before.difference(after, path));
                }
                (_, gone_or_other) => {
                    found.push(Difference::Removed(path.clone()));
                    found.extend(gone_or_other.into_iter().flat_map(|it| it.inserted(path)));
                }
            }
            path.pop();
        }
        for (name, node) in &after.entries {
            if !self.entries.contains_key(name) {
                path.push(name.clone());
                found.extend(node.inserted(path));
                path.pop();
            }
        }
    }
}

impl Node {
    fn inserted(&self, path: &Path) -> impl Iterator<Item = Difference> {
        self.leaves(path.clone()).filter_map(|(path, leaf)| {
            let leaf = leaf?;
            Some(Difference::Inserted(Inserted {
                path,
                literal: leaf.literal.clone(),
                rank: leaf.rank,
            }))
        })
    }
}

impl Leaf {
    fn difference(&self, after: &Self, path: &Path) -> Option<Difference> {
        if self.literal.text() == after.literal.text() {
            return None;
        }
        let Some((known, elements)) = self.elements.as_ref().zip(after.elements.as_ref()) else {
            return Some(Difference::Set(path.clone(), after.literal.clone()));
        };
        let gone: Vec<usize> = missing(known, elements).collect();
        let new = missing(elements, known).map(|number| elements[number].clone());
        let new: Vec<Literal> = new.collect();
        let differs = !gone.is_empty() || !new.is_empty();
        differs.then(|| Difference::Elements(path.clone(), gone, new))
    }
}
