//! What makes a config serve again that does not serve now: commands that were tried.

use crate::commit::editor::Editor;
use crate::commit::ledger::Found;
use crate::commit::reading::Reading;
use crate::config::Config;
use crate::config::files::File;
use crate::config::view::View;
use crate::containerd::{FileState, Host, Model, Reason, Release, absolute};
use crate::edit::run::edit;
use crate::error::Position;
use crate::ledger::{Ledger, newest_owner};
use crate::toml::Literal;
use crate::want::change::Change;
use crate::want::handler::{BUILT_IN, Handler, HandlerName, RUNC_TYPE};
use crate::want::key::Key;
use crate::want::mistake;

/// A command, and the change that it makes.
struct Repair {
    command: String,
    change: Change,
}

impl Editor {
    /// Returns a verb with its arguments that would make one of `releases`, which do not serve now,
    /// serve. `None`: no single command is known to.
    #[must_use]
    pub fn repair(&self, releases: &[Release]) -> Option<String> {
        let (target, main) = self.begin().ok()?;
        let found = self.read_ledger(&target, main).ok()?;
        let reading = self
            .read_config(&found.target, &found.main, &found.ledger)
            .ok()?;
        let files = reading.loaded(self, &reading.config, &[]).ok()?;
        let host = Host::of(&self.host_root, &files);
        let verdict = Model::new(&files, &host).verdict(*releases.first()?);
        let repairs = repairs(&reading, &found.ledger, verdict.reason());
        let mut serving = repairs
            .into_iter()
            .filter(|repair| self.serves_after(&repair.change, &reading, &found, releases, &host));
        // It is no advice if something else refuses it.
        let repair = serving.find(|repair| self.plan(&repair.change).is_ok())?;
        Some(repair.command)
    }

    /// The first command with which some release serves the config as it is now.
    pub(super) fn first_repair(&self, reading: &Reading, found: &Found) -> Option<String> {
        let mut repairs = repairs(reading, &found.ledger, None).into_iter();
        let host = Host::here();
        let repair = repairs.find(|repair| {
            self.serves_after(&repair.change, reading, found, &self.releases, &host)
        })?;
        Some(repair.command)
    }

    fn serves_after(
        &self,
        change: &Change,
        reading: &Reading,
        found: &Found,
        releases: &[Release],
        host: &Host,
    ) -> bool {
        let Ok(edited) = edit(&reading.config, &found.ledger, change) else {
            return false;
        };
        let files: Vec<&str> = edited.files.iter().map(|file| file.name.as_str()).collect();
        let Ok(files) = reading.loaded(self, &edited.config, &files) else {
            return false;
        };
        let model = Model::new(&files, host);
        let mut releases = releases.iter();
        releases.any(|release| model.verdict(*release).serves())
    }
}

/// Commands to try. `reason`: why the config does not serve.
fn repairs(reading: &Reading, ledger: &Ledger, reason: Option<&Reason>) -> Vec<Repair> {
    let Ok(runc) = BUILT_IN.parse::<HandlerName>() else {
        return Vec::new();
    };
    let listed = Change::new().ensure(Handler::new(runc.clone(), RUNC_TYPE));
    let mut repairs = vec![
        Repair {
            command: format!("set-default {BUILT_IN}"),
            change: Change::new().default_handler(runc.clone()),
        },
        Repair {
            command: format!("add {BUILT_IN} --default"),
            change: listed.default_handler(runc),
        },
    ];
    let files = reading.files();
    for view in reading.config.views().values() {
        for name in ["disabled_plugins", "required_plugins", "imports"] {
            let list = [name.to_owned()];
            // An import that is there may have handlers.
            let is_missing = |import: &Literal| {
                let path = absolute(files.main(), &import.as_string().unwrap_or_default());
                *files.state(&path) == FileState::Missing
            };
            let elements = view.tree.elements(&list);
            let elements = elements.filter(|it| name != "imports" || is_missing(it));
            repairs.extend(elements.map(|it| without(Key::element(&list, it), ledger)));
        }
    }
    let blamed = reason.and_then(|reason| key_at(&reading.config, reason));
    repairs.extend(blamed.map(|key| without(key, ledger)));
    repairs
}

/// Takes a key away, on behalf of whoever has set it.
fn without(key: Key, ledger: &Ledger) -> Repair {
    let mut command = format!("unset {}", key.on_command_line());
    let mut change = Change::new();
    if let Some(owner) = newest_owner(ledger.wants_of(&key)) {
        command = format!("{command} --owner {owner}");
        change = Change::of(owner);
    }
    Repair {
        command,
        change: change.clear_key(key),
    }
}

/// The key that stands at the place of a reason.
fn key_at(config: &Config, reason: &Reason) -> Option<Key> {
    let (path, at) = reason.at.as_ref()?;
    let file = config.files().iter().find(|file| file.path == *path)?;
    let (view, at) = (config.views().remove(&file.name)?, at.as_ref()?);
    let leaves = view.leaves(&[]).into_iter();
    let mut leaves = leaves.filter(|leaf| place(file, &view, leaf).as_ref() == Some(at));
    let path = leaves.next()?;
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    mistake::of_the_node(&names)
        .is_none()
        .then(|| Key::new(&path))
}

fn place(file: &File, view: &View, key: &[String]) -> Option<Position> {
    let document = &file.text.as_ref()?.document;
    let place = view.place(key);
    let names: Vec<&str> = place.iter().map(String::as_str).collect();
    Some(document.position(document.offset(&names)))
}
