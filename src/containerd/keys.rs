//! Keys that people set: which ones any release reads, and what it wants there.

use toml_edit::{Array, Item, Value};

use super::plugin;
use super::release::Release;
use super::schema;
use super::shape::{Decoder, Field, Shape};
use super::tree::Node;

/// Whether a release ignores a key of handlers, in a config of this version.
pub(crate) fn ignores(key: &str, release: Release, version: i64) -> bool {
    let mut known = schema::HANDLER_KEYS.iter();
    let known = known.find(|Field(name, ..)| name.eq_ignore_ascii_case(key));
    // 2.x takes it over from a file of an older version.
    let is_migrated = key == "sandbox_mode" && !release.is_1x() && version < 3;
    known.is_some_and(|Field(_, _, releases)| !releases.contain(release) && !is_migrated)
}

/// What the releases read at a key. They may differ.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    shapes: Vec<(Shape, Vec<Release>)>,
}

impl Wanted {
    /// CRI's plugin, whatever its ID and the config's version.
    pub(crate) fn cri() -> Self {
        let (one, two) = Release::LINES.into_iter().partition(|line| line.is_1x());
        Self {
            shapes: vec![(schema::RUNTIME, two), (schema::GRPC_CRI, one)],
        }
    }

    /// CRI's plugin under this ID in a config of this version; `None` if the ID is not known. 2.x
    /// takes over what stands under an older ID, where the version is that of an older release.
    pub(crate) fn cri_under(id: &str, version: i64) -> Option<Self> {
        if !plugin::IDS.contains(&id) {
            return None;
        }
        let mut wanted = Self::cri();
        for (_, releases) in &mut wanted.shapes {
            releases.retain(|release| {
                release.reads(version) && (!release.is_1x() || plugin::is_read_by_1x(id, version))
            });
        }
        wanted.shapes.retain(|(_, releases)| !releases.is_empty());
        Some(wanted)
    }

    /// A runtime handler.
    pub(crate) fn handler() -> Self {
        Self::of_all(schema::HANDLER)
    }

    /// The options of runc's shim.
    pub(crate) fn runc_options() -> Self {
        Self::of_all(schema::RUNC_OPTIONS)
    }

    /// The table of all proxy plugins.
    pub(crate) fn proxy_plugins() -> Self {
        Self::of_all(schema::PROXY_PLUGINS)
    }

    /// The `debug` table.
    pub(crate) fn debug() -> Self {
        Self::of_all(schema::DEBUG)
    }

    fn of_all(shape: Shape) -> Self {
        Self {
            shapes: vec![(shape, Release::LINES.to_vec())],
        }
    }

    /// What is wanted at a key of this table; `None` if no release reads it.
    pub(crate) fn at(&self, key: &str) -> Option<Self> {
        let mut shapes = Vec::new();
        for (shape, releases) in &self.shapes {
            match shape {
                Shape::Table(fields) | Shape::Embedded(fields) => {
                    let fields = fields.iter().filter(|Field(name, ..)| *name == key);
                    shapes.extend(fields.map(|Field(_, shape, read_by)| {
                        let releases = releases.iter().copied();
                        (*shape, releases.filter(|it| read_by.contain(*it)).collect())
                    }));
                }
                Shape::Map(shape) => shapes.push((**shape, releases.clone())),
                _ => {}
            }
        }
        shapes.retain(|(_, releases): &(Shape, Vec<Release>)| !releases.is_empty());
        (!shapes.is_empty()).then_some(Self { shapes })
    }

    /// Whether some release reads the key that is this far down.
    pub(crate) fn has(&self, path: &[String]) -> bool {
        let found = path.iter().try_fold(self.clone(), |it, key| it.at(key));
        found.is_some()
    }

