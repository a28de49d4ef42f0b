//! Configs made by chance, most of them nearly right: what containerd minds is found near what
//! it serves.

mod chance;
mod config;
mod imports;
mod keys;
mod odd_toml;
mod plugins;
mod spelling;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use self::chance::Chance;
use self::config::Look;

/// What stands at a path below `/etc/containerd`.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    File(Vec<u8>),
    Folder,
    Link(String),
}

/// A config with all that lies beside it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) entries: BTreeMap<String, Entry>,
}

pub(crate) const MAIN: &str = "config.toml";
/// A base OCI spec that is there, and is JSON.
const SPEC: &str = "spec.json";
/// A file that is no config.
const NOTE: &str = "conf.d/note.txt";

impl Case {
    /// Makes the case with this number.
    pub(crate) fn of(seed: u64, number: u64) -> Self {
        let mut chance = Chance::of(seed, number);
        let spec = Entry::File(br#"{"ociVersion":"1.0.0"}"#.to_vec());
        let mut entries = BTreeMap::from([(SPEC.to_owned(), spec)]);
        let version = chance.pick(MAIN_VERSIONS);
        let is_wild = chance.percent(30);
        let imports = chance.percent(45);
        let imports = imports.then(|| imports::list(&mut chance, is_wild));
        let look = Look {
            version,
            imports: imports.as_deref(),
            is_wild,
        };
        let main = config::file(&mut chance, look);
        entries.insert(MAIN.to_owned(), Entry::File(main));
        if imports.is_some() {
            imports::lay_out(&mut chance, look, &mut entries);
        }
        Self { entries }
    }

    /// The configs, which are TOML for some parser.
    pub(crate) fn configs(&self) -> impl Iterator<Item = &[u8]> {
        let entries = self.entries.iter();
        entries.filter_map(|(name, entry)| match entry {
            Entry::File(bytes) if name != SPEC && name != NOTE => Some(bytes.as_slice()),
            _ => None,
        })
    }

    /// Writes the case into a folder.
    pub(crate) fn lay_out(&self, folder: &Path) {
        for (name, entry) in &self.entries {
            let path = folder.join(name);
            let parent = path.parent().expect("a path below the folder");
            fs::create_dir_all(parent).expect("the case's folders can be made");
            match entry {
                Entry::File(bytes) => fs::write(path, bytes),
                Entry::Folder => fs::create_dir_all(path),
                Entry::Link(to) => symlink(to, path),
            }
            .expect("the case can be written");
        }
    }

    /// The files for a message.
    pub(crate) fn shown(&self) -> String {
        let mut shown = String::new();
        for (name, entry) in &self.entries {
            match entry {
                Entry::File(_) if name == SPEC => Ok(()),
                Entry::File(bytes) => {
                    let text = String::from_utf8_lossy(bytes);
                    let text = text.replace('\r', "\\r").replace('\u{feff}', "<BOM>");
                    write!(shown, "---- {name}\n{text}")
                }
                Entry::Folder => writeln!(shown, "---- {name} is a folder"),
                Entry::Link(to) => writeln!(shown, "---- {name} -> {to}"),
            }
            .expect("a string grows");
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
