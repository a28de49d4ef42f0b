//! What containerd has at one key, once it has loaded all files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use crate::commit::editor::Editor;
use crate::commit::path_json;
use crate::containerd::release::listed;
use crate::containerd::release_config::ReleaseConfig;
use crate::containerd::{Release, version};
use crate::error::{Code, Error, NextStep, Position, Warning};
use crate::ledger::newest_owner;
use crate::toml::{Value, dotted_key};
use crate::want::handler::BUILT_IN;
use crate::want::key::Key;
use crate::want::key_name::KeyName;
use crate::want::known::unknown_plugin;
use crate::want::meant::{meant_by, unknown_option};
use crate::want::mistake;
use crate::want::nearest::{in_brackets, nearest};

use super::opened::Opened;

/// A key that some file of a config sets.
#[derive(Debug, Clone, Serialize)]
pub struct KeyInForce {
    /// The dotted key, as config version 3 spells it.
    pub key: String,
    /// The value as the newest release has it that has any; a table as an inline one.
    pub value: Value,
    /// The file that it comes from: the config by the path that was given, another one by its path on
    /// the host.
    #[serde(serialize_with = "path_json::path")]
    pub file: PathBuf,
    /// Where it stands in the file.
    #[serde(flatten)]
    pub at: Position,
    /// The owner that has set it, by the ledger.
    pub owner: Option<String>,
    /// Why no owner is known: the ledger can't be read.
    pub ledger_error: Option<String>,
    /// What each release has there that reads the config.
    pub releases: Vec<ReleaseValue>,
    /// Which releases have another value.
    pub warnings: Vec<Warning>,
}

/// What one release has at a key.
#[derive(Debug, Clone, Serialize)]
pub struct ReleaseValue {
    /// The release.
    #[serde(rename = "containerd")]
    pub release: Release,
    /// `None`: no file sets it, or the release does not read it, or does not load the config.
    pub value: Option<Value>,
}

impl Editor {
    /// Works out what the editor's releases have at a key, and which owner that belongs to.
    ///
    /// # Errors
    ///
    /// [`Code::NoKey`] if no release has anything there, and as of [`Editor::check`].
    pub fn key_in_force(&self, name: &KeyName) -> Result<KeyInForce, Error> {
        let path = self.started_with();
        let opened = Opened::of(self, self.existing_source()?)?;
        let (ledger, ledger_error) = self.seen_ledger();
        let version = version::of_any(&opened.config).map_err(|error| error.at(path))?;
        let model = opened.model();
        let key = Key::spelled(name.path());
        let releases = model.reading(self.releases.as_slice(), version).into_iter();
        let loaded = releases.map(|release| (release, model.config_in(release)));
        let loaded: Vec<_> = loaded.collect();
        let newest_first = loaded.iter().rev();
        let mut configs = newest_first.filter_map(|(_, config)| config.as_ref());
        let value = configs.clone().find_map(|config| config.value(&key.path));
        let Some(value) = value else {
            return Err(not_set(name, &key, configs.next()).at(path));
        };
        let (file, at) = model.position(value.place);
        let is_main = file == opened.files.main();
        let shown = if is_main { path } else { file };
        let names = self.names_in_ledger(&ledger, file);
        let has = names.iter().any(|name| ledger.has_in(name, &key.path));
        let owner = has.then(|| newest_owner(ledger.wants_below(&key.path)));
        let releases = loaded.iter().map(|(release, config)| ReleaseValue {
            release: *release,
            value: config.as_ref().and_then(|config| config.value(&key.path)),
        });
        let releases: Vec<ReleaseValue> = releases.collect();
        Ok(KeyInForce {
            key: key.to_string(),
            file: shown.to_owned(),
            at,
            owner: owner.flatten().map(str::to_owned),
            ledger_error,
            warnings: differing(&key, &value, &releases),
            value,
            releases,
        })
    }
}

fn differing(key: &Key, value: &Value, releases: &[ReleaseValue]) -> Vec<Warning> {
    let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
    let shown = Some(value.to_string());
    let mut others: BTreeMap<Option<String>, Vec<Release>> = BTreeMap::new();
    for ReleaseValue { release, value } in releases {
        others.entry(text(value)).or_default().push(*release);
    }
    others.remove(&shown);
    let others = others.into_iter().map(|(other, releases)| {
        let releases = listed(&releases);
        let message = match other {
            Some(other) => format!("{key} is {other} on containerd {releases}"),
            None => format!("{key} is not set on containerd {releases}"),
        };
        Warning::new("releases-differ", message)
    });
    others.collect()
}

/// No file sets the key. `config`: what the newest release has that loads one.
fn not_set(name: &KeyName, key: &Key, config: Option<&ReleaseConfig>) -> Error {
    let dotted = name.dotted();
    let Some(config) = config else {
        let message = format!("{dotted}: no containerd release loads this config");
        return Error::new(Code::NoKey, message, NextStep::SeeVerdicts);
    };
    let message = if is_there(key, config) {
        format!("{dotted} is set, and no containerd release reads it there")
    } else {
        format!("{dotted} is not set in any file that containerd reads")
    };
    Error::new(Code::NoKey, message, hint(name, key, config))
}

/// Whether a release has something at a key that it does not read.
fn is_there(key: &Key, config: &ReleaseConfig) -> bool {
    let mut beside = config.names_beside(&key.path).into_iter();
    beside.any(|name| key.path.last().is_some_and(|it| it == name))
}

fn hint(name: &KeyName, key: &Key, config: &ReleaseConfig) -> String {
    let path: Vec<&str> = name.path().iter().map(String::as_str).collect();
    let beside = || {
        let (last, table) = path.split_last()?;
        let names = config.names_beside(&key.path).into_iter();
        let near = nearest(last, names.filter(|name| name != last))?;
        Some([table, &[near]].concat())
    };
    let handler = key.handler_name();
    let kind = key.kind().and_then(|kind| config.value(&kind.path));
    let kind = kind.as_ref().and_then(Value::as_str);
    if let Some(meant) = beside().or_else(|| meant_by(&path, kind)) {
        return format!("did you mean {}?", dotted_key(&meant));
    }
    if let Err(error) = mistake::unknown(&path, 0) {
        return error.hint().to_owned();
    }
    if let Some((id, _)) = unknown_plugin(&path) {
        return format!("no containerd release is known to have a plugin {id}");
    }
    let not_listed = key.handler().filter(|it| config.value(it).is_none());
    if let Some((name, handler)) = handler.filter(|it| *it != BUILT_IN).zip(not_listed) {
        let near = in_brackets(nearest(name, config.names_beside(handler)));
        let see = NextStep::SeeHandlers;
        return format!("the handler {name} is not listed{near}; {see}");
    }
    if let Some((option, _)) = unknown_option(key, kind) {
        return format!("the handler's shim is not known to read {option}");
    }
    let hint = if is_there(key, config) {
        "remove it: it has no effect"
    } else {
        "containerd's own default holds: `containerd config default` shows it"
    };
    hint.to_owned()
}
