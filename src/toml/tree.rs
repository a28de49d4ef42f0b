//! What a document says, as a tree that can be changed: tables, and the text of each value.
//!
//! An edit is worked out on the tree. What then differs between two trees says which verbs make the
//! text of one that of the other: what is removed and put again has not changed.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;

pub(super) mod differences;
mod reading;

use super::literal::Literal;
use super::render::{self, Quotes};

/// The path of a key, from the root of the document.
pub(crate) type Path = Vec<String>;

/// All that a document says. A copy shares its tables until one of them changes. Two are equal if
/// they say the same, however it is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tree {
    root: Arc<Table>,
}

/// A table, however it is spelled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    entries: BTreeMap<String, Node>,
    /// Whether it is there without what is in it: it has a header, or braces.
    is_written: bool,
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

/// So a table that two trees share is not looked into.
impl Eq for Table {}

/// What stands at a key.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Table(Arc<Table>),
    Leaf(Leaf),
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(one), Self::Table(other)) => one == other,
            (Self::Leaf(one), Self::Leaf(other)) => one == other,
            // A value that is put may be an inline table.
            _ => self.literal() == other.literal(),
        }
    }
}

impl Eq for Node {}

/// A value that is no table.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    literal: Literal,
    /// The elements, if the value is an array.
    elements: Option<Vec<Literal>>,
    /// Whether each element has a `[[header]]`: without one, no array is there.
    has_headers: bool,
    /// New keys are written in this order.
    rank: u64,
}

impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        // Elements that come and go may stand in any order.
        let lists = self.elements.as_ref().zip(other.elements.as_ref());
        let is_same = |(own, others): (&Vec<Literal>, &Vec<Literal>)| {
            own.len() == others.len() && missing(own, others).next().is_none()
        };
        self.literal == other.literal || lists.is_some_and(is_same)
    }
}

impl Eq for Leaf {}

/// The paths of all values below, and of tables that are empty.
type Leaves<'t> = Box<dyn Iterator<Item = (Path, Option<&'t Leaf>)> + 't>;

impl Tree {
    /// What stands at `path`.
    pub(crate) fn get(&self, path: &[String]) -> Option<&Node> {
        let (last, tables) = path.split_last()?;
        self.table(tables)?.entries.get(last)
    }

    /// The table at `path`; the root for an empty one.
    pub(crate) fn table(&self, path: &[String]) -> Option<&Table> {
        path.iter()
            .try_fold(&*self.root, |table, name| table.table(name))
    }

    /// A path in the letters in which the first of these trees has it that has it. `is_name` says of a
    /// path whether case counts in its last segment.
    pub(crate) fn spelled<const TREES: usize>(
        trees: [&Self; TREES],
        mut path: Path,
        is_name: impl Fn(&[String]) -> bool,
    ) -> Path {
        let mut tables = trees.map(|tree| tree.table(&[]));
        for depth in 0..path.len() {
            let mut there = tables.into_iter().flatten();
            let Some(spelled) = there.find_map(|table| table.spelled(&path[depth])) else {
                break;
            };
            if spelled != path[depth] {
                if is_name(&path[..=depth]) {
                    break;
                }
                path[depth] = String::from(spelled);
            }
            tables = tables.map(|table| table?.table(&path[depth]));
        }
        path
    }

    /// Whether the table at `path` is the same in a copy of this tree that has changed.
    pub(crate) fn shares(&self, copy: &Self, path: &[String]) -> bool {
        let tables = self.table(path).zip(copy.table(path));
        tables.is_some_and(|(own, other)| std::ptr::eq(own, other))
    }

    /// The value at `path`; a table as the inline table that means the same.
    pub(crate) fn value(&self, path: &[String]) -> Option<Literal> {
        self.get(path).map(Node::literal)
    }

