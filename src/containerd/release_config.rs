//! What a release has at a key once it has loaded all files and brought them up to date.

use std::collections::BTreeSet;
use std::path::Path;
use std::slice;

use super::asked::Asked;
use super::keys::{Wanted, is_name};
use super::model::Model;
use super::registry;
use super::release::Release;
use super::servers;
use super::shape::read_as;
use super::spelling::Spelling;
use super::successor::Successor;
use crate::toml::value::{Data, Place, Table, Value};

/// A config as one release has loaded it.
pub(crate) struct ReleaseConfig {
    pub(crate) release: Release,
    /// All that it has loaded.
    top: Table,
    /// How the release itself spells keys.
    spelling: Spelling,
}

/// What a release makes of a value that somebody wants at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It reads no such key there.
    None,
    InForce,
    /// It has another value, from this place.
    Other(Place),
}

impl Model<'_> {
    /// Loads the config; `None` if the release does not get as far.
    pub(crate) fn config_in(&self, release: Release) -> Option<ReleaseConfig> {
        let asked = Asked::new(release);
        let mut loaded = self.load(&asked).ok()?;
        let version = if loaded.has_short_names() {
            1
        } else {
            release.newest_config_version()
        };
        if version > 3 {
            servers::show_at_top(&mut loaded.top);
        }
        Some(ReleaseConfig {
            release,
            top: loaded.top,
            spelling: Spelling::of(None, version),
        })
    }
}

impl ReleaseConfig {
    /// The value that the release has at a canonical path; `None` if nothing that it reads.
    pub(crate) fn value(&self, path: &[String]) -> Option<Value> {
        let place = self.spelling.place(path);
        let migrated = || self.before_migration(&place);
        self.at(&place).cloned().or_else(migrated)
    }

    /// What a key has said that the migration has made an element of an array of.
    fn before_migration(&self, place: &[String]) -> Option<Value> {
        // What the migration has taken does not stand there any more.
        if self.written(place).is_some() {
            return None;
        }
        let successor = Successor::of(place)?;
        let elements = self.at(&successor.array())?.array()?.iter();
        let mut found = elements.filter_map(|it| successor.before(it));
        // Of several, none is known to be the key's.
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }

    /// What is read of what stands at a place.
    fn at(&self, place: &[String]) -> Option<&Value> {
        // Where plugins go by short names, it knows no other.
        let is_full = |id: &String| self.spelling.version() < 2 && id.contains('.');
        if place[0] == "plugins" && place.get(1).is_some_and(is_full) {
            return None;
        }
        Wanted::of(place).filter(|it| it.is_read_by(self.release))?;
        self.written(place)
    }

    fn written(&self, place: &[String]) -> Option<&Value> {
        let top = self.top.get(place[0].as_str())?;
        (2..=place.len()).try_fold(top, |node, depth| {
            self.entry(node.table()?, &place[..depth])
        })
    }

    /// What comes of a value that somebody wants at a canonical path, or of an element of an array
    /// there.
    pub(crate) fn effect(&self, path: &[String], wanted: &Value, is_element: bool) -> Effect {
        let Some(node) = self.value(path) else {
            // Servers take a zero for nothing.
            let is_of_server = path.first().is_none_or(|table| table != "plugins");
            return if is_of_server && wanted.is_zero() {
                Effect::InForce
            } else {
                Effect::None
            };
        };
        // 2.x gives the plugins in a list of config version 1 their full names.
        let full_name = wanted.as_str().map(registry::full_name);
        let names = |it: &Value| it.as_str().is_some() && it.as_str() == full_name.as_deref();
        let is_there = match &node.data {
            Data::Array(elements) if is_element => {
                elements.iter().any(|it| it.says_just(wanted) || names(it))
            }
            _ => node.says_just(wanted),
        };
        if is_there {
            Effect::InForce
        } else {
            Effect::Other(node.place)
        }
    }

    /// The files of which something is in force at or below a canonical path.
    pub(crate) fn sources<'m>(&self, path: &[String], model: &'m Model<'_>) -> BTreeSet<&'m Path> {
        let leaves = self.value(path).map(|value| value.leaves());
        let leaves = leaves.into_iter().flatten();
        let mut paths = BTreeSet::new();
        for (_, leaf) in leaves {
            let values = leaf.array().unwrap_or(slice::from_ref(&leaf)).iter();
            paths.extend(values.map(|value| model.path(value.place.text)));
        }
        paths
    }

    /// The names of what else is in the table of a canonical path.
    pub(crate) fn names_beside(&self, path: &[String]) -> Vec<&str> {
        let table = match path {
            [_] => Some(&self.top),
            [table @ .., _] => self.at(&self.spelling.place(table)).and_then(Value::table),
            [] => None,
        };
        let names = table.into_iter().flat_map(Table::keys);
        names.map(|name| &**name).collect()
    }

