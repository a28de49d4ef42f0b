//! What a document says, as a tree that can be changed.
//!
//! An edit is worked out on the tree. What then differs between two trees says which verbs make the
//! text of one that of the other: what is removed and put again has not changed.

use std::sync::Arc;
use std::{iter, ptr};

pub(super) mod differences;

use super::literal::Literal;
use super::render;
use super::value::{Data, Form, Name, Place, Table, Value};

/// The path of a key, from the root of the document.
pub(crate) type Path = Vec<String>;

/// All that a document says. A copy shares its tables until one of them changes. Two are equal if
/// they say the same, however it is written.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(super) root: Value,
    /// What the root was read from.
    pub(super) text: Arc<str>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            root: Value::of_table(Table::new(), Place::default()).with(Form::Header),
            text: Arc::default(),
        }
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        says_the_same(&self.root, &other.root)
    }
}

fn says_the_same(one: &Value, other: &Value) -> bool {
    match (&one.data, &other.data) {
        // A table that two trees share is not looked into.
        (Data::Table(one), Data::Table(other)) if Arc::ptr_eq(one, other) => true,
        (Data::Table(one), Data::Table(other)) => {
            let mut pairs = one.iter().zip(&**other);
            one.len() == other.len()
                && pairs.all(|(one, other)| one.0 == other.0 && says_the_same(one.1, other.1))
        }
        // Elements that come and go may stand in any order.
        (Data::Array(one), Data::Array(other)) => {
            one.len() == other.len() && missing(one, other).next().is_none()
        }
        _ => one == other,
    }
}

impl Tree {
    /// What stands at `path`.
    pub(crate) fn get(&self, path: &[String]) -> Option<&Value> {
        let mut names = path.iter();
        names.try_fold(&self.root, |value, name| value.below()?.get(&**name))
    }

    /// The table at `path`; the root for an empty one.
    pub(crate) fn table(&self, path: &[String]) -> Option<&Value> {
        self.get(path).filter(|it| it.below().is_some())
    }

    /// A path in the letters in which the first of these trees has it that has it. `is_name` says of a
    /// path whether case counts in its last segment.
    pub(crate) fn spelled<const TREES: usize>(
        trees: [&Self; TREES],
        mut path: Path,
        is_name: impl Fn(&[String]) -> bool,
    ) -> Path {
        // Letter by letter, as most keys that are asked for.
        if trees.first().is_some_and(|tree| tree.get(&path).is_some()) {
            return path;
        }
        let mut values = trees.map(|tree| Some(&tree.root));
        for depth in 0..path.len() {
            let mut there = values.into_iter().flatten();
            let Some(spelled) = there.find_map(|value| value.spelled(&path[depth])) else {
                break;
            };
            if spelled != path[depth] {
                if is_name(&path[..=depth]) {
                    break;
                }
                path[depth] = String::from(spelled);
            }
            values = values.map(|value| value?.below()?.get(&*path[depth]));
        }
        path
    }

    /// Whether nothing has changed in a copy of this tree.
    pub(crate) fn is_shared_by(&self, copy: &Self) -> bool {
        let tables = self.root.below().zip(copy.root.below());
        tables.is_some_and(|(own, other)| ptr::eq(own, other))
    }

    /// The value at `path`; a table as the inline table that means the same.
    pub(crate) fn value(&self, path: &[String]) -> Option<Literal> {
        self.get(path).map(|value| self.literal(value))
    }

    /// A value of this tree as it is written.
    fn literal(&self, value: &Value) -> Literal {
        Literal::written(value, self.written(value))
    }

    fn written(&self, value: &Value) -> String {
        match (&value.form, &value.data) {
            (Form::Value(span), _) => self.text[span.clone()].to_owned(),
            (
                Form::Put {
                    text: Some(text), ..
                },
                _,
            ) => text.to_string(),
            (_, Data::Array(elements)) => {
                let elements = elements.iter().map(|it| self.element(it).text().to_owned());
                let elements: Vec<String> = elements.collect();
                format!("[{}]", elements.join(", "))
            }
            (_, Data::Table(table)) => render::inline(
                table
                    .iter()
                    .map(|(name, value)| render::pair(name, self.written(value))),
            ),
            _ => value.to_string(),
        }
    }

    /// An element as it is written; below a `[[header]]`, on one line.
    fn element(&self, element: &Value) -> Literal {
        match element.form {
            Form::Header => Literal::of(element),
            _ => self.literal(element),
        }
    }

