//! Documents of any spelling: what goes in comes out without a trace, and nothing else changes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use toml_edit::{Item, Value};

use crate::toml::{Document, Pair, Path, Revision};

use super::{is_own, keys};

/// What a document means, as `toml_edit` reads it.
#[derive(Debug, Clone, PartialEq)]
enum Meaning {
    Table(BTreeMap<String, Meaning>),
    Array(Vec<Meaning>),
    Value(String),
}

impl Meaning {
    fn of(text: &str) -> Self {
        let document = toml_edit::Document::parse(text).expect("still TOML");
        Self::of_item(document.as_item())
    }

    fn of_item(item: &Item) -> Self {
        if let Some(table) = item.as_table_like() {
            let entries = table.iter();
            return Self::Table(
                entries
                    .map(|(key, item)| (key.to_owned(), Self::of_item(item)))
                    .collect(),
            );
        }
        match item {
            Item::ArrayOfTables(array) => Self::Array(
                array
                    .iter()
                    .map(|table| Self::of_item(&Item::Table(table.clone())))
                    .collect(),
            ),
            Item::Value(Value::Array(array)) => Self::Array(
                array
                    .iter()
                    .map(|value| Self::of_item(&Item::Value(value.clone())))
                    .collect(),
            ),
            _ => Self::Value(item.to_string().trim().to_owned()),
        }
    }

    /// What stands at `path`.
    fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |meaning, key| match meaning {
            Self::Table(table) => table.get(key),
            _ => None,
        })
    }

    fn table(&mut self) -> &mut BTreeMap<String, Meaning> {
        match self {
            Self::Table(table) => table,
            other => panic!("{other:?} is no table"),
        }
    }

    /// The table at `path`, which is made if it is not there.
    fn table_at(&mut self, path: &[String]) -> &mut BTreeMap<String, Meaning> {
        path.iter()
            .fold(self, |meaning, key| {
                let new = || Self::Table(BTreeMap::new());
                meaning.table().entry(key.clone()).or_insert_with(new)
            })
            .table()
    }

    fn set(&mut self, path: &[String], value: &str) {
        let Meaning::Table(mut value) = Self::of(&format!("v = {value}")) else {
            panic!("a document is a table");
        };
        let (name, table) = path.split_last().expect("a key");
        let value = value.remove("v").expect("the value");
        self.table_at(table).insert(name.clone(), value);
    }

    /// Without what stands at `path`, and without tables above it that are empty.
    fn without(mut self, path: &[String]) -> Self {
        for depth in (1..=path.len()).rev() {
            let table = self.table_at(&path[..depth - 1]);
            let is_empty = |it: &Meaning| matches!(it, Meaning::Table(table) if table.is_empty());
            if depth == path.len() || table.get(&path[depth - 1]).is_some_and(is_empty) {
                table.remove(&path[depth - 1]);
            }
        }
        self
    }
}

const KEYS: [&str; 4] = ["a", "b", "c d", "e"];

fn key() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&KEYS[..])
}

fn path() -> impl Strategy<Value = Path> {
    proptest::collection::vec(key().prop_map(str::to_owned), 1..4)
}

/// A key as it may be written.
fn written_key() -> impl Strategy<Value = String> {
    (key(), 0..3).prop_map(|(key, quotes)| match quotes {
        0 if !key.contains(' ') => key.to_owned(),
        1 => format!("'{key}'"),
        _ => format!("\"{key}\""),
    })
}

fn written_path() -> impl Strategy<Value = String> {
    let separator = prop_oneof![5 => Just("."), 1 => Just(" . ")];
    (proptest::collection::vec(written_key(), 1..4), separator)
        .prop_map(|(keys, separator)| keys.join(separator))
}

