//! What becomes of each file of an edit: the config and its drop-ins, and whether every state between
//! two changes serves.

mod drop_ins;
mod foreign;
mod layouts;
mod lossy;
mod taking_back;

use std::collections::BTreeSet;
use std::path::Path;

use crate::containerd::{ConfigFiles, Host, absolute, version};
use crate::document::Document;
use crate::editor::{Editor, Plan};
use crate::error::Error;
use crate::file::site;
use crate::file::target::{Snapshot, Target};
use crate::handler::Owner;
use crate::judgement::Judgement;
use crate::patch::imports::{with_import, without_imports};
use crate::patch::{Edited, Patch, PatchError, Warning, apply, listed_names};
use crate::surroundings::Changes;

pub(crate) use self::drop_ins::Part;

/// An edit that was worked out, and the drop-ins that it is about.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) plan: Plan,
    /// The one that was asked for comes first.
    pub(crate) parts: Vec<Part>,
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

        let own_patch = match &chosen {
            None => patch.clone(),
            Some(_) if patch.prunes() && !self.drop_in_is_read => patch.pruning(),
            Some(_) => Patch::new(),
        };
        let mut edited = self.allowed(apply(config.as_ref(), &own_patch))?;
        let mut parts = self.parts(target, &before, chosen, patch)?;
        for part in &mut parts {
            self.edit_drop_in(part, edited.text.as_deref(), patch)?;
        }
        if !self.drop_in_is_read {
            self.import(&mut edited, &before, &parts, patch)?;
        }
        for part in &mut parts {
            part.report_to(&mut edited);
        }

        let mut plan = Plan {
            path: self.path.clone(),
            before: bytes.map(<[u8]>::to_vec),
            edited,
            drop_ins: parts.iter().filter_map(Part::to_show).collect(),
        };
        let states = self.states(&before, &plan, &parts);
        let after = states.last().unwrap_or(&before);
        foreign::check(patch, &plan.edited, after)?;
        let merged = self.merged_by_k0s(&before, &parts)?;
        for part in parts.iter().filter(|part| part.change.is_change()) {
            self.check_beside(part, after)?;
            if part.is_chosen && patch.adds() && merged.is_none() {
                let names = part.names(self);
                lossy::check(part, &names, after, &self.releases, plan.edited.version)?;
            }
        }
        if plan.is_change() {
            let listed = config.as_ref().map(listed_names).unwrap_or_default();
            let warnings = self.judge_files(&before, &states, merged.as_ref(), &plan, &listed)?;
            plan.edited.warnings.extend(warnings);
        }
        for part in &mut parts {
            part.settle_folder(after, self);
        }
        plan.edited.warnings.extend(still_listed(after, patch));
        Ok(Work { plan, parts })
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
        let asked_for = parts.first().filter(|part| part.is_chosen && patch.adds());
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

    /// The files after each change that the edit makes: first drop-ins that get a new text, then the
    /// config, then drop-ins that go.
    fn states(&self, before: &ConfigFiles, plan: &Plan, parts: &[Part]) -> Vec<ConfigFiles> {
        let chosen = parts.first().filter(|part| part.is_chosen);
        let chosen = chosen.map(|part| part.change.path.as_path());
        let mut main = plan.before.clone().unwrap_or_default();
        let mut changes = Changes::new();
        let mut states = Vec::new();
        let mut state = |main: &[u8], changes: &Changes| {
            let main = self.as_read(main, chosen);
            states.push(before.changed(&self.host_root, &main, changes));
        };
        let (written, gone): (Vec<&Part>, Vec<&Part>) = parts
            .iter()
            .filter(|part| part.change.is_change())
            .partition(|part| part.change.after.is_some());
        for part in written {
            part.enter(self, &mut changes);
            state(&main, &changes);
        }
        if plan.changes_config() {
            main = plan.edited.text.clone().unwrap_or_default().into_bytes();
            state(&main, &changes);
        }
        for part in gone {
            part.enter(self, &mut changes);
            state(&main, &changes);
        }
        states
    }

    /// The same for files that k0s may merge before containerd reads them.
    fn judge_files(
        &self,
        before: &ConfigFiles,
        states: &[ConfigFiles],
        merged: Option<&[ConfigFiles; 2]>,
        plan: &Plan,
        listed: &BTreeSet<String>,
    ) -> Result<Vec<Warning>, Error> {
        match merged {
            Some([before, after]) => self.judge(before, std::slice::from_ref(after), plan, listed),
            None => self.judge(before, states, plan, listed),
        }
    }

    /// Holds an edit against the model of each release: its end, and what a crash may leave on the
    /// way there.
    fn judge(
        &self,
        before: &ConfigFiles,
        states: &[ConfigFiles],
        plan: &Plan,
        listed: &BTreeSet<String>,
    ) -> Result<Vec<Warning>, Error> {
        let Some((end, on_the_way)) = states.split_last() else {
            return Ok(Vec::new());
        };
        let host = Host::here();
        let judgement = |after| Judgement {
            before,
            after,
            edited: &plan.edited,
            listed,
            // The files that handlers refer to may be out of sight here: an installer's container
            // sees the host's under another path.
            host: &host,
            releases: &self.releases,
        };
        let harmful = |what: String| Error::Harmful {
            path: self.path.clone(),
            what,
        };
        let warnings = judgement(end).pass();
        let warnings = warnings.map_err(|harm| harmful(harm.to_string()))?;
        for state in on_the_way {
            let served = judgement(state).serves_on_the_way();
            served.map_err(|harm| {
                harmful(format!("while one file is changed after the other, {harm}"))
            })?;
        }
        Ok(warnings)
    }

    /// The bytes of the config as containerd reads it: with an import of the drop-in's folder, where
    /// that is read in any case.
    fn as_read(&self, bytes: &[u8], chosen: Option<&Path>) -> Vec<u8> {
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
        Document::parse(bytes).map_err(|source| Error::Parse {
            path: self.path.clone(),
            source,
        })
    }

    /// What a patch makes of the config, or why it can't be applied there.
    fn allowed<T, E: Into<PatchError>>(&self, result: Result<T, E>) -> Result<T, Error> {
        result.map_err(|source| Error::Patch {
            path: self.path.clone(),
            source: source.into(),
        })
    }
}

/// What removing by name does not reach.
fn still_listed(files: &ConfigFiles, patch: &Patch) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut names = patch.removed_names().peekable();
    if names.peek().is_none() {
        return warnings;
    }
    let listed: Vec<_> = files
        .imported()
        .filter_map(|(path, bytes)| Some((path, listed_names(&Document::parse(bytes).ok()?))))
        .collect();
    for name in names {
        for (file, _) in listed.iter().filter(|(_, listed)| listed.contains(name)) {
            let file = file.display();
            warnings.push(Warning {
                code: "in-drop-in",
                message: format!(
                    "{name} is listed in {file}: `containerd-edit remove {name} --drop-in={file}`"
                ),
                at: None,
            });
        }
    }
    warnings
}
