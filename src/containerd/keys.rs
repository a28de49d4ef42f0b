//! Keys that people set: which ones any release reads, and what it wants there.

use super::asked::Asked;
use super::registry;
use super::release::{ALL, Release, Releases};
use super::schema;
use super::shape::{Decoder, Field, Shape};
use crate::toml::value::Value;

/// Whether a release ignores a key of handlers, in a config of this version.
pub(crate) fn ignores(key: &str, release: Release, version: i64) -> bool {
    let mut known = schema::HANDLER.fields().iter();
    let known = known.find(|Field(name, ..)| name.eq_ignore_ascii_case(key));
    // 2.x takes it over from a file of an older version.
    let is_migrated = key == "sandbox_mode" && !release.is_1x() && version < 3;
    known.is_some_and(|Field(_, _, releases)| !releases.contain(release) && !is_migrated)
}

/// Whether some release has a plugin of this ID with keys, in the spelling of any config version.
pub(crate) fn is_plugin(id: &str) -> bool {
    let full = registry::full_name(id);
    let mut plugins = schema::CRI_PLUGINS.iter().chain(schema::OTHER_PLUGINS);
    plugins.any(|Field(known, ..)| *known == full)
}

/// Whether the last segment of a path is a name of somebody's choice, in which the case of letters
/// counts. In names of containerd's own keys it does not.
pub(crate) fn is_name(path: &[String]) -> bool {
    let table = path.split_last().map(|(_, table)| table);
    let wanted = table.and_then(Wanted::of);
    let mut shapes = wanted.iter().flat_map(|it| &it.shapes);
    table.is_some_and(|it| it == ["plugins"]) || shapes.any(|(it, _)| matches!(it, Shape::Map(_)))
}

/// What the releases read at a key. They may differ.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    shapes: Vec<(Shape, Releases)>,
}

impl Wanted {
    /// What releases read at a path, in the spelling of any config version; `None` if none reads it. Of
    /// a plugin that is not known, anything is.
    pub(crate) fn of<S: AsRef<str>>(path: &[S]) -> Option<Self> {
        let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
        let all = |shapes: &[Shape]| Self {
            shapes: shapes.iter().map(|it| (*it, ALL)).collect(),
        };
        let plugins = [schema::CRI_PLUGINS, schema::MIGRATED, schema::OTHER_PLUGINS];
        let plugins = plugins.map(Shape::Table);
        let (found, below) = match path.as_slice() {
            ["plugins"] => (all(&plugins), &[][..]),
            ["plugins", id, below @ ..] if is_plugin(id) => {
                (all(&plugins).at(&registry::full_name(id))?, below)
            }
            ["plugins", _, below @ ..] => (all(&[Shape::Any]), below),
            path => (all(&[schema::FILE]), path),
        };
        below.iter().try_fold(found, |it, key| it.at(key))
    }

    /// What is wanted at a key of this table; `None` if no release reads it.
    pub(crate) fn at(&self, key: &str) -> Option<Self> {
        let mut shapes = Vec::new();
        for (shape, releases) in &self.shapes {
            match shape {
                Shape::Table(fields) | Shape::Embedded(fields) => {
                    let fields = fields.iter().filter(|Field(name, ..)| *name == key);
                    shapes.extend(fields.map(|Field(_, shape, its)| (*shape, its.and(*releases))));
                }
                Shape::Map(shape) => shapes.push((**shape, *releases)),
                Shape::HandedOn(fields) => {
                    let mut fields = fields.iter();
                    let known = fields.find(|Field(name, ..)| name.eq_ignore_ascii_case(key));
                    let shape = known.map_or(Shape::Any, |Field(_, shape, _)| *shape);
                    shapes.push((shape, *releases));
                }
                Shape::Any => shapes.push((Shape::Any, *releases)),
                _ => {}
            }
        }
        shapes.retain(|(_, releases): &(Shape, Releases)| !releases.is_empty());
        (!shapes.is_empty()).then_some(Self { shapes })
    }

