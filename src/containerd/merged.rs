//! All files of a config as one: what a release has merged, as TOML.

use std::collections::BTreeSet;
use std::path::Path;

use toml_edit::{Array, InlineTable, Value};

use super::model::Model;
use super::reason::Reason;
use super::release::Release;
use super::release_config::ReleaseConfig;
use super::tree::{Data, Node};

impl ReleaseConfig {
    /// The values below a canonical path, by their path from there, in the order of their names.
    pub(crate) fn values_below(&self, path: &[String]) -> Vec<(Vec<String>, Value)> {
        let mut found = Vec::new();
        if let Some(node) = self.node(path) {
            collect(node, &mut Vec::new(), &mut found);
        }
        found
    }

    /// The files of which something is in force at or below a canonical path.
    pub(crate) fn sources<'m>(&self, path: &[String], model: &'m Model<'_>) -> BTreeSet<&'m Path> {
        let mut numbers = BTreeSet::new();
        if let Some(node) = self.node(path) {
            files_of(node, &mut numbers);
        }
        let paths = model.paths().enumerate();
        let paths = paths.filter(|(number, _)| numbers.contains(number));
        paths.map(|(_, path)| path).collect()
    }
}

impl Model<'_> {
    /// Returns what a release makes of all files together, as TOML, before it asks any plugin:
    /// as `containerd config dump`, without what the release has built in.
    ///
    /// # Errors
    ///
    /// If the release does not get as far: why the daemon exits.
    pub fn dump(&self, release: Release) -> Result<String, Reason> {
        let loaded = self.load(release)?;
        let entries = loaded.top.iter();
        let entries = entries.map(|(name, node)| (name.as_str(), value(node)));
        Ok(entries.collect::<toml_edit::Table>().to_string())
    }
}

/// A value as TOML; a table as an inline one.
pub(super) fn value(node: &Node) -> Value {
    match &node.data {
        Data::Text(text) => text.as_str().into(),
        Data::Integer(integer) => (*integer).into(),
        Data::Float(float) => (*float).into(),
        Data::Boolean(boolean) => (*boolean).into(),
        Data::Datetime(datetime) => (*datetime).into(),
        Data::Array(nodes) => Value::Array(nodes.iter().map(value).collect::<Array>()),
        Data::Table(table) => {
            let entries = table
                .iter()
                .map(|(name, node)| (name.as_str(), value(node)));
            Value::InlineTable(entries.collect::<InlineTable>())
        }
    }
}

fn collect(node: &Node, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Value)>) {
    let Some(table) = node.table() else {
        found.push((path.clone(), value(node)));
        return;
    };
    for (name, node) in table {
        path.push(name.clone());
        collect(node, path, found);
        path.pop();
    }
}

fn files_of(node: &Node, numbers: &mut BTreeSet<usize>) {
    match &node.data {
        Data::Table(table) => table.values().for_each(|node| files_of(node, numbers)),
        Data::Array(nodes) => nodes.iter().for_each(|node| files_of(node, numbers)),
        _ => drop(numbers.insert(node.place.file)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containerd::{ConfigFiles, FileState, Host};

    const MAIN: &str = "version = 2\nimports = ['/a.toml', '/b.toml']\n\
        [plugins.x.t]\none = 1\narray = ['m']\n[proxy_plugins.p]\ntype = 'snapshot'\n\
        [debug]\nlevel = 'info'\n";

    #[test]
    fn later_files_win_and_arrays_grow() {
        let mut files = ConfigFiles::new("/main.toml", MAIN);
        for (path, text) in [
            (
                "/a.toml",
                "[plugins.x.t]\none = 2\ntwo = 'a'\narray = ['m', 'a']\n",
            ),
            (
                "/b.toml",
                "[plugins.x.t]\none = 3\n[debug]\nlevel = ''\n[proxy_plugins.p]\naddress = 'b'\n",
            ),
        ] {
            let text = format!("version = 2\n{text}");
            files.insert(path, FileState::Bytes(text.into()));
        }
        let host = Host::default();
        let model = Model::new(&files, &host);
        let merged = model.config_in(Release::new(2, 2, 0)).expect("it loads");
        let path = |path: &[&str]| path.iter().map(ToString::to_string).collect::<Vec<_>>();
        let shown = |keys: &[&str]| merged.value(&path(keys)).map(|value| value.to_string());
        assert_eq!(shown(&["plugins", "x", "t", "one"]).as_deref(), Some("3"));
        let array = shown(&["plugins", "x", "t", "array"]);
        assert_eq!(array.as_deref(), Some("[\"m\", \"a\"]"));
        assert_eq!(shown(&["debug", "level"]).as_deref(), Some("\"info\""));
        assert_eq!(shown(&["proxy_plugins", "p", "type"]), None);
        let below = merged.values_below(&path(&["plugins", "x", "t"]));
        let names: Vec<&str> = below.iter().map(|(path, _)| path[0].as_str()).collect();
        assert_eq!(names, ["array", "one", "two"]);
        let sources = merged.sources(&path(&["plugins", "x", "t"]), &model);
        let all = ["/a.toml", "/b.toml", "/main.toml"].map(Path::new);
        assert_eq!(sources, BTreeSet::from(all));
        let one = merged.sources(&path(&["plugins", "x", "t", "one"]), &model);
        assert_eq!(one, BTreeSet::from([Path::new("/b.toml")]));
    }
}
