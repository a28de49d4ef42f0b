//! What is wrong with a key that somebody wants, as it is spelled, or with its value.

use crate::error::{Code, Error, NextStep};
use crate::toml::render::{self, Quotes};
use crate::toml::value::{Data, Place, Table};
use crate::toml::{Value, dotted_key};

use super::key::Key;
use super::known::{OF_THE_NODE, corrected, first_unknown, names, wanted};

/// What to do about a value.
pub(super) const FIX: &str = "fix this value";
/// So many names of keys are listed to people.
const MOST_NAMES: usize = 20;

/// The detail of an error: the value is wrong, and not the key.
pub(super) struct OfValue;

/// Something is wrong with a key.
pub(super) fn of_key(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::new(Code::Usage, message, hint)
}

/// Something is wrong with a value.
pub(super) fn of_value(message: impl Into<String>, hint: impl Into<String>) -> Error {
    of_key(message, hint).with_detail(OfValue)
}

/// A value of another type than `wanted`, which comes with its article.
pub(super) fn of_type(path: &[&str], value: &Value, wanted: &str) -> Error {
    let found = match value.kind() {
        "an array" => "this array",
        found => found,
    };
    let key = dotted_key(path);
    of_value(format!("{key} wants {wanted}, not {found}"), FIX)
}

/// Refuses a key that is the node's own: no installer may want anything of it.
pub(crate) fn of_the_node(path: &[&str]) -> Result<(), Error> {
    let name = match path {
        [name] if OF_THE_NODE.contains(name) => name,
        _ => return Ok(()),
    };
    let message = format!("{name} is the node's own, and no installer's to set");
    let hint = "leave it out; whoever runs the node sets it in the config by hand";
    Err(of_key(message, hint))
}

/// Refuses a key that no release reads. `path` is spelled as in a patch file; the first `given` segments
/// of it are there wherever people write the key.
pub(crate) fn unknown(path: &[&str], given: usize) -> Result<(), Error> {
    unquoted(path)?;
    let Some(depth) = first_unknown(path) else {
        return Ok(());
    };
    let (table, name) = (&path[..depth - 1], path[depth - 1]);
    let written = render::key(name, Quotes::Basic);
    let message = match table {
        [] => format!("unknown key {written}"),
        table => format!("{} takes no key {written}", dotted_key(table)),
    };
    let names = names(table);
    let hint = match corrected(path) {
        Some(meant) => {
            let below = meant.strip_prefix(&path[..given]);
            format!("did you mean {}?", dotted_key(below.unwrap_or(&meant)))
        }
        None if names.contains(&name) => {
            format!("it is a key of patch files, and the option --{name} of the verb add")
        }
        None if names.len() <= MOST_NAMES => format!("the keys are {}", names.join(", ")),
        None => "`containerd config default` shows the keys".to_owned(),
    };
    Err(of_key(message, hint))
}

/// Refuses a key in which a plugin's ID is not quoted.
pub(super) fn unquoted(path: &[&str]) -> Result<(), Error> {
    let ["plugins", "io", ..] = path else {
        return Ok(());
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
            let quoted = dotted_key(&[&["plugins", &id.join(".")], below].concat());
            format!("quote the plugin's ID: {}", NextStep::word(&quoted))
        }
        _ => "quote the plugin's ID, as in plugins.\"io.containerd.grpc.v1.cri\".enable_cdi"
            .to_owned(),
    };
    Err(of_key("no plugin has the ID io", hint))
}

/// Refuses a key or its value if something is wrong with it, not counting what is below it: see
/// [`unknown`].
pub(super) fn check(path: &[&str], value: &Value, given: usize) -> Result<(), Error> {
    of_the_node(path)?;
    unknown(path, given)?;
    let above = Value::of_table(Table::new(), Place::default());
    for depth in 1..=path.len() {
        let (key, value) = match &path[..depth] {
            whole if depth == path.len() => (whole, value),
            table => (table, &above),
        };
        let Some(wanted) = wanted(key) else {
            return Ok(());
        };
        let is_element = || value.as_str().is_some() && Key::spelled(key).is_list();
        if !wanted.accepts(value) && !is_element() {
            return Err(of_type(key, value, &wanted.text()));
        }
    }
    if let Some(table) = value.table() {
        if matches!(path, ["proxy_plugins", _]) && table.is_empty() {
            let hint = "give it a type and an address, or leave it out";
            return Err(of_key(format!("{} holds no keys", dotted_key(path)), hint));
        }
        return Ok(());
    }
    let of_name = path.iter().find_map(|name| unportable_key(name));
    let Some(reason) = of_name.or_else(|| unportable(value)) else {
        return Ok(());
    };
    let message = format!("{}: {reason}", dotted_key(path));
    Err(of_key(message, "write it in another way"))
}

/// The same, and of all that is below it.
fn check_below(path: &[&str], value: &Value, given: usize) -> Result<(), Error> {
    check(path, value, given)?;
    let mut below = value.entries().into_iter();
    below.try_for_each(|(name, value)| check_below(&[path, &[name]].concat(), value, given))
}

/// Refuses a key below the table at a path, which people do not spell again, if something is wrong with
/// it, with its value or with what is below it.
pub(super) fn refuse(table: &[&str], key: &[String], value: &Value) -> Result<(), Error> {
    let key = key.iter().map(String::as_str);
    let path: Vec<&str> = table.iter().copied().chain(key).collect();
    check_below(&path, value, table.len())
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
            unquoted(&path).err().map(|error| error.hint().to_owned())
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
