//! All files of a config as one, the way 2.x merges them, with the keys as the files spell them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use toml_edit::{Array, InlineTable, Value};

use super::files::{ConfigFiles, Host};
use super::model::Model;
use super::reason::Reason;
use super::release::Release;
use super::tree::{Data, Node, Table};

/// A release that brings plugin names up to date only once all files are merged.
const RELEASE: Release = Release::new(2, 2, 0);

/// What is in force where several files say something.
#[derive(Debug)]
pub(crate) struct Merged {
    top: Table,
    /// The files by their numbers in places.
    paths: Vec<PathBuf>,
}

impl Merged {
    /// Merges the files; `None` if one of them can't be read.
    pub(crate) fn of(files: &ConfigFiles) -> Option<Self> {
        let host = Host::default();
        let model = Model::new(files, &host);
        let top = model.merge_all(RELEASE).ok()?.top;
        let paths = model.paths().map(ToOwned::to_owned).collect();
        Some(Self { top, paths })
    }

    fn node(&self, path: &[&str]) -> Option<&Node> {
        let (first, rest) = path.split_first()?;
        let mut node = self.top.get(*first)?;
        for name in rest {
            node = node.table()?.get(*name)?;
        }
        Some(node)
    }

    /// The values below a table, by their path from there, in the order of their names.
    pub(crate) fn values_below(&self, path: &[&str]) -> Vec<(Vec<String>, Value)> {
        let mut found = Vec::new();
        if let Some(node) = self.node(path) {
            collect(node, &mut Vec::new(), &mut found);
        }
        found
    }

    /// The files of which something is in force below a table.
    pub(crate) fn sources(&self, path: &[&str]) -> BTreeSet<PathBuf> {
        let mut numbers = BTreeSet::new();
        if let Some(node) = self.node(path) {
            files_of(node, &mut numbers);
        }
        let paths = numbers
            .into_iter()
            .filter_map(|number| self.paths.get(number));
        paths.cloned().collect()
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
    use crate::containerd::FileState;

    const MAIN: &str = "version = 2\nimports = ['/a.toml', '/b.toml']\n\
        [plugins.x.t]\none = 1\narray = ['m']\n[proxy_plugins.p]\ntype = 'snapshot'\n\
        [debug]\nlevel = 'info'\n";

    fn merged(a: &str, b: &str) -> Merged {
        let mut files = ConfigFiles::new("/main.toml", MAIN);
        for (path, text) in [("/a.toml", a), ("/b.toml", b)] {
            files.insert(
                path,
                FileState::Bytes(format!("version = 2\n{text}").into()),
            );
        }
        Merged::of(&files).expect("TOML")
    }

    #[test]
    fn later_files_win_and_arrays_grow() {
        let merged = merged(
            "[plugins.x.t]\none = 2\ntwo = 'a'\narray = ['m', 'a']\n",
            "[plugins.x.t]\none = 3\n[debug]\nlevel = ''\n[proxy_plugins.p]\naddress = 'b'\n",
        );
        let shown = |path: &[&str]| merged.node(path).map(|node| value(node).to_string());
        assert_eq!(shown(&["plugins", "x", "t", "one"]).as_deref(), Some("3"));
        let array = shown(&["plugins", "x", "t", "array"]);
        assert_eq!(array.as_deref(), Some("[\"m\", \"a\"]"));
        assert_eq!(shown(&["debug", "level"]).as_deref(), Some("\"info\""));
        assert_eq!(shown(&["proxy_plugins", "p", "type"]), None);
        let below = merged.values_below(&["plugins", "x", "t"]);
        let names: Vec<&str> = below.iter().map(|(path, _)| path[0].as_str()).collect();
        assert_eq!(names, ["array", "one", "two"]);
        let sources = merged.sources(&["plugins", "x", "t"]);
        let all = ["/a.toml", "/b.toml", "/main.toml"].map(PathBuf::from);
        assert_eq!(sources, BTreeSet::from(all));
        let one = merged.sources(&["plugins", "x", "t", "one"]);
        assert_eq!(one, BTreeSet::from([PathBuf::from("/b.toml")]));
    }
}
