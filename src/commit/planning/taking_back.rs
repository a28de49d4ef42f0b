//! What becomes of each file of a change that is taken back.

use crate::commit::change::Back;
use crate::commit::editor::{Editor, Plan};
use crate::containerd::{ConfigFiles, version};
use crate::disk::target::{Snapshot, Target};
use crate::edit::patch::{Edited, Handlers, Keys};
use crate::error::{Code, Error};
use crate::toml::Document;

use super::drop_ins::Role;
use super::{Work, handlers_of, in_order};

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
        let changed_since = |path: &std::path::Path| {
            let message =
                "this is not what the change has left: another run or program has changed it since";
            let hint = "see what came since with `containerd-edit log`, and remove handlers with \
                        `containerd-edit remove`";
            Error::new(Code::ChangedSince, message, hint).at(path)
        };
        let now = snapshot.bytes();
        if !is_after(now, &change.main.after) {
            return Err(changed_since(&self.path));
        }
        let before = text(&change.main.before).map_err(|_| changed_since(&self.path))?;
        let mut parts = Vec::new();
        for drop_in in &change.drop_ins {
            let is_chosen = self.drop_in_is_read && parts.is_empty();
            let role = if is_chosen { Role::Chosen } else { Role::Own };
            let mut part = self.part(drop_in.path.clone(), target, role)?;
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
        let version = self.version_of(before.as_deref());
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
                keys: Keys {
                    set: change.keys.given_back.clone(),
                    given_back: change.keys.set.clone(),
                    overridden: Vec::new(),
                },
                means_otherwise: true,
                takes_back: true,
                gives_back: change.handlers.changed.iter().cloned().collect(),
                ..Edited::nothing()
            },
            drop_ins: parts.iter().map(|part| part.change.clone()).collect(),
        };
        let chosen = parts.first().filter(|part| part.is_chosen());
        let chosen = chosen.map(|part| part.change.path.as_path());
        let read = self.as_read(now.unwrap_or_default(), chosen);
        let files = ConfigFiles::read(&self.host_root, &self.main(), &read);
        let after = self.state(&files, &plan, &parts, None);
        let mut order = in_order(&parts);
        // What was there before a template was changed was judged when it came.
        if back.is_judged && self.generated().is_none() {
            let k0s = self.own_of_k0s(&files)?;
            let loaded = |files: &ConfigFiles| match &k0s {
                Some(k0s) => k0s.merged(files),
                None => Ok(files.clone()),
            };
            let [before_loaded, after_loaded] = [loaded(&files)?, loaded(&after)?];
            let listed = handlers_of(&before_loaded);
            let judged = (&before_loaded, &after_loaded);
            // What was there before is no news to any release.
            let warnings = self.judge(judged, &plan, &listed, false)?;
            plan.edited.warnings.extend(warnings);
            order = self.order((&files, &before_loaded), &plan, &parts, &loaded)?;
        }
        for part in &mut parts {
            part.settle_folder(&after, self);
        }
        Ok(Work { plan, parts, order })
    }

    /// The config version of a text, or of what k3s has made of the template; 0 if there is none.
    fn version_of(&self, text: Option<&str>) -> i64 {
        let generated = self.generated().and_then(|path| {
            let read = Target::find(path, &self.host_root).ok()?.read().ok()?;
            read.bytes().map(<[u8]>::to_vec)
        });
        let text = generated.or_else(|| text.map(|text| text.as_bytes().to_vec()));
        let text = text.unwrap_or_default();
        let config = Document::parse(&text).ok();
        let version = config.and_then(|config| version::of_any(&config).ok());
        version.unwrap_or_default()
    }
}
