//! What is wrong with a key that somebody wants, as it is spelled, or with its value.

use toml_edit::Item;

use crate::containerd::{Release, Wanted, is_plugin, plugin};
use crate::toml::render::{self, Quotes};
use crate::toml::type_name;

use super::key::Key;
use super::nearest::nearest;

/// Where the daemon keeps its data, and what it is. One installer of several has no say in that.
const OF_THE_NODE: [&str; 6] = [
    "version",
    "root",
    "state",
    "temp",
    "oom_score",
    "plugin_dir",
];
/// Keys of a patch file that are not containerd's.
pub(crate) const SHORT_FORMS: [&str; 3] = ["owner", "default", "handlers"];
/// So many names of keys are listed to people.
const MOST_NAMES: usize = 20;

/// What is wrong, and what to do.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) hint: String,
    /// Whether the value is wrong, and not the key.
    pub(crate) is_of_value: bool,
}

impl Mistake {
    fn of_key(message: String, hint: String) -> Self {
        Self {
            message,
            hint,
            is_of_value: false,
        }
    }

    /// A value of another type than `wanted`, which comes with its article.
    pub(crate) fn of_type(path: &[&str], item: &Item, wanted: &str) -> Self {
        let found = match type_name(item) {
            "an array" => "this array",
            found => found,
        };
        let key = render::dotted(path, Quotes::Basic);
        Self {
            message: format!("{key} wants {wanted}, not {found}"),
            hint: "fix this line".to_owned(),
            is_of_value: true,
        }
    }

    /// A key that is none of the names that its table takes.
    pub(crate) fn of_name(path: &[&str], names: &[&str]) -> Self {
        let (name, table) = path.split_last().unwrap_or((&"", &[]));
        let key = render::dotted(path, Quotes::Basic);
        let mut cased = names.iter();
        if let Some(right) = cased.find(|known| known.eq_ignore_ascii_case(name)) {
            return Self::of_key(
                format!("{key} is spelled {right}"),
                format!("write {right}"),
            );
        }
        let holder = match table {
            [] => "a patch file".to_owned(),
            table => render::dotted(table, Quotes::Basic),
        };
        let message = format!("{holder} takes no key {}", render::key(name, Quotes::Basic));
        let hint = match (elsewhere(path), nearest(name, names)) {
            (Some(path), _) => format!("write {}", render::dotted(&path, Quotes::Basic)),
            (None, Some(meant)) => format!("did you mean {meant}?"),
            (None, None) if names.is_empty() => format!("name a key below it, as {key}.KEY"),
            (None, None) if names.len() <= MOST_NAMES => {
                format!("the keys are {}", names.join(", "))
            }
            (None, None) => "`containerd config default` shows the keys".to_owned(),
        };
        Self::of_key(message, hint)
    }
}

/// The path at which containerd has a key that does not belong where it is.
fn elsewhere<'p>(path: &[&'p str]) -> Option<Vec<&'p str>> {
    let is_known = |path: &Vec<&str>| Wanted::of(path, &Release::LINES).is_some();
    match path {
        ["plugins", _, below @ ..] => {
            let ids = [plugin::RUNTIME, plugin::IMAGES, plugin::OLD_CRI].into_iter();
            let paths = ids.map(|id| ["plugins", id].into_iter().chain(below.iter().copied()));
            paths.map(Iterator::collect).find(is_known)
        }
        ["cri", below @ ..] => {
            let plugin = ["plugins", plugin::OLD_CRI].into_iter();
            Some(plugin.chain(below.iter().copied()).collect())
        }
        _ => None,
    }
}

/// Why an installer may not want anything of a key, if it is the node's own.
pub(crate) fn of_the_node(path: &[&str]) -> Option<Mistake> {
    let name = match path {
        [name] if OF_THE_NODE.contains(name) => name,
        _ => return None,
    };
    let message = format!("{name} is the node's own, and no installer's to set");
    let hint = "leave it out; whoever runs the node sets it in the config by hand";
    Some(Mistake::of_key(message, hint.to_owned()))
}

/// What is wrong with a key and its value, not counting what is below it. `path` is spelled as in a
/// config of any version.
pub(crate) fn find(path: &[&str], item: &Item) -> Option<Mistake> {
    if let Some(of_the_node) = of_the_node(path) {
        return Some(of_the_node);
    }
    let table = &path[..path.len().saturating_sub(1)];
    let Some(wanted) = Wanted::of(path, &Release::LINES) else {
        let table = Wanted::of(table, &Release::LINES);
        let mut names = table.map_or_else(Vec::new, |table| table.names());
        if path.len() == 1 {
            names.retain(|name| !OF_THE_NODE.contains(name));
            names.splice(0..0, SHORT_FORMS);
        }
        return Some(Mistake::of_name(path, &names));
    };
    let is_right = if item.is_table_like() {
        wanted.is_table()
    } else {
        wanted.accepts(item) || item.is_str() && Key::spelled(path).is_list()
    };
    (!is_right).then(|| Mistake::of_type(path, item, &wanted.text()))
}

/// What is wrong with a key and its value, and all below it.
pub(crate) fn find_below(path: &[&str], item: &Item) -> Option<Mistake> {
    let below = item.as_table_like().into_iter().flat_map(|it| it.iter());
    find(path, item).or_else(|| {
        below
            .map(|(name, item)| ([path, &[name]].concat(), item))
            .find_map(|(path, item)| find_below(&path, item))
    })
}

/// The ID of a plugin that no release is known to have, if the key is one of its.
pub(crate) fn unknown_plugin(path: &[String]) -> Option<&str> {
    match path {
        [plugins, id, ..] if plugins == "plugins" && !is_plugin(id) => Some(id),
        _ => None,
    }
}
