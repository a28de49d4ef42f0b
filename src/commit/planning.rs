//! What becomes of each file of an edit: the config and its drop-ins, and whether every state between
//! two changes serves.

mod creators;
mod drop_in_edits;
mod drop_ins;
mod judging;
mod layouts;
mod lossy;
mod order;
mod out_of_reach;
mod overridden;
mod taking_back;

use std::collections::BTreeSet;
use std::path::Path;

use crate::commit::editor::{Editor, Plan};
use crate::config::surroundings::Changes;
use crate::containerd::{ConfigFiles, Host, absolute, version};
use crate::disk::site;
use crate::disk::target::{Snapshot, Target};
use crate::edit::judgement::harmful;
use crate::edit::patch::imports::{with_import, without_imports};
use crate::edit::patch::{Edited, apply, listed_names};
use crate::error::Error;
use crate::toml::Document;
use crate::want::handler::Owner;
use crate::want::patch::{Elsewhere, Patch};

pub(crate) use self::drop_ins::Part;
pub(crate) use self::order::File;

/// An edit that was worked out, and the drop-ins that it is about.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) plan: Plan,
    /// The one that was asked for comes first.
    pub(crate) parts: Vec<Part>,
    /// All files in the order in which they are changed, or synced.
    pub(crate) order: Vec<File>,
}

impl Editor {
    /// Works an edit out. Takes no lock and writes nothing: the config is only ever replaced as a
    /// whole, so that reading it is safe.
    ///
    /// # Errors
    ///
    /// [`Error`] if the config can't be found, read or parsed, if the patch can't be applied, or if
    /// a containerd release would do worse with the result.
    pub fn plan(&self, patch: &Patch) -> Result<Plan, Error> {
        let target = self.find()?;
        let snapshot = target.read()?;
        self.check_sidecars(&target, &snapshot)?;
        let work = self.work_out(&target, &snapshot, patch)?;
        if work.plan.changes_config() {
            site::check(&target, snapshot.existing.as_ref())?;
        }
        for part in work.parts.iter().filter(|part| part.change.is_change()) {
            site::check(&part.target, part.snapshot.existing.as_ref())?;
        }
        Ok(work.plan)
    }

    /// Works out what becomes of the config, which holds what was read, and of its drop-ins.
    pub(crate) fn work_out(
        &self,
        target: &Target,
        snapshot: &Snapshot,
        patch: &Patch,
    ) -> Result<Work, Error> {
        let mut work = match self.generated() {
            Some(generated) => self.work_out_template(snapshot, generated, patch)?,
            None => self.work_out_files(target, snapshot, patch)?,
        };
        let notice = self
            .layout
            .as_ref()
            .and_then(|layout| layout.notice.clone());
        work.plan.edited.warnings.extend(notice);
        let left = self.left_behind(patch, &work);
        work.plan.edited.warnings.extend(left);
        Ok(work)
    }