    /// The names of this table's keys; none where it takes any.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (shape, releases) in &self.shapes {
            if let Shape::Table(fields) | Shape::Embedded(fields) = shape {
                for Field(name, _, read_by) in *fields {
                    let is_read = releases.iter().any(|release| read_by.contain(*release));
                    if is_read && !names.contains(name) {
                        names.push(*name);
                    }
                }
            }
        }
        names
    }

    /// Whether a table belongs here.
    pub(crate) fn is_table(&self) -> bool {
        let mut shapes = self.shapes.iter();
        shapes
            .any(|(shape, _)| matches!(shape, Shape::Table(_) | Shape::Embedded(_) | Shape::Map(_)))
    }

    /// Whether some release can read this value.
    pub(crate) fn accepts(&self, item: &Item) -> bool {
        let node = Node::read(item, 0, 0);
        self.shapes.iter().any(|(shape, releases)| {
            let mut releases = releases.iter();
            releases.any(|release| shape.decode(&node, Decoder::of_plugin(*release)).is_ok())
        })
    }

    /// What belongs here, with an example, if `value` is not of that very type: decoders take more.
    /// It is a key of which all releases want the same.
    pub(crate) fn wrong_type(&self, value: &Value) -> Option<&'static str> {
        let is_texts = |list: &Array| list.iter().all(Value::is_str);
        let (fits, wanted) = match self.shapes.first()?.0 {
            Shape::Text => (value.is_str(), "a string, as in \"text\""),
            Shape::TextList => (
                value.as_array().is_some_and(is_texts),
                "an array of strings, as in [\"io.example.*\"]",
            ),
            Shape::Integer => (value.is_integer(), "an integer, as in 5"),
            Shape::Boolean => (value.is_bool(), "true or false"),
            _ => (
                value.is_inline_table(),
                "a table, as in { SystemdCgroup = true }",
            ),
        };
        (!fits).then_some(wanted)
    }

    /// What belongs here, with its article.
    pub(crate) fn text(&self) -> String {
        let mut texts: Vec<&str> = self
            .shapes
            .iter()
            .map(|(shape, _)| shape.wanted())
            .collect();
        texts.dedup();
        texts.join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(table: Wanted, path: &[&str]) -> Option<Wanted> {
        path.iter().try_fold(table, |wanted, key| wanted.at(key))
    }

    #[test]
    fn keys_of_cri_are_known_and_those_of_others_are_not() {
        for path in [
            &["enable_cdi"][..],
            &["sandbox_image"],
            &["registry", "mirrors", "any", "endpoint"],
            &["cni", "bin_dirs"],
            &["containerd", "ignore_rdt_not_enabled_errors"],
        ] {
            assert!(at(Wanted::cri(), path).is_some(), "{path:?}");
        }
        for path in [
            &["runtime_platforms"][..],
            &["Enable_cdi"],
            &["enable_cdi", "x"],
            &["containerd", "x"],
        ] {
            assert!(at(Wanted::cri(), path).is_none(), "{path:?}");
        }
        assert!(at(Wanted::proxy_plugins(), &["any", "exports", "any"]).is_some());
        assert!(at(Wanted::proxy_plugins(), &["any", "x"]).is_none());
        assert!(Wanted::debug().names().contains(&"level"));
    }

    #[test]
    fn what_is_read_depends_on_the_version_and_the_id() {
        const OLD: &str = plugin::OLD_CRI;
        const NEW: &str = plugin::RUNTIME;
        let has = |id, version, key: &str| {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            Wanted::cri_under(id, version).is_some_and(|wanted| wanted.has(&path))
        };
        for key in ["enable_cdi", "cni.bin_dir"] {
            let places = [
                ("cri", 0),
                ("cri", 1),
                (OLD, 2),
                (NEW, 2),
                (NEW, 3),
                (NEW, 4),
            ];
            for (id, version) in places {
                assert!(has(id, version, key), "{id} {version} {key}");
            }
        }
        for key in [
            "sandbox_image",
            "containerd.snapshotter",
            "registry.config_path",
            "stream_idle_timeout",
        ] {
            for (id, version, is_read) in [
                ("cri", 1, true),
                (OLD, 2, true),
                (NEW, 2, false),
                (NEW, 3, false),
                (NEW, 4, false),
            ] {
                assert_eq!(has(id, version, key), is_read, "{id} {version} {key}");
            }
        }
        // 2.x takes over what it finds there.
        assert!(has(OLD, 2, "enable_criu"));
        assert!(Wanted::cri_under("another", 3).is_none());
    }

    #[test]
    fn what_one_release_reads_is_accepted() {
        let wanted = at(Wanted::cri(), &["stats_collect_period"]).expect("known");
        assert_eq!(wanted.text(), "a string or an integer");
        for (value, accepted) in [("10", true), ("\"10s\"", true), ("true", false)] {
            let value: Value = value.parse().expect("TOML");
            assert_eq!(wanted.accepts(&Item::Value(value)), accepted);
        }
    }
}
