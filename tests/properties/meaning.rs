//! What a config means, read with `toml_edit` alone: a list of leaves.

use std::ops::Range;

use toml_edit::{Item, Value};

/// The paths of all values and empty tables of a config, with the values' meaning.
pub(crate) fn leaves(text: &str) -> Vec<(Vec<String>, String)> {
    let config = toml_edit::Document::parse(text).expect("the config is TOML");
    let mut leaves = Vec::new();
    collect(config.as_item(), &mut Vec::new(), &mut leaves);
    leaves.sort();
    leaves
}

/// Whether a comment line of the tool's is there: the same line inside of a value is none.
pub(crate) fn is_signed(text: &str) -> bool {
    const COMMENT: &str = "# containerd-edit owner=";
    let mut text = text.trim_start_matches('\u{feff}').to_owned();
    if text.contains(COMMENT)
        && let Ok(config) = toml_edit::Document::parse(text.clone())
    {
        let mut spans = Vec::new();
        spans_of_values(config.as_item(), &mut spans);
        spans.sort_by_key(|span| std::cmp::Reverse(span.start));
        for span in spans {
            text.replace_range(span, "0");
        }
    }
    text.lines().any(|line| line.trim().starts_with(COMMENT))
}

fn spans_of_values(item: &Item, spans: &mut Vec<Range<usize>>) {
    match item {
        Item::Value(value) => spans.extend(value.span()),
        Item::Table(table) => table.iter().for_each(|(_, it)| spans_of_values(it, spans)),
        Item::ArrayOfTables(array) => {
            let items = array.iter().flat_map(toml_edit::Table::iter);
            items.for_each(|(_, it)| spans_of_values(it, spans));
        }
        Item::None => {}
    }
}

fn collect(item: &Item, path: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
    match item.as_table_like() {
        Some(table) if !table.is_empty() => {
            for (key, item) in table.iter() {
                path.push(key.to_owned());
                collect(item, path, leaves);
                path.pop();
            }
        }
        Some(_) => leaves.push((path.clone(), "{}".to_owned())),
        None => leaves.push((path.clone(), meaning(item))),
    }
}

fn meaning(item: &Item) -> String {
    match item {
        Item::ArrayOfTables(array) => {
            let tables = array
                .iter()
                .map(|table| meaning(&Item::Table(table.clone())));
            tables.collect::<Vec<_>>().join(",")
        }
        Item::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, item)| format!("{key:?}:{}", meaning(item)));
            let mut entries: Vec<String> = entries.collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        Item::Value(value) => value_meaning(value),
        Item::None => String::new(),
    }
}

/// The value in one spelling.
pub(crate) fn value_meaning(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.value()),
        Value::Integer(integer) => integer.value().to_string(),
        Value::Float(float) if float.value().is_nan() => "nan".to_owned(),
        Value::Float(float) => format!("f{:?}", float.value()),
        Value::Boolean(boolean) => boolean.value().to_string(),
        Value::Datetime(datetime) => {
            let mut datetime = *datetime.value();
            if let Some(time) = &mut datetime.time {
                time.second.get_or_insert(0);
            }
            format!("{datetime:?}")
        }
        Value::Array(array) => {
            let elements: Vec<String> = array.iter().map(value_meaning).collect();
            elements.join(",")
        }
        Value::InlineTable(table) => meaning(&Item::Table(table.clone().into_table())),
    }
}

/// The leaves that an edit of the named handlers has no business with.
pub(crate) fn elsewhere(text: &str, handlers: &[&str]) -> Vec<(Vec<String>, String)> {
    let mut leaves = leaves(text);
    leaves.retain(|(path, value)| {
        // In names of handlers the case of letters counts.
        let lower = |(depth, name): (usize, &String)| match depth {
            0 | 2 | 3 => name.to_lowercase(),
            _ => name.clone(),
        };
        let path: Vec<String> = path.iter().enumerate().map(lower).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["plugins", _, "containerd", "default_runtime_name"] => false,
            ["plugins", _, "containerd", "runtimes"]
            | ["plugins", _, "containerd"]
            | ["plugins", _]
            | ["plugins"]
            | [] => value != "{}",
            ["plugins", _, "containerd", "runtimes", name, ..] => !handlers.contains(name),
            _ => true,
        }
    });
    leaves
}

#[test]
fn a_comment_inside_of_a_value_is_none() {
    let comment = "# containerd-edit owner=a";
    for before in ["", "\u{feff}"] {
        assert!(is_signed(&format!("{before}\t{comment}\n")));
        assert!(is_signed(&format!("{before}x = 1\n {comment}\n[y]\n")));
        assert!(!is_signed(&format!(
            "{before}x = '''\n{comment}\n'''\ny = 1 {comment}\n"
        )));
    }
}
