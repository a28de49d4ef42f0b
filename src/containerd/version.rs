//! The `version` of a config file.

use super::plugin;
use crate::error::{Code, Error, Position};
use crate::toml::Document;
use crate::toml::value::Table;

/// The newest config version that a known containerd release reads (2.3).
pub(crate) const NEWEST: i64 = 4;

/// Keys at the top of a file that go by the names that its version gives to plugins.
pub(crate) const GO_BY_VERSION: [&str; 4] =
    ["plugins", "disabled_plugins", "required_plugins", "imports"];

/// Whether a file means the same with any version: it has none, and nothing in it goes by the names
/// that a version gives to plugins.
pub(crate) fn is_free(config: &Document) -> bool {
    let named = ["version"].into_iter().chain(GO_BY_VERSION);
    let mut keys = config.root().table().into_iter().flat_map(Table::keys);
    // containerd 2.x does not mind the case of letters.
    !keys.any(|key| named.clone().any(|name| key.eq_ignore_ascii_case(name)))
}

/// Returns the config version of a file; one without `version` has version 0.
///
/// containerd 1.x reads a missing version as 1 (`config.Config.Version` in
/// `services/server/config/config.go`).
///
/// # Errors
///
/// [`Code::WrongType`] if it is not an integer (containerd exits), [`Code::UnknownVersion`] if it is
/// negative (containerd 2.x panics) or newer than every known release, and the plugin table of the
/// handlers is not named.
pub(crate) fn of(config: &Document, plugin_id: Option<&str>) -> Result<i64, Error> {
    let version = of_any(config)?;
    if (0..=NEWEST).contains(&version) || plugin_id.is_some() {
        return Ok(version);
    }
    let message = format!("unknown config version {version} (this release knows 0 to {NEWEST})");
    let hint = "use a newer containerd-edit, or name the plugin table with --plugin-id";
    Err(Error::new(Code::UnknownVersion, message, hint).position_at(position(config)))
}

/// Where the version of a file stands that has one.
pub(crate) fn position(config: &Document) -> Position {
    let span = config.value(&["version"]).map(|span| span.start);
    let offset = span.unwrap_or_else(|| config.offset(&["version"]));
    config.position(offset)
}

/// Returns the config version of a file, whether it is known or not.
///
/// # Errors
///
/// [`Code::WrongType`] if it is not an integer.
pub(crate) fn of_any(config: &Document) -> Result<i64, Error> {
    let Some(value) = config.get(&["version"]) else {
        return Ok(0);
    };
    value.as_integer().ok_or_else(|| {
        let found = value.kind();
        let message = format!("version is {found} where an integer belongs");
        let hint = "write the version as a plain number, as in `version = 2`";
        Error::new(Code::WrongType, message, hint).position_at(position(config))
    })
}

/// Returns the config version that a file names; `None` if it names none, or no integer.
pub(crate) fn named(config: &Document) -> Option<i64> {
    config.get(&["version"])?.as_integer()
}

/// Returns the version by which a file spells its keys; `None` if it names none. One that is not known
/// is spelled as the file's plugins are: whoever has changed the number alone has moved none of them.
pub(crate) fn spelled(config: &Document) -> Option<i64> {
    Some(match named(config)? {
        version @ 0..=NEWEST => version,
        version => of_plugins(config).unwrap_or(version),
    })
}

/// Returns the config version that has the CRI plugins of a file; `None` if they don't tell.
pub(crate) fn of_plugins(config: &Document) -> Option<i64> {
    let has = |id| config.get(&["plugins", id]).is_some();
    let is_third = has(plugin::RUNTIME) || has(plugin::IMAGES);
    let version = is_third.then_some(3);
    version.or_else(|| has(plugin::OLD_CRI).then_some(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Result<i64, Error> {
        of(
            &Document::parse(text.as_bytes()).expect("test input is TOML"),
            None,
        )
    }

    #[test]
    fn a_known_version_is_an_integer_up_to_the_newest() {
        assert_eq!(version("").expect("none is 0"), 0);
        assert_eq!(version("version = 0x4").expect("an integer"), 4);
        for text in ["version = 5", "version = -1"] {
            let error = version(text).expect_err(text);
            assert_eq!(error.code(), Code::UnknownVersion, "{text}");
        }
    }

    #[test]
    fn what_is_no_integer_is_refused_where_it_stands() {
        for (text, line) in [
            ("version = '2'", 1),
            ("\n[version]", 2),
            ("\n\nversion.x = 1", 3),
        ] {
            let error = version(text).expect_err(text);
            assert_eq!(error.code(), Code::WrongType, "{text}");
            assert_eq!(error.position().map(|at| at.line), Some(line), "{text}");
        }
    }
}
