//! What makes a config serve again that does not serve now: commands that were tried.

use std::path::PathBuf;

use crate::commit::editor::Editor;
use crate::commit::ledger::Found;
use crate::commit::reading::Reading;
use crate::config::Config;
use crate::containerd::imports::is_pattern;
use crate::containerd::{FileState, Host, Model, Reason, Release, absolute};
use crate::disk::HostRoot;
use crate::edit::run::edit;
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
        let found = self.read_ledger(&target, main, &[]).ok()?;
        let reading = self.read_config(&found.target, &found.main, &found.ledger);
        let reading = reading.ok()?;
        let files = reading.loaded(self, &reading.config, &[]).ok()?;
        let host = Host::of(&self.host_root, &files);
        let verdict = Model::new(&files, &host).verdict(*releases.first()?);
        let reason = verdict.reason();
        let mut repairs = self.serving_repairs(&reading, &found, reason, releases, &host);
        // It is no advice if something else refuses it.
        let repair = repairs.find(|repair| self.plan(&repair.change).is_ok())?;
        Some(repair.command)
    }

    /// Returns a folder of the host that the config imports a file from, and that is not there below the
    /// host root: it may not be mounted. What is imported from there is not known to be missing.
    #[must_use]
    pub fn unmounted(&self) -> Option<PathBuf> {
        let (target, main) = self.begin().ok()?;
        let ledger = self.ledger().unwrap_or_default();
        let reading = self.read_config(&target, &main, &ledger).ok()?;
        let folder = reading.files().unmounted(&self.host_root)?;
        Some(folder.to_owned())
    }

    /// The first command with which some release serves the config as it is now.
    pub(super) fn first_repair(&self, reading: &Reading, found: &Found) -> Option<String> {
        let host = Host::here();
        let mut repairs = self.serving_repairs(reading, found, None, &self.releases, &host);
        repairs.next().map(|repair| repair.command)
    }

    /// The commands with which one of the releases serves. `reason`: why the first does not now.
    fn serving_repairs<'r>(
        &'r self,
        reading: &'r Reading,
        found: &'r Found,
        reason: Option<&Reason>,
        releases: &'r [Release],
        host: &'r Host,
    ) -> impl Iterator<Item = Repair> + 'r {
        let serves = move |repair: &Repair| {
            let edited = edit(&reading.config, &found.ledger, &repair.change).ok()?;
            let files: Vec<&str> = edited.files.iter().map(|file| file.name.as_str()).collect();
            let files = reading.loaded(self, &edited.config, &files).ok()?;
            let model = Model::new(&files, host);
            let mut releases = releases.iter();
            Some(releases.any(|release| model.verdict(*release).serves()))
        };
        let repairs = repairs(reading, &found.ledger, reason, &self.host_root).into_iter();
        repairs.filter(move |repair| serves(repair) == Some(true))
    }
}

/// Commands to try. `reason`: why the config does not serve.
fn repairs(
    reading: &Reading,
    ledger: &Ledger,
    reason: Option<&Reason>,
    root: &HostRoot,
) -> Vec<Repair> {
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
    let is_unmounted = files.unmounted(root).is_some();
    for view in reading.config.views().values() {
        for name in ["disabled_plugins", "required_plugins", "imports"] {
            let list = [name.to_owned()];
            // An import that is there may have handlers.
            let is_missing = |import: &Literal| {
                let path = absolute(files.main(), &import.as_string().unwrap_or_default());
                !is_unmounted && !is_pattern(&path) && *files.state(&path) == FileState::Missing
            };
            let elements = view.tree.elements(&list);
            let elements = elements.filter(|it| name != "imports" || is_missing(it));
            repairs.extend(elements.map(|it| without(Key::element(&list, &it), ledger)));
        }
    }
    let blamed = reason.and_then(|reason| key_at(&reading.config, reason));
    repairs.extend(blamed.map(|key| without(key, ledger)));
    // What has the config not serve may stand in a file that is not the tool's.
    let insisting = repairs.iter().map(|repair| Repair {
        command: format!("{} --take-over", repair.command),
        change: repair.change.clone().take_over(),
    });
    let insisting: Vec<Repair> = insisting.collect();
    repairs.extend(insisting);
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
    change.cleared.push(key);
    Repair { command, change }
}

/// The key that stands at the place of a reason.
fn key_at(config: &Config, reason: &Reason) -> Option<Key> {
    let (path, at) = reason.at.as_ref()?;
    let file = config.name_of(path);
    let view = config.views().remove(&file)?;
    let mut leaves = view.leaves(&[]);
    let path = leaves.find(|leaf| config.position(&file, &view.place(leaf)) == *at)?;
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    // Without an import, all that its files have is gone.
    let is_settable = names != ["imports"] && mistake::of_the_node(&names).is_ok();
    is_settable.then(|| Key::new(&path))
}
