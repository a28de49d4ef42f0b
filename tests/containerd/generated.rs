//! Configs made by chance, most of them nearly right: what containerd minds is found near what
//! it serves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use containerd_edit::{ConfigFiles, FileState};

const FOLDER: &str = "/etc/containerd";

/// xorshift64*: the same numbers on every machine, for a seed that can be printed.
struct Chance(u64);

impl Chance {
    /// Numbers of their own for each case, so that one can be made again without the others.
    fn of(seed: u64, number: u64) -> Self {
        let mixed = (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1;
        let mut chance = Self(mixed);
        for _ in 0..8 {
            chance.next();
        }
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// What stands at a path below `/etc/containerd`.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    File(Vec<u8>),
    Folder,
}

/// A config with all that lies beside it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) entries: BTreeMap<String, Entry>,
}

pub(crate) const MAIN: &str = "config.toml";
/// A base OCI spec that is there, and is JSON.
pub(crate) const SPEC: &str = "spec.json";

impl Case {
    /// Makes the case with this number.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mut chance = Chance::of(seed, number);
        let spec = Entry::File(br#"{"ociVersion":"1.0.0"}"#.to_vec());
        let mut entries = BTreeMap::from([(SPEC.to_owned(), spec)]);
        let version = chance.pick(MAIN_VERSIONS);
        let imports = chance.percent(35).then(|| chance.pick(IMPORTS));
        let main = file(&mut chance, version, imports);
        entries.insert(MAIN.to_owned(), Entry::File(main));
        if imports.is_some() {
            for name in ["a.toml", "b.toml"] {
                if chance.percent(70) {
                    let version = match chance.below(10) {
                        0..3 => None,
                        3..8 => version,
                        _ => chance.pick(MAIN_VERSIONS),
                    };
                    let imports = chance.percent(12).then(|| chance.pick(IMPORTS));
                    let bytes = file(&mut chance, version, imports);
                    entries.insert(format!("conf.d/{name}"), Entry::File(bytes));
                }
            }
            if chance.percent(12) {
                let (name, entry) = match chance.below(4) {
                    0 => (".hidden.toml", Entry::File(b"version = 'x'\n".to_vec())),
                    1 => ("note.txt", Entry::File(b"a note\n".to_vec())),
                    2 => ("empty.toml", Entry::File(Vec::new())),
                    _ => ("folder.toml", Entry::Folder),
                };
                entries.insert(format!("conf.d/{name}"), entry);
            }
        }
        Self { entries }
    }

    /// The files as the daemon sees them.
    pub(crate) fn files(&self) -> ConfigFiles {
        let path = |name: &str| PathBuf::from(FOLDER).join(name);
        let main = match &self.entries[MAIN] {
            Entry::File(bytes) => bytes.clone(),
            Entry::Folder => panic!("the main file is a file"),
        };
        let mut files = ConfigFiles::new(path(MAIN), main);
        let mut paths = Vec::new();
        for (name, entry) in &self.entries {
            let state = match entry {
                Entry::File(bytes) => FileState::Bytes(bytes.clone()),
                Entry::Folder => FileState::Folder,
            };
            files.insert(path(name), state);
            paths.push(path(name));
        }
        if paths.iter().any(|path| path.starts_with(CONF_D)) {
            files.insert(CONF_D, FileState::Folder);
            paths.push(CONF_D.into());
        }
        for pattern in PATTERNS {
            let glob = glob::Pattern::new(pattern).expect("a pattern");
            let options = glob::MatchOptions {
                require_literal_separator: true,
                ..glob::MatchOptions::new()
            };
            let matches = paths
                .iter()
                .filter(|path| glob.matches_path_with(path, options));
            files.insert_glob(*pattern, matches.cloned().collect());
        }
        files
    }

    /// The files for a message.
    pub(crate) fn shown(&self) -> String {
        let mut shown = String::new();
        for (name, entry) in &self.entries {
            match entry {
                Entry::File(_) if name == SPEC => {}
                Entry::File(bytes) => {
                    let text = String::from_utf8_lossy(bytes);
                    let text = text.replace('\r', "\\r").replace('\u{feff}', "<BOM>");
                    write!(shown, "---- {name}\n{text}").expect("a string grows");
                }
                Entry::Folder => {
                    writeln!(shown, "---- {name} is a folder").expect("a string grows");
                }
            }
        }
        shown
    }

