//! What differs between two trees.

use crate::toml::literal::Literal;
use crate::toml::value::{Form, Value};

use super::{Path, Tree, missing};

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
        let mut comparison = Comparison {
            before: self,
            after,
            path: Path::new(),
            found: Vec::new(),
        };
        comparison.compare(&self.root, &after.root);
        comparison.found
    }
}

/// Whether nothing has changed in a copy of a value.
fn is_shared(before: &Value, after: &Value) -> bool {
    match (before.below(), after.below()) {
        (Some(old), Some(new)) => {
            std::ptr::eq(old, new) && before.is_written() == after.is_written()
        }
        (None, None) => matches!(after.form, Form::Value(_)) && before.place == after.place,
        _ => false,
    }
}

/// Two trees that are compared, and what differs so far.
struct Comparison<'t> {
    before: &'t Tree,
    after: &'t Tree,
    /// The path that is looked at.
    path: Path,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn compare(&mut self, before: &Value, after: &Value) {
        let (Some(old), Some(new)) = (before.below(), after.below()) else {
            return self.compare_leaves(before, after);
        };
        if before.is_written() && !after.is_written() && !after.has_leaf() {
            self.found.push(Difference::Unwritten(self.path.clone()));
        }
        for (name, value) in old {
            let now = new.get(name);
            if now.is_some_and(|now| is_shared(value, now)) {
                continue;
            }
            self.path.push(name.to_string());
            match now {
                Some(now) if now.below().is_some() == value.below().is_some() => {
                    self.compare(value, now);
                }
                gone_or_other => {
                    self.found.push(Difference::Removed(self.path.clone()));
                    if let Some(other) = gone_or_other {
                        self.insert(other);
                    }
                }
            }
            self.path.pop();
        }
        for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
            self.path.push(name.to_string());
            self.insert(value);
            self.path.pop();
        }
    }

    fn insert(&mut self, value: &Value) {
        let leaves = value.leaves_at(self.path.clone());
        let leaves = leaves.filter(|(_, leaf)| leaf.below().is_none());
        let inserted = leaves.map(|(path, leaf)| {
            Difference::Inserted(Inserted {
                path,
                literal: self.after.literal(leaf),
                rank: leaf.rank(),
            })
        });
        self.found.extend(inserted);
    }

    fn compare_leaves(&mut self, before: &Value, after: &Value) {
        if self.before.written(before) == self.after.written(after) {
            return;
        }
        let Some((known, elements)) = before.elements().zip(after.elements()) else {
            let literal = self.after.literal(after);
            return self.found.push(Difference::Set(self.path.clone(), literal));
        };
        let gone: Vec<usize> = missing(known, elements).collect();
        let new = missing(elements, known).map(|number| self.after.element(&elements[number]));
        let new: Vec<Literal> = new.collect();
        if !gone.is_empty() || !new.is_empty() {
            self.found
                .push(Difference::Elements(self.path.clone(), gone, new));
        }
    }
}
