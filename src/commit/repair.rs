//! What makes a config serve again that does not serve now: commands that were tried.

use crate::commit::editor::Editor;
use crate::commit::ledger::Found;
use crate::commit::reading::Reading;
use crate::containerd::{Host, Model};
use crate::edit::run::edit;
use crate::want::change::Change;
use crate::want::handler::{BUILT_IN, Handler, HandlerName, RUNC_TYPE};

/// A command, and the change that it makes.
struct Repair {
    command: String,
    change: Change,
}

impl Editor {
    /// The first command with which some release serves the config as it is now.
    pub(super) fn repair(&self, reading: &Reading, found: &Found) -> Option<String> {
        let mut repairs = repairs().into_iter();
        let repair = repairs.find(|repair| self.serves_after(&repair.change, reading, found))?;
        Some(repair.command)
    }

    fn serves_after(&self, change: &Change, reading: &Reading, found: &Found) -> bool {
        let Ok(edited) = edit(&reading.config, &found.ledger, change) else {
            return false;
        };
        let files: Vec<&str> = edited.files.iter().map(|file| file.name.as_str()).collect();
        let Ok(files) = reading.loaded(self, &edited.config, &files) else {
            return false;
        };
        let host = Host::here();
        let model = Model::new(&files, &host);
        let mut releases = self.releases.iter();
        releases.any(|release| model.verdict(*release).serves())
    }
}

fn repairs() -> Vec<Repair> {
    let Ok(runc) = BUILT_IN.parse::<HandlerName>() else {
        return Vec::new();
    };
    let listed = Change::new().ensure(Handler::new(runc.clone(), RUNC_TYPE));
    vec![
        Repair {
            command: format!("set-default {BUILT_IN}"),
            change: Change::new().default_handler(runc.clone()),
        },
        Repair {
            command: format!("add {BUILT_IN} --default"),
            change: listed.default_handler(runc),
        },
    ]
}