    /// What the release takes for the last segment of a path.
    fn entry<'t>(&self, table: &'t Table, place: &[String]) -> Option<&'t Value> {
        let name = place.last()?.as_str();
        if let exact @ Some(_) = table.get(name) {
            return exact;
        }
        let names = table.keys().map(|name| &**name);
        let same: Vec<&str> = names.filter(|it| it.eq_ignore_ascii_case(name)).collect();
        if same.is_empty() || is_name(place) {
            return None;
        }
        table.get(read_as(name, &same, self.release)?)
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
        let below = shown(&["plugins", "x", "t"]);
        let all = "{ array = [\"m\", \"a\"], two = \"a\", one = 3 }";
        assert_eq!(below.as_deref(), Some(all));
        let sources = merged.sources(&path(&["plugins", "x", "t"]), &model);
        let all = ["/a.toml", "/b.toml", "/main.toml"].map(Path::new);
        assert_eq!(sources, BTreeSet::from(all));
        let one = merged.sources(&path(&["plugins", "x", "t", "one"]), &model);
        assert_eq!(one, BTreeSet::from([Path::new("/b.toml")]));
    }

    /// What a release has at a key, and what comes of a value that is wanted there.
    fn at(text: &str, release: &str, path: &[&str], wanted: &str) -> (Option<String>, bool) {
        let files = ConfigFiles::new("/main.toml", text);
        let host = Host::default();
        let model = Model::new(&files, &host);
        let config = model.config_in(release.parse().expect("a release"));
        let config = config.expect("it loads");
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        let wanted: Value = wanted.parse().expect("TOML");
        let is_element = path.len() == 1;
        let effect = config.effect(&path, &wanted, is_element);
        let value = config.value(&path).map(|value| value.to_string());
        (value, effect == Effect::InForce)
    }

    #[test]
    fn a_key_that_the_migration_has_left_is_in_force_nowhere() {
        let path = ["plugins", "io.containerd.runtime.v2.task", "sched_core"];
        let task = "[plugins.'io.containerd.runtime.v2.task']\nsched_core = true\n";
        let env = |list| format!("[plugins.'io.containerd.shim.v1.manager']\nenv = {list}\n");
        let migrated = (Some("true".to_owned()), true);
        for (version, text, release, expected) in [
            (2, task.to_owned(), "2.2", migrated.clone()),
            (3, task.to_owned(), "2.3", migrated.clone()),
            (3, task.to_owned(), "2.2", (None, false)),
            (4, task.to_owned(), "2.3", (None, false)),
            (4, env("['A=1']"), "2.3", (None, false)),
            (4, env("['SCHED_CORE=1']"), "2.3", migrated),
            (4, env("['A=1']") + task, "2.3", (None, false)),
            (4, env("['SCHED_CORE=1']") + task, "2.3", (None, false)),
        ] {
            let text = format!("version = {version}\n{text}");
            assert_eq!(at(&text, release, &path, "true"), expected, "{text}");
        }
    }

    #[test]
    fn a_migrated_value_is_another_one_than_that_of_a_later_file() {
        let cni = "[plugins.'io.containerd.grpc.v1.cri'.cni]";
        let path = ["plugins", "io.containerd.cri.v1.runtime", "cni", "bin_dir"];
        let path = path.map(str::to_owned);
        let text = |folder| format!("version = 2\n{cni}\nbin_dir = '{folder}'\n");
        let main = "imports = ['/b.toml']\n".to_owned() + &text("/a");
        let mut files = ConfigFiles::new("/main.toml", main.as_str());
        files.insert("/b.toml", FileState::Bytes(text("/b").into()));
        let host = Host::default();
        let model = Model::new(&files, &host);
        for release in ["2.1", "2.2"] {
            let config = model.config_in(release.parse().expect("a release"));
            let config = config.expect("it loads");
            let effect = |wanted: &str| {
                let wanted: Value = wanted.parse().expect("TOML");
                config.effect(&path, &wanted, false)
            };
            assert_eq!(effect("'/b'"), Effect::InForce, "{release}");
            let Effect::Other(place) = effect("'/a'") else {
                panic!("{release}");
            };
            assert_eq!(model.path(place.text), Path::new("/b.toml"), "{release}");
        }
    }

    #[test]
    fn a_plugin_of_a_list_is_the_same_by_its_full_name() {
        for list in ["disabled_plugins", "required_plugins"] {
            let text = format!("version = 1\n{list} = ['overlayfs']\n");
            for release in ["1.7", "2.0", "2.3"] {
                let is_in_force = |wanted: &str| at(&text, release, &[list], wanted).1;
                assert!(is_in_force("'overlayfs'"), "{release}");
                assert!(!is_in_force("'native'"), "{release}");
            }
        }
    }
}
