//! Whether what an owner asks for comes into force: the values before, wanted and after.

use crate::config::Config;
use crate::config::view::Views;
use crate::error::Warning;
use crate::ledger::newest_owner;
use crate::toml::Literal;
use crate::want::change::Change;
use crate::want::key::{Key, KeyValue};

use super::edited::Edited;
use super::refusal;

/// The value of a key that is in force, and the name of the file that has it.
pub(crate) struct InForce {
    pub(crate) file: String,
    pub(crate) value: Literal,
}

/// What of the change does not come into force, since a file that is loaded later says otherwise or a
/// newer owner's value stands over it: each in a warning of its key.
pub(crate) fn overridden(
    before: &Config,
    edited: &Edited,
    new: &Views,
    change: &Change,
) -> Vec<Warning> {
    let wants = change.wants.iter();
    let wants = wants.filter(|want| want.key.element.is_none());
    let overridden = wants.filter_map(|KeyValue { key, value }| {
        let warning = |message: String| Warning::new("overridden", message).of(key);
        let newest = newest_owner(edited.ledger.wants_of(key));
        let newest = newest.filter(|name| *name != change.owner.as_str());
        let Some(found) = in_force(&edited.config, new, key) else {
            let owner = newest.filter(|_| edited.ledger.removes(key))?;
            let name = key.on_command_line();
            return Some(warning(format!(
                "{name} stays unset: {owner} has removed it since; use --take-over to overrule that"
            )));
        };
        if found.value == *value {
            return None;
        }
        let was = in_force(before, &before.views(), key);
        let stays = if was.is_some_and(|was| was.value == found.value) {
            "stays"
        } else {
            "is"
        };
        let place = new[&found.file].place(&key.path);
        let place = refusal::location(&edited.config, &found.file, &place);
        let file = refusal::shown(&edited.config, &found.file);
        let (by, step) = match newest {
            Some(owner) => (
                format!("{owner} has set it since"),
                "use --take-over to overrule that",
            ),
            None => (
                format!("{file} is read later and has the last word"),
                "change it there, or name a drop-in that is read after it (--drop-in=PATH)",
            ),
        };
        let (now, wanted) = (found.value.text(), value.text());
        Some(warning(format!(
            "{key} {stays} {now}, not {wanted}: {by} ({place}); {step}"
        )))
    });
    overridden.collect()
}

/// Below config version 3 a plugin's keys come from one file, and the last one wins in any case.
pub(crate) fn in_force(config: &Config, views: &Views, key: &Key) -> Option<InForce> {
    config.by_weight().find_map(|file| {
        Some(InForce {
            value: views.get(&file.name)?.value(key)?,
            file: file.name.clone(),
        })
    })
}
