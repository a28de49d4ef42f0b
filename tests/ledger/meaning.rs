//! What files say, without the code under test: values by their canonical paths.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml_edit::{DocumentMut, Item, Value};

pub(crate) type Path = Vec<String>;
/// Names of files and their texts; `None`: the file is missing.
pub(crate) type Disk = BTreeMap<String, Option<String>>;
/// A key of a file.
pub(crate) type At = (String, Path);

pub(crate) const MAIN: &str = "config.toml";
pub(crate) const RUNTIME: &str = "io.containerd.cri.v1.runtime";
pub(crate) const IMAGES: &str = "io.containerd.cri.v1.images";
const OLD: [&str; 2] = ["cri", "io.containerd.grpc.v1.cri"];

pub(crate) fn path(segments: &[&str]) -> Path {
    segments.iter().map(|it| (*it).to_owned()).collect()
}

pub(crate) fn parse(text: &str) -> DocumentMut {
    text.parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

pub(crate) fn is_toml(text: &str) -> bool {
    toml_edit::Document::parse(text).is_ok()
}

pub(crate) fn version(text: &str) -> Option<i64> {
    parse(text).get("version")?.as_integer()
}

/// The path in the spelling of config version 3.
pub(crate) fn canonical(path: &[String]) -> Path {
    let mut path = path.to_vec();
    if path.len() > 1 && path[0] == "plugins" && OLD.contains(&path[1].as_str()) {
        let is_images = path.get(2).is_some_and(|it| it == "registry");
        path[1] = String::from(if is_images { IMAGES } else { RUNTIME });
    }
    path
}

/// The path in the spelling of a version.
pub(crate) fn placed(path: &[String], version: i64) -> Path {
    let mut path = path.to_vec();
    let is_cri = path.len() > 1 && (path[1] == RUNTIME || path[1] == IMAGES);
    if is_cri && path[0] == "plugins" && version <= 2 {
        path[1] = String::from(OLD[usize::from(version == 2)]);
    }
    path
}

pub(crate) fn runtimes() -> Path {
    path(&["plugins", RUNTIME, "containerd", "runtimes"])
}

pub(crate) fn handler(path: &[String]) -> Option<&str> {
    let runtimes = runtimes();
    (path.len() > runtimes.len() && path.starts_with(&runtimes))
        .then(|| path[runtimes.len()].as_str())
}

pub(crate) fn item<'d>(document: &'d DocumentMut, path: &[String]) -> Option<&'d Item> {
    let mut item = document.as_item();
    for name in path {
        item = item.as_table_like()?.get(name)?;
    }
    Some(item)
}

/// The same, to be changed.
pub(crate) fn item_mut<'d>(document: &'d mut DocumentMut, path: &[String]) -> Option<&'d mut Item> {
    let mut item = document.as_item_mut();
    for name in path {
        item = item.as_table_like_mut()?.get_mut(name)?;
    }
    Some(item)
}

/// The values of a text, by their paths as written.
pub(crate) fn values(text: &str) -> BTreeMap<Path, Value> {
    fn walk(item: &Item, path: &mut Path, found: &mut BTreeMap<Path, Value>) {
        if let Some(table) = item.as_table_like() {
            for (name, item) in table.iter() {
                path.push(name.to_owned());
                walk(item, path, found);
                path.pop();
            }
        } else if let Ok(value) = item.clone().into_value() {
            found.insert(path.clone(), value);
        }
    }
    let mut found = BTreeMap::new();
    walk(parse(text).as_item(), &mut Path::new(), &mut found);
    found
}

/// The values of all files in one spelling, each as text without decoration.
pub(crate) fn said(disk: &Disk) -> BTreeMap<At, String> {
    let files = disk
        .iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)));
    files
        .flat_map(|(name, text)| {
            let values = values(text).into_iter();
            values.map(|(path, value)| ((name.clone(), canonical(&path)), plain(&value)))
        })
        .collect()
}