    /// The first part of `path` that is there and no table.
    pub(crate) fn obstacle<'p>(&self, path: &'p [String]) -> Option<&'p [String]> {
        let mut above = (1..=path.len()).map(|depth| &path[..depth]);
        above.find(|it| self.get(it).is_some_and(|value| value.below().is_none()))
    }

    /// The paths of all values at or below `path`. A table that is written and empty counts as one.
    pub(crate) fn leaves<'t>(&'t self, path: &[String]) -> impl Iterator<Item = Path> + use<'t> {
        let leaves = self.get(path).map(|value| value.leaves_at(path.to_vec()));
        let leaves = leaves.into_iter().flatten().map(|(path, _)| path);
        leaves.filter(|path| !path.is_empty())
    }

    /// Whether the array at `path` has an element that says just this.
    pub(crate) fn has_element(&self, path: &[String], element: &Value) -> bool {
        let mut elements = self.array(path).iter();
        elements.any(|known| known.says_just(element))
    }

    /// The elements of the array at `path`.
    pub(crate) fn elements(&self, path: &[String]) -> impl Iterator<Item = Literal> {
        self.array(path).iter().map(|it| self.element(it))
    }

    fn array(&self, path: &[String]) -> &[Value] {
        let value = self.get(path);
        value.and_then(Value::array).unwrap_or_default()
    }

    /// Puts a value at `path`, in the place of what stands there. New keys are written in the order of
    /// their ranks.
    pub(crate) fn put(&mut self, path: &[String], literal: &Literal, rank: u64) {
        if let Some((name, table)) = path.split_last() {
            let value = Value::put(literal, rank);
            self.make(table)
                .table_mut()
                .insert(name.as_str().into(), value);
        }
    }

    /// Adds an element to the array at `path`, which is made if it is not there.
    pub(crate) fn put_element(&mut self, path: &[String], element: &Literal, rank: u64) {
        if self.get(path).and_then(Value::array).is_none() {
            self.put(path, &Literal::new("[]"), rank);
        }
        self.change_array(path, |elements| elements.push(Value::put(element, rank)));
    }

    /// Removes the element from the array at `path`, as often as it stands there: those that say just
    /// this. An array of `[[headers]]` goes with its last one.
    pub(crate) fn remove_element(&mut self, path: &[String], element: &Value) {
        if !self.has_element(path, element) {
            return;
        }
        self.change_array(path, |elements| {
            elements.retain(|it| !it.says_just(element));
        });
        let array = self.get(path);
        if array.is_some_and(|it| it.form == Form::Header && it.is_empty()) {
            self.remove(path);
        }
    }

    fn change_array(&mut self, path: &[String], change: impl FnOnce(&mut Vec<Value>)) {
        let Some(value) = self.get_mut(path) else {
            return;
        };
        if let Data::Array(elements) = &mut value.data {
            change(elements);
            if value.form != Form::Header {
                let rank = value.rank();
                value.form = Form::Put { text: None, rank };
            }
        }
    }

    /// Removes what stands at `path`, and the tables above that were there for its sake alone.
    pub(crate) fn remove(&mut self, path: &[String]) {
        let Some((name, above)) = path.split_last() else {
            return;
        };
        let Some(table) = self.get_mut(above).filter(|it| it.below().is_some()) else {
            return;
        };
        table.table_mut().remove(name.as_str());
        if table.is_empty() && !table.is_written() {
            self.remove(above);
        }
    }

    /// Takes its own header from the table at `path`: it stays for the sake of what is in it.
    pub(crate) fn unwrite(&mut self, path: &[String]) {
        if let Some(table) = self.get_mut(path) {
            table.form = Form::Unwritten;
        }
    }

    fn get_mut(&mut self, path: &[String]) -> Option<&mut Value> {
        self.get(path)?;
        let mut names = path.iter();
        names.try_fold(&mut self.root, |value, name| {
            value.table_mut().get_mut(&**name)
        })
    }

    /// The table at `path`, made if it is not there.
    fn make(&mut self, path: &[String]) -> &mut Value {
        path.iter().fold(&mut self.root, |value, name| {
            let new = || Value::of_table(Table::new(), Place::default());
            let known = value
                .table_mut()
                .entry(Name::from(name.as_str()))
                .or_insert_with(new);
            if known.below().is_none() {
                *known = new();
            }
            known
        })
    }
}

/// How a tree looks at a value.
impl Value {
    /// A value that is not written yet.
    fn put(literal: &Literal, rank: u64) -> Self {
        let text = Some(literal.text().into());
        Self::new(literal.data.clone(), Place::default()).with(Form::Put { text, rank })
    }

    /// Whether it was put as it is: it is one value, whatever is in it.
    fn is_whole(&self) -> bool {
        matches!(self.form, Form::Put { text: Some(_), .. })
    }

    /// What is in a table. In one that was put as it is, nothing has a place of its own.
    pub(crate) fn below(&self) -> Option<&Table> {
        self.table().filter(|_| !self.is_whole())
    }

    /// What is in an array.
    fn elements(&self) -> Option<&[Self]> {
        self.array().filter(|_| !self.is_whole())
    }

