//! What a handler asks for that some release does not read, or does not have.

use std::collections::BTreeMap;

use crate::containerd::release::{listed, reading};
use crate::containerd::{Host, Model, Release, ignores};
use crate::error::Warning;
use crate::want::change::Change;
use crate::want::handler;

use super::edited::Edited;
use crate::toml::render::{self, Quotes};

/// A handler's keys and where they stand.
pub(crate) struct Reading<'r> {
    /// The config version.
    pub(crate) version: i64,
    /// The releases that read the config.
    pub(crate) releases: &'r [Release],
    /// Why a release has no snapshotter of this name with the config.
    pub(crate) lacks_snapshotter: &'r dyn Fn(&str, Release) -> Option<String>,
}

/// What people should know of the keys that a change asks for.
pub(crate) fn warnings(edited: &Edited, change: &Change, releases: &[Release]) -> Vec<Warning> {
    let version = edited.config.version();
    let lacks_snapshotter = |name: &str, release| {
        let (files, host) = (edited.config.loaded(), Host::default());
        Model::new(&files, &host).lacks_snapshotter(name, release)
    };
    let reading = Reading {
        version,
        releases: &reading(releases, version),
        lacks_snapshotter: &lacks_snapshotter,
    };
    let mut warnings = Vec::new();
    for want in &change.wants {
        let Some(handler) = want.key.handler() else {
            continue;
        };
        let path = &want.key.path[handler.len()..];
        let name = want.key.handler_name().unwrap_or_default();
        if !path.is_empty() && !handler::is_known(path) {
            let key = render::dotted(path, Quotes::Basic);
            let message = format!("unknown key {key} in handler {name}: written as given");
            warnings.push(Warning::new("unknown-key", message));
        }
        let value = want.value.value().filter(|_| edited.is_change());
        let of_value = value
            .into_iter()
            .flat_map(|value| reading.warnings(name, path, &value));
        warnings.extend(of_value);
    }
    warnings
}

impl Reading<'_> {
    /// What some release makes of a key of the handler `name`.
    pub(crate) fn warnings(
        &self,
        name: &str,
        path: &[String],
        value: &toml_edit::Value,
    ) -> Vec<Warning> {
        let is_set = value
            .as_bool()
            .or(value.as_str().map(|text| !text.is_empty()));
        let Some(key) = path.first().filter(|_| is_set != Some(false)) else {
            return Vec::new();
        };
        let mut warnings = Vec::new();
        let releases = self.releases.iter().copied();
        let (ignoring, reading): (Vec<Release>, Vec<Release>) =
            releases.partition(|release| ignores(key, *release, self.version));
        let does = |releases: &[Release]| if releases.len() == 1 { "does" } else { "do" };
        if !ignoring.is_empty() {
            let message = format!(
                "containerd {} {} not read {key} of handler {name}",
                listed(&ignoring),
                does(&ignoring)
            );
            warnings.push(Warning::new("key-not-read", message));
        }
        let Some(snapshotter) = value.as_str().filter(|_| path == ["snapshotter"]) else {
            return warnings;
        };
        let mut lacking: BTreeMap<String, Vec<Release>> = BTreeMap::new();
        for release in reading {
            if let Some(why) = (self.lacks_snapshotter)(snapshotter, release) {
                lacking.entry(why).or_default().push(release);
            }
        }
        warnings.extend(lacking.into_iter().map(|(why, releases)| {
            let message = format!(
                "no pod can run on handler {name}: containerd {} {} not have the snapshotter \
                 {snapshotter}: {why}",
                listed(&releases),
                does(&releases)
            );
            Warning::new("no-snapshotter", message)
        }));
        warnings
    }
}
