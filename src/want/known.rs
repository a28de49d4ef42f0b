//! The keys that are known, and which of them was meant by one that is not.

use crate::containerd::{Wanted, is_plugin, plugin};

use super::key::Key;
use super::nearest::nearest;

/// Where the daemon keeps its data, and what it is. One installer of several has no say in that.
pub(super) const OF_THE_NODE: [&str; 6] = [
    "version",
    "root",
    "state",
    "temp",
    "oom_score",
    "plugin_dir",
];
/// Keys of a patch file that are not containerd's.
pub(crate) const SHORT_FORMS: [&str; 3] = ["owner", "default", "handlers"];
/// The key of a handler that is not containerd's.
pub(crate) const PRESET: &str = "preset";
/// What people write at the top, and where it belongs.
const ALIASES: [(&str, &[&str]); 3] = [
    ("runtimes", &["handlers"]),
    ("default_runtime_name", &["default"]),
    ("cri", &["plugins", plugin::OLD_CRI]),
];

/// The ID of a plugin that no release is known to have, if the key is one of its, and the one that was
/// meant.
pub(crate) fn unknown_plugin<S: AsRef<str>>(path: &[S]) -> Option<(&str, Option<&'static str>)> {
    let id = match path {
        [plugins, id, ..] if plugins.as_ref() == "plugins" && !is_plugin(id.as_ref()) => {
            id.as_ref()
        }
        _ => return None,
    };
    let ids = names(&["plugins"]);
    let last = |id: &str| id.rsplit('.').next().map(str::to_owned);
    let of_that_name = ids.iter().find(|known| last(known) == last(id)).copied();
    Some((id, of_that_name.or_else(|| nearest(id, ids))))
}

/// The key that was meant by one that no release reads, as far as that can be told.
pub(super) fn corrected<'p>(path: &[&'p str]) -> Option<Vec<&'p str>> {
    let depth = first_unknown(path)?;
    let meant = last_corrected(&path[..depth])?;
    let path = [meant.as_slice(), &path[depth..]].concat();
    Some(corrected(&path).unwrap_or(path))
}

/// The key that was meant by one of which only the last segment is wrong.
fn last_corrected<'p>(path: &[&'p str]) -> Option<Vec<&'p str>> {
    let (name, table) = path.split_last()?;
    let mut names = names(table);
    names.retain(|known| known != name);
    if let Some(near) = nearest(name, names.iter().copied()) {
        return Some([table, &[near]].concat());
    }
    let mut aliases = ALIASES.iter().filter(|_| table.is_empty());
    if let Some((_, path)) = aliases.find(|(alias, _)| alias.eq_ignore_ascii_case(name)) {
        return Some(path.to_vec());
    }
    // One table further down, or in another plugin of CRI.
    let is_known = |path: &Vec<&str>| wanted(path).is_some();
    let below = names.iter().map(|below| [table, &[*below]].concat());
    let below = below.filter(|table| self::names(table).contains(name));
    if let [table] = below.collect::<Vec<_>>().as_slice() {
        return Some([table.as_slice(), &[*name]].concat());
    }
    let of_plugin = match path {
        ["plugins", _, below @ ..] => below,
        path => path,
    };
    let plugins = [plugin::RUNTIME, plugin::IMAGES, plugin::OLD_CRI].into_iter();
    let mut paths = plugins.map(|id| [&["plugins", id], of_plugin].concat());
    paths.find(is_known)
}

/// How many segments lead to the first one that no release reads.
pub(super) fn first_unknown(path: &[&str]) -> Option<usize> {
    (1..=path.len()).find(|depth| {
        let in_table = || wanted(&path[..depth - 1]).is_some_and(|it| it.is_table());
        wanted(&path[..*depth]).is_none() && in_table()
    })
}

/// What belongs at a path, which may be a short form.
pub(super) fn wanted(path: &[&str]) -> Option<Wanted> {
    Wanted::of(&Key::in_full(path))
}

/// The names of the keys that a table takes.
pub(super) fn names(table: &[&str]) -> Vec<&'static str> {
    let mut names = wanted(table).map_or_else(Vec::new, |table| table.names());
    match table {
        [] => {
            names.retain(|name| !OF_THE_NODE.contains(name));
            names.splice(0..0, SHORT_FORMS);
        }
        ["handlers", _] => names.push(PRESET),
        _ => {}
    }
    names
}
