//! What a file imports, and what lies where the imports lead.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::config::{self, Look};
use super::{Entry, MAIN_VERSIONS, NOTE};

/// How the path of an import begins.
const STARTS: &[&str] = &[
    "/etc/containerd/",
    "/etc/containerd/",
    "/etc/containerd/",
    "",
    "",
    "./",
    "/etc/containerd/conf.d/../",
    "/etc//containerd/./",
    "../containerd/",
    "/etc/*/",
];

/// Plain patterns and paths, as installers write them.
const ORDINARY: &[&str] = &["conf.d/*.toml", "conf.d/a.toml", "conf.d/*", "c*.toml"];

/// The rest of the path: Go's patterns, and what looks like some other program's.
const ENDS: &[&str] = &[
    "conf.d/*.toml",
    "conf.d/*.toml",
    "conf.d/*",
    "conf.d/a.toml",
    "conf.d/b.toml",
    "conf.d/missing.toml",
    "conf.d",
    "conf.d/",
    "conf.d/*.toml/",
    "conf.d/*/",
    "conf.d/*/c.toml",
    "conf.d/*/*.toml",
    "conf.d/**",
    "conf.d/**/*.toml",
    "**/a.toml",
    "**.toml",
    "conf.d/**.toml",
    "*/a.toml",
    "c*.toml",
    "config.toml",
    "con*/config.toml",
    "conf.d/[ab]*.toml",
    "conf.d/[^a]*.toml",
    "conf.d/[!a]*.toml",
    "conf.d/[!b]*.toml",
    "conf.d/[a-b]*.toml",
    "conf.d/[b-a]*.toml",
    "conf.d/[^a-b]*",
    "conf.d/[]a]*.toml",
    "conf.d/[a-]*.toml",
    "conf.d/[-a]*.toml",
    "conf.d/[a*.toml",
    "conf.d/*[",
    "conf.d/[]*",
    "conf.d/[^]*",
    "conf.d/*[a",
    "conf.d/*\\",
    "conf.d/\\*.toml",
    "conf.d/\\a*.toml",
    "conf.d/*\\.toml",
    "conf.d/[\\a]*.toml",
    "conf.d/\\[x\\]*",
    "conf.d/[x]*.toml",
    "conf.d/[[]x]*.toml",
    "conf.d/[x].toml",
    "conf.d/?.toml",
    "conf.d/?*.toml",
    "conf.d/?",
    "conf.d/{a,b}*.toml",
    "conf.d/.*",
    "conf.d/.*.toml",
    "conf.d/*.TOML",
    "conf.d/sub/*.toml",
    "conf.d/sub*",
    "conf.d/*/../*.toml",
    "conf.d/../conf.d/*.toml",
    "link.d/*.toml",
    "link.d/a.toml",
    "l*/a.toml",
    "conf.d/l*.toml",
    "conf.d/dangling*",
    "nothing.d/*.toml",
    "nothing.d/[*",
    "conf.d//*.toml",
    "conf.d/a.toml*",
    "conf.d/a.toml/*",
    "conf.d/* *",
    "conf.d/x*x.toml",
    "co?f.d/*.toml",
    "[c]onf.d/*.toml",
    "",
];

/// Values of `imports` that are no list of paths.
const ODD: &[&str] = &[
    "[]",
    "'/etc/containerd/conf.d/*.toml'",
    "[1]",
    "{ a = 1 }",
    "['/dev/null']",
    "[[]]",
    "''",
];

/// A value for `imports`.
pub(super) fn list(chance: &mut Chance, is_wild: bool) -> String {
    if is_wild && chance.percent(8) {
        return chance.pick(ODD).to_owned();
    }
    let mut paths = Vec::new();
    for _ in 0..=chance.below(3) / 2 {
        let (start, end) = if chance.percent(35) {
            ("/etc/containerd/", chance.pick(ORDINARY))
        } else {
            (chance.pick(STARTS), chance.pick(ENDS))
        };
        paths.push(format!("'{start}{end}'"));
    }
    format!("[{}]", paths.join(", "))
}

/// Files, folders and links beside the main file.
pub(super) fn lay_out(chance: &mut Chance, main: Look<'_>, entries: &mut BTreeMap<String, Entry>) {
    let mut drop_in = |chance: &mut Chance, name: &str| {
        let version = match chance.below(20) {
            0..4 => None,
            4..12 => main.version,
            12..14 => Some(1),
            _ => chance.pick(MAIN_VERSIONS),
        };
        let imports = chance.percent(12).then(|| list(chance, main.is_wild));
        let look = Look {
            version,
            imports: imports.as_deref(),
            ..main
        };
        let bytes = config::file(chance, look);
        entries.insert(format!("conf.d/{name}"), Entry::File(bytes));
    };
    for name in ["a.toml", "b.toml"] {
        if chance.percent(70) {
            drop_in(chance, name);
        }
    }
    for name in [
        ".hidden.toml",
        "[x].toml",
        "*.toml",
        "sub/c.toml",
        "B.TOML",
        "a",
    ] {
        if chance.percent(6) {
            drop_in(chance, name);
        }
    }
    let link = |to: &str| Entry::Link(to.to_owned());
    for (name, entry) in [
        (NOTE, Entry::File(b"a note\n".to_vec())),
        ("conf.d/empty.toml", Entry::File(Vec::new())),
        ("conf.d/folder.toml", Entry::Folder),
        ("conf.d/sub", Entry::Folder),
        ("conf.d/l.toml", link("a.toml")),
        ("conf.d/lb.toml", link("/etc/containerd/conf.d/b.toml")),
        ("conf.d/lm.toml", link("../config.toml")),
        ("conf.d/dangling.toml", link("missing")),
        ("link.d", link("conf.d")),
    ] {
        if chance.percent(5) && !entries.contains_key(name) {
            entries.entry(name.to_owned()).or_insert(entry);
        }
    }
}
