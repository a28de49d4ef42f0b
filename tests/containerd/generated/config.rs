//! One file: handlers in the tables of its version or of another one, and a few more keys.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::keys::{KEYS, NAMES, TYPES};
use super::odd_toml::{ANYTHING, ODD_ENDS, ODDITIES};
use super::plugins;
use super::spelling::{Value, render};

/// The three tables that have held CRI's settings.
#[derive(Debug, Clone, Copy)]
enum Cri {
    Short,
    Grpc,
    Split,
}

/// Where a key belongs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Top,
    Handler,
    Containerd,
    Runtime,
    Images,
    Server,
}

impl Cri {
    fn path(self, part: Part, handler: &str) -> Vec<String> {
        let id = match (self, part) {
            (Self::Short, _) => "cri",
            (Self::Grpc, _) | (_, Part::Server) => "io.containerd.grpc.v1.cri",
            (Self::Split, Part::Images) => "io.containerd.cri.v1.images",
            (Self::Split, _) => "io.containerd.cri.v1.runtime",
        };
        let path: &[&str] = match part {
            Part::Top => &[],
            Part::Handler => &["plugins", id, "containerd", "runtimes", handler],
            Part::Containerd => &["plugins", id, "containerd"],
            Part::Runtime | Part::Images | Part::Server => &["plugins", id],
        };
        path.iter().map(|&key| key.to_owned()).collect()
    }
}

/// What a file is to be like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'l> {
    pub(super) version: Option<i64>,
    /// Its value of `imports`.
    pub(super) imports: Option<&'l str>,
    /// Whether values need not fit, and tables need not be those of its version.
    pub(super) is_wild: bool,
}

pub(super) fn file(chance: &mut Chance, look: Look<'_>) -> Vec<u8> {
    let Look {
        version,
        imports,
        is_wild,
    } = look;
    let wild = |percent| if is_wild { percent } else { percent / 4 };
    let mut root = Value::Table(BTreeMap::new());
    let raw = |text: &str| Value::Raw(text.to_owned());
    if let Some(version) = version {
        root.set(&["version".to_owned()], raw(&version.to_string()));
    } else if is_wild && chance.percent(5) {
        let wrong = chance.pick(&["'2'", "2.0", "true", "[2]"]);
        root.set(&["version".to_owned()], raw(wrong));
    }
    if let Some(imports) = imports {
        root.set(&["imports".to_owned()], raw(imports));
    }
    let own = match version {
        None | Some(..2) => Cri::Short,
        Some(2) => Cri::Grpc,
        _ => Cri::Split,
    };
    let mut tables = vec![own];
    if chance.percent(wild(30)) {
        tables = vec![chance.pick(&[Cri::Short, Cri::Grpc, Cri::Split])];
    }
    if chance.percent(wild(40)) {
        tables.push(chance.pick(&[Cri::Short, Cri::Grpc, Cri::Split]));
    }
    for &cri in &tables {
        handlers(chance, &mut root, cri);
    }
    for _ in 0..chance.below(5) {
        let cri = chance.pick(&tables);
        let (part, key, values) = chance.pick(KEYS);
        let handler = chance.pick(NAMES);
        let mut path = cri.path(part, handler);
        path.extend(key.split(' ').map(str::to_owned));
        let value = match chance.below(100) {
            // The first ones are what a daemon takes.
            0..60 => values[chance.below(values.len().min(2))],
            _ if chance.percent(wild(60)) => chance.pick(ANYTHING),
            _ => chance.pick(values),
        };
        root.set(&path, raw(value));
    }
    for list in ["disabled_plugins", "required_plugins"] {
        if chance.percent(8) {
            let names = plugins::list(chance, matches!(own, Cri::Short));
            root.set(&[list.to_owned()], raw(&names));
        }
    }
    if chance.percent(15) {
        root.recase(chance);
    }
    let mut text = String::new();
    if chance.percent(wild(16)) {
        text += chance.pick(ODDITIES);
        text += "\n";
    }
    render(chance, &root, &mut Vec::new(), &mut text);
    if chance.percent(wild(8)) {
        text += chance.pick(ODD_ENDS);
        text += "\n";
    }
    if chance.percent(wild(5)) {
        text.insert(0, '\u{feff}');
    }
    if chance.percent(4) {
        text = text.replace('\n', "\r\n");
    }
    text.into_bytes()
}

fn handlers(chance: &mut Chance, root: &mut Value, cri: Cri) {
    let raw = |text: &str| Value::Raw(text.to_owned());
    let containerd = cri.path(Part::Containerd, "");
    let below = |key: &str| [containerd.as_slice(), &[key.to_owned()]].concat();
    let mut names = Vec::new();
    if chance.percent(75) {
        if chance.percent(80) {
            names.push("runc");
        }
        for _ in 0..chance.below(3) {
            names.push(chance.pick(NAMES));
        }
        if names.is_empty() && chance.percent(50) {
            root.set(&below("runtimes"), Value::Table(BTreeMap::new()));
        }
    }
    for name in &names {
        let path = cri.path(Part::Handler, name);
        root.set(&path, Value::Table(BTreeMap::new()));
        let key = |key: &str| [path.as_slice(), &[key.to_owned()]].concat();
        if chance.percent(85) {
            let kind = chance.pick(TYPES);
            root.set(&key("runtime_type"), raw(kind));
        }
        if chance.percent(30) {
            let options = [key("options"), vec!["SystemdCgroup".to_owned()]].concat();
            root.set(&options, raw(chance.pick(&["true", "false", "'no'"])));
        }
    }
    match chance.below(10) {
        0..4 => {}
        4..7 => root.set(&below("default_runtime_name"), raw("'runc'")),
        7..9 => {
            let name = names.last().copied().unwrap_or("runc");
            root.set(&below("default_runtime_name"), raw(&format!("'{name}'")));
        }
        _ => {
            let name = chance.pick(&["''", "'unlisted'", "'kata'"]);
            root.set(&below("default_runtime_name"), raw(name));
        }
    }
}
