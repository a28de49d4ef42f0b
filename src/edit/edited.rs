//! What an edit comes to.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::config::files::File;
use crate::error::Warning;
use crate::ledger::{Digests, Ledger, Tombstone};
use crate::toml::Difference;

/// Names of handlers by what an edit does to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handlers {
    /// Not listed before.
    pub added: Vec<String>,
    /// Listed before with other keys or values.
    pub changed: Vec<String>,
    /// Not listed any more.
    pub removed: Vec<String>,
}

/// Keys outside of handlers, dotted, by what an edit does to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keys {
    /// Set to another value than before, or for the first time.
    pub set: Vec<String>,
    /// Given back what was there before their owner came.
    pub given_back: Vec<String>,
    /// Not what this owner wants: a newer owner's value stands over it, and stays.
    #[serde(skip)]
    pub overridden: Vec<String>,
}

impl Keys {
    /// The keys that are set or given back.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let keys = self.given_back.iter().chain(&self.set);
        keys.map(String::as_str)
    }
}

/// The result of an edit: new texts, the new ledger, and what people should know.
#[derive(Debug)]
pub struct Edited {
    /// All files as they are after the edit.
    pub config: Config,
    /// Who wants what from now on, and what was written over what.
    pub ledger: Ledger,
    /// What holds for each file until it is replaced: the ledger from before the edit, or where there
    /// was none what comments tell. [`Ledger::after_a_killed_run`] takes it.
    pub before: Ledger,
    /// The files that change, in an order for replacing them: first those that only gain, then the
    /// main file, then the others.
    pub files: Vec<FileEdit>,
    /// What people and programs should know.
    pub report: Report,
}

/// One file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// Its name in the ledger.
    pub name: String,
    /// The text before; `None`: the file is created.
    pub before: Option<String>,
    /// The text after; `None`: the file is removed.
    pub after: Option<String>,
}

/// What an edit has done, for people and programs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The handlers that differ.
    pub handlers: Handlers,
    /// The keys outside of handlers.
    pub keys: Keys,
    /// The default handler that the edit puts into effect; `None` if it stays what it was.
    pub new_default: Option<String>,
    /// What people should know.
    pub warnings: Vec<Warning>,
    /// What had to stay though nobody wants it.
    pub left_behind: Vec<LeftBehind>,
    /// Handlers that were to be removed and are not there.
    pub absent: Vec<Absent>,
    /// Keys that were to be cleared and are not there.
    pub absent_keys: Vec<Absent>,
    /// The owner that was to leave, if none of that name has ever been there.
    pub unknown_owner: Option<Absent>,
    /// The owner that was to leave, if it has left before.
    pub left_before: Option<Tombstone>,
    /// Whether the ledger differs and no file does.
    pub is_recorded: bool,
}

/// A key that stays since something that stays needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// The dotted key.
    pub key: String,
    /// The name of the file that it is in.
    pub file: String,
    /// The dotted key that needs it.
    pub needed_by: String,
}

/// A handler, or an owner, that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Absent {
    /// The name that was asked for.
    pub name: String,
    /// One with a similar name.
    pub near: Option<String>,
}

impl Edited {
    /// The edit that makes `after` of `config`, where the ledger was `before`.
    pub(crate) fn of(
        config: &Config,
        after: Config,
        before: &Ledger,
        mut ledger: Ledger,
        mut report: Report,
    ) -> Self {
        let mut files = differences(config, &after);
        let main = &config.main().name;
        files.sort_by_key(|file| match file.name == *main {
            false if only_gains(config.file(&file.name), after.file(&file.name)) => 0,
            true => 1,
            false => 2,
        });
        // Which edit each was the last of does not count.
        ledger.files.clone_from(&before.files);
        ledger.is_undone = before.is_undone;
        report.is_recorded = files.is_empty() && ledger != *before;
        if report.is_recorded || !files.is_empty() {
            // A ledger is recognized by its digests after a killed run: each edit has its own.
            let digests = files.iter().map(|file| (file.name.clone(), file.digests()));
            ledger.files = digests.collect();
            ledger.is_undone = false;
        }
        Self {
            config: after,
            before: before.clone(),
            ledger,
            files,
            report,
        }
    }

    /// Whether a file changes.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !self.files.is_empty()
    }
}

/// Whether all that a file says, it still says.
fn only_gains(before: Option<&File>, after: Option<&File>) -> bool {
    let tree = |file: Option<&File>| file?.text.as_ref().map(|text| text.tree().clone());
    let Some(after) = tree(after) else {
        return false;
    };
    let differences = tree(before).unwrap_or_default().differences(&after);
    differences.iter().all(|difference| match difference {
        Difference::Inserted(..) => true,
        Difference::Elements(_, gone, _) => gone.is_empty(),
        _ => false,
    })
}

impl FileEdit {
    pub(crate) fn digests(&self) -> Digests {
        let before = self.before.as_deref().map(str::as_bytes);
        Digests::of(before, self.after.as_deref())
    }
}

impl Report {
    pub(crate) fn warn(&mut self, code: &'static str, message: impl Into<String>) {
        self.warnings.push(Warning::new(code, message));
    }

    /// A handler that goes stands in this file of the distribution's, and in no other.
    pub(crate) fn warn_written_anew(&mut self, file: &Path, name: &str) {
        let message = format!(
            "{name} stays listed: the distribution writes {} anew at its next start, and lists {name} \
             again if it does so by itself",
            file.display()
        );
        self.warn("written-anew", message);
    }
}

/// What makes one config of another.
pub(crate) fn differences(from: &Config, to: &Config) -> Vec<FileEdit> {
    let files = to.files().iter().map(|file| FileEdit {
        name: file.name.clone(),
        before: from.text(&file.path).map(str::to_owned),
        after: to.text(&file.path).map(str::to_owned),
    });
    files.filter(|it| it.before != it.after).collect()
}
