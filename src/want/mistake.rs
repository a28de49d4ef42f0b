//! What is wrong with a key that somebody wants, as it is spelled, or with its value.

use crate::error::{Code, Error, NextStep};
use crate::toml::Value;
use crate::toml::render::{self, Quotes};
use crate::toml::value::{Data, Place, Table};

use super::key::Key;
use super::known::{OF_THE_NODE, corrected, first_unknown, names, wanted};

/// What to do about a value.
pub(crate) const FIX: &str = "fix this value";
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
    /// Something is wrong with a key.
    pub(crate) fn of_key(message: String, hint: impl Into<String>) -> Self {
        Self {
            message,
            hint: hint.into(),
            is_of_value: false,
        }
    }

    /// Something is wrong with a value.
    pub(crate) fn of_value(message: String, hint: impl Into<String>) -> Self {
        Self {
            is_of_value: true,
            ..Self::of_key(message, hint)
        }
    }

    /// A value of another type than `wanted`, which comes with its article.
    pub(crate) fn of_type(path: &[&str], value: &Value, wanted: &str) -> Self {
        let found = match value.kind() {
            "an array" => "this array",
            found => found,
        };
        let key = dotted(path);
        Self::of_value(format!("{key} wants {wanted}, not {found}"), FIX)
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
    Some(Mistake::of_key(message, hint))
}

/// What is wrong with a key, if no release reads it. `path` is spelled as in a patch file; the first
/// `given` segments of it are there wherever people write the key.
pub(crate) fn unknown(path: &[&str], given: usize) -> Option<Mistake> {
    if let Some(mistake) = unquoted(path) {
        return Some(mistake);
    }
    let depth = first_unknown(path)?;
    let (table, name) = (&path[..depth - 1], path[depth - 1]);
    let written = render::key(name, Quotes::Basic);
    let message = match table {
        [] => format!("unknown key {written}"),
        table => format!("{} takes no key {written}", dotted(table)),
    };
    let names = names(table);
    let hint = match corrected(path) {
        Some(meant) => {
            let below = meant.strip_prefix(&path[..given]);
            format!("did you mean {}?", dotted(below.unwrap_or(&meant)))
        }
        None if names.contains(&name) => {
            format!("it is a key of patch files, and the option --{name} of the verb add")
        }
        None if names.len() <= MOST_NAMES => format!("the keys are {}", names.join(", ")),
        None => "`containerd config default` shows the keys".to_owned(),
    };
    Some(Mistake::of_key(message, hint))
}