    fn work_out_files(
        &self,
        target: &Target,
        snapshot: &Snapshot,
        patch: &Patch,
    ) -> Result<Work, Error> {
        let bytes = snapshot.bytes();
        let config = bytes.map(|bytes| self.parse(bytes)).transpose()?;
        let chosen = self.chosen_drop_in(patch)?;
        // No file means the same to containerd as one that says nothing.
        let read = self.as_read(bytes.unwrap_or_default(), chosen.as_deref());
        let before = ConfigFiles::read(&self.host_root, &self.main(), &read);

        let mut parts = self.parts(target, &before, chosen, patch)?;
        let edited = self.edit_files(config.as_ref(), &before, &mut parts, patch)?;
        let mut plan = Plan {
            path: self.path.clone(),
            before: bytes.map(<[u8]>::to_vec),
            edited,
            drop_ins: Vec::new(),
        };
        let k0s = self.own_of_k0s(&before)?;
        let loaded = |files: &ConfigFiles| match &k0s {
            Some(k0s) => k0s.merged(files),
            None => Ok(files.clone()),
        };
        if before.len() > 1 || !parts.is_empty() {
            // What one file needs to know of the others is known once all have been edited.
            let after = loaded(&self.state(&before, &plan, &parts, None))?;
            let patch = patch.clone().beside(elsewhere(&plan.edited, &after));
            plan.edited = self.edit_files(config.as_ref(), &before, &mut parts, &patch)?;
            plan.edited.keep_listed(&handlers_of(&after));
        }
        plan.drop_ins = parts.iter().filter_map(Part::to_show).collect();
        let after = self.state(&before, &plan, &parts, None);
        let [before_loaded, after_loaded] = [loaded(&before)?, loaded(&after)?];
        let merged = k0s.is_some().then_some(&after_loaded);
        let is_edited = |path: &Path| {
            let is_main = path == after.main() && !self.drop_in_is_read;
            let mut edited = parts.iter().filter(|part| part.is_edited());
            is_main || edited.any(|part| part.is_at(path, self))
        };
        let unreached = self.check_reach(patch, &plan.edited, (&after, merged), &is_edited)?;
        for part in parts.iter().filter(|part| part.change.is_change()) {
            self.check_beside(part, &after)?;
            if part.is_chosen() && patch.adds() && k0s.is_none() {
                let names = part.names(self);
                lossy::check(part, &names, &after, &self.releases, plan.edited.version)?;
            }
        }
        let mut order = in_order(&parts);
        if plan.is_change() {
            self.check_default(patch, &plan, &after_loaded)?;
            let listed = handlers_of(&before_loaded);
            let has_several = before.len() > 1 || after.len() > 1;
            let mut new_default = plan.edited.new_default.clone();
            if has_several && new_default.is_some() {
                // What one file says is not what all of them do.
                new_default = self.new_default(&before_loaded, &after_loaded);
                let wanted = patch.wanted_default().map(str::to_owned);
                plan.edited.new_default = wanted.or_else(|| new_default.clone());
            }
            let adds = patch.adds();
            let warnings = self.judge((&before_loaded, &after_loaded), &plan, &listed, adds)?;
            plan.edited.warnings.extend(warnings);
            plan.edited.new_default = new_default;
            order = self.order((&before, &before_loaded), &plan, &parts, &loaded)?;
        }
        for part in &mut parts {
            part.settle_folder(&after, self);
        }
        let chosen = parts.first().filter(|part| part.is_chosen());
        let overridden = self.overridden(patch, (&after, &after_loaded), chosen);
        let warnings = &mut plan.edited.warnings;
        if overridden.has_default {
            // That says it better.
            warnings.retain(|warning| warning.code != "other-default");
        }
        warnings.extend(unreached);
        warnings.extend(overridden.warnings);
        Ok(Work { plan, parts, order })
    }

    /// Works out what becomes of the config and of each drop-in.
    fn edit_files(
        &self,
        config: Option<&Document<'_>>,
        before: &ConfigFiles,
        parts: &mut [Part],
        patch: &Patch,
    ) -> Result<Edited, Error> {
        let goes_to_part = parts.first().is_some_and(Part::is_chosen);
        let own_patch = match (goes_to_part, self.drop_in_is_read) {
            (false, _) => patch.clone(),
            (true, false) => patch.for_other_file(),
            (true, true) => Patch::new(),
        };
        let mut edited = self.allowed(apply(config, &own_patch))?;
        for part in &mut *parts {
            self.edit_drop_in(part, edited.text.as_deref(), patch)?;
        }
        if !self.drop_in_is_read {
            self.import(&mut edited, before, parts, patch)?;
        }
        for part in parts {
            part.report_to(&mut edited);
        }
        Ok(edited)
    }

    /// Removes the imports of drop-ins that go, and adds one for a drop-in that none leads to.
    fn import(
        &self,
        edited: &mut Edited,
        before: &ConfigFiles,
        parts: &[Part],
        patch: &Patch,
    ) -> Result<(), Error> {
        let was = edited.text.clone();
        let main = self.main();
        let is_imported = |part: &&Part, files: &ConfigFiles| {
            let mut names = part.names(self).into_iter();
            names.any(|name| files.contains(&name))
        };
        let gone: Vec<&Part> = parts
            .iter()
            .filter(|part| part.change.after.is_none() && is_imported(part, before))
            .collect();
        if let Some(text) = edited.text.take() {
            let goes = |import: &str| {
                let imported = absolute(&main, import);
                !import.contains('*') && gone.iter().any(|part| part.is_at(&imported, self))
            };
            edited.text = if gone.is_empty() {
                Some(text)
            } else {
                self.allowed(without_imports(&self.parse(text.as_bytes())?, &goes))?
            };
        }
        let asked_for = parts
            .first()
            .filter(|part| part.is_chosen() && patch.adds());
        if let Some(part) = asked_for {
            let mut changes = Changes::new();
            part.enter(self, &mut changes);
            let text = edited.text.take();
            let bytes = text.as_deref().unwrap_or_default().as_bytes();
            let files = before.changed(&self.host_root, bytes, &changes);
            edited.text = if is_imported(&part, &files) {
                text
            } else {
                let config = text.as_ref().map(|text| self.parse(text.as_bytes()));
                let config = config.transpose()?;
                let import = part.import();
                let owner = patch.named_owner();
                Some(self.allowed(with_import(config.as_ref(), &import, owner))?)
            };
        }
        edited.means_otherwise |= edited.text != was;
        if let Some(text) = edited.text.as_ref().filter(|_| edited.text != was) {
            edited.version = self.allowed(version::of_any(&self.parse(text.as_bytes())?))?;
        }
        Ok(())
    }