    /// The keys of a table, which it becomes if it is none.
    fn table_mut(&mut self) -> &mut Table {
        if !self.is_table() {
            self.data = Data::Table(Arc::default());
        }
        // What stands in the text is another table from now on.
        if let Form::Value(_) = self.form {
            self.form = Form::Header;
        }
        match &mut self.data {
            Data::Table(table) => Arc::make_mut(table),
            _ => unreachable!("it has just become a table"),
        }
    }

    fn rank(&self) -> u64 {
        match self.form {
            Form::Put { rank, .. } => rank,
            _ => 0,
        }
    }

    /// Whether nothing is in a table or an array.
    pub(crate) fn is_empty(&self) -> bool {
        let is_empty = self.below().map(Table::is_empty);
        is_empty.or(self.elements().map(<[Self]>::is_empty)) == Some(true)
    }

    /// The names of what is in a table.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.below().into_iter().flatten().map(|(name, _)| &**name)
    }

    /// A name in a table, or else one that differs from it in case alone.
    fn spelled(&self, name: &str) -> Option<&str> {
        let exact = self.below()?.get_key_value(name);
        let exact = exact.map(|(name, _)| &**name);
        exact.or_else(|| self.names().find(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Whether a value stands right in a table.
    pub(crate) fn has_leaf(&self) -> bool {
        let mut values = self.below().into_iter().flatten();
        values.any(|(_, value)| !value.holds_tables())
    }

    /// Whether another table stands right in it, or an array of them.
    pub(crate) fn has_table(&self) -> bool {
        let mut values = self.below().into_iter().flatten();
        values.any(|(_, value)| value.holds_tables())
    }

    /// Whether it is a table, or an array of tables with headers of their own.
    fn holds_tables(&self) -> bool {
        self.below().is_some() || self.form == Form::Header
    }

    /// The paths of all values at or below `path`, where this one is, and of tables that are empty.
    fn leaves_at(&self, path: Path) -> Box<dyn Iterator<Item = (Path, &Self)> + '_> {
        let Some(table) = self.below().filter(|it| !it.is_empty()) else {
            return Box::new(iter::once((path, self)));
        };
        Box::new(table.iter().flat_map(move |(name, value)| {
            value.leaves_at([&path[..], &[name.to_string()]].concat())
        }))
    }
}

/// The numbers of those values that others do not have, or not as often.
fn missing(own: &[Value], others: &[Value]) -> impl Iterator<Item = usize> {
    let mut unmatched: Vec<&Value> = others.iter().collect();
    let is_missing = move |(number, value): (usize, &Value)| match unmatched
        .iter()
        .position(|it| *it == value)
    {
        Some(found) => {
            unmatched.remove(found);
            None
        }
        None => Some(number),
    };
    own.iter().enumerate().filter_map(is_missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::Document;

    fn keys(dotted: &str) -> Path {
        dotted.split('.').map(str::to_owned).collect()
    }

    fn tree(text: &str) -> Tree {
        let document = Document::parse(text.as_bytes()).expect("test input is TOML");
        document.tree().clone()
    }

    #[test]
    fn the_text_of_a_value_is_that_of_the_file_until_it_changes() {
        let mut tree = tree("a = { b = 0x1 }\nc = [ 'x' ]\n");
        let shown =
            |tree: &Tree, path: &str| tree.value(&keys(path)).map(|it| it.text().to_owned());
        assert_eq!(shown(&tree, "a").as_deref(), Some("{ b = 0x1 }"));
        tree.put(&keys("a.d"), &Literal::new("'y'"), 0);
        assert_eq!(shown(&tree, "a").as_deref(), Some("{ b = 0x1, d = 'y' }"));
        assert_eq!(shown(&tree, "c").as_deref(), Some("[ 'x' ]"));
        tree.put_element(&keys("c"), &Literal::new("'z'"), 0);
        assert_eq!(shown(&tree, "c").as_deref(), Some("['x', 'z']"));
    }

    #[test]
    fn what_was_put_as_it_is_is_one_value() {
        let mut tree = tree("");
        for (path, text) in [("a", "[]"), ("b", "{ c = 1 }")] {
            tree.put(&keys(path), &Literal::new(text), 0);
            let value = tree.get(&keys(path)).expect("it was put");
            assert!(!value.is_empty() && value.below().is_none(), "{path}");
        }
        assert!(tree.get(&keys("b.c")).is_none());
        assert_eq!(tree.obstacle(&keys("b.c")), Some(&keys("b")[..]));
    }

    #[test]
    fn arrays_say_the_same_in_any_order() {
        assert_eq!(tree("a = [1, 2, 2]"), tree("a = [2, 1, 2]"));
        assert_ne!(tree("a = [1, 2, 2]"), tree("a = [1, 1, 2]"));
        assert_ne!(tree("a = [1, 2, 2]"), tree("a = [1, 2]"));
    }
}