    /// Cases that lack something of this one, the smallest first.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for (name, entry) in &self.entries {
            if name != MAIN && name != SPEC {
                let mut case = self.clone();
                case.entries.remove(name);
                smaller.push(case);
            }
            let Entry::File(bytes) = entry else { continue };
            let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            let mut chunk = lines.len();
            while chunk > 0 && name != SPEC {
                for start in (0..lines.len()).step_by(chunk) {
                    let end = (start + chunk).min(lines.len());
                    let rest = [&lines[..start], &lines[end..]].concat().concat();
                    let mut case = self.clone();
                    case.entries.insert(name.clone(), Entry::File(rest));
                    smaller.push(case);
                }
                chunk /= 2;
            }
        }
        smaller
    }
}

const CONF_D: &str = "/etc/containerd/conf.d";

/// Every glob pattern that the imports below come to, made absolute.
const PATTERNS: &[&str] = &[
    "/etc/containerd/conf.d/*.toml",
    "/etc/containerd/conf.d/*",
    "/etc/containerd/conf.d/conf.d/*.toml",
    "/etc/containerd/c*.toml",
    "/etc/containerd/conf.d/[ab]*.toml",
    "/etc/containerd/conf.d/conf.d/[ab]*.toml",
    "/etc/containerd/nothing.d/*.toml",
    "/etc/containerd/conf.d/nothing.d/*.toml",
    "/etc/containerd/*/a.toml",
];

const IMPORTS: &[&str] = &[
    "['/etc/containerd/conf.d/*.toml']",
    "['/etc/containerd/conf.d/*.toml']",
    "['/etc/containerd/conf.d/*.toml']",
    "['/etc/containerd/conf.d/*']",
    "['conf.d/*.toml']",
    "['conf.d/a.toml']",
    "['./conf.d/../conf.d/a.toml', '/etc/containerd/conf.d/b.toml']",
    "['/etc/containerd/conf.d/b.toml', '/etc/containerd/conf.d/a.toml']",
    "['/etc/containerd/conf.d/a.toml', '/etc/containerd/conf.d/a.toml']",
    "['/etc/containerd/conf.d/missing.toml']",
    "['/etc/containerd/conf.d']",
    "['/etc/containerd/config.toml']",
    "['config.toml', 'conf.d/b.toml']",
    "['/etc/containerd/c*.toml', 'conf.d/a.toml']",
    "['conf.d/[ab]*.toml']",
    "['/etc/containerd/conf.d/?.toml']",
    "['nothing.d/*.toml']",
    "['/etc/containerd/nothing.d/*.toml']",
    "['/etc/containerd/*/a.toml']",
    "['../config.toml']",
    "['']",
    "[]",
    "'/etc/containerd/conf.d/*.toml'",
    "[1]",
    "{ a = 1 }",
];

const MAIN_VERSIONS: &[Option<i64>] = &[
    Some(2),
    Some(2),
    Some(2),
    Some(2),
    Some(2),
    Some(2),
    Some(2),
    Some(2),
    Some(3),
    Some(3),
    Some(3),
    Some(3),
    Some(3),
    None,
    None,
    Some(1),
    Some(0),
    Some(4),
    Some(-1),
    Some(99),
];

/// The three tables that have held CRI's settings.
#[derive(Debug, Clone, Copy)]
enum Cri {
    Short,
    Grpc,
    Split,
}