    /// The files once these have been changed; `None`: all.
    fn state(
        &self,
        before: &ConfigFiles,
        plan: &Plan,
        parts: &[Part],
        changed: Option<&[File]>,
    ) -> ConfigFiles {
        let is_changed = |file| changed.is_none_or(|changed| changed.contains(&file));
        let chosen = parts.first().filter(|part| part.is_chosen());
        let chosen = chosen.map(|part| part.change.path.as_path());
        let mut texts = Changes::new();
        for (number, part) in parts.iter().enumerate() {
            if part.change.is_change() && is_changed(File::Part(number)) {
                part.enter(self, &mut texts);
            }
        }
        let main = if is_changed(File::Main) {
            plan.edited.text.as_deref().map(str::as_bytes)
        } else {
            plan.before.as_deref()
        };
        let main = self.as_read(main.unwrap_or_default(), chosen);
        before.changed(&self.host_root, &main, &texts)
    }

    /// The files of an edit in the order in which they are changed: those that a killed run may have
    /// changed are synced first.
    fn order(
        &self,
        (before, before_loaded): (&ConfigFiles, &ConfigFiles),
        plan: &Plan,
        parts: &[Part],
        loaded: &dyn Fn(&ConfigFiles) -> Result<ConfigFiles, Error>,
    ) -> Result<Vec<File>, Error> {
        let (changed, mut order): (Vec<File>, Vec<File>) =
            in_order(parts).into_iter().partition(|file| match file {
                File::Main => plan.changes_config(),
                File::Part(part) => parts[*part].change.is_change(),
            });
        let state = |changed: &[File]| loaded(&self.state(before, plan, parts, Some(changed)));
        order.extend(self.serving_order(before_loaded, plan, &changed, &state)?);
        Ok(order)
    }

    /// The order in which the files are changed: whatever a crash leaves on the way serves.
    fn serving_order(
        &self,
        before: &ConfigFiles,
        plan: &Plan,
        changed: &[File],
        state: &dyn Fn(&[File]) -> Result<ConfigFiles, Error>,
    ) -> Result<Vec<File>, Error> {
        let (host, listed) = (Host::here(), BTreeSet::new());
        let serves = |changed: &[File]| {
            // What can't be merged is not there yet.
            let Ok(after) = state(changed) else {
                return Ok(());
            };
            let judgement = self.judgement(before, &after, plan, &listed, &host);
            judgement.serves_on_the_way()
        };
        order::serving(changed, &serves).map_err(|harm| {
            harmful(format!("while one file is changed after the other, {harm}")).at(&self.path)
        })
    }

    /// The bytes of the config as containerd reads it: with an import of the drop-in's folder, where
    /// that is read in any case.
    pub(crate) fn as_read(&self, bytes: &[u8], chosen: Option<&Path>) -> Vec<u8> {
        let bytes = &*self.filled_in(bytes);
        let imported = || {
            let pattern = chosen
                .filter(|_| self.drop_in_is_read)?
                .with_file_name("*.toml");
            let config = Document::parse(bytes).ok()?;
            with_import(Some(&config), pattern.to_str()?, &Owner::default()).ok()
        };
        imported().map_or_else(|| bytes.to_vec(), String::into_bytes)
    }

    fn parse<'b>(&self, bytes: &'b [u8]) -> Result<Document<'b>, Error> {
        Document::parse(bytes).map_err(|source| Error::from(source).at(&self.path))
    }

    /// What a patch makes of the config, or why it can't be applied there.
    fn allowed<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| error.at(&self.path))
    }
}

/// The files of an edit in the order in which they are changed if any will do: drop-ins that get a
/// new text, the config, drop-ins that go.
fn in_order(parts: &[Part]) -> Vec<File> {
    let (written, gone): (Vec<usize>, Vec<usize>) =
        (0..parts.len()).partition(|&part| parts[part].change.after.is_some());
    let written = written.into_iter().map(File::Part);
    let gone = gone.into_iter().map(File::Part);
    written.chain([File::Main]).chain(gone).collect()
}

/// All handlers that some file lists.
fn handlers_of(files: &ConfigFiles) -> BTreeSet<String> {
    let parsed = files.contents().filter_map(|it| Document::parse(it).ok());
    parsed.flat_map(|config| listed_names(&config)).collect()
}

/// What each file is told of all of them as they are after an edit.
fn elsewhere(edited: &Edited, after: &ConfigFiles) -> Elsewhere {
    let listed = handlers_of(after);
    let removed = edited.handlers.removed.iter();
    let gone = removed.filter(|name| !listed.contains(*name)).cloned();
    Elsewhere {
        gone: gone.collect(),
        listed,
    }
}
