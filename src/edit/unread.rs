//! What a change asks for that some release does not read, or does not have.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use crate::containerd::release::{listed, listed_do, reading};
use crate::containerd::{ConfigFiles, Effect, Host, Model, Release, ReleaseConfig, ignores};
use crate::error::{Error, Warning};
use crate::ledger::Owner;
use crate::toml::Value;
use crate::want::change::Change;
use crate::want::handler;
use crate::want::key::{Key, KeyValue};
use crate::want::known::unknown_plugin;
use crate::want::meant;
use crate::want::nearest::in_brackets;

use super::edited::Edited;
use super::judgement::Judgement;
use super::refusal;

/// A handler's keys and where they stand.
pub(crate) struct Reading<'r> {
    /// The config version.
    pub(crate) version: i64,
    /// The releases that read the config.
    pub(crate) releases: &'r [Release],
    /// Why a release has no snapshotter of this name with the config.
    pub(crate) lacks_snapshotter: &'r dyn Fn(&str, Release) -> Option<String>,
    /// Whether the host has a program of this name or path.
    pub(crate) has_program: &'r dyn Fn(&str) -> bool,
}

/// What people should know of the keys that a change asks for. `loaded`: what containerd reads after
/// the edit. `has_program`: whether the host has a program of this name or path.
pub(crate) fn warnings(
    edited: &Edited,
    change: &Change,
    releases: &[Release],
    loaded: &dyn Fn() -> Result<ConfigFiles, Error>,
    has_program: &dyn Fn(&str) -> bool,
) -> Vec<Warning> {
    let version = edited.config.version();
    // Most changes name no snapshotter.
    let (files, host) = (LazyCell::new(loaded), Host::default());
    let model = LazyCell::new(|| Some(Model::new(files.as_ref().ok()?, &host)));
    let reading = Reading {
        version,
        releases: &reading(releases, version),
        lacks_snapshotter: &|name, release| model.as_ref()?.lacks_snapshotter(name, release),
        has_program,
    };
    let mut warnings = unknown_plugins(change);
    let came_along = came_along(edited, change);
    for want in change.wants.iter().chain(&came_along) {
        let Some((name, path)) = want.key.in_handler() else {
            continue;
        };
        let runtime_type = runtime_type(edited, name);
        let option = unknown_option(&want.key, name, runtime_type.as_deref());
        warnings.extend(option.map(|warning| warning.of(&want.key)));
        if edited.is_change() {
            let of_value = reading.warnings(name, path, &want.value).into_iter();
            warnings.extend(of_value.map(|warning| warning.of(&want.key)));
        }
    }
    warnings
}

/// The keys of new handlers that came with the single keys that the change names.
fn came_along(edited: &Edited, change: &Change) -> Vec<KeyValue> {
    let added = &edited.report.handlers.added;
    let new = |name: &str| change.extended.contains(name) && added.iter().any(|it| it == name);
    let owner = edited.ledger.owners.get(change.owner.as_str());
    let keys = owner.into_iter().flat_map(Owner::values);
    let keys = keys.filter(|it| it.key.handler_name().is_some_and(new));
    keys.filter(|it| change.wants.iter().all(|want| want.key != it.key))
        .collect()
}

/// The type that is wanted of a handler.
fn runtime_type(edited: &Edited, handler: &str) -> Option<String> {
    let key = Key::of_handler(handler, &["runtime_type"]);
    let wants = edited.ledger.wants_of(&key);
    let newest = wants.max_by_key(|it| it.want.seq);
    newest.and_then(|it| it.want.value.as_ref()?.as_string())
}

/// An option that the handler's shim is not known to read.
fn unknown_option(key: &Key, handler: &str, runtime_type: Option<&str>) -> Option<Warning> {
    let (option, near) = meant::unknown_option(key, runtime_type)?;
    let near = near.map(|near| format!("options.{near}"));
    let message = format!(
        "unknown key {option} in handler {handler}: written as given{}",
        in_brackets(near.as_deref())
    );
    Some(Warning::new("unknown-key", message))
}

/// Plugins that no release is known to have.
fn unknown_plugins(change: &Change) -> Vec<Warning> {
    let mut plugins = BTreeMap::new();
    for KeyValue { key, .. } in &change.wants {
        if let Some(plugin) = unknown_plugin(&key.path) {
            plugins.entry(plugin).or_insert(key);
        }
    }
    let warning = |((id, near), key)| {
        let message = format!(
            "no containerd release is known to have a plugin {id}: written as given{}",
            in_brackets(near)
        );
        Warning::new("unknown-plugin", message).of(key)
    };
    plugins.into_iter().map(warning).collect()
}

