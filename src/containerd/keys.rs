//! Keys beside those of handlers: which ones any release reads, and what it wants there.

use toml_edit::Item;

use super::release::Release;
use super::schema;
use super::shape::{Field, Shape};
use super::tree::Node;

/// What the releases read at a key. They may differ.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The first one says which keys there are.
    shapes: Vec<Shape>,
}

impl Wanted {
    /// CRI's runtime plugin: the keys of 2.x, and what 1.x, where CRI is one plugin, reads at them.
    pub(crate) fn cri() -> Self {
        Self {
            shapes: vec![schema::RUNTIME, schema::GRPC_CRI],
        }
    }

    /// The table of all proxy plugins.
    pub(crate) fn proxy_plugins() -> Self {
        Self {
            shapes: vec![schema::PROXY_PLUGINS],
        }
    }

    /// The `debug` table.
    pub(crate) fn debug() -> Self {
        Self {
            shapes: vec![schema::DEBUG],
        }
    }

    /// What is wanted at a key of this table; `None` if no release reads it.
    pub(crate) fn at(&self, key: &str) -> Option<Self> {
        let is_there = |shape: &Shape| match shape {
            Shape::Table(fields) => fields.iter().any(|Field(name, ..)| *name == key),
            Shape::Map(_) => true,
            _ => false,
        };
        if !self.shapes.first().is_some_and(is_there) {
            return None;
        }
        let mut shapes = Vec::new();
        for shape in &self.shapes {
            match shape {
                Shape::Table(fields) => {
                    let fields = fields.iter().filter(|Field(name, ..)| *name == key);
                    shapes.extend(fields.map(|Field(_, shape, _)| *shape));
                }
                Shape::Map(shape) => shapes.push(**shape),
                _ => {}
            }
        }
        Some(Self { shapes })
    }

    /// The names of this table's keys; none where it takes any.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        match self.shapes.first() {
            Some(Shape::Table(fields)) => fields.iter().map(|Field(name, ..)| *name).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether a table belongs here.
    pub(crate) fn is_table(&self) -> bool {
        let is_table = |shape: &Shape| matches!(shape, Shape::Table(_) | Shape::Map(_));
        self.shapes.iter().any(is_table)
    }

    /// Whether some release can read this value.
    pub(crate) fn accepts(&self, item: &Item) -> bool {
        let node = Node::read(item, 0, 0);
        let mut releases = Release::LINES.iter();
        releases.any(|release| {
            let shapes = &mut self.shapes.iter();
            shapes.any(|shape| shape.check(&node, *release).is_ok())
        })
    }

    /// What belongs here, with its article.
    pub(crate) fn text(&self) -> String {
        let mut texts: Vec<&str> = self.shapes.iter().map(|shape| shape.wanted()).collect();
        texts.dedup();
        texts.join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use toml_edit::Value;

    use super::*;

    fn at(table: Wanted, path: &[&str]) -> Option<Wanted> {
        path.iter().try_fold(table, |wanted, key| wanted.at(key))
    }

    #[test]
    fn keys_of_the_runtime_plugin_are_known_and_those_of_others_are_not() {
        for path in [
            &["enable_cdi"][..],
            &["cni", "bin_dirs"],
            &["containerd", "ignore_rdt_not_enabled_errors"],
        ] {
            assert!(at(Wanted::cri(), path).is_some(), "{path:?}");
        }
        for path in [
            &["sandbox_image"][..],
            &["runtime_platforms"],
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
    fn what_one_release_reads_is_accepted() {
        let wanted = at(Wanted::cri(), &["stats_collect_period"]).expect("known");
        assert_eq!(wanted.text(), "a string or an integer");
        for (value, accepted) in [("10", true), ("\"10s\"", true), ("true", false)] {
            let value: Value = value.parse().expect("TOML");
            assert_eq!(wanted.accepts(&Item::Value(value)), accepted);
        }
    }
}
