//! The `version` of a config file.

use crate::error::Position;
use crate::toml::{Document, lines};

/// The newest config version that a known containerd release reads (2.3).
pub(crate) const NEWEST: i64 = 4;

/// A `version` that says nothing that containerd understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The value is no integer: containerd exits.
    #[error("version is {found} where an integer belongs")]
    NotAnInteger {
        /// The type that was found.
        found: &'static str,
        /// Where.
        at: Position,
    },
    /// A negative number (containerd 2.x panics), or one that is newer than every known release.
    #[error("config version {version} is none that this tool knows (0 to {NEWEST})")]
    Unknown {
        /// The number found.
        version: i64,
        /// Where.
        at: Position,
    },
}

/// Whether a file means the same with any version: it has none, and nothing in it goes by the names
/// that a version gives to plugins.
pub(crate) fn is_free(config: &Document<'_>) -> bool {
    let named = [
        "version",
        "plugins",
        "disabled_plugins",
        "required_plugins",
        "imports",
    ];
    let keys = config.toml.iter().map(|(key, _)| key);
    // containerd 2.x does not mind the case of letters.
    !keys
        .into_iter()
        .any(|key| named.iter().any(|name| key.eq_ignore_ascii_case(name)))
}

/// Returns the config version of a file; one without `version` has version 0.
///
/// containerd 1.x reads a missing version as 1 (`config.Config.Version` in
/// `services/server/config/config.go`).
pub(crate) fn of(config: &Document<'_>) -> Result<i64, VersionError> {
    let Some(item) = config.get(&["version"]) else {
        return Ok(0);
    };
    let at = || position(config);
    match item.as_integer() {
        Some(version) if (0..=NEWEST).contains(&version) => Ok(version),
        Some(version) => Err(VersionError::Unknown { version, at: at() }),
        None => Err(VersionError::NotAnInteger {
            found: crate::toml::type_name(item),
            at: at(),
        }),
    }
}

/// Where the version of a file stands that has one.
pub(crate) fn position(config: &Document<'_>) -> Position {
    let span = config.value(&["version"]).map(|(_, span)| span.start);
    let offset = span.unwrap_or_else(|| config.offset(&["version"]));
    lines::position(config.text, offset)
}

/// Returns the config version of a file, whether it is known or not.
pub(crate) fn of_any(config: &Document<'_>) -> Result<i64, VersionError> {
    match of(config) {
        Err(VersionError::Unknown { version, .. }) => Ok(version),
        other => other,
    }
}

/// Returns the config version of a file; one that is not known will do where the plugin table is
/// named.
pub(crate) fn of_or_named(
    config: &Document<'_>,
    plugin_id: Option<&str>,
) -> Result<i64, VersionError> {
    match plugin_id {
        Some(_) => of_any(config),
        None => of(config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Result<i64, VersionError> {
        of(&Document::parse(text.as_bytes()).expect("test input is TOML"))
    }

    #[test]
    fn a_known_version_is_an_integer_up_to_the_newest() {
        assert_eq!(version(""), Ok(0));
        assert_eq!(version("version = 0x4"), Ok(4));
        assert!(matches!(
            version("version = 5"),
            Err(VersionError::Unknown { version: 5, .. })
        ));
        assert!(matches!(
            version("version = -1"),
            Err(VersionError::Unknown { .. })
        ));
    }

    #[test]
    fn what_is_no_integer_is_refused_where_it_stands() {
        for (text, line) in [
            ("version = '2'", 1),
            ("\n[version]", 2),
            ("\n\nversion.x = 1", 3),
        ] {
            match version(text) {
                Err(VersionError::NotAnInteger { at, .. }) => assert_eq!(at.line, line, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
