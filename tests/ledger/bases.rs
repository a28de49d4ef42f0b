//! Configs that lives begin with.

use std::collections::BTreeSet;

use crate::meaning::{Path, canonical, is_toml, values};
use crate::spellings::{self, Choices};

pub(crate) struct Base {
    pub name: String,
    /// `None`: no config is there.
    pub text: Option<String>,
}

const EXTRA: &[(&str, &str)] = &[
    ("empty", ""),
    ("v3", "version = 3\n"),
    ("v3-no-final-newline", "version = 3"),
    ("byte-order-mark", "\u{feff}version = 2\n"),
    (
        "v1-handlers",
        "[plugins.cri.containerd.runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n",
    ),
    ("free", "# mine\n\n[debug]\n  level = \"info\"\n"),
    ("comment", "# nothing\n"),
    (
        "v2-crlf",
        "version = 2\r\n\r\n[debug]\r\n  level = 'info' # mine\r\n",
    ),
    (
        "v3-inline",
        "version = 3\nplugins = { 'io.containerd.cri.v1.runtime' = { containerd = { runtimes = { runc \
         = { runtime_type = 'io.containerd.runc.v2' } } } } }\ndebug = { }\n",
    ),
    (
        "v3-dotted",
        "version = 3\nplugins.'io.containerd.cri.v1.runtime'.containerd.default_runtime_name = \
         'runc'\nplugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.runtime_type = \
         'io.containerd.runc.v2'\ndebug.level = 'info'\n",
    ),
    (
        "v3-arrays",
        "version = 3\ndisabled_plugins = [\n  'io.containerd.snapshotter.v1.zfs', # no zfs\n]\n\
         imports = [ ]\n[timeouts]\n",
    ),
    (
        "v3-folder",
        "version = 3\nimports = ['conf.d/*.toml']\n\n[debug]\nlevel = 'info'\n",
    ),
    (
        "v3-other-case",
        "version = 3\n[Debug]\nLevel = 'info'\n[plugins.'io.containerd.cri.v1.runtime'.containerd.\
         runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n[plugins.\
         'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\nsystemdCgroup = true\n",
    ),
    (
        "v2-options-only",
        "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.containerd]\ndefault_runtime_name = 'runc'\n\
         [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc]\nruntime_type = \
         'io.containerd.runc.v2'\n  [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.runc.\
         options]\n    SystemdCgroup = true\n",
    ),
    (
        "tight",
        "version = 3\n[debug]\nlevel='warn'\n[plugins.'io.containerd.cri.v1.runtime'.containerd.\
         runtimes.runc]\nruntime_type='io.containerd.runc.v2'\n[plugins.\
         'io.containerd.cri.v1.runtime'.containerd.runtimes.crun]\nruntime_type=\
         'io.containerd.runc.v2'\n[ttrpc]\n# end",
    ),
];

/// So many configs are made up.
const MADE_UP: usize = 24;

/// The texts below `fixtures` with a few of its own, and some in every spelling.
pub(crate) fn all() -> Vec<Base> {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = Vec::new();
    let mut folders = vec![fixtures.join("golden"), fixtures.join("config-defaults")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                folders.push(path);
            } else if name == "input.toml" || name.starts_with("config-default-v") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut seen = BTreeSet::new();
    let mut found = vec![Base {
        name: "missing".to_owned(),
        text: None,
    }];
    let extra = EXTRA
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let read = files.iter().filter_map(|path| {
        let text = std::fs::read_to_string(path).ok()?;
        Some((path.display().to_string(), text))
    });
    let made_up = spellings::seeded(0).take(MADE_UP).enumerate();
    let made_up = made_up.map(|(number, choices)| {
        let text = spellings::config(&mut Choices::new(&choices));
        (format!("spelling {number}"), text)
    });
    for (name, text) in extra.chain(read).chain(made_up) {
        // A text with the tool's comments is the middle of a life.
        let is_base = is_toml(&text) && !text.contains("containerd-edit") && is_plain(&text);
        if is_base && seen.insert(text.clone()) {
            found.push(Base {
                name,
                text: Some(text),
            });
        }
    }
    found
}

/// A default that names no handler is not given back: no release serves CRI with it. Of two tables
/// of CRI in one file the oracles know one.
fn is_plain(text: &str) -> bool {
    let values = values(text);
    let keys: BTreeSet<Path> = values.keys().map(|path| canonical(path)).collect();
    let defaults = values
        .iter()
        .filter(|(path, _)| path.last().is_some_and(|it| it == "default_runtime_name"));
    let mut names = defaults.filter_map(|(_, value)| value.as_str());
    let is_listed = |name: &str| {
        let is_below = |path: &Path| path.iter().any(|it| it == name);
        name == "runc" || values.keys().any(is_below)
    };
    keys.len() == values.len() && names.all(is_listed)
}
