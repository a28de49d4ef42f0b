//! One file of a config as its keys are: by their canonical spelling, whatever the file's version.

use std::collections::BTreeMap;

use crate::containerd::Successor;
use crate::containerd::is_name;
use crate::containerd::plugin;
use crate::containerd::spelling::Spelling;
use crate::containerd::version;
use crate::toml::{Literal, Path, Tree, Value};
use crate::want::key::{Key, handler_path, handlers_path, old_handler_path};

use super::files::{Config, File};

/// What a file says, and how it spells that.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) tree: Tree,
    /// What it said before owners had keys removed from it: these come back in the letters of then.
    pub(crate) full: Tree,
    pub(crate) spelling: Spelling,
    /// Keys that the tool has written to it, and what they may have become.
    successors: Vec<&'static Successor>,
    /// Whether the file is there.
    pub(crate) exists: bool,
    /// Whether the file means the same with any version.
    pub(crate) is_free: bool,
}

/// The files of a config by their names.
pub(crate) type Views = BTreeMap<String, View>;

/// The oldest version that a file is created with.
const OLDEST: i64 = 2;

impl Config {
    /// All files as their keys are.
    pub(crate) fn views(&self) -> Views {
        self.views_by(&BTreeMap::new())
    }

    /// As [`Config::views`], where some files have their keys by the names of other versions than they
    /// name.
    pub(crate) fn views_by(&self, versions: &BTreeMap<String, i64>) -> Views {
        let others = self.files()[1..].iter().filter_map(File::version);
        let if_free = others.max().unwrap_or_else(|| self.created_version());
        let if_free = if_free.max(OLDEST);
        let view = |file: &File, version| {
            let is_main = file.name == self.main().name;
            let chosen = versions.get(&file.name).copied();
            let version = chosen.unwrap_or_else(|| spelled_version(file, version, is_main));
            let table = self.table(&file.name).or(chosen.map(plugin::of_version));
            let mut view = View::of(file, version, table);
            let ids = view.spelling.undecided;
            if let Some(id) = ids.and_then(|ids| self.only_table_read(ids)) {
                view.spelling = Spelling::with_plugin(view.version(), id);
            }
            let successors = self.successors.get(&file.name);
            view.successors = successors.cloned().unwrap_or_default();
            view
        };
        let main = view(self.main(), if_free);
        // A drop-in that names no version has the main file's, or that of a newer one beside it.
        let newer = self.newer_drop_in().and_then(File::version);
        let version = newer.unwrap_or(main.version());
        let files = self.files().iter();
        let mut views: Views = files
            .map(|file| (file.name.clone(), view(file, version)))
            .collect();
        views.insert(self.main().name.clone(), main);
        views
    }

