//! An edit judged by the model, in an order in which every state between two changes serves.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::ledger::Found;
use crate::commit::order;
use crate::commit::reading::Reading;
use crate::containerd::{ConfigFiles, Host, version};
use crate::edit::edited::{Edited, differences};
use crate::edit::judgement::{Judged, Judgement};
use crate::edit::remedy::remedy;
use crate::edit::run::without_owners;
use crate::error::{Code, Error, NextStep, Warning};
use crate::ledger::OwnersWant;
use crate::toml::Tree;
use crate::want::key::KeyValue;

impl Editor {
    /// Holds an edit against the model of each release, and puts its changes into an order in which all
    /// of them serve whatever a crash leaves on the way.
    pub(crate) fn judge(
        &self,
        reading: &Reading,
        edited: &Edited,
        changes: &mut [FileChange],
        found: &Found,
        judged: Judged<'_>,
    ) -> Result<Vec<Warning>, Error> {
        let files: Vec<&str> = edited.files.iter().map(|file| file.name.as_str()).collect();
        let before = reading.loaded(self, &reading.config, &[])?;
        let after = reading.loaded(self, &edited.config, &files)?;
        let host = Host {
            disproved: self.disproved.borrow().clone(),
            ..Host::here()
        };
        let seen = edited
            .is_change()
            .then(|| Host::of_referred(&self.host_root, &after));
        let seen = seen.flatten().map(|seen| Host {
            disproved: host.disproved.clone(),
            ..seen
        });
        let keys = self.keys_filled_in(judged.keys)?;
        let judged = Judged {
            keys: &keys,
            ..judged
        };
        let handlers = &edited.report.handlers;
        let asked = judged.keys.iter().filter_map(KeyValue::handler_name);
        let differing = handlers.added.iter().chain(&handlers.changed).cloned();
        let named: BTreeSet<String> = asked.chain(differing).collect();
        // What somebody has taken out is nothing that this edit could lose.
        let views = reading.config.views();
        let is_in_force = |it: &OwnersWant<'_>| {
            let mut values = views.values().map(|view| view.value(it.key));
            values.any(|value| value == it.want.value)
        };
        let wants = edited.ledger.wants();
        let wants = wants.filter(|it| it.want.value.is_some() && is_in_force(it));
        let wanted = wants.filter_map(|it| it.key.handler_name());
        let wanted: BTreeSet<String> = wanted.map(str::to_owned).collect();
        // Who has a config that says something has a release that reads it.
        let main = reading.config.main().text.as_ref();
        let says_something = main.is_some_and(|text| *text.tree() != Tree::default());
        let decides = if says_something && !judged.is_whole {
            &reading.config
        } else {
            &edited.config
        };
        let mut judgement = Judgement {
            before,
            after,
            without: None,
            judged,
            named: &named,
            removed: &handlers.removed,
            removes: judged.removes.unwrap_or(&handlers.removed),
            wanted: &wanted,
            new_default: edited.report.new_default.as_deref(),
            version: decides.version(),
            host: &host,
            seen: seen.as_ref(),
            remedy: &|| remedy(&reading.config, edited, &named, &self.releases),
            // What a template says is not known before the distribution has filled it in.
            allows_not_serving: self.allows_not_serving || reading.is_template(),
            releases: &self.releases,
        };
        if !edited.is_change() {
            let passed = judgement.pass_unchanged();
            return passed.map_err(|error| error.at(&self.path));
        }
        let mut passed = judgement.pass();
        if matches!(&passed, Err(error) if error.code() == Code::Harmful) {
            judgement.without = Some(self.without(reading, found)?);
            passed = judgement.pass();
        }
        let warnings = passed.map_err(|error| match error.code() {
            Code::VersionNotRead => {
                // The version of a template's own part stands in no file that can be edited.
                let main = reading.config.main();
                let at = main.text.as_ref().filter(|_| main.path == self.main());
                let at = at.filter(|text| text.get(&["version"]).is_some());
                let at = at.map(|text| version::position(text));
                error.at(&self.path).position_at(at)
            }
            Code::ServesNowhere => {
                let repair = self.first_repair(reading, found);
                let command = repair.map(|it| format!("first {}", NextStep::Repair(&it)));
                let error = command.into_iter().fold(error, Error::with_hint);
                self.by_its_name(error)
            }
            _ => self.placed(reading, error),
        })?;
        let serves = |changed: &[&str]| {
            // What can't be merged is not there yet.
            let Ok(after) = reading.loaded(self, &edited.config, changed) else {
                return Ok(());
            };
            let on_the_way = Judgement {
                after,
                ..judgement.clone()
            };
            on_the_way.serves_on_the_way()
        };
        let order = order::serving(&files, &serves).map_err(|harm| {
            let message = format!("while one file is changed after the other, {harm}");
            self.placed(reading, harm.with_message(message))
        })?;
        let order: Vec<PathBuf> = order.iter().map(|it| reading.config.path_of(it)).collect();
        changes.sort_by_key(|change| order.iter().position(|path| *path == change.path));
        Ok(warnings)
    }

    /// The error, with its place where people find it: that of a whole text is where it was read, and a
    /// template has no line of what is made of it.
    fn placed(&self, reading: &Reading, error: Error) -> Error {
        let replacement = error.path().and_then(|path| reading.replacement(path));
        match replacement {
            _ if reading.is_template() => error.moved_to(&self.path, None),
            Some(text) => error.of_text(&text.source),
            None => self.by_its_name(error),
        }
    }

    /// What containerd would load without any key of the tool's.
    fn without(&self, reading: &Reading, found: &Found) -> Result<ConfigFiles, Error> {
        let without = without_owners(&reading.config, &found.ledger)?;
        let changes = differences(&reading.config, &without);
        let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
        reading.loaded(self, &without, &names)
    }
}
