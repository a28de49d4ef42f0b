//! Configs made by chance, most of them nearly right: what containerd minds is found near what
//! it serves.

mod chance;
mod config;
mod keys;
mod spelling;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use containerd_edit::{ConfigFiles, FileState};

use self::chance::Chance;

const FOLDER: &str = "/etc/containerd";

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
        let main = config::file(&mut chance, version, imports);
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
                    let bytes = config::file(&mut chance, version, imports);
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
        for (name, entry) in &self.entries {
            let state = match entry {
                Entry::File(bytes) => FileState::Bytes(bytes.clone().into()),
                Entry::Folder => FileState::Folder,
            };
            files.insert(path(name), state);
        }
        if self
            .entries
            .keys()
            .any(|name| path(name).starts_with(CONF_D))
        {
            files.insert(CONF_D, FileState::Folder);
        }
        files.match_patterns();
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