fn value() -> impl Strategy<Value = String> {
    let scalar = proptest::sample::select(
        &[
            "1",
            "'x'",
            "\"\\u0079\"",
            "true",
            "\"\"\"\n# own\n[a]\"\"\"",
            "'''\nb = 1'''",
        ][..],
    );
    let leaf = scalar.prop_map(str::to_owned);
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        let space = prop_oneof![Just(""), Just(" ")];
        let break_ = prop_oneof![3 => Just(""), 1 => Just("\n  "), 1 => Just(" # ,\n")];
        let entry =
            (written_path(), inner.clone()).prop_map(|(key, value)| format!("{key} = {value}"));
        prop_oneof![
            (
                proptest::collection::vec(inner, 0..3),
                break_,
                any::<bool>()
            )
                .prop_map(|(elements, gap, comma)| {
                    let comma = if comma && !elements.is_empty() {
                        ","
                    } else {
                        ""
                    };
                    let elements: Vec<String> = elements
                        .iter()
                        .map(|element| format!("{gap}{element}"))
                        .collect();
                    format!("[{}{comma}{gap}]", elements.join(","))
                }),
            (proptest::collection::vec(entry, 0..3), space)
                .prop_map(|(entries, space)| format!("{{{space}{}{space}}}", entries.join(", "))),
        ]
    });
    value.prop_filter("keys differ", |value| {
        Document::parse(format!("v = {value}").as_bytes()).is_ok()
    })
}

/// A statement, a comment or an empty line, with its line break.
fn lines() -> impl Strategy<Value = String> {
    let indent = prop_oneof![4 => Just(""), 1 => Just("  "), 1 => Just("\t")];
    let comment = prop_oneof![4 => Just(""), 1 => Just(" # c")];
    let statement = prop_oneof![
        3 => written_path().prop_map(|path| format!("[{path}]")),
        1 => written_path().prop_map(|path| format!("[[{path}]]")),
        4 => (written_path(), value()).prop_map(|(path, value)| format!("{path} = {value}")),
    ];
    let statement = (indent, statement, comment)
        .prop_map(|(indent, statement, comment)| format!("{indent}{statement}{comment}\n"));
    prop_oneof![
        6 => statement,
        1 => Just("# c\n".to_owned()),
        1 => Just("# own\n".to_owned()),
        2 => Just("\n".to_owned()),
        1 => written_path().prop_map(|path| format!("\n# own\n[{path}]\n")),
    ]
}