/// Where a key belongs.
#[derive(Debug, Clone, Copy)]
enum Part {
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

/// A table or a value as it is written.
#[derive(Debug, Clone)]
enum Value {
    Raw(String),
    Table(BTreeMap<String, Value>),
}

impl Value {
    fn set(&mut self, path: &[String], value: Value) {
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
    fn recase(&mut self, chance: &mut Chance) {
        let Self::Table(table) = self else { return };
        if table.is_empty() {
            return;
        }
        let number = chance.below(table.len());
        let key = table.keys().nth(number).expect("a key").clone();
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
        // Now and then both spellings.
        let value = if chance.percent(20) {
            table[&key].clone()
        } else {
            table.remove(&key).expect("a key")
        };
        table.insert(other, value);
    }
}

fn file(chance: &mut Chance, version: Option<i64>, imports: Option<&str>) -> Vec<u8> {
    let mut root = Value::Table(BTreeMap::new());
    let raw = |text: &str| Value::Raw(text.to_owned());
    if let Some(version) = version {
        root.set(&["version".to_owned()], raw(&version.to_string()));
    } else if chance.percent(5) {
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
    if chance.percent(20) {
        tables = vec![chance.pick(&[Cri::Short, Cri::Grpc, Cri::Split])];
    }
    if chance.percent(12) {
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
        let value = if chance.percent(75) {
            chance.pick(values)
        } else {
            chance.pick(ANYTHING)
        };
        root.set(&path, raw(value));
    }
    if chance.percent(8) {
        root.recase(chance);
    }
    let mut text = String::new();
    if chance.percent(8) {
        text += chance.pick(ODDITIES);
        text += "\n";
    }
    render(chance, &root, &mut Vec::new(), &mut text);
    if chance.percent(3) {
        text += chance.pick(ODD_ENDS);
        text += "\n";
    }
    if chance.percent(2) {
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

/// How a table is written: below a header of its own, in dotted keys, or in braces.
fn render(chance: &mut Chance, value: &Value, path: &mut Vec<String>, text: &mut String) {
    let Value::Table(table) = value else { return };
    let mut later = Vec::new();
    for (key, value) in table {
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

const NAMES: &[&str] = &[
    "runc",
    "runc",
    "kata",
    "crun",
    "untrusted",
    "default",
    "Runc",
    "a.b",
    "kata-qemu",
];

const TYPES: &[&str] = &[
    "'io.containerd.runc.v2'",
    "'io.containerd.runc.v2'",
    "'io.containerd.runc.v2'",
    "'io.containerd.runc.v2'",
    "\"io.containerd.kata.v2\"",
    "'io.containerd.runsc.v1'",
    "'io.containerd.runtime.v1.linux'",
    "'io.containerd.runc.v1'",
    "'bogus'",
    "''",
];

/// Values of every type, for keys of any other.
const ANYTHING: &[&str] = &[
    "'text'",
    "''",
    "\"5s\"",
    "5",
    "0",
    "-1",
    "1.5",
    "1e3",
    "inf",
    "9223372036854775807",
    "true",
    "false",
    "[]",
    "['a', 'b']",
    "[1]",
    "[1, 2.5]",
    "['a', 1]",
    "[[]]",
    "[{}]",
    "[{ a = 'b' }]",
    "{}",
    "{ a = 1 }",
    "{ a = 'b' }",
    "{ a = {} }",
    "1979-05-27T07:32:00Z",
    "1979-05-27",
    "07:32:00",
    "0x10",
    "1_000",
];

/// Top-level lines that are no setting but TOML.
const ODDITIES: &[&str] = &[
    "x = \"\\e\"",
    "x = \"\\x41\"",
    "x = \"\\u00e9\\U0001F600\"",
    "x = 1979-05-27",
    "x = 1979-05-27t07:32:00z",
    "x = 1979-05-27 07:32:00",
    "x = 07:32",
    "x = 07:32:00.123",
    "x = 1979-05-27T07:32",
    "x = 1979-05-27T07:32:60Z",
    "x = { a = 1,\n b = 2 }",
    "x = { a = 1, }",
    "x = [\n1, # one\n2,\n]",
    "x = ['a', 1]",
    "x = [1, 1.5]",
    "x = [{ a = 1 }, { b = 2 }]",
    "x = '''a'''''",
    "x = '''\na'''",
    "x = \"\"\"a\\\n  b\"\"\"",
    "x = \"\"\"a\"\"\"\"",
    "x = nan",
    "x = +1_0",
    "x = 0b1",
    "x = 0o7",
    "x = -0.0",
    "x = 1e-3",
    "x.y.z = 1",
    "x . y = 1",
    "'' = 1",
    "\"a\\\"b\" = 1",
    "\"a b\" = 1",
    "'a[b' = 1",
    "1234 = 'number'",
    "true = false",
    "é = 1",
    "# comment\u{7f}",
    "# comment \u{1}",
    "x = \"\ttab\"",
    "\t x\t=\t1\t# tab",
    "x = 99999999999999999999",
    "x = '\u{1}'",
];

/// The same, with headers.
const ODD_ENDS: &[&str] = &[
    "[x]\ny.z = 1\n[x.y]",
    "[x]\n[x.y]\n[x.y.z]",
    "[x.y]\n[x]",
    "[[x]]\n[[x]]\n[x.y]",
    "[['x']]\n[['x'.y]]",
    "['a[b]']",
    "[ x . 'y' ]",
    "[x]\ny = {}\n[x.y]",
    "[x]\n[x]",
    "[x]\ny = 1\ny = 2",
    "[x.'']",
    "[x]y = 1",
    "[x] # comment",
    "[\"a\\\"b\"]",
    "[\"a\\u0022b\"]",
    "[é]",
];

const DURATIONS: &[&str] = &[
    "'5s'",
    "'4h0m0s'",
    "'0'",
    "'0s'",
    "''",
    "'5'",
    "'5x'",
    "'-1s'",
    "'.5s'",
    "'1.5.s'",
    "'5 s'",
    "'1d'",
    "'9999999h'",
    "'1h2'",
    "'+3ms'",
    "'100µs'",
];
const TEXTS: &[&str] = &["'text'", "''", "\"/run/path\""];
const FLAGS: &[&str] = &["true", "false"];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "5",
    "-1",
    "0x10",
    "9223372036854775807",
    "4294967296",
];
const LISTS: &[&str] = &["[]", "['a']", "['a', 'b', 'a']", "['']"];
const PLUGIN_LISTS: &[&str] = &[
    "[]",
    "['cri']",
    "['io.containerd.grpc.v1.cri']",
    "['io.containerd.cri.v1.runtime']",
    "['io.containerd.cri.v1.images']",
    "['io.containerd.grpc.v1.nothing']",
    "['nothing']",
    "['a.b']",
    "['a.b.c.d']",
    "['']",
    "['io.containerd.snapshotter.v1.overlayfs']",
    "['io.containerd.snapshotter.v1.native', 'io.containerd.internal.v1.opt']",
    "['io.containerd.internal.v1.restart']",
    "['restart', 'opt']",
    "['io.containerd.monitor.v1.cgroups']",
    "['io.containerd.runtime.v1.linux']",
    "['linux']",
    "['task']",
    "['io.containerd.runtime.v2.task']",
    "['io.containerd.service.v1.tasks-service']",
    "['tasks-service']",
    "['io.containerd.nri.v1.nri']",
    "['nri']",
    "['io.containerd.gc.v1.scheduler']",
    "['scheduler']",
    "['io.containerd.snapshotter.v1.btrfs', 'io.containerd.snapshotter.v1.zfs']",
    "['io.containerd.internal.v1.tracing']",
    "['io.containerd.tracing.processor.v1.otlp']",
    "['io.containerd.grpc.v1.introspection']",
    "['io.containerd.grpc.v1.version', 'io.containerd.grpc.v1.healthcheck']",
    "['io.containerd.transfer.v1.local']",
    "['io.containerd.streaming.v1.manager']",
    "['io.containerd.differ.v1.walking']",
    "['io.containerd.differ.v1.erofs']",
    "['io.containerd.sandbox.controller.v1.shim']",
    "['io.containerd.mount-manager.v1.bolt']",
];

/// Keys, where they belong, and values of their type. Paths lead below `/run`, which is the node's
/// own: daemons make some of these folders.
#[rustfmt::skip] // A table: one key on a line.
const KEYS: &[(Part, &str, &[&str])] = &[
    (Part::Handler, "runtime_type", TYPES),
    (Part::Handler, "runtime_path", TEXTS),
    (Part::Handler, "runtime_engine", &["''", "'runc'"]),
    (Part::Handler, "runtime_root", &["''", "'/run/runc'"]),
    (Part::Handler, "base_runtime_spec", &["''", "'/etc/containerd/spec.json'", "'/etc/containerd/missing.json'", "'/etc/containerd/config.toml'", "'spec.json'"]),
    (Part::Handler, "cni_conf_dir", TEXTS),
    (Part::Handler, "cni_max_conf_num", NUMBERS),
    (Part::Handler, "pod_annotations", LISTS),
    (Part::Handler, "container_annotations", LISTS),
    (Part::Handler, "privileged_without_host_devices", FLAGS),
    (Part::Handler, "privileged_without_host_devices_all_devices_allowed", FLAGS),
    (Part::Handler, "snapshotter", &["''", "'overlayfs'", "'native'", "'nothing'"]),
    (Part::Handler, "sandbox_mode", &["''", "'podsandbox'", "'shim'", "'nothing'"]),
    (Part::Handler, "sandboxer", &["''", "'podsandbox'", "'shim'", "'nothing'"]),
    (Part::Handler, "io_type", &["''", "'fifo'", "'streaming'", "'FIFO'", "'nothing'"]),
    (Part::Handler, "cgroup_writable", FLAGS),
    (Part::Handler, "options", &["{}", "{ BinaryName = 'runc' }", "{ BinaryName = 5 }", "{ a = { b = [1] } }"]),
    (Part::Handler, "options BinaryName", TEXTS),
    (Part::Handler, "options TypeUrl", TEXTS),
    (Part::Handler, "unknown", TEXTS),
    (Part::Handler, "unknown_table key", TEXTS),
    (Part::Containerd, "runtimes", &["{}"]),
    (Part::Containerd, "default_runtime_name", &["'runc'", "'kata'", "''"]),
    (Part::Containerd, "no_pivot", FLAGS),
    (Part::Containerd, "snapshotter", &["'overlayfs'", "'native'", "''", "'nothing'", "'proxied'", "'zfs'"]),
    (Part::Containerd, "disable_snapshot_annotations", FLAGS),
    (Part::Containerd, "discard_unpacked_layers", FLAGS),
    (Part::Containerd, "ignore_rdt_not_enabled_errors", FLAGS),
    (Part::Containerd, "ignore_blockio_not_enabled_errors", FLAGS),
    (Part::Containerd, "default_runtime runtime_type", TYPES),
    (Part::Containerd, "default_runtime runtime_engine", &["''", "'runc'"]),
    (Part::Containerd, "default_runtime runtime_root", &["''", "'/run/runc'"]),
    (Part::Containerd, "default_runtime", &["{}"]),
    (Part::Containerd, "untrusted_workload_runtime runtime_type", TYPES),
    (Part::Containerd, "untrusted_workload_runtime runtime_engine", &["''", "'runc'"]),
    (Part::Containerd, "untrusted_workload_runtime", &["{}"]),
    (Part::Containerd, "unknown", TEXTS),
    (Part::Runtime, "containerd", &["{}"]),
    (Part::Runtime, "cni", &["{}"]),
    (Part::Runtime, "cni bin_dir", TEXTS),
    (Part::Runtime, "cni bin_dirs", LISTS),
    (Part::Runtime, "cni conf_dir", TEXTS),
    (Part::Runtime, "cni conf_template", TEXTS),
    (Part::Runtime, "cni max_conf_num", NUMBERS),
    (Part::Runtime, "cni ip_pref", &["''", "'ipv4'", "'cni'", "'nothing'"]),
    (Part::Runtime, "cni setup_serially", FLAGS),
    (Part::Runtime, "cni use_internal_loopback", FLAGS),
    (Part::Runtime, "systemd_cgroup", FLAGS),
    (Part::Runtime, "enable_selinux", FLAGS),
    (Part::Runtime, "selinux_category_range", NUMBERS),
    (Part::Runtime, "max_container_log_line_size", NUMBERS),
    (Part::Runtime, "disable_cgroup", FLAGS),
    (Part::Runtime, "disable_apparmor", FLAGS),
    (Part::Runtime, "restrict_oom_score_adj", FLAGS),
    (Part::Runtime, "disable_proc_mount", FLAGS),
    (Part::Runtime, "unset_seccomp_profile", &["''", "'unconfined'", "'nothing'", "'/run/missing'"]),
    (Part::Runtime, "tolerate_missing_hugetlb_controller", FLAGS),
    (Part::Runtime, "disable_hugetlb_controller", FLAGS),
    (Part::Runtime, "device_ownership_from_security_context", FLAGS),
    (Part::Runtime, "ignore_image_defined_volumes", FLAGS),
    (Part::Runtime, "netns_mounts_under_state_dir", FLAGS),
    (Part::Runtime, "enable_unprivileged_ports", FLAGS),
    (Part::Runtime, "enable_unprivileged_icmp", FLAGS),
    (Part::Runtime, "enable_cdi", FLAGS),
    (Part::Runtime, "cdi_spec_dirs", LISTS),
    (Part::Runtime, "drain_exec_sync_io_timeout", DURATIONS),
    (Part::Runtime, "ignore_deprecation_warnings", LISTS),
    (Part::Runtime, "unknown key", TEXTS),
    (Part::Images, "snapshotter", &["'overlayfs'", "'native'", "''", "'nothing'", "'proxied'"]),
    (Part::Images, "registry", &["{}"]),
    (Part::Images, "registry config_path", &["''", "'/etc/containerd/certs.d'", "'/run/a:/run/b'"]),
    (Part::Images, "registry mirrors", &["{}", "{ 'docker.io' = {} }"]),
    (Part::Images, "registry mirrors docker.io endpoint", &["[]", "['https://mirror']", "['']"]),
    (Part::Images, "registry mirrors docker.io", &["{}", "{ endpoint = ['https://mirror'] }"]),
    (Part::Images, "registry configs example.org tls insecure_skip_verify", FLAGS),
    (Part::Images, "registry configs example.org tls", &["{}", "{ ca_file = 'ca' }"]),
    (Part::Images, "registry configs example.org auth username", TEXTS),
    (Part::Images, "registry configs example.org auth", &["{}", "{ username = 'a', password = 'b' }"]),
    (Part::Images, "registry auths https://example.org username", TEXTS),
    (Part::Images, "registry headers a", LISTS),
    (Part::Images, "image_decryption key_model", &["'node'", "''", "'nothing'"]),
    (Part::Images, "image_decryption", &["{}"]),
    (Part::Images, "max_concurrent_downloads", NUMBERS),
    (Part::Images, "image_pull_progress_timeout", DURATIONS),
    (Part::Images, "image_pull_with_sync_fs", FLAGS),
    (Part::Images, "stats_collect_period", NUMBERS),
    (Part::Images, "use_local_image_pull", FLAGS),
    (Part::Images, "concurrent_layer_fetch_buffer", NUMBERS),
    (Part::Images, "sandbox_image", &["'registry.k8s.io/pause:3.9'", "''", "'no image'"]),
    (Part::Images, "pinned_images sandbox", &["'registry.k8s.io/pause:3.9'", "''", "'no image'"]),
    (Part::Images, "runtime_platforms runc platform", &["'linux/amd64'", "''", "'no/such/plat/form'"]),
    (Part::Images, "runtime_platforms runc snapshotter", &["'native'", "'overlayfs'", "''", "'nothing'"]),
    (Part::Server, "disable_tcp_service", FLAGS),
    // Not empty: then it is that of the default route, and a node has none here.
    (Part::Server, "stream_server_address", &["'127.0.0.1'", "'::1'", "'no host'", "'0.0.0.0'"]),
    (Part::Server, "stream_server_port", &["'0'", "''", "'10010'", "'99999'", "'no port'"]),
    (Part::Server, "stream_idle_timeout", DURATIONS),
    (Part::Server, "enable_tls_streaming", FLAGS),
    (Part::Server, "x509_key_pair_streaming tls_cert_file", &["''", "'/run/missing.crt'"]),
    (Part::Server, "x509_key_pair_streaming tls_key_file", &["''", "'/run/missing.key'"]),
    (Part::Top, "disabled_plugins", PLUGIN_LISTS),
    (Part::Top, "disabled_plugins", PLUGIN_LISTS),
    (Part::Top, "required_plugins", PLUGIN_LISTS),
    (Part::Top, "required_plugins", PLUGIN_LISTS),
    (Part::Top, "proxy_plugins proxied type", &["'snapshot'", "'content'", "'diff'", "'sandbox'", "'nothing'", "''"]),
    (Part::Top, "proxy_plugins proxied", &["{}", "{ type = 'snapshot', address = '/run/x.sock' }", "{ type = 'snapshot', address = '/run/x.sock', platform = 'linux/amd64' }", "{ type = 'diff', address = '/run/x' }", "{ type = 'sandbox', address = '/run/x' }", "{ type = 'snapshot', platform = 'no platform' }", "{ type = 'snapshot', exports = { root = '/run/x' }, capabilities = ['a'] }"]),
    (Part::Top, "proxy_plugins", &["{}"]),
    (Part::Top, "proxy_plugins overlayfs", &["{ type = 'snapshot', address = '/run/x' }"]),
    (Part::Top, "timeouts", &["{}"]),
    (Part::Top, "timeouts io.containerd.timeout.shim.cleanup", DURATIONS),
    (Part::Top, "timeouts unknown", DURATIONS),
    (Part::Top, "debug", &["{}"]),
    (Part::Top, "debug level", &["'info'", "''", "'INFO'", "'nothing'", "'trace'", "'warning'", "'fatal'", "'panic'"]),
    (Part::Top, "debug format", &["'text'", "'json'", "''", "'JSON'", "'nothing'"]),
    (Part::Top, "debug address", &["''", "'/run/containerd/debug.sock'"]),
    (Part::Top, "debug uid", NUMBERS),
    (Part::Top, "debug gid", NUMBERS),
    (Part::Top, "grpc", &["{}"]),
    (Part::Top, "grpc address", &["'/run/containerd/containerd.sock'", "''"]),
    (Part::Top, "grpc tcp_address", &["''", "'127.0.0.1:0'", "'no address'"]),
    (Part::Top, "grpc tcp_tls_cert", &["''", "'/run/missing'"]),
    (Part::Top, "grpc tcp_tls_ca", &["''", "'/run/missing'"]),
    (Part::Top, "grpc uid", NUMBERS),
    (Part::Top, "grpc gid", NUMBERS),
    // Not its limits on messages: with a small one a daemon serves and gets no answer through.
    (Part::Top, "ttrpc", &["{}"]),
    (Part::Top, "ttrpc address", &["''", "'/run/containerd/t.sock'"]),
    (Part::Top, "ttrpc uid", NUMBERS),
    (Part::Top, "metrics", &["{}"]),
    (Part::Top, "metrics address", &["''", "'127.0.0.1:0'", "'127.0.0.1:99999'", "'no address'"]),
    (Part::Top, "metrics grpc_histogram", FLAGS),
    (Part::Top, "cgroup", &["{}"]),
    (Part::Top, "cgroup path", &["''"]),
    (Part::Top, "root", &["'/var/lib/containerd'", "''", "'relative'"]),
    (Part::Top, "state", &["'/run/containerd'", "''"]),
    (Part::Top, "temp", &["''", "'/run/temp'"]),
    (Part::Top, "plugin_dir", &["''", "'/run/missing'"]),
    (Part::Top, "oom_score", &["0", "-999", "500", "1", "5000", "-5000"]),
    (Part::Top, "stream_processors x", &["{}", "{ accepts = ['a'], returns = 'b', path = 'c' }"]),
    (Part::Top, "stream_processors x accepts", LISTS),
    (Part::Top, "stream_processors x env", LISTS),
    (Part::Top, "stream_processors", &["{}"]),
    (Part::Top, "unknown", TEXTS),
    (Part::Top, "unknown_table key", TEXTS),
    (Part::Top, "plugins", &["{}"]),
    (Part::Top, "plugins cri", &["{}"]),
    (Part::Top, "plugins io.containerd.grpc.v1.cri", &["{}"]),
    (Part::Top, "plugins io.containerd.cri.v1.runtime", &["{}"]),
    (Part::Top, "plugins io.containerd.cri.v1.images", &["{}"]),
    (Part::Top, "plugins a.b x", TEXTS),
    (Part::Top, "plugins a.b.c.d x", TEXTS),
    (Part::Top, "plugins unknown x", TEXTS),
    (Part::Top, "plugins io.containerd.grpc.v1.unknown x", TEXTS),
    (Part::Top, "plugins io.containerd.gc.v1.scheduler", &["{}"]),
    (Part::Top, "plugins io.containerd.gc.v1.scheduler pause_threshold", &["0.02", "0.5", "1.0", "-1.0", "0", "nan"]),
    (Part::Top, "plugins io.containerd.gc.v1.scheduler deletion_threshold", NUMBERS),
    (Part::Top, "plugins io.containerd.gc.v1.scheduler mutation_threshold", NUMBERS),
    (Part::Top, "plugins io.containerd.gc.v1.scheduler schedule_delay", DURATIONS),
    (Part::Top, "plugins io.containerd.gc.v1.scheduler startup_delay", DURATIONS),
    (Part::Top, "plugins scheduler schedule_delay", DURATIONS),
    (Part::Top, "plugins io.containerd.metadata.v1.bolt content_sharing_policy", &["'shared'", "'isolated'", "''", "'nothing'"]),
    (Part::Top, "plugins bolt content_sharing_policy", &["'shared'", "'isolated'", "''", "'nothing'"]),
    (Part::Top, "plugins io.containerd.metadata.v1.bolt no_sync", FLAGS),
    (Part::Top, "plugins io.containerd.internal.v1.opt path", &["'/opt/containerd'", "''", "'relative'"]),
    (Part::Top, "plugins io.containerd.internal.v1.restart interval", DURATIONS),
    (Part::Top, "plugins io.containerd.monitor.container.v1.restart interval", DURATIONS),
    (Part::Top, "plugins restart interval", DURATIONS),
    (Part::Top, "plugins io.containerd.monitor.v1.cgroups no_prometheus", FLAGS),
    (Part::Top, "plugins io.containerd.monitor.task.v1.cgroups no_prometheus", FLAGS),
    (Part::Top, "plugins io.containerd.image-verifier.v1.bindir max_verifiers", NUMBERS),
    (Part::Top, "plugins io.containerd.image-verifier.v1.bindir per_verifier_timeout", DURATIONS),
    (Part::Top, "plugins io.containerd.nri.v1.nri disable", FLAGS),
    (Part::Top, "plugins io.containerd.nri.v1.nri socket_path", &["''", "'/run/nri.sock'", "'/run/missing/nri.sock'"]),
    (Part::Top, "plugins io.containerd.nri.v1.nri plugin_path", &["''", "'/run/missing'"]),
    (Part::Top, "plugins io.containerd.nri.v1.nri plugin_request_timeout", DURATIONS),
    (Part::Top, "plugins io.containerd.nri.v1.nri plugin_registration_timeout", DURATIONS),
    (Part::Top, "plugins io.containerd.runtime.v1.linux shim", TEXTS),
    (Part::Top, "plugins io.containerd.runtime.v1.linux no_shim", FLAGS),
    (Part::Top, "plugins linux no_shim", FLAGS),
    (Part::Top, "plugins io.containerd.runtime.v2.task platforms", &["[]", "['linux/amd64']", "['linux']", "['linux/arm64/v8']", "['no platform']", "['']", "['*/x']"]),
    (Part::Top, "plugins io.containerd.runtime.v2.task sched_core", FLAGS),
    (Part::Top, "plugins task platforms", &["[]", "['linux/amd64']", "['nothing']"]),
    (Part::Top, "plugins io.containerd.service.v1.diff-service default", &["['walking']", "[]", "['nothing']", "['walking', 'walking']", "['erofs', 'walking']", "['']"]),
    (Part::Top, "plugins diff-service default", &["['walking']", "[]", "['nothing']"]),
    (Part::Top, "plugins io.containerd.service.v1.diff-service sync_fs", FLAGS),
    (Part::Top, "plugins io.containerd.service.v1.tasks-service rdt_config_file", &["''", "'/run/missing'"]),
    (Part::Top, "plugins io.containerd.service.v1.tasks-service blockio_config_file", &["''", "'/run/missing'"]),
    (Part::Top, "plugins io.containerd.shim.v1.manager env", LISTS),
    (Part::Top, "plugins io.containerd.runtime.v2.shim env", LISTS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.overlayfs root_path", &["''", "'/run/overlay'"]),
    (Part::Top, "plugins io.containerd.snapshotter.v1.overlayfs upperdir_label", FLAGS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.overlayfs mount_options", LISTS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.native root_path", &["''", "'/run/native'"]),
    (Part::Top, "plugins io.containerd.snapshotter.v1.devmapper pool_name", TEXTS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.devmapper base_image_size", &["'10GB'", "''", "'nothing'"]),
    (Part::Top, "plugins io.containerd.snapshotter.v1.btrfs root_path", TEXTS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.zfs root_path", TEXTS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.aufs root_path", TEXTS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.blockfile scratch_file", TEXTS),
    (Part::Top, "plugins io.containerd.snapshotter.v1.erofs ovl_mount_options", LISTS),
    (Part::Top, "plugins io.containerd.differ.v1.erofs mkfs_options", LISTS),
    (Part::Top, "plugins io.containerd.tracing.processor.v1.otlp endpoint", &["''", "'localhost:4317'"]),
    (Part::Top, "plugins io.containerd.tracing.processor.v1.otlp protocol", &["''", "'grpc'", "'nothing'"]),
    (Part::Top, "plugins io.containerd.internal.v1.tracing sampling_ratio", &["1.0", "0.5"]),
    (Part::Top, "plugins io.containerd.internal.v1.tracing service_name", TEXTS),
    (Part::Top, "plugins io.containerd.transfer.v1.local max_concurrent_downloads", NUMBERS),
    (Part::Top, "plugins io.containerd.transfer.v1.local config_path", TEXTS),
    (Part::Top, "plugins io.containerd.transfer.v1.local unpack_config", &["[]", "[{ platform = 'linux/amd64', snapshotter = 'overlayfs' }]", "[{ platform = 'linux/amd64', snapshotter = 'nothing' }]", "[{ platform = 'no platform' }]", "[{ differ = 'nothing' }]"]),
    (Part::Top, "plugins io.containerd.podsandbox.controller.v1.podsandbox x", TEXTS),
    (Part::Top, "plugins io.containerd.content.v1.content x", TEXTS),
];