    /// The first part of `path` that is there and no table.
    pub(crate) fn obstacle<'p>(&self, path: &'p [String]) -> Option<&'p [String]> {
        let mut table = &*self.root;
        for (depth, name) in path.iter().enumerate() {
            match table.entries.get(name)? {
                Node::Table(next) => table = next,
                Node::Leaf(_) => return Some(&path[..=depth]),
            }
        }
        None
    }

    /// The paths of all values at or below `path`. A table that is written and empty counts as one.
    pub(crate) fn leaves<'t>(&'t self, path: &[String]) -> impl Iterator<Item = Path> + use<'t> {
        let leaves = match path {
            [] => Some(self.root.leaves(Path::new())),
            _ => self.get(path).map(|node| node.leaves(path.to_vec())),
        };
        leaves.into_iter().flatten().map(|(path, _)| path)
    }

    /// Whether the array at `path` has an element that says just this.
    pub(crate) fn has_element(&self, path: &[String], element: &Literal) -> bool {
        self.elements(path).any(|known| known.says_just(element))
    }

    /// The elements of the array at `path`.
    pub(crate) fn elements(&self, path: &[String]) -> impl Iterator<Item = &Literal> {
        let leaf = self.get(path).and_then(Node::leaf);
        let elements = leaf.and_then(|leaf| leaf.elements.as_ref());
        elements.into_iter().flatten()
    }

    /// Puts a value at `path`, in the place of what stands there.
    pub(crate) fn put(&mut self, path: &[String], literal: Literal, rank: u64) {
        let Some((name, tables)) = path.split_last() else {
            return;
        };
        let table = self.make(tables);
        table
            .entries
            .insert(name.clone(), Node::Leaf(Leaf::new(literal, rank)));
    }

    /// Adds an element to the array at `path`, which is made if it is not there.
    pub(crate) fn put_element(&mut self, path: &[String], element: Literal, rank: u64) {
        if self.get(path).and_then(Node::leaf).is_none() {
            self.put(path, Literal::new("[]"), rank);
        }
        if let Some(leaf) = self.leaf_mut(path) {
            let elements = leaf.elements.get_or_insert_default();
            elements.push(element);
            leaf.literal = Literal::array(elements);
        }
    }

    /// Removes the element from the array at `path`, as often as it stands there: those that mean the
    /// same, or else those that say just this. An array of `[[headers]]` goes with its last one.
    pub(crate) fn remove_element(&mut self, path: &[String], element: &Literal) {
        if self.has_element(path, element)
            && let Some(leaf) = self.leaf_mut(path)
            && let Some(elements) = &mut leaf.elements
        {
            let is_exact = elements.contains(element);
            elements.retain(|it| it != element && (is_exact || !it.says_just(element)));
            if leaf.has_headers && elements.is_empty() {
                return self.remove(path);
            }
            leaf.literal = Literal::array(elements);
        }
    }

    /// Removes what stands at `path`, and the tables above that were there for its sake alone.
    pub(crate) fn remove(&mut self, path: &[String]) {
        let Some((name, tables)) = path.split_last() else {
            return;
        };
        let Some(table) = self.table_mut(tables) else {
            return;
        };
        table.entries.remove(name);
        if table.entries.is_empty() && !table.is_written {
            self.remove(tables);
        }
    }

    /// Takes its own header from the table at `path`: it stays for the sake of what is in it.
    pub(crate) fn unwrite(&mut self, path: &[String]) {
        if let Some(table) = self.table_mut(path) {
            table.is_written = false;
        }
    }

    fn table_mut(&mut self, path: &[String]) -> Option<&mut Table> {
        self.table(path)?;
        Some(self.make(path))
    }

    fn leaf_mut(&mut self, path: &[String]) -> Option<&mut Leaf> {
        let (name, tables) = path.split_last()?;
        match self.table_mut(tables)?.entries.get_mut(name) {
            Some(Node::Leaf(leaf)) => Some(leaf),
            _ => None,
        }
    }

    /// The table at `path`, made if it is not there.
    fn make(&mut self, path: &[String]) -> &mut Table {
        let mut table = Arc::make_mut(&mut self.root);
        for name in path {
            let entries = table.entries.entry(name.clone());
            let node = entries.or_insert_with(|| Node::Table(Arc::default()));
            if let Node::Leaf(_) = node {
                *node = Node::Table(Arc::default());
            }
            table = match node {
                Node::Table(table) => Arc::make_mut(table),
                Node::Leaf(_) => unreachable!("it has just become a table"),
            };
        }
        table
    }
}