    /// The names of this table's keys; none where nothing is known of them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (shape, releases) in &self.shapes {
            for Field(name, _, its) in shape.fields() {
                if !its.and(*releases).is_empty() && !names.contains(name) {
                    names.push(*name);
                }
            }
        }
        names
    }

    /// Whether a release reads this.
    pub(crate) fn is_read_by(&self, release: Release) -> bool {
        self.shapes
            .iter()
            .any(|(_, releases)| releases.contain(release))
    }

    /// Whether a table belongs here.
    pub(crate) fn is_table(&self) -> bool {
        let mut shapes = self.shapes.iter();
        shapes.any(|(shape, _)| ["a table", "anything"].contains(&shape.wanted()))
    }

    /// Whether some release can read this value, not counting what is in a table.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        if value.is_table() {
            return self.is_table();
        }
        self.shapes.iter().any(|(shape, releases)| {
            let mut releases = Release::LINES
                .into_iter()
                .filter(|it| releases.contain(*it));
            releases.any(|release| {
                let decoder = Decoder {
                    release: &Asked::new(release),
                    is_file: false,
                };
                decoder.decode(*shape, value).is_ok()
            })
        })
    }

    /// What belongs here, with its article.
    pub(crate) fn text(&self) -> String {
        let texts = self.shapes.iter().map(|(shape, _)| shape.wanted());
        let mut texts: Vec<&str> = texts.collect();
        texts.dedup();
        texts.join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &[&str]) -> Option<Wanted> {
        Wanted::of(path)
    }

    #[test]
    fn keys_are_known_in_every_spelling_and_others_are_not() {
        for path in [
            &["plugins", "cri", "enable_cdi"][..],
            &["plugins", "io.containerd.grpc.v1.cri", "sandbox_image"],
            &["plugins", "cri", "registry", "mirrors", "any", "endpoint"],
            &["plugins", "io.containerd.cri.v1.runtime", "cni", "bin_dirs"],
            &["plugins", "scheduler", "pause_threshold"],
            &["plugins", "io.containerd.server.v1.grpc", "address"],
            &["plugins", "io.containerd.nydus.v1.any", "of", "it"],
            &["proxy_plugins", "any", "exports", "any"],
            &["timeouts", "any"],
            &["grpc", "tcp_address"],
        ] {
            assert!(of(path).is_some(), "{path:?}");
        }
        for path in [
            &["plugins", "cri", "runtime_platforms"][..],
            &["plugins", "cri", "Enable_cdi"],
            &["plugins", "cri", "enable_cdi", "x"],
            &["plugins", "io.containerd.cri.v1.runtime", "sandbox_image"],
            &["plugins", "io.containerd.server.v1.grpc", "tcp_address"],
            &["proxy_plugins", "any", "x"],
            &["cri"],
        ] {
            assert!(of(path).is_none(), "{path:?}");
        }
        let debug = of(&["debug"]).expect("a table");
        assert!(debug.names().contains(&"level"));
    }

    #[test]
    fn a_key_is_read_by_some_releases() {
        let bin_dirs = ["plugins", "io.containerd.cri.v1.runtime", "cni", "bin_dirs"];
        for (release, reads) in [
            ("1.7", false),
            ("2.0", false),
            ("2.1.0", true),
            ("2.3", true),
        ] {
            let release: Release = release.parse().expect("a release");
            let wanted = of(&bin_dirs).expect("known");
            assert_eq!(wanted.is_read_by(release), reads);
        }
    }

    #[test]
    fn what_one_release_reads_is_accepted() {
        let wanted = of(&["plugins", "cri", "stats_collect_period"]).expect("known");
        assert_eq!(wanted.text(), "an integer or a string");
        for (value, accepted) in [("10", true), ("\"10s\"", true), ("true", false)] {
            let value: Value = value.parse().expect("TOML");
            assert_eq!(wanted.accepts(&value), accepted);
        }
    }

    #[test]
    fn names_keep_their_case() {
        let is_name = |dotted: &str| {
            let path: Vec<String> = dotted.split('/').map(str::to_owned).collect();
            super::is_name(&path)
        };
        let runtimes = "plugins/io.containerd.cri.v1.runtime/containerd/runtimes";
        assert!(is_name(&format!("{runtimes}/Kata")));
        assert!(!is_name(&format!("{runtimes}/kata/options")));
        assert!(!is_name(&format!("{runtimes}/kata/options/BinaryName")));
        assert!(is_name("proxy_plugins/Nydus"));
        assert!(is_name("plugins/any"));
        assert!(!is_name("debug/level"));
    }
}