/// What is wrong with a key in which a plugin's ID is not quoted.
pub(crate) fn unquoted(path: &[&str]) -> Option<Mistake> {
    let ["plugins", "io", ..] = path else {
        return None;
    };
    // An ID is a type, which ends with its version, and a name.
    let is_version = |name: &&str| {
        let number = name.strip_prefix('v');
        number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let version = path.iter().position(is_version);
    let end = version.map_or(path.len(), |at| at + 2);
    let hint = match path.get(1..end).zip(path.get(end..)) {
        Some((id, below)) if end < path.len() => {
            let quoted = dotted(&[&["plugins", &id.join(".")], below].concat());
            format!("quote the plugin's ID: {}", NextStep::word(&quoted))
        }
        _ => "quote the plugin's ID, as in plugins.\"io.containerd.grpc.v1.cri\".enable_cdi"
            .to_owned(),
    };
    Some(Mistake::of_key("no plugin has the ID io".to_owned(), hint))
}

/// What is wrong with a key and its value, not counting what is below it: see [`unknown`].
pub(crate) fn find(path: &[&str], value: &Value, given: usize) -> Option<Mistake> {
    let of_key = of_the_node(path).or_else(|| unknown(path, given));
    if of_key.is_some() {
        return of_key;
    }
    for table in (1..path.len()).map(|depth| &path[..depth]) {
        let above = Value::of_table(Table::new(), Place::default());
        let wanted = wanted(table)?;
        if !wanted.accepts(&above) {
            return Some(Mistake::of_type(table, &above, &wanted.text()));
        }
    }
    let wanted = wanted(path)?;
    let is_element = || value.as_str().is_some() && Key::spelled(path).is_list();
    let is_right = wanted.accepts(value) || is_element();
    if !is_right {
        return Some(Mistake::of_type(path, value, &wanted.text()));
    }
    if let Some(table) = value.table() {
        let is_empty = matches!(path, ["proxy_plugins", _]) && table.is_empty();
        let message = format!("{} holds no keys", dotted(path));
        let hint = "give it a type and an address, or leave it out";
        return is_empty.then(|| Mistake::of_key(message, hint));
    }
    let of_name = path.iter().find_map(|name| unportable_key(name));
    let reason = of_name.or_else(|| unportable(value))?;
    let message = format!("{}: {reason}", dotted(path));
    Some(Mistake::of_key(message, "write it in another way"))
}

/// What is wrong with a key and its value, and all below it.
pub(crate) fn find_below(path: &[&str], value: &Value, given: usize) -> Option<Mistake> {
    find(path, value, given).or_else(|| {
        let mut below = value.entries().into_iter();
        below.find_map(|(name, value)| find_below(&[path, &[name]].concat(), value, given))
    })
}

/// Refuses a key below the table at a path, which people do not spell again, if something is wrong with
/// it, with its value or with what is below it.
pub(crate) fn refuse(table: &[&str], key: &[String], value: &Value) -> Result<(), Error> {
    let key = key.iter().map(String::as_str);
    let path: Vec<&str> = table.iter().copied().chain(key).collect();
    let mistake = find_below(&path, value, table.len());
    mistake.map_or(Ok(()), |mistake| Err(mistake.into()))
}

impl From<Mistake> for Error {
    /// The error of what people do not spell in a file.
    fn from(Mistake { message, hint, .. }: Mistake) -> Self {
        Self::new(Code::Usage, message, hint)
    }
}

fn dotted<S: AsRef<str>>(path: &[S]) -> String {
    render::dotted(path, Quotes::Basic)
}

/// Why some release can't parse this value however it is written.
fn unportable(value: &Value) -> Option<&'static str> {
    match &value.data {
        Data::Datetime(datetime) => {
            let Some(time) = datetime.time else {
                return Some("containerd 1.x refuses a date without a time");
            };
            let leap = time.second == Some(60);
            leap.then_some("containerd 1.x and 2.3 refuse a 60th second")
        }
        Data::Float(float) if !float.is_finite() => {
            Some("CRI can't report a number that JSON does not have")
        }
        Data::Array(array) => array.iter().find_map(unportable),
        Data::Table(table) => table
            .iter()
            .find_map(|(key, value)| unportable_key(key).or_else(|| unportable(value))),
        _ => None,
    }
}

/// Why containerd 1.x can't parse this key however it is quoted: in a `"…"` key it takes no `"`, not
/// even an escaped one.
fn unportable_key(name: &str) -> Option<&'static str> {
    let only_basic = |c: char| c == '\'' || (c.is_ascii_control() && c != '\t');
    (name.contains('"') && name.contains(only_basic)).then_some(
        "containerd 1.x can't read a key that holds \" together with ' or a control character",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_s_id_without_quotes_is_spelled_as_it_should_be() {
        let hint = |dotted: &str| {
            let path: Vec<&str> = dotted.split('.').collect();
            unquoted(&path).map(|mistake| mistake.hint)
        };
        for (key, quoted) in [
            (
                "plugins.io.containerd.nri.v1.nri.disable",
                "'plugins.\"io.containerd.nri.v1.nri\".disable'",
            ),
            (
                "plugins.io.containerd.monitor.task.v1.cgroups.a.b",
                "'plugins.\"io.containerd.monitor.task.v1.cgroups\".a.b'",
            ),
            (
                "plugins.io.containerd.nri.v1.nri",
                "as in plugins.\"io.containerd.grpc.v1.cri\".enable_cdi",
            ),
            (
                "plugins.io.containerd.x",
                "as in plugins.\"io.containerd.grpc.v1.cri\".enable_cdi",
            ),
            (
                "plugins.io",
                "as in plugins.\"io.containerd.grpc.v1.cri\".enable_cdi",
            ),
        ] {
            let hint = hint(key).unwrap_or_default();
            assert!(hint.ends_with(quoted), "{key}: {hint}");
        }
        assert_eq!(hint("plugins.cri.enable_cdi"), None);
        assert_eq!(hint("debug.level"), None);
    }
}
