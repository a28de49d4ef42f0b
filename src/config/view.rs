//! One file of a config as its keys are: by their canonical spelling, whatever the file's version.

use std::collections::BTreeMap;

use crate::containerd::spelling::{self, Spelling};
use crate::toml::{Literal, Path, Table, Tree};
use crate::want::key::{Key, handlers_path};

use super::files::{Config, File, Text};

/// What a file says, and how it spells that.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) tree: Tree,
    pub(crate) spelling: Spelling,
    /// Whether the file is there.
    pub(crate) exists: bool,
    /// Whether the file means the same with any version.
    pub(crate) is_free: bool,
}

/// The files of a config by their names.
pub(crate) type Views = BTreeMap<String, View>;

/// The version of a file that is created.
const CREATED: i64 = 2;

impl Config {
    /// All files as their keys are.
    pub(crate) fn views(&self) -> Views {
        let named = |file: &File| file.text.as_ref()?.version();
        let others = self.files()[1..].iter().filter_map(named);
        let if_free = others.max().unwrap_or(CREATED).max(CREATED);
        let view = |file: &File, version| View::of(file, version, self.table(&file.name));
        let main = view(self.main(), if_free);
        let version = main.version();
        let files = self.files().iter();
        let mut views: Views = files
            .map(|file| (file.name.clone(), view(file, version)))
            .collect();
        views.insert(self.main().name.clone(), main);
        views
    }

    /// A file of this name that is not there yet, in a config of this version.
    pub(crate) fn view_of_missing(&self, name: &str, version: i64) -> View {
        View::new(None, version, self.table(name))
    }
}

impl View {
    /// `version` is that of a file that means the same with any, or is part of another.
    fn of(file: &File, version: i64, plugin: Option<&str>) -> Self {
        let text = file.text.as_deref();
        let is_free = !file.is_part && text.is_none_or(Text::is_free);
        let version = match text.filter(|_| !file.is_part).map(Text::version) {
            Some(Some(own)) => own,
            Some(None) if !is_free => 1,
            _ => version,
        };
        Self {
            is_free,
            ..Self::new(text, version, plugin)
        }
    }

    fn new(text: Option<&Text>, version: i64, plugin: Option<&str>) -> Self {
        let spelling = match plugin {
            Some(id) => Spelling::with_plugin(version, id),
            None => Spelling::of(text.map(|text| &*text.document), version),
        };
        Self {
            tree: text.map(|text| text.tree.clone()).unwrap_or_default(),
            spelling,
            exists: text.is_some(),
            is_free: true,
        }
    }

    pub(crate) fn version(&self) -> i64 {
        self.spelling.version()
    }

    /// Where the key of this canonical path stands, in the letters that the file has there.
    pub(crate) fn place(&self, path: &[String]) -> Path {
        let mut place = self.spelling.place(path);
        for depth in 1..=place.len() {
            if self.tree.get(&place[..depth]).is_some() {
                continue;
            }
            let canonical = self.spelling.canonical(&place[..depth]);
            let Some(table) = self.tree.table(&place[..depth - 1]) else {
                break;
            };
            if spelling::is_name(&canonical) {
                break;
            }
            let mut names = table.names();
            match names.find(|name| name.eq_ignore_ascii_case(&place[depth - 1])) {
                Some(name) => place[depth - 1] = String::from(name),
                None => break,
            }
        }
        place
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &Key) -> Option<Literal> {
        let place = self.place(&key.path);
        match &key.element {
            None => self.tree.value(&place),
            Some(element) => {
                let element = Literal::new(element);
                self.tree.has_element(&place, &element).then_some(element)
            }
        }
    }

    /// Whether something stands at a canonical path.
    pub(crate) fn has(&self, path: &[String]) -> bool {
        self.tree.get(&self.place(path)).is_some()
    }

    /// The table of all handlers.
    pub(crate) fn handlers(&self) -> Option<&Table> {
        self.tree.table(&self.place(&handlers_path()))
    }

    /// The names of the handlers that the file lists.
    pub(crate) fn handler_names(&self) -> impl Iterator<Item = &str> {
        self.handlers().into_iter().flat_map(Table::names)
    }

    /// The default handler that the file names.
    pub(crate) fn default_handler(&self) -> Option<String> {
        self.value(&Key::default_handler())?.as_string()
    }

    /// The canonical paths of all values at or below a canonical path.
    pub(crate) fn leaves(&self, path: &[String]) -> Vec<Path> {
        let place = self.place(path);
        let leaves = self.tree.leaves(&place).into_iter();
        leaves
            .map(|leaf| {
                let below = leaf[place.len()..].iter().cloned();
                path.iter().cloned().chain(below).collect()
            })
            .collect()
    }

    /// Whether the file says nothing, not counting its version.
    pub(crate) fn is_empty(&self) -> bool {
        let root = self.tree.table(&[]);
        root.into_iter()
            .flat_map(Table::names)
            .all(|name| name == "version")
    }
}