/// A value however it was written.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.value()),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => number.value().to_string(),
        Value::Boolean(boolean) => boolean.value().to_string(),
        Value::Datetime(time) => time.value().to_string(),
        Value::Array(array) => {
            let elements: Vec<String> = array.iter().map(plain).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::InlineTable(table) => {
            let mut entries: Vec<String> = table
                .iter()
                .map(|(name, value)| format!("{name:?} = {}", plain(value)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

pub(crate) fn plain_literal(literal: &str) -> String {
    plain(&literal.parse().expect("a value"))
}

/// The files of a disk, if they said these values alone: each in its config version, and with its
/// empty tables, since `runtimes = {}` is no handler at all.
pub(crate) fn written(values: &BTreeMap<At, String>, disk: &Disk) -> Disk {
    let texts = disk.iter().map(|(file, text)| {
        let own = values.iter().filter(|((name, _), _)| name == file);
        let mut own = own.map(|((_, path), value)| (path, value)).peekable();
        let Some(text) = text.as_ref().filter(|_| own.peek().is_some()) else {
            return (file.clone(), None);
        };
        let document = parse(text);
        let version = version(text);
        let mut tables: BTreeMap<Path, BTreeMap<String, String>> = BTreeMap::new();
        let mut all = Vec::new();
        tables_of(document.as_item(), &mut Path::new(), &mut all);
        all.retain(|table| {
            let found = item(&document, table).and_then(Item::as_table_like);
            found.is_some_and(toml_edit::TableLike::is_empty)
        });
        tables.extend(all.into_iter().map(|table| (table, BTreeMap::new())));
        for (path, value) in own {
            let mut path = placed(path, version.unwrap_or(1));
            let name = path.pop().expect("a key");
            tables.entry(path).or_default().insert(name, value.clone());
        }
        if let Some(version) = version {
            let root = tables.entry(Path::new()).or_default();
            root.insert("version".to_owned(), version.to_string());
        }
        (file.clone(), Some(rendered(&tables)))
    });
    texts.collect()
}

fn rendered(tables: &BTreeMap<Path, BTreeMap<String, String>>) -> String {
    let mut out = String::new();
    for (table, entries) in tables {
        if !table.is_empty() {
            let _ = writeln!(out, "\n[{}]", header(table));
        }
        for (name, value) in entries {
            let _ = writeln!(out, "{name:?} = {value}");
        }
    }
    out
}

/// A text printed anew by a TOML writer: sorted, without comments. `explicit`: every table has a
/// header. `migrated`: as `containerd config migrate` spells it.
pub(crate) fn printed(text: &str, explicit: bool, migrated: bool) -> String {
    let mut tables: BTreeMap<Path, BTreeMap<String, String>> = BTreeMap::new();
    let document = parse(text);
    let mut all = Vec::new();
    tables_of(document.as_item(), &mut Path::new(), &mut all);
    let spelled = |path: &Path| {
        if migrated {
            canonical(path)
        } else {
            path.clone()
        }
    };
    for table in &all {
        let is_empty = item(&document, table)
            .and_then(Item::as_table_like)
            .is_some_and(toml_edit::TableLike::is_empty);
        if (explicit || is_empty) && !migrated {
            tables.entry(spelled(table)).or_default();
        }
    }
    for (path, value) in values(text) {
        let path = spelled(&path);
        let (name, table) = path.split_last().expect("a key");
        let value = if migrated && path == ["version"] {
            "3".to_owned()
        } else {
            plain(&value)
        };
        tables
            .entry(table.to_vec())
            .or_default()
            .insert(name.clone(), value);
    }
    rendered(&tables)
}

pub(crate) fn header(path: &[String]) -> String {
    let names: Vec<String> = path.iter().map(|name| format!("{name:?}")).collect();
    names.join(".")
}

fn tables_of(item: &Item, path: &mut Path, found: &mut Vec<Path>) {
    let Some(table) = item.as_table_like() else {
        return;
    };
    found.push(path.clone());
    for (name, item) in table.iter() {
        path.push(name.to_owned());
        tables_of(item, path, found);
        path.pop();
    }
}
