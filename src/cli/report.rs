//! What is shown, as text and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde_json::{Map, Value, json};
use similar::TextDiff;
use toml_edit::Value as Toml;

use containerd_edit::{Error, Inventory, ListedHandler, Plan, Position, Warning};

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const ERROR: Style = RED.bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// The unified diff of an edit; empty if nothing changes.
pub(super) fn diff(plan: &Plan) -> String {
    if !plan.is_change() {
        return String::new();
    }
    let before = plan
        .before
        .as_deref()
        .map(String::from_utf8_lossy)
        .unwrap_or_default();
    let after = plan.edited.text.as_deref().unwrap_or_default();
    let path = plan.path.display().to_string();
    let name = |exists: bool| if exists { path.as_str() } else { "/dev/null" };
    TextDiff::from_lines(before.as_ref(), after)
        .unified_diff()
        .header(
            name(plan.before.is_some()),
            name(plan.edited.text.is_some()),
        )
        .to_string()
}

/// A diff with its lines in colour.
pub(super) fn colored(diff: &str) -> String {
    let mut text = String::with_capacity(diff.len());
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => BOLD,
            [b'+', ..] => GREEN,
            [b'-', ..] => RED,
            [b'@', ..] => CYAN,
            _ => Style::new(),
        };
        let content = line.trim_end_matches(['\n', '\r']);
        let _ = write!(text, "{style}{content}{style:#}{}", &line[content.len()..]);
    }
    text
}

/// One line that says what was done, or what would be.
pub(super) fn summary(plan: &Plan, dry_run: bool) -> String {
    let path = plan.path.display();
    if !plan.is_change() {
        return format!("{path}: nothing to do\n");
    }
    let handlers = &plan.edited.handlers;
    let mut done = Vec::new();
    for (what, names) in [
        ("added", &handlers.added),
        ("changed", &handlers.changed),
        ("removed", &handlers.removed),
    ] {
        if !names.is_empty() {
            done.push(format!("{what} {}", names.join(", ")));
        }
    }
    if plan.before.is_none() {
        done.push("created the file".to_owned());
    } else if plan.edited.text.is_none() {
        done.push("deleted the file, which held nothing else".to_owned());
    }
    if let Some(name) = &plan.edited.new_default {
        done.push(format!("the default handler is now {name}"));
    }
    let done = done.join(", ");
    if dry_run {
        format!("{path}: dry run, nothing written; it would be: {done}\n")
    } else {
        format!("{path}: {done}; restart containerd to load it\n")
    }
}

/// The JSON report of an edit.
pub(super) fn edit_json(plan: &Plan) -> Value {
    let edited = &plan.edited;
    json!({
        "schema": 1,
        "changed": plan.is_change(),
        "restart_required": plan.is_change(),
        "path": plan.path.to_string_lossy(),
        "config_version": edited.version,
        "handlers": {
            "added": edited.handlers.added,
            "changed": edited.handlers.changed,
            "removed": edited.handlers.removed,
        },
        "diff": diff(plan),
        "warnings": edited.warnings.iter().map(warning_json).collect::<Vec<_>>(),
    })
}

pub(super) fn warning_json(warning: &Warning) -> Value {
    json!({
        "code": warning.code,
        "message": warning.message,
        "line": warning.at.as_ref().map(|at| at.line),
        "column": warning.at.as_ref().map(|at| at.column),
    })
}

pub(super) fn warning(path: &Path, warning: &Warning) -> String {
    let place = place(path, warning.at.as_ref());
    format!(
        "{WARNING}warning{WARNING:#}: {place}: {}\n",
        warning.message
    )
}

/// An error: what, where with the line itself, why, and one next step.
pub(super) fn error(error: &Error) -> String {
    let place = place(error.path(), error.position());
    let mut text = format!("{ERROR}error{ERROR:#}: {place}: {error}{}\n", causes(error));
    if let Some(at) = error.position() {
        text.push_str(&excerpt(at));
    }
    let _ = writeln!(text, "{BOLD}hint{BOLD:#}: {}", error.hint());
    text
}

pub(super) fn error_json(error: &Error) -> Value {
    let at = error.position();
    failure_json(
        error.code(),
        error.exit_code() as u8,
        &format!("{error}{}", causes(error)),
        &error.hint(),
        Some((error.path(), at)),
    )
}

