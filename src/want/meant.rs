//! Which key was meant by one that is not there.

use crate::toml::dotted_key;

use super::handler;
use super::key::Key;
use super::known::{corrected, unknown_plugin};
use super::nearest::nearest;

/// The option, dotted, that the shim of this type is not known to read, if the key is one of a handler's,
/// and the one that was meant.
pub(crate) fn unknown_option(
    key: &Key,
    runtime_type: Option<&str>,
) -> Option<(String, Option<&'static str>)> {
    let path = key.path.strip_prefix(key.handler()?)?;
    let option = match path {
        [table, option, ..] if table == "options" => option,
        _ => return None,
    };
    let options = handler::options(runtime_type);
    let mut known = options.iter();
    if path.len() == 2 && known.any(|known| known.eq_ignore_ascii_case(option)) {
        return None;
    }
    let near = nearest(option, options);
    Some((dotted_key(path), near))
}

/// The key that was meant by one that is not there. `runtime_type`: that of its handler.
pub(crate) fn meant_by<'p>(path: &[&'p str], runtime_type: Option<&str>) -> Option<Vec<&'p str>> {
    let with = |at: usize, name: &'p str| {
        let mut path = path.to_vec();
        path[at] = name;
        path
    };
    let of_plugin = || Some(with(1, unknown_plugin(path)?.1?));
    let of_option = || {
        let (_, near) = unknown_option(&Key::spelled(path), runtime_type)?;
        Some(with(path.len() - 1, near?))
    };
    corrected(path).or_else(of_plugin).or_else(of_option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_options_and_plugins_are_recognised() {
        for (path, meant) in [
            (&["debug", "levle"][..], Some("debug.level")),
            (
                &["handlers", "x", "options", "ConfgPath"],
                Some("handlers.x.options.ConfigPath"),
            ),
            (
                &["plugins", "io.containerd.nri.v1.nry", "disable"],
                Some("plugins.\"io.containerd.nri.v1.nri\".disable"),
            ),
            (&["handlers", "x", "options", "Debug", "level"], None),
            (&["debug", "level"], None),
            (&["handlers"], None),
        ] {
            let found = meant_by(path, None).map(|path| dotted_key(&path));
            assert_eq!(found.as_deref(), meant, "{path:?}");
        }
        let path = ["handlers", "x", "options", "ConfgPath"];
        assert_eq!(meant_by(&path, Some("io.containerd.runc.v2")), None);
    }
}
