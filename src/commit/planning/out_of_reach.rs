//! Handlers that stay although they were to go: they stand in a file that is not this tool's.

use std::path::Path;

use crate::commit::editor::Editor;
use crate::containerd::{ConfigFiles, plugin};
use crate::edit::patch::{Edited, foreign_handler, listing};
use crate::error::Position;
use crate::error::Warning;
use crate::error::{Code, Error};
use crate::toml::Document;
use crate::want::patch::{Patch, Whose};

/// A handler that some file lists.
struct Found<'f> {
    file: &'f Path,
    at: Position,
    owner: Option<String>,
}

/// The places in a config that list a handler.
fn places<'f>(name: &str, files: impl Iterator<Item = (&'f Path, &'f [u8])>) -> Vec<Found<'f>> {
    let mut found = Vec::new();
    for (file, bytes) in files {
        let Ok(config) = Document::parse(bytes) else {
            continue;
        };
        let listed = plugin::IDS.iter().flat_map(|id| listing::of(&config, id));
        for handler in listed.filter(|handler| handler.name == name) {
            found.push(Found {
                file,
                at: config.position(handler.offset),
                owner: handler.owner().map(str::to_owned),
            });
        }
    }
    found
}

impl Editor {
    /// Refuses an edit that would not have what it is to have, in the files as they are after it: a
    /// new handler that another owner lists in another file, which containerd would merge into one,
    /// and a handler that was to go and stands in files alone that are not this tool's. What
    /// `is_edited` is one that has been edited as it was asked for.
    ///
    /// `merged` is what the distribution makes of the files, where it merges them itself.
    pub(super) fn check_reach(
        &self,
        patch: &Patch,
        edited: &Edited,
        (after, merged): (&ConfigFiles, Option<&ConfigFiles>),
        is_edited: &dyn Fn(&Path) -> bool,
    ) -> Result<Vec<Warning>, Error> {
        let own = patch.named_owner().as_str();
        let is_older = |path: &Path| merged.is_some_and(|merged| merged.main() == path);
        let files = || {
            let own = after.all().filter(|(path, _)| !is_older(path));
            own.chain(merged.into_iter().flat_map(ConfigFiles::all))
        };
        let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
        for name in patch.wanted_names() {
            if !patch.takes_over() && !has(&edited.handlers.added, name) {
                continue;
            }
            let of_other = |found: &Found<'_>| found.owner.as_deref().is_some_and(|it| it != own);
            if let Some(found) = places(name, files()).into_iter().find(of_other) {
                return Err(self.foreign(name, found, patch.takes_over()));
            }
        }
        let mut warnings = Vec::new();
        for (name, whose) in patch.removed() {
            let left = files().filter(|(path, _)| !is_edited(path));
            let Some(found) = places(name, left).into_iter().next() else {
                continue;
            };
            // What could go is gone.
            if !has(&edited.handlers.changed, name) {
                let is_refused = whose == Whose::OwnOrRefused;
                return Err(self.foreign(name, found, !is_refused));
            }
            if whose == Whose::Anybodys {
                let file = found.file.display().to_string();
                let error = self.foreign(name, found, true);
                warnings.push(Warning {
                    code: "still-listed",
                    message: format!("{file}: {error}: {}", error.hint()),
                    at: None,
                });
            }
        }
        Ok(warnings)
    }

    /// Why a handler stays that is somebody else's: it is out of reach, or its owner keeps it.
    fn foreign(&self, name: &str, found: Found<'_>, is_asked_for: bool) -> Error {
        match found.owner {
            Some(owner) if !is_asked_for => foreign_handler(name, &owner, found.at).at(found.file),
            _ => out_of_reach(found.file, name, self.writer_of(found.file)).position_at(found.at),
        }
    }

    /// The distribution, if it writes the file anew.
    fn writer_of(&self, path: &Path) -> Option<&'static str> {
        let layout = self.layout.as_ref()?;
        layout.writes(path).then(|| layout.distribution.title())
    }
}

/// A handler that was to go, or to be taken over, stands in a file that this tool has not created.
/// `writer` is the distribution, if it writes the file anew at every start.
fn out_of_reach(path: &Path, handler: &str, writer: Option<&str>) -> Error {
    let (why, hint) = match writer {
        Some(writer) => (
            format!("{writer} writes anew at every start"),
            format!("have {writer} itself leave {handler} out"),
        ),
        None => (
            "does not say that this tool has created it".to_owned(),
            format!(
                "whoever has written it should know of this; then: containerd-edit remove {handler} \
                 --drop-in={}",
                path.display()
            ),
        ),
    };
    let message = format!("{handler} stands in a file that {why}");
    Error::new(Code::OutOfReach, message, hint).at(path)
}
