//! What `list` and `show` show.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};
use toml_edit::Value as Toml;

use containerd_edit::{Effective, EffectiveHandler, Release};

use super::report::shown;

/// The handlers as a table.
pub(super) fn list(path: &Path, effective: &Effective) -> String {
    let mut rows = vec![["NAME", "RUNTIME TYPE", "OWNER", "FROM", ""].map(str::to_owned)];
    let handlers = effective.handlers.iter();
    rows.extend(handlers.map(|handler| row(path, effective, handler)));
    table(&rows)
}

/// A handler's name, type, owner, place and notes.
fn row(path: &Path, effective: &Effective, handler: &EffectiveHandler) -> [String; 5] {
    let runtime_type = if handler.runtime_type.is_empty() {
        "-"
    } else {
        &handler.runtime_type
    };
    [
        handler.name.clone(),
        runtime_type.to_owned(),
        owner(handler).to_owned(),
        origin(path, handler),
        notes(effective, handler),
    ]
}

/// Lays rows out in columns.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn owner(handler: &EffectiveHandler) -> &str {
    match &handler.listed {
        Some(listed) if listed.is_implied => "implied",
        Some(listed) => listed.owner.as_deref().unwrap_or("-"),
        None => "-",
    }
}

/// The file and line of a handler.
fn origin(path: &Path, handler: &EffectiveHandler) -> String {
    let (Some(file), Some(listed)) = (&handler.file, &handler.listed) else {
        return "built in".to_owned();
    };
    format!("{}:{}", shown(path, file).display(), listed.at.line)
}

fn names(releases: &[Release]) -> Vec<String> {
    releases.iter().map(ToString::to_string).collect()
}

/// Whether it is the default, and where releases differ.
fn notes(effective: &Effective, handler: &EffectiveHandler) -> String {
    let mut notes = Vec::new();
    let on = |some: &[Release]| {
        if some.len() == effective.releases.len() {
            String::new()
        } else {
            format!(" on {}", names(some).join(", "))
        }
    };
    if !handler.default_on.is_empty() {
        notes.push(format!("default{}", on(&handler.default_on)));
    }
    if !handler.merged_on.is_empty() {
        notes.push(format!("merged with the other{}", on(&handler.merged_on)));
    } else if handler.releases.is_empty() {
        notes.push("not loaded".to_owned());
    } else if handler.releases != handler.default_on {
        let loaded = on(&handler.releases);
        if !loaded.is_empty() {
            notes.push(format!("only{loaded}"));
        }
    }
    notes.join(", ")
}

pub(super) fn list_json(path: &Path, effective: &Effective) -> Value {
    let handlers: Vec<Value> = effective
        .handlers
        .iter()
        .map(|handler| Value::Object(handler_json(path, handler)))
        .collect();
    json!({
        "schema": 1,
        "path": path.to_string_lossy(),
        "config_version": effective.version,
        "handlers": handlers,
    })
}

fn handler_json(path: &Path, handler: &EffectiveHandler) -> Map<String, Value> {
    let listed = handler.listed.as_ref();
    let file = handler
        .file
        .as_deref()
        .map(|file| shown(path, file).to_string_lossy());
    let fields = json!({
        "name": handler.name,
        "runtime_type": Some(&handler.runtime_type).filter(|kind| !kind.is_empty()),
        "default": !handler.default_on.is_empty(),
        "owner": listed.and_then(|listed| listed.owner.as_ref()),
        "implied": listed.is_some_and(|listed| listed.is_implied),
        "plugin": listed.map(|listed| &listed.plugin),
        "file": file,
        "line": listed.map(|listed| listed.at.line),
        "column": listed.map(|listed| listed.at.column),
        "releases": names(&handler.releases),
        "default_on": names(&handler.default_on),
        "merged_on": names(&handler.merged_on),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// One handler as TOML, with where it stands; `all` are the places that list it.
pub(super) fn show(
    path: &Path,
    effective: &Effective,
    handler: &EffectiveHandler,
    all: &[&EffectiveHandler],
) -> String {
    let key = |name: &String| toml_edit::Key::new(name).to_string();
    let mut text = format!("# {}", origin(path, handler));
    match owner(handler) {
        "-" => {}
        "implied" => text.push_str(", implied"),
        owner => {
            let _ = write!(text, ", owner {owner}");
        }
    }
    let notes = notes(effective, handler);
    if !notes.is_empty() {
        let _ = write!(text, ", {notes}");
    }
    text.push('\n');
    for other in all.iter().filter(|other| !std::ptr::eq(**other, handler)) {
        let _ = writeln!(text, "# also {}", origin(path, other));
    }
    let Some(listed) = &handler.listed else {
        let _ = writeln!(text, "runtime_type = \"{}\"", handler.runtime_type);
        return text;
    };
    let header = [
        "plugins".to_owned(),
        listed.plugin.clone(),
        "containerd".to_owned(),
        "runtimes".to_owned(),
        handler.name.clone(),
    ];
    let header: Vec<String> = header.iter().map(key).collect();
    let _ = writeln!(text, "[{}]", header.join("."));
    for (path, value) in &handler.settings {
        let path: Vec<String> = path.iter().map(key).collect();
        let _ = writeln!(text, "{} = {}", path.join("."), value.to_string().trim());
    }
    text
}

pub(super) fn show_json(path: &Path, effective: &Effective, handler: &EffectiveHandler) -> Value {
    let mut map = Map::new();
    map.insert("schema".into(), 1.into());
    map.insert("path".into(), path.to_string_lossy().into());
    map.insert("config_version".into(), effective.version.into());
    map.extend(handler_json(path, handler));
    let mut settings = Map::new();
    for (path, value) in &handler.settings {
        insert(&mut settings, path, json_value(value));
    }
    map.insert("settings".into(), Value::Object(settings));
    Value::Object(map)
}

fn insert(map: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            map.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let child = map
                .entry(key.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(child) = child {
                insert(child, rest, value);
            }
        }
    }
}

fn json_value(value: &Toml) -> Value {
    match value {
        Toml::String(text) => text.value().clone().into(),
        Toml::Integer(integer) => (*integer.value()).into(),
        // JSON has no infinity: null.
        Toml::Float(float) => (*float.value()).into(),
        Toml::Boolean(boolean) => (*boolean.value()).into(),
        Toml::Datetime(datetime) => datetime.value().to_string().into(),
        Toml::Array(array) => array.iter().map(json_value).collect(),
        Toml::InlineTable(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| (key.to_owned(), json_value(value)));
            Value::Object(entries.collect())
        }
    }
}
