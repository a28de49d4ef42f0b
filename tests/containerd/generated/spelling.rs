//! Tables and values, and the ways to write them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::chance::Chance;
use super::odd_toml::ANYTHING;

/// A table or a value as it is written.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Raw(String),
    Table(BTreeMap<String, Value>),
}

impl Value {
    pub(super) fn set(&mut self, path: &[String], value: Value) {
        let Self::Table(table) = self else { return };
        match path {
            [] => {}
            [key] => {
                let known = table.get(key);
                let both = matches!((known, &value), (Some(Self::Table(_)), Self::Table(_)));
                // An empty table does not take away what another one holds.
                if !both {
                    table.insert(key.clone(), value);
                }
            }
            [key, rest @ ..] => {
                let next = table.entry(key.clone());
                next.or_insert_with(|| Self::Table(BTreeMap::new()))
                    .set(rest, value);
            }
        }
    }

    /// Writes some key in another case.
    pub(super) fn recase(&mut self, chance: &mut Chance) {
        let Self::Table(table) = self else { return };
        if table.is_empty() {
            return;
        }
        let number = chance.below(table.len());
        let key = table.keys().nth(number).expect("a key").clone();
        if key.is_empty() {
            return;
        }
        let deeper = matches!(&table[&key], Self::Table(inner) if !inner.is_empty());
        if deeper && chance.percent(75) {
            table.get_mut(&key).expect("a key").recase(chance);
            return;
        }
        let other = match chance.below(3) {
            0 => key.to_uppercase(),
            1 => key[..1].to_uppercase() + &key[1..],
            _ => key
                .split('_')
                .map(|part| part[..part.len().min(1)].to_uppercase() + part.get(1..).unwrap_or(""))
                .collect::<Vec<_>>()
                .join("_"),
        };
        let value = match chance.below(10) {
            0..6 => table.remove(&key).expect("a key"),
            // Now and then both spellings, with one value or two.
            6..8 => table[&key].clone(),
            _ => Self::Raw(chance.pick(ANYTHING).to_owned()),
        };
        table.insert(other, value);
    }
}

/// How a table is written: below a header of its own, in dotted keys, or in braces.
pub(super) fn render(
    chance: &mut Chance,
    value: &Value,
    path: &mut Vec<String>,
    text: &mut String,
) {
    let Value::Table(table) = value else { return };
    let mut later = Vec::new();
    let mut entries: Vec<(&String, &Value)> = table.iter().collect();
    if chance.percent(40) {
        // Of two spellings of a key, the order decides on some releases.
        entries.reverse();
    }
    for (key, value) in entries {
        match value {
            Value::Raw(raw) => {
                writeln!(text, "{} = {raw}", quoted(chance, key)).expect("a string grows");
            }
            Value::Table(inner) => match chance.below(20) {
                0 => {
                    let key = quoted(chance, key);
                    dotted(chance, value, &key, text);
                }
                1 => {
                    let key = quoted(chance, key);
                    writeln!(text, "{key} = {}", inline(chance, inner)).expect("a string grows");
                }
                _ => later.push((key, value)),
            },
        }
    }
    for (key, value) in later {
        path.push(quoted(chance, key));
        let Value::Table(inner) = value else { continue };
        let has_own = inner.values().any(|value| matches!(value, Value::Raw(_)));
        if inner.is_empty() || has_own || chance.percent(70) {
            writeln!(text, "[{}]", path.join(".")).expect("a string grows");
        } else if inner.values().any(|value| matches!(value, Value::Table(_))) {
            // Nothing may stand directly in a table without a header, so that all below has one.
            for (key, value) in inner {
                let Value::Table(_) = value else { continue };
                path.push(quoted(chance, key));
                writeln!(text, "[{}]", path.join(".")).expect("a string grows");
                render(chance, value, path, text);
                path.pop();
            }
            path.pop();
            continue;
        }
        render(chance, value, path, text);
        path.pop();
    }
}

fn dotted(chance: &mut Chance, value: &Value, path: &str, text: &mut String) {
    match value {
        Value::Raw(raw) => writeln!(text, "{path} = {raw}").expect("a string grows"),
        Value::Table(table) if table.is_empty() => {
            writeln!(text, "{path} = {{}}").expect("a string grows");
        }
        Value::Table(table) => {
            for (key, value) in table {
                let path = format!("{path}.{}", quoted(chance, key));
                dotted(chance, value, &path, text);
            }
        }
    }
}

fn inline(chance: &mut Chance, table: &BTreeMap<String, Value>) -> String {
    let separator = if chance.percent(4) { ",\n" } else { ", " };
    let pairs: Vec<String> = table
        .iter()
        .map(|(key, value)| {
            let value = match value {
                Value::Raw(raw) => raw.clone(),
                Value::Table(table) => inline(chance, table),
            };
            format!("{} = {value}", quoted(chance, key))
        })
        .collect();
    format!("{{ {} }}", pairs.join(separator))
}

fn quoted(chance: &mut Chance, key: &str) -> String {
    let is_bare = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    match chance.below(20) {
        0 => format!("'{key}'"),
        1 => format!("\"{key}\""),
        _ if is_bare => key.to_owned(),
        _ => format!("\"{key}\""),
    }
}
