//! Whether what an owner asks for comes into force: the values before, wanted and after.

use crate::config::Config;
use crate::config::view::Views;
use crate::error::Warning;
use crate::toml::Literal;
use crate::want::key::Key;

use super::change::Change;
use super::edited::Edited;

/// The value of a key that is in force, and the name of the file that has it.
struct InForce {
    file: String,
    value: Literal,
}

/// What of the change does not come into force, since a file that is loaded later says otherwise or a
/// newer owner's value stands over it.
pub(crate) fn overridden(before: &Config, edited: &Edited, change: &Change) -> Vec<Warning> {
    let (old, new) = (before.views(), edited.config.views());
    let mut warnings = Vec::new();
    let wants = change
        .wants
        .iter()
        .filter(|want| want.key.element.is_none());
    for want in wants {
        let Some(found) = in_force(&edited.config, &new, &want.key) else {
            continue;
        };
        if found.value == want.value {
            continue;
        }
        let was = in_force(before, &old, &want.key);
        let stays = if was.is_some_and(|was| was.value == found.value) {
            "stays"
        } else {
            "is"
        };
        let path = edited.config.path_of(&found.file);
        let by = match edited
            .report
            .keys
            .overridden
            .contains(&want.key.to_string())
        {
            true => "a newer owner's value stands over it".to_owned(),
            false => format!("{} has the last word", path.display()),
        };
        warnings.push(Warning {
            code: "overridden",
            message: format!(
                "{} {stays} {}, not {}: {by}",
                want.key,
                found.value.text(),
                want.value.text()
            ),
            at: None,
        });
    }
    warnings
}

/// Below config version 3 a plugin's keys come from one file, and the last one wins in any case.
fn in_force(config: &Config, views: &Views, key: &Key) -> Option<InForce> {
    config.files().iter().rev().find_map(|file| {
        let value = views.get(&file.name)?.value(key)?;
        Some(InForce {
            file: file.name.clone(),
            value,
        })
    })
}
