//! The handlers that a config lists, and one of them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use containerd_edit::{Effective, EffectiveHandler, Release};
use serde::Serialize;
use serde_json::{Map, Value};
use toml_edit::Value as Toml;

use super::output::Report;
use super::text::{shown, table};

/// All handlers.
#[derive(Serialize)]
pub(super) struct ListReport<'e> {
    path: Cow<'e, str>,
    config_version: i64,
    handlers: Vec<HandlerReport<'e>>,
}

/// One handler with its keys.
#[derive(Serialize)]
pub(super) struct ShowReport<'e> {
    path: Cow<'e, str>,
    config_version: i64,
    #[serde(flatten)]
    handler: HandlerReport<'e>,
    settings: Map<String, Value>,
    #[serde(skip)]
    keys: &'e [(Vec<String>, Toml)],
    /// The other places that list a handler of this name.
    #[serde(skip)]
    also: Vec<String>,
}

#[derive(Serialize)]
struct HandlerReport<'e> {
    name: &'e str,
    runtime_type: Option<&'e str>,
    default: bool,
    owner: Option<&'e str>,
    implied: bool,
    plugin: Option<&'e str>,
    file: Option<Cow<'e, str>>,
    line: Option<usize>,
    column: Option<usize>,
    releases: Vec<String>,
    default_on: Vec<String>,
    merged_on: Vec<String>,
    /// How many releases read the config.
    #[serde(skip)]
    reading: usize,
}

impl<'e> ListReport<'e> {
    pub(super) fn new(path: &'e Path, effective: &'e Effective) -> Self {
        let handlers = effective.handlers.iter();
        let handlers = handlers.map(|it| HandlerReport::new(path, effective, it));
        Self {
            path: path.to_string_lossy(),
            config_version: effective.version,
            handlers: handlers.collect(),
        }
    }
}

impl<'e> ShowReport<'e> {
    /// `None`: no handler of that name is listed.
    pub(super) fn new(path: &'e Path, effective: &'e Effective, name: &str) -> Option<Self> {
        let named = effective.handlers.iter().filter(|it| it.name == name);
        // One that some release loads before one that none does, newer releases first.
        let newest = |it: &&EffectiveHandler| it.releases.iter().max().copied();
        let handler = named.clone().max_by_key(newest)?;
        let others = named.filter(|other| !std::ptr::eq(*other, handler));
        let mut settings = Map::new();
        for (path, value) in &handler.settings {
            insert(&mut settings, path, json(value));
        }
        Some(Self {
            path: path.to_string_lossy(),
            config_version: effective.version,
            handler: HandlerReport::new(path, effective, handler),
            settings,
            keys: &handler.settings,
            also: others
                .map(|other| HandlerReport::new(path, effective, other).origin())
                .collect(),
        })
    }
}

impl<'e> HandlerReport<'e> {
    fn new(path: &'e Path, effective: &'e Effective, handler: &'e EffectiveHandler) -> Self {
        let listed = handler.listed.as_ref();
        let file = handler.file.as_deref();
        let names = |releases: &[Release]| releases.iter().map(ToString::to_string).collect();
        Self {
            name: &handler.name,
            runtime_type: Some(&*handler.runtime_type).filter(|kind| !kind.is_empty()),
            default: !handler.default_on.is_empty(),
            owner: listed.and_then(|listed| listed.owner.as_deref()),
            implied: listed.is_some_and(|listed| listed.is_implied),
            plugin: listed.map(|listed| &*listed.plugin),
            file: file.map(|file| shown(path, file).to_string_lossy()),
            line: listed.map(|listed| listed.at.line),
            column: listed.map(|listed| listed.at.column),
            releases: names(&handler.releases),
            default_on: names(&handler.default_on),
            merged_on: names(&handler.merged_on),
            reading: effective.releases.len(),
        }
    }

    fn owner(&self) -> Option<&str> {
        if self.implied {
            Some("implied")
        } else {
            self.owner
        }
    }

    /// The file and line.
    fn origin(&self) -> String {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => "built in".to_owned(),
        }
    }

    /// Whether it is the default, and where releases differ.
    fn notes(&self) -> String {
        let on = |releases: &[String]| {
            if releases.len() == self.reading {
                String::new()
            } else {
                format!(" on {}", releases.join(", "))
            }
        };
        let mut notes = Vec::new();
        if self.default {
            notes.push(format!("default{}", on(&self.default_on)));
        }
        if !self.merged_on.is_empty() {
            notes.push(format!("merged with the other{}", on(&self.merged_on)));
        } else if self.releases.is_empty() {
            notes.push("not loaded".to_owned());
        } else if self.releases != self.default_on && self.releases.len() != self.reading {
            notes.push(format!("only{}", on(&self.releases)));
        }
        notes.join(", ")
    }
}

impl Report for ListReport<'_> {
    fn text(&self) -> String {
        let mut rows = vec![["NAME", "RUNTIME TYPE", "OWNER", "FROM", ""].map(str::to_owned)];
        rows.extend(self.handlers.iter().map(|handler| {
            [
                handler.name.to_owned(),
                handler.runtime_type.unwrap_or("-").to_owned(),
                handler.owner().unwrap_or("-").to_owned(),
                handler.origin(),
                handler.notes(),
            ]
        }));
        table(&rows)
    }
}

impl Report for ShowReport<'_> {
    /// The handler as TOML, with comments that say where it stands.
    fn text(&self) -> String {
        let handler = &self.handler;
        let mut text = format!("# {}", handler.origin());
        match handler.owner() {
            Some(owner) if handler.implied => {
                let _ = write!(text, ", {owner}");
            }
            Some(owner) => {
                let _ = write!(text, ", owner {owner}");
            }
            None => {}
        }
        let notes = handler.notes();
        if !notes.is_empty() {
            let _ = write!(text, ", {notes}");
        }
        text.push('\n');
        for place in &self.also {
            let _ = writeln!(text, "# also {place}");
        }
        let Some(plugin) = handler.plugin else {
            let runtime_type = handler.runtime_type.unwrap_or_default();
            let _ = writeln!(text, "runtime_type = \"{runtime_type}\"");
            return text;
        };
        let header = ["plugins", plugin, "containerd", "runtimes", handler.name];
        let _ = writeln!(text, "[{}]", dotted(&header));
        for (path, value) in self.keys {
            let _ = writeln!(text, "{} = {}", dotted(path), value.to_string().trim());
        }
        text
    }
}

fn dotted(path: &[impl AsRef<str>]) -> String {
    let keys = path.iter();
    let keys = keys.map(|key| toml_edit::Key::new(key.as_ref()).to_string());
    keys.collect::<Vec<_>>().join(".")
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

fn json(value: &Toml) -> Value {
    match value {
        Toml::String(text) => text.value().clone().into(),
        Toml::Integer(integer) => (*integer.value()).into(),
        // JSON has no infinity: null.
        Toml::Float(float) => (*float.value()).into(),
        Toml::Boolean(boolean) => (*boolean.value()).into(),
        Toml::Datetime(datetime) => datetime.value().to_string().into(),
        Toml::Array(array) => array.iter().map(json).collect(),
        Toml::InlineTable(table) => {
            let entries = table.iter();
            let entries = entries.map(|(key, value)| (key.to_owned(), json(value)));
            Value::Object(entries.collect())
        }
    }
}
