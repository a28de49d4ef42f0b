//! What files keep of their owners where another program has dropped comments.

use std::cell::OnceCell;
use std::path::Path;

use crate::commit::editor::Editor;
use crate::commit::operation_log::LogEntry;
use crate::commit::ownership::{self, Looked};
use crate::containerd::ConfigFiles;
use crate::edit::patch::imports::line_owner;
use crate::edit::patch::provenance::Provenance;
use crate::error::Warning;
use crate::toml::Document;
use crate::want::handler::Owner;
use crate::want::patch::Patch;

use super::Work;

/// For whom this tool has created the drop-ins of a config.
pub(crate) struct Creators<'e> {
    editor: &'e Editor,
    /// Whose the line of imports is, and so the drop-in that its owner has by default.
    of_line: Option<Owner>,
    /// Read once the files themselves don't tell.
    entries: OnceCell<Vec<LogEntry>>,
}

impl Creators<'_> {
    /// The installer for whom this tool has created the file at `path`, which holds `bytes`.
    pub(crate) fn of(&self, path: &Path, bytes: &[u8]) -> Option<String> {
        let entries = || {
            self.entries
                .get_or_init(|| self.editor.log_entries().unwrap_or_default())
        };
        ownership::creator(path, bytes, &[])
            .or_else(|| ownership::creator(path, bytes, entries()))
            .or_else(|| {
                let owner = self.of_line.as_ref()?;
                let is_its = path == self.editor.default_drop_in(owner);
                is_its.then(|| owner.as_str().to_owned())
            })
    }
}

impl Editor {
    /// Who the creators of the drop-ins of a config are.
    pub(crate) fn creators(&self, files: &ConfigFiles) -> Creators<'_> {
        // A folder that is read in any case takes no import.
        let mut main = files.all().filter(|_| !self.drop_in_is_read);
        let main = main.find(|(path, _)| *path == files.main());
        let main = main.and_then(|(_, bytes)| Document::parse(bytes).ok());
        Creators {
            editor: self,
            of_line: main.as_ref().and_then(line_owner),
            entries: OnceCell::new(),
        }
    }

    /// What of an owner stays although the patch is to prune it.
    pub(super) fn left_behind(&self, patch: &Patch, work: &Work) -> Vec<Warning> {
        let Some(owner) = patch.pruned_owner() else {
            return Vec::new();
        };
        let entries = self.log_entries().unwrap_or_default();
        let default = self.default_drop_in(owner);
        let plan = &work.plan;
        let before = plan.before.as_deref().map(String::from_utf8_lossy);
        let texts = [before.as_deref(), plan.edited.text.as_deref()];
        let [before, after] = texts.map(|text| self.as_toml(text?));
        let main = before.iter().zip(&after).map(|(before, after)| Looked {
            drop_in: None,
            is_its_by_name: false,
            before,
            after,
        });
        let drop_ins = work.parts.iter().filter_map(|part| {
            let named = &part.change.path;
            let before = str::from_utf8(part.snapshot.bytes()?).ok()?;
            let is_logged = |entry: &LogEntry| entry.drop_ins.iter().any(|it| it.path == *named);
            let is_told =
                Provenance::creator(before.as_bytes()).is_some() || entries.iter().any(is_logged);
            Some(Looked {
                drop_in: Some(named),
                is_its_by_name: !is_told && *named == default,
                before,
                after: part.change.after.as_deref()?,
            })
        });
        ownership::left_behind(patch, main.chain(drop_ins), &entries)
    }
}