/// The JSON report of a failure.
pub(super) fn failure_json(
    code: &str,
    exit: u8,
    message: &str,
    hint: &str,
    place: Option<(&Path, Option<&Position>)>,
) -> Value {
    let at = place.and_then(|(_, at)| at);
    json!({
        "schema": 1,
        "error": {
            "code": code,
            "exit": exit,
            "message": message,
            "hint": hint,
            "path": place.map(|(path, _)| path.to_string_lossy()),
            "line": at.map(|at| at.line),
            "column": at.map(|at| at.column),
        },
    })
}

/// The system's reason, which the message of an error leaves to its source.
fn causes(error: &Error) -> String {
    match error {
        Error::Io { source, .. } | Error::NotDurable { source, .. } => format!(": {source}"),
        _ => String::new(),
    }
}

fn place(path: &Path, at: Option<&Position>) -> String {
    match at {
        Some(at) => format!("{}:{}:{}", path.display(), at.line, at.column),
        None => path.display().to_string(),
    }
}

/// How much of a line is shown.
const EXCERPT: usize = 100;

/// The line of a position, with a mark below the column.
fn excerpt(at: &Position) -> String {
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    let printable = |char: char| if char.is_control() { ' ' } else { char };
    // Of a long line, the part around the column.
    let skipped = at.column.saturating_sub(EXCERPT / 2 + 1);
    let line: String = at
        .text
        .chars()
        .skip(skipped)
        .take(EXCERPT)
        .map(printable)
        .collect();
    let mark = " ".repeat(at.column - 1 - skipped);
    format!(
        "{margin} {CYAN}|{CYAN:#}\n{CYAN}{number} |{CYAN:#} {line}\n{margin} {CYAN}|{CYAN:#} {mark}{ERROR}^{ERROR:#}\n"
    )
}

/// The handlers as a table.
pub(super) fn list(inventory: &Inventory) -> String {
    let mut rows = vec![["NAME", "RUNTIME TYPE", "OWNER", "LINE", ""].map(str::to_owned)];
    for handler in &inventory.handlers {
        rows.push([
            handler.name.clone(),
            handler
                .runtime_type
                .clone()
                .unwrap_or_else(|| "-".to_owned()),
            owner(handler).to_owned(),
            handler.at.line.to_string(),
            if handler.is_default { "default" } else { "" }.to_owned(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..5).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn owner(handler: &ListedHandler) -> &str {
    match &handler.owner {
        Some(owner) => owner,
        None if handler.is_implied => "implied",
        None => "-",
    }
}

pub(super) fn list_json(path: &Path, inventory: &Inventory) -> Value {
    let handlers: Vec<Value> = inventory
        .handlers
        .iter()
        .map(|handler| Value::Object(handler_json(handler)))
        .collect();
    json!({
        "schema": 1,
        "path": path.to_string_lossy(),
        "config_version": inventory.version,
        "handlers": handlers,
    })
}

fn handler_json(handler: &ListedHandler) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("name".into(), handler.name.clone().into());
    map.insert("runtime_type".into(), handler.runtime_type.clone().into());
    map.insert("default".into(), handler.is_default.into());
    map.insert("owner".into(), handler.owner.clone().into());
    map.insert("implied".into(), handler.is_implied.into());
    map.insert("plugin".into(), handler.plugin.clone().into());
    map.insert("line".into(), handler.at.line.into());
    map.insert("column".into(), handler.at.column.into());
    map
}

/// One handler as TOML, with where it stands.
pub(super) fn show(path: &Path, handler: &ListedHandler) -> String {
    let key = |name: &String| toml_edit::Key::new(name).to_string();
    let mut text = format!("# {}", place(path, Some(&handler.at)));
    if handler.is_default {
        text.push_str(", default");
    }
    match owner(handler) {
        "-" => {}
        "implied" => text.push_str(", implied"),
        owner => {
            let _ = write!(text, ", owner {owner}");
        }
    }
    let header = [
        "plugins".to_owned(),
        handler.plugin.clone(),
        "containerd".to_owned(),
        "runtimes".to_owned(),
        handler.name.clone(),
    ];
    let header: Vec<String> = header.iter().map(key).collect();
    let _ = writeln!(text, "\n[{}]", header.join("."));
    for (path, value) in &handler.settings {
        let path: Vec<String> = path.iter().map(key).collect();
        let _ = writeln!(text, "{} = {}", path.join("."), value.to_string().trim());
    }
    text
}

pub(super) fn show_json(path: &Path, inventory: &Inventory, handler: &ListedHandler) -> Value {
    let mut map = Map::new();
    map.insert("schema".into(), 1.into());
    map.insert("path".into(), path.to_string_lossy().into());
    map.insert("config_version".into(), inventory.version.into());
    map.extend(handler_json(handler));
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