    /// The views of the files that an edit may change: what a distribution writes is nobody's.
    pub(crate) fn writable<'v>(
        &self,
        views: &'v Views,
    ) -> impl Iterator<Item = (&'v String, &'v View)> {
        views.iter().filter(|(file, _)| self.is_writable(file))
    }

    /// The version of a file that is created: version 2 has no place for some keys of 2.x.
    fn created_version(&self) -> i64 {
        let newest = self.releases.iter().map(|it| it.newest_config_version());
        newest.min().unwrap_or(OLDEST).min(3)
    }

    /// Of two plugin tables with handlers, the first for 1.x and the second for 2.x, the only one that
    /// the edit's releases read, if there is only one.
    fn only_table_read(&self, [first, second]: [&'static str; 2]) -> Option<&'static str> {
        let releases = self.releases.iter();
        let mut tables = releases.map(|it| if it.is_1x() { first } else { second });
        let only = tables.next()?;
        tables.all(|it| it == only).then_some(only)
    }
}

impl View {
    fn of(file: &File, version: i64, plugin: Option<&str>) -> Self {
        let text = file.text.as_deref();
        let spelling = match plugin {
            Some(id) => Spelling::with_plugin(version, id),
            None => Spelling::of(text, version),
        };
        Self {
            tree: text.map(|text| text.tree().clone()).unwrap_or_default(),
            full: Tree::default(),
            successors: Vec::new(),
            spelling,
            exists: text.is_some(),
            is_free: is_free(file),
        }
    }

    pub(crate) fn version(&self) -> i64 {
        self.spelling.version()
    }

    /// Where the key of this canonical path stands, in the letters that the file has there, or had.
    pub(crate) fn place(&self, path: &[String]) -> Path {
        let mut place = self.spelling.place(path);
        if let Some(rival) = self.spelling.rival(path, &place)
            && rival.own.iter().all(|it| {
                let mut trees = [&self.tree, &self.full].into_iter();
                trees.all(|tree| tree.get(it).is_none())
            })
            && self.tree.get(&rival.other).is_some()
        {
            place = rival.place;
        }
        let is_name = |place: &[String]| is_name(&self.spelling.canonical(place));
        Tree::spelled([&self.tree, &self.full], place, is_name)
    }

    /// The same key in another spelling, which has the last word on some releases while the file has
    /// both.
    pub(crate) fn shadow(&self, key: &Key) -> Option<Key> {
        let own = self.spelling.place(&key.path);
        let rival = self.spelling.rival(&key.path, &own)?;
        self.tree.get(&rival.other)?;
        self.elsewhere(key)
    }

    /// The same key in another spelling, which has a place of its own in the file.
    pub(crate) fn elsewhere(&self, key: &Key) -> Option<Key> {
        let path = self.spelling.elsewhere(&key.path)?;
        let is_another = self.place(&path) != self.place(&key.path);
        let element = key.element.clone();
        is_another.then_some(Key { path, element })
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &Key) -> Option<Literal> {
        let place = self.place(&key.path);
        match &key.element {
            None => match self.migrated(&place) {
                Some((successor, element)) => successor.value(&element),
                None => self
                    .tree
                    .value(&place)
                    .filter(|it| !self.is_key(&place, it)),
            },
            Some(element) => {
                let element = Literal::new(element);
                self.tree.has_element(&place, &element).then_some(element)
            }
        }
    }

    /// Puts a value at a place, or removes what stands there.
    pub(crate) fn put(&mut self, place: &[String], value: Option<&Literal>, rank: u64) {
        if let Some((successor, element)) = self.migrated(place) {
            let array = successor.array();
            self.tree.remove_element(&array, &element);
            match value.and_then(|value| successor.element(value)) {
                Some(element) => self.tree.put_element(&array, &element, rank),
                None if self.tree.get(&array).is_some_and(Value::is_empty) => {
                    self.tree.remove(&array);
                }
                None => {}
            }
            return;
        }
        match value {
            Some(value) => self.tree.put(place, value, rank),
            None => self.tree.remove(place),
        }
    }

    /// The only element of an array that stands for a key of the tool's, where nothing stands at the place
    /// of the key: somebody has migrated the file.
    fn migrated(&self, place: &[String]) -> Option<(&'static Successor, Literal)> {
        let successor = Successor::of(place).filter(|it| self.successors.contains(it))?;
        let own = self.tree.value(place);
        if self.version() <= 2 || own.is_some_and(|own| !own.says_nothing()) {
            return None;
        }
        let array = successor.array();
        let elements = self.tree.elements(&array);
        let elements = elements.filter(|it| successor.value(it).is_some());
        let elements: Vec<Literal> = elements.collect();
        let [element] = elements.try_into().ok()?;
        Some((successor, element))
    }

    /// Whether the value of an array is nothing but the element that stands for a key of the tool's.
    fn is_key(&self, place: &[String], array: &Literal) -> bool {
        let key = Successor::rival(place).and_then(|key| self.migrated(&key));
        key.is_some_and(|(_, element)| *array == Literal::new(format!("[{}]", element.text())))
    }

    /// Whether something stands at a canonical path.
    pub(crate) fn has(&self, path: &[String]) -> bool {
        self.tree.get(&self.place(path)).is_some()
    }

    /// The table of all handlers.
    pub(crate) fn handlers(&self) -> Option<&Value> {
        self.tree.table(&self.place(&handlers_path()))
    }

    /// The names of the handlers that the file lists.
    pub(crate) fn handler_names(&self) -> impl Iterator<Item = &str> {
        self.handlers().into_iter().flat_map(Value::names)
    }

    /// Whether the file lists a handler, in the map of handlers or in a table of its own.
    pub(crate) fn lists(&self, name: &str) -> bool {
        let has_old = |mut kind: Path| {
            kind.push("runtime_type".to_owned());
            let kind = self.value(&Key::new(&kind)).and_then(|it| it.as_string());
            kind.is_some_and(|it| !it.is_empty())
        };
        self.has(&handler_path(name)) || old_handler_path(name).is_some_and(has_old)
    }

    /// The default handler that the file names.
    pub(crate) fn default_handler(&self) -> Option<String> {
        self.value(&Key::default_handler())?.as_string()
    }

    /// The canonical paths of all values at or below a canonical path.
    pub(crate) fn leaves(&self, path: &[String]) -> impl Iterator<Item = Path> {
        let place = self.place(path);
        let leaves = self.tree.leaves(&place);
        leaves.map(move |leaf| [path, &leaf[place.len()..]].concat())
    }

    /// Whether the file says nothing, not counting its version.
    pub(crate) fn is_empty(&self) -> bool {
        let root = self.tree.table(&[]);
        root.into_iter()
            .flat_map(Value::names)
            .all(|name| name == "version")
    }
}

/// Whether a file means the same with any version.
fn is_free(file: &File) -> bool {
    !file.is_part && file.text.as_deref().is_none_or(version::is_free)
}

/// The version by whose names a file has its keys. `if_free` is that of a file that means the same with
/// any, or is part of another.
fn spelled_version(file: &File, if_free: i64, is_main: bool) -> i64 {
    match &file.text {
        Some(text) if !file.is_part && !is_free(file) => {
            // In a drop-in, containerd reads plugins by their full IDs, even without a version.
            let of_plugins = || version::of_plugins(text).filter(|_| !is_main);
            version::spelled(text).or_else(of_plugins).unwrap_or(1)
        }
        _ => if_free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containerd::Release;

    const OLD: &str = "io.containerd.grpc.v1.cri";
    const NEW: &str = "io.containerd.cri.v1.runtime";

    fn config(text: Option<&str>, releases: &[&str]) -> Config {
        let mut config = Config::new("/etc/containerd/config.toml", text).expect("TOML");
        let releases = releases.iter().map(|text| text.parse().expect("a release"));
        let releases: Vec<Release> = releases.collect();
        if !releases.is_empty() {
            config.set_releases(&releases);
        }
        config
    }

    fn main_view(config: &Config) -> View {
        config.views().remove("config.toml").expect("the main file")
    }

    #[test]
    fn a_file_is_created_for_the_oldest_release_that_was_named() {
        for (releases, version) in [
            (&[][..], 2),
            (&["2.1"], 3),
            (&["2.3", "2.4"], 3),
            (&["1.7", "2.3"], 2),
            (&["1.6.20"], 2),
        ] {
            for text in [None, Some(""), Some("oom_score = 1\n")] {
                let view = main_view(&config(text, releases));
                assert_eq!(view.version(), version, "{releases:?} {text:?}");
            }
            let named = config(Some("version = 2\n"), releases);
            assert_eq!(main_view(&named).version(), 2);
        }
    }

    #[test]
    fn two_tables_are_ambiguous_only_if_releases_that_were_named_read_each() {
        let table =
            |id, name| format!("[plugins.'{id}'.containerd.runtimes.{name}]\nruntime_type = 'x'\n");
        let both = format!("version = 2\n{}{}", table(OLD, "runc"), table(NEW, "kata"));
        // 1.x does not serve: nothing lists its default. That may change with any edit.
        let for_2x = format!("version = 2\n{}{}", table(OLD, "old"), table(NEW, "kata"));
        for (text, releases, plugin) in [
            (&both, &[][..], None),
            (&both, &["1.7"], Some(OLD)),
            (&both, &["2.0", "2.2"], Some(NEW)),
            (&both, &["1.7", "2.2"], None),
            (&for_2x, &[], None),
        ] {
            let view = main_view(&config(Some(text), releases));
            let decided = view.spelling.undecided.is_none();
            assert_eq!(
                decided.then(|| view.spelling.plugin()),
                plugin,
                "{releases:?}\n{text}"
            );
        }
    }
}