impl Node {
    pub(crate) fn table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            Self::Leaf(_) => None,
        }
    }

    fn leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Leaf(leaf) => Some(leaf),
            Self::Table(_) => None,
        }
    }

    /// The value; a table as the inline table that means the same.
    fn literal(&self) -> Literal {
        match self {
            Self::Leaf(leaf) => leaf.literal.clone(),
            Self::Table(table) => table.literal(),
        }
    }

    fn leaves(&self, path: Path) -> Leaves<'_> {
        match self {
            Self::Table(table) => table.leaves(path),
            Self::Leaf(leaf) => Box::new(iter::once((path, Some(leaf)))),
        }
    }

    pub(crate) fn is_array(&self) -> bool {
        self.leaf().is_some_and(|leaf| leaf.elements.is_some())
    }

    /// Whether nothing is in a table or an array.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Table(table) => table.entries.is_empty(),
            Self::Leaf(leaf) => leaf.elements.as_ref().is_some_and(Vec::is_empty),
        }
    }
}

impl Table {
    /// The names of what is in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// A name in it, or else one that differs from it in case alone.
    fn spelled(&self, name: &str) -> Option<&str> {
        let exact = self.entries.get_key_value(name);
        let exact = exact.map(|(name, _)| name.as_str());
        exact.or_else(|| self.names().find(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The table of this name in it.
    pub(crate) fn table(&self, name: &str) -> Option<&Self> {
        self.entries.get(name).and_then(Node::table)
    }

    /// Whether it has a header or braces of its own.
    pub(crate) fn is_written(&self) -> bool {
        self.is_written
    }

    /// Whether a value stands right in it.
    pub(crate) fn has_leaf(&self) -> bool {
        self.entries.values().any(|node| node.leaf().is_some())
    }

    /// Whether another table stands right in it.
    pub(crate) fn has_table(&self) -> bool {
        self.entries.values().any(|node| node.table().is_some())
    }

    fn literal(&self) -> Literal {
        let entry = |(name, node): (&String, &Node)| {
            let key = render::key(name, Quotes::Basic);
            format!("{key} = {}", node.literal().text())
        };
        Literal::new(render::inline(self.entries.iter().map(entry)))
    }

    fn leaves(&self, path: Path) -> Leaves<'_> {
        if self.entries.is_empty() && !path.is_empty() {
            return Box::new(iter::once((path, None)));
        }
        let below = self.entries.iter().flat_map(move |(name, node)| {
            let mut path = path.clone();
            path.push(name.clone());
            node.leaves(path)
        });
        Box::new(below)
    }
}

impl Leaf {
    fn new(literal: Literal, rank: u64) -> Self {
        Self {
            literal,
            elements: None,
            has_headers: false,
            rank,
        }
    }
}

impl Literal {
    fn array(elements: &[Literal]) -> Self {
        let elements: Vec<&str> = elements.iter().map(Self::text).collect();
        Self::new(format!("[{}]", elements.join(", ")))
    }
}

/// The numbers of those literals that others do not have, or not as often.
fn missing(own: &[Literal], others: &[Literal]) -> impl Iterator<Item = usize> {
    let mut unmatched: Vec<&Literal> = others.iter().collect();
    let is_missing = move |(number, literal): (usize, &Literal)| match unmatched
        .iter()
        .position(|it| *it == literal)
    {
        Some(found) => {
            unmatched.remove(found);
            None
        }
        None => Some(number),
    };
    own.iter().enumerate().filter_map(is_missing)
}
