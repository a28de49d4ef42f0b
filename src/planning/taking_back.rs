//! What becomes of each file of a change that is taken back.

use crate::change::Back;
use crate::containerd::{ConfigFiles, version};
use crate::document::Document;
use crate::editor::{Editor, Plan};
use crate::error::Error;
use crate::file::target::{Snapshot, Target};
use crate::patch::{Edited, Handlers, listed_names};

use super::Work;

impl Editor {
    /// Works out what becomes of the files of a change that is taken back: what they were before.
    pub(crate) fn work_out_back(
        &self,
        target: &Target,
        snapshot: &Snapshot,
        back: &Back,
    ) -> Result<Work, Error> {
        let change = &back.change;
        let is_after = |now: Option<&[u8]>, after: &Option<String>| {
            now == after.as_ref().map(String::as_bytes)
        };
        let text = |before: &Option<Vec<u8>>| {
            let text = before.as_deref().map(str::from_utf8).transpose();
            text.map(|text| text.map(str::to_owned))
        };
        let changed_since = |path: &std::path::Path| Error::ChangedSince {
            path: path.to_owned(),
        };
        let now = snapshot.bytes();
        if !is_after(now, &change.main.after) {
            return Err(changed_since(&self.path));
        }
        let before = text(&change.main.before).map_err(|_| changed_since(&self.path))?;
        let mut parts = Vec::new();
        for drop_in in &change.drop_ins {
            let is_chosen = self.drop_in_is_read && parts.is_empty();
            let mut part = self.part(drop_in.path.clone(), target, is_chosen)?;
            if !is_after(part.snapshot.bytes(), &drop_in.after) {
                return Err(changed_since(&drop_in.path));
            }
            part.change.after = text(&drop_in.before).map_err(|_| changed_since(&drop_in.path))?;
            parts.push(part);
        }
        let Handlers {
            added,
            changed,
            removed,
        } = change.handlers.clone();
        let version = match &before {
            Some(before) => self.allowed(version::of_any(&self.parse(before.as_bytes())?))?,
            None => 0,
        };
        let mut plan = Plan {
            path: self.path.clone(),
            before: now.map(<[u8]>::to_vec),
            edited: Edited {
                text: before,
                version,
                handlers: Handlers {
                    added: removed,
                    changed,
                    removed: added,
                },
                means_otherwise: true,
                takes_back: true,
                ..Edited::nothing()
            },
            drop_ins: parts.iter().map(|part| part.change.clone()).collect(),
        };
        let chosen = parts.first().filter(|part| part.is_chosen);
        let chosen = chosen.map(|part| part.change.path.as_path());
        let read = self.as_read(now.unwrap_or_default(), chosen);
        let files = ConfigFiles::read(&self.host_root, &self.main(), &read);
        let states = self.states(&files, &plan, &parts);
        // What was there before a template was changed was judged when it came.
        if back.is_judged && self.generated().is_none() {
            let listed = now.map(Document::parse).and_then(Result::ok);
            let listed = listed.as_ref().map(listed_names).unwrap_or_default();
            let merged = self.merged_by_k0s(&files, &parts)?;
            let warnings = self.judge_files(&files, &states, merged.as_ref(), &plan, &listed)?;
            plan.edited.warnings.extend(warnings);
        }
        let after = states.last().unwrap_or(&files);
        for part in &mut parts {
            part.settle_folder(after, self);
        }
        Ok(Work { plan, parts })
    }
}
