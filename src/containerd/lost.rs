//! Keys that some releases do not read, although they stand where another one looks for them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::Warning;

use super::loaded::Loaded;
use super::model::Model;
use super::plugin::OLD_CRI;
use super::registry;
use super::release::{Release, listed, listed_do};
use super::schema;
use super::table::place_of;
use super::verdict::Lost;
use crate::toml::value::{Place, Table, Value};

/// Keys that are lost, each with its place and the releases that lose it.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    keys: BTreeMap<String, (Place, Cow<'static, str>, Vec<Release>)>,
}

impl Losses {
    /// Notes what a release does not read.
    pub(crate) fn add(&mut self, release: Release, lost: Vec<Lost>) {
        for Lost { key, place, why } in lost {
            let (_, _, releases) = self.keys.entry(key).or_insert((place, why, Vec::new()));
            if releases.last() != Some(&release) {
                releases.push(release);
            }
        }
    }

    /// The keys that are lost here, and no more in `other`.
    pub(crate) fn found_in<'l>(&'l self, other: &'l Self) -> impl Iterator<Item = &'l str> {
        let keys = self.keys.keys().map(String::as_str);
        keys.filter(|key| !other.keys.contains_key(*key))
    }

    /// One warning for each reason, and for the releases to which it applies.
    pub(crate) fn warnings(&self, model: &Model<'_>) -> Vec<Warning> {
        let mut groups: BTreeMap<_, BTreeSet<(Place, &str)>> = BTreeMap::new();
        for (key, (place, why, releases)) in &self.keys {
            let path = model.path(place.text);
            let group = groups.entry((path, releases, why)).or_default();
            group.insert((*place, key));
        }
        let warnings = groups.into_iter().filter_map(|((_, releases, why), keys)| {
            let (first, _) = keys.first()?;
            let keys: Vec<&str> = keys.iter().map(|(_, key)| *key).collect();
            let (does, keys) = (listed_do(releases), keys.join(", "));
            let message = format!("containerd {does} not read {keys}: {why}");
            let (path, at) = model.position(*first);
            Some(Warning::new("key-not-read", message).in_file(path, &at, model.files.main()))
        });
        warnings.collect()
    }
}

/// Releases that are newer than all that are modelled are judged as the newest of these.
pub(crate) fn unknown(releases: &[Release]) -> Option<Warning> {
    let unknown: Vec<Release> = releases
        .iter()
        .copied()
        .filter(|it| it.is_unknown())
        .collect();
    let newest = Release::newest();
    let message = format!(
        "containerd {} is newer than this containerd-edit knows: judged as {newest}; use a newer \
         containerd-edit",
        listed(&unknown)
    );
    (!unknown.is_empty()).then(|| Warning::new("newer-release", message))
}

impl Model<'_> {
    /// Adds what of CRI no plugin of 2.x reads to what a release has lost.
    pub(super) fn note_unread(&self, loaded: &mut Loaded) {
        let unread = unread_cri(&loaded.top);
        let version = place_of(&loaded.top, "version");
        loaded.lost.extend(unread.into_iter().map(|(key, place)| {
            let why = self.why_unread(place, version);
            Lost { key, place, why }
        }));
        for lost in &mut loaded.lost {
            self.spell_as_written(lost);
        }
    }

    /// Why something at `place` is not moved to the plugin that reads it; the config version of the
    /// whole stands at `version`.
    fn why_unread(&self, place: Place, version: Option<Place>) -> Cow<'static, str> {
        let other = version.filter(|version| version.text != place.text);
        let so = other.map_or("from a config of this version".to_owned(), |other| {
            let other = self.path(other.text).display();
            format!("since {other} has a newer config version, which holds for all files")
        });
        format!("these releases look in another plugin, and do not move it {so}").into()
    }

    /// Names a plugin as its file does: in version 1 by a short name.
    fn spell_as_written(&self, lost: &mut Lost) {
        let below = lost.key.strip_prefix("plugins.\"");
        let Some((id, key)) = below.and_then(|it| it.split_once('"')) else {
            return;
        };
        let file = self.says(lost.place.text).ok();
        let plugins = file.and_then(|file| file.root.table()?.get("plugins")?.table());
        let is_written = |id: &str| plugins.is_some_and(|plugins| plugins.contains_key(id));
        let short = registry::short_name(id);
        if !is_written(id) && is_written(short) {
            lost.key = format!("plugins.{short}{key}");
        }
    }
}

/// What is left of CRI's one plugin on 2.x that its server does not read, by its key and where it
/// stands.
fn unread_cri(top: &Table) -> Vec<(String, Place)> {
    let plugins = top.get("plugins").and_then(Value::table);
    let cri = plugins.and_then(|plugins| plugins.get(OLD_CRI)?.table());
    let mut unread = Vec::new();
    for (key, node) in cri.into_iter().flatten() {
        let below: Vec<(&str, &Value)> = match (&**key, node.table()) {
            ("containerd", Some(table)) => {
                let keys = table.iter().filter(|(key, _)| ***key != *"runtimes");
                let keys = keys.map(|(key, node)| (&**key, node));
                keys.chain(driver_of_runc(table)).collect()
            }
            (key, _) if schema::is_of_server(key) => continue,
            _ => vec![("", node)],
        };
        unread.extend(below.into_iter().map(|(name, node)| {
            let key = format!("plugins.\"{OLD_CRI}\".{key}.{name}");
            (key.trim_end_matches('.').to_owned(), node.place)
        }));
    }
    unread
}

/// The cgroup driver of `runc`, if it is not the one of containerd's own. Other handlers that are not
/// loaded have a warning of their own.
fn driver_of_runc(containerd: &Table) -> Option<(&'static str, &Value)> {
    const KEY: &str = "runtimes.runc.options.SystemdCgroup";
    let mut names = KEY.split('.');
    let first = containerd.get(names.next()?)?;
    let node = names.try_fold(first, |node, name| {
        let mut entries = node.table()?.iter();
        let found = entries.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, node)| node)
    });
    Some((KEY, node.filter(|node| node.is_true())?))
}