impl Judgement<'_> {
    /// What releases do not read of the keys that are asked for.
    ///
    /// # Errors
    ///
    /// [`Code::KeyNotRead`](crate::error::Code::KeyNotRead) if none reads one of them.
    pub(super) fn unread_keys(&self) -> Result<Vec<Warning>, Error> {
        let keys = self.judged.keys.iter();
        let (of_handlers, keys): (Vec<&KeyValue>, Vec<&KeyValue>) =
            keys.partition(|want| want.key.handler().is_some());
        // A handler's key may wait for another release, and does not wait for another config version.
        let releases = reading(&Release::LINES, self.version);
        for KeyValue { key, value } in of_handlers {
            let name = key.in_handler().and_then(|(_, path)| path.first());
            let name = name.filter(|_| !value.says_nothing());
            let is_ignored =
                |name: &String| releases.iter().all(|it| ignores(name, *it, self.version));
            if !releases.is_empty() && name.is_some_and(is_ignored) {
                return Err(refusal::not_read(key, &releases, self.version));
            }
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let model = Model::new(&self.after, self.host);
        let loaded = self.reading().filter_map(|it| model.config_in(it));
        let loaded: Vec<ReleaseConfig> = loaded.collect();
        let mut unread: BTreeMap<Vec<Release>, Vec<&Key>> = BTreeMap::new();
        let mut warnings = Vec::new();
        for KeyValue { key, value } in keys {
            let (mut ignoring, mut others) = (Vec::new(), Vec::new());
            let mut other = None;
            for it in &loaded {
                match it.effect(&key.path, value, key.element.is_some()) {
                    Effect::InForce => {}
                    Effect::None => ignoring.push(it.release),
                    Effect::Other(place) => {
                        others.push(it.release);
                        other = Some(model.position(place));
                    }
                }
            }
            if ignoring.len() == loaded.len() && !loaded.is_empty() {
                return Err(refusal::not_read(key, &ignoring, self.version));
            }
            if !ignoring.is_empty() {
                unread.entry(ignoring).or_default().push(key);
            }
            let name = Some(key.to_string());
            let is_known = self.judged.overridden.iter().any(|it| it.key == name);
            if let Some((path, at)) = other.filter(|_| !is_known) {
                let message = format!(
                    "on containerd {} another spelling of {key} counts ({}:{at}); change or remove that",
                    listed(&others),
                    path.display()
                );
                warnings.push(Warning::new("overridden", message).of(key));
            }
        }
        warnings.extend(unread.into_iter().map(|(releases, keys)| {
            let named: Vec<String> = keys.iter().map(ToString::to_string).collect();
            let (does, named) = (listed_do(&releases), named.join(", "));
            let message = format!("containerd {does} not read {named}");
            Warning::new("key-not-read", message).of(keys[0])
        }));
        Ok(warnings)
    }
}

impl Reading<'_> {
    /// What some release makes of a key of the handler `name`.
    pub(crate) fn warnings(&self, name: &str, path: &[String], value: &Value) -> Vec<Warning> {
        let Some(key) = path.first().filter(|_| !value.says_nothing()) else {
            return Vec::new();
        };
        let text = value.as_str().unwrap_or_default();
        let mut warnings: Vec<Warning> = self.unrunnable(name, path, text).into_iter().collect();
        let releases = self.releases.iter().copied();
        let (ignoring, reading): (Vec<Release>, Vec<Release>) =
            releases.partition(|release| ignores(key, *release, self.version));
        if !ignoring.is_empty() {
            let does = listed_do(&ignoring);
            let message = format!("containerd {does} not read {key} of handler {name}");
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
                "no pod can run on handler {name}: containerd {} not have the snapshotter \
                 {snapshotter}: {why}",
                listed_do(&releases)
            );
            Warning::new("no-snapshotter", message)
        }));
        warnings
    }

    /// What is wrong with the program that a key names, which starts the handler's pods.
    fn unrunnable(&self, name: &str, path: &[String], value: &str) -> Option<Warning> {
        // containerd honours them in any case.
        let path: Vec<String> = path.iter().map(|key| key.to_lowercase()).collect();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (code, what, program) = match path[..] {
            ["runtime_type"] => {
                let Some(shim) = handler::shim_binary(value) else {
                    let message = format!(
                        "runtime_type {value:?} of {name} names no shim: it wants \
                         io.containerd.NAME.v2 or an absolute path"
                    );
                    return Some(Warning::new("bogus-runtime-type", message));
                };
                ("missing-shim", format!("the shim {shim}"), shim)
            }
            ["options", "binaryname"] => ("missing-binary", value.to_owned(), value.to_owned()),
            _ => return None,
        };
        let message = format!("{what} of {name} is not on this host");
        (!(self.has_program)(&program)).then(|| Warning::new(code, message))
    }
}