/// A document: the lines that go together.
fn document() -> impl Strategy<Value = String> {
    let lines = proptest::collection::vec(lines(), 0..14);
    (lines, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(lines, crlf, mark, ends)| {
        let mut text = String::new();
        for line in lines {
            let longer = format!("{text}{line}");
            if Document::parse(longer.as_bytes()).is_ok() {
                text = longer;
            }
        }
        if !ends && text.ends_with('\n') {
            text.pop();
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if mark {
            format!("\u{feff}{text}")
        } else {
            text
        }
    })
}

/// The text after a change; `None`: it is refused.
fn revised(
    text: &str,
    change: impl FnOnce(&mut Revision<'_>) -> Result<(), super::Refused>,
) -> Option<String> {
    let document = Document::parse(text.as_bytes()).expect("TOML");
    let mut revision = Revision::of(&document, is_own);
    change(&mut revision).ok()?;
    revision.finish().ok()
}

/// The paths of all tables on the way to `path` that have no header in `text`.
fn without_header<'p>(text: &str, path: &'p [String]) -> Vec<&'p [String]> {
    let document = Document::parse(text.as_bytes()).expect("TOML");
    let tables = (1..path.len()).map(|depth| &path[..depth]);
    tables
        .filter(|table| document.index.header(table).is_none())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_key_comes_and_goes(
        text in document(),
        path in path(),
        value in value(),
        comment in any::<bool>(),
    ) {
        let comment = comment.then_some("# own");
        let Some(after) = revised(&text, |revision| revision.insert(&path, &value, comment)) else {
            return Ok(());
        };
        if text.contains('\r') && !value.contains('\n') {
            prop_assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
        }
        let mut expected = Meaning::of(&text);
        expected.set(&path, &value);
        prop_assert_eq!(Meaning::of(&after), expected, "{}", after);
        let made = without_header(&text, &path);
        let back = revised(&after, |revision| {
            revision.remove(&path);
            for table in made {
                revision.prune(table);
            }
            Ok(())
        });
        prop_assert_eq!(back.as_deref(), Some(&*text), "{}", after);
    }

    #[test]
    fn tables_come_and_go_in_any_order(
        text in document(),
        paths in [path(), path()],
        first in 0..2_usize,
        comments in any::<[bool; 2]>(),
    ) {
        let mut current = text.clone();
        let mut inserted = Vec::new();
        for (path, comment) in paths.iter().zip(comments) {
            let pairs = vec![Pair::new(&keys("k"), "1"), Pair::new(&keys("o.l"), "2")];
            let comment = comment.then_some("# own");
            let insert = |revision: &mut Revision<'_>| revision.insert_table(path, pairs, comment);
            if let Some(after) = revised(&current, insert) {
                let mut expected = Meaning::of(&current);
                expected.set(path, "{ k = 1, o = { l = 2 } }");
                prop_assert_eq!(Meaning::of(&after), expected, "{}", after);
                current = after;
                inserted.push(path);
            }
        }
        if first == 1 {
            inserted.reverse();
        }
        let both = current.clone();
        for path in inserted {
            let removed = revised(&current, |revision| {
                revision.remove(path);
                Ok(())
            });
            current = removed.expect("it can be removed");
        }
        prop_assert_eq!(current, text, "{}", both);
    }

    #[test]
    fn a_value_is_set_and_set_back(text in document(), path in path(), value in value()) {
        let document = Document::parse(text.as_bytes()).expect("TOML");
        let Some(was) = document.value(&path).map(|span| &document.text()[span]) else {
            return Ok(());
        };
        let after = revised(&text, |revision| revision.set(&path, &value));
        let after = after.expect("it is a value");
        let mut expected = Meaning::of(&text);
        expected.set(&path, &value);
        prop_assert_eq!(Meaning::of(&after), expected, "{}", after);
        let back = revised(&after, |revision| revision.set(&path, was));
        prop_assert_eq!(back.as_deref(), Some(&*text), "{}", after);
    }

    #[test]
    fn what_is_removed_is_gone_and_nothing_else(text in document(), path in path()) {
        let document = Document::parse(text.as_bytes()).expect("TOML");
        let removed = revised(&text, |revision| {
            revision.remove(&path);
            Ok(())
        });
        let Some(after) = removed else {
            return Ok(());
        };
        if document.get(&path).is_none() {
            prop_assert_eq!(after, text);
            return Ok(());
        }
        let expected = Meaning::of(&text).without(&path);
        prop_assert_eq!(Meaning::of(&after).without(&path), expected, "{}", after);
        let lost = text.matches("# c").count() - after.matches("# c").count();
        let gone = Meaning::of(&text) != Meaning::of(&after);
        prop_assert!(lost == 0 || gone, "{}", after);
    }

    #[test]
    fn an_element_comes_and_goes(text in document(), path in path(), is_table in any::<bool>()) {
        let value = if is_table { "{ a = 1, b.e = 'x' }" } else { "'x'" };
        let insert = |revision: &mut Revision<'_>| revision.insert_element(&path, value);
        let Some(after) = revised(&text, insert) else {
            return Ok(());
        };
        let Some(Meaning::Array(before)) = Meaning::of(&text).at(&path).cloned() else {
            panic!("only an array takes an element");
        };
        let mut expected = Meaning::of(&text);
        let mut elements = before.clone();
        elements.push(match Meaning::of(&format!("v = {value}")) {
            Meaning::Table(mut table) => table.remove("v").expect("the value"),
            other => other,
        });
        let (name, table) = path.split_last().expect("a key");
        expected.table_at(table).insert(name.clone(), Meaning::Array(elements));
        prop_assert_eq!(Meaning::of(&after), expected, "{}", after);
        let back = revised(&after, |revision| revision.remove_element(&path, before.len()));
        prop_assert_eq!(back.as_deref(), Some(&*text), "{}", after);
        for number in 0..before.len() {
            let left = revised(&text, |revision| revision.remove_element(&path, number));
            let left = left.expect("it can be removed");
            let mut elements = before.clone();
            elements.remove(number);
            let mut expected = Meaning::of(&text);
            let value = Meaning::Array(elements);
            expected.table_at(table).insert(name.clone(), value);
            let is_empty = before.len() == 1;
            if is_empty {
                // The last `[[header]]` takes the array along.
                prop_assert_eq!(Meaning::of(&left).without(&path), expected.without(&path));
            } else {
                prop_assert_eq!(Meaning::of(&left), expected, "{}", left);
            }
        }
    }
}
