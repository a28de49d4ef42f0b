//! What becomes of each file of an edit, held against the model, in an order in which every state
//! between two changes serves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::commit::editor::{Editor, FileChange, Made, Outcome, imported_sidecar};
use crate::commit::ledger::Found;
use crate::commit::operation_log::LogEntry;
use crate::commit::order;
use crate::commit::reading::Reading;
use crate::config::Config;
use crate::containerd::{ConfigFiles, Host, version};
use crate::disk::target::{Snapshot, Target};
use crate::disk::{sidecar, site};
use crate::edit::change::{Change, Placement};
use crate::edit::edited::{Edited, FileEdit};
use crate::edit::in_force;
use crate::edit::judgement::{Judgement, harmful};
use crate::edit::run::{edit, without_owners};
use crate::error::{Code, Error, Position, Warning};
use crate::ledger::Ledger;
use crate::toml::Document;
use crate::want::patch::Patch;

/// An edit that was worked out, and the files that it is about.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) outcome: Outcome,
    /// All files in the order in which they are changed; those before them are synced.
    pub(crate) parts: Vec<Part>,
    pub(crate) found: Ledger,
    pub(crate) ledger: Ledger,
}

/// A file of an edit, as it was read and as it is to be.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) target: Target,
    pub(crate) snapshot: Snapshot,
    pub(crate) change: FileChange,
    pub(crate) is_main: bool,
    /// Its folder goes too, if nothing else is in it.
    pub(crate) folder_goes: bool,
}

/// What of an edit is held against the model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judged<'j> {
    /// Whether something is to be there afterwards, and not only be gone.
    pub(crate) adds: bool,
    /// Files without any key of the tool's, where those of the ledger that was found won't do.
    pub(crate) without: Option<(&'j Config, &'j Ledger)>,
}

impl Editor {
    /// Works an edit out. Takes no lock and writes nothing: the config is only ever replaced as a
    /// whole, so that reading it is safe.
    ///
    /// # Errors
    ///
    /// [`Error`] if the config can't be found, read or parsed, if the patch can't be applied, or if
    /// a containerd release would do worse with the result.
    pub fn plan(&self, patch: &Patch) -> Result<Outcome, Error> {
        let target = self.find()?;
        let snapshot = target.read()?;
        self.check_sidecars(&target, &snapshot)?;
        let found = self.read_ledger(&target, &snapshot)?;
        let work = self.work_out(&target, snapshot, &found, patch)?;
        for part in work.parts.iter().filter(|part| part.change.is_change()) {
            site::check(&part.target, part.snapshot.existing.as_ref())?;
        }
        Ok(work.outcome)
    }

    /// Works out what becomes of the config, of which `main` was read, and of its drop-ins.
    pub(crate) fn work_out(
        &self,
        target: &Target,
        main: Snapshot,
        found: &Found,
        patch: &Patch,
    ) -> Result<Work, Error> {
        let mut change = Change::from(patch);
        if patch.prunes() && !patch.adds() {
            change.time = Some(LogEntry::now());
        }
        let chosen = self.chosen_drop_in(patch.named_owner())?;
        if let Some(path) = &chosen {
            self.find_drop_in(path, target)?;
        }
        let reading = self.read_config((target, &main), &found.ledger, chosen.as_deref())?;
        let main_text = reading.config.main().text.as_ref();
        if let Some(text) = main_text.filter(|_| patch.adds_to_plugins()) {
            version::of_or_named(&text.document, patch.plugin_id.as_deref())
                .map_err(|error| error.at(&self.path))?;
        }
        if let Some(path) = &chosen {
            change.placement = Placement::File(reading.config.name_of(path));
        } else if self.generated().is_some() {
            change.placement = Placement::File(reading.config.name_of(&self.main()));
        }
        let mut edited = edit(&reading.config, &found.ledger, &change)
            .map_err(|error| self.by_its_name(error))?;
        let adopted = change.adoption.is_some();
        let judged = Judged {
            adds: patch.adds(),
            without: None,
        };
        let overridden = in_force::overridden(&reading.config, &edited, &change);
        for file in &edited.files {
            reading
                .change(self, file)
                .map_err(|error| error.at(&self.path))?;
        }
        if edited.is_change() {
            let after = (edited.config.clone(), edited.ledger.clone());
            let without = adopted.then_some((&after.0, &after.1));
            let judged = Judged { without, ..judged };
            let warnings = self.judge(&reading, &mut edited, found, judged)?;
            edited.report.warnings.extend(warnings);
        }
        edited.report.warnings.extend(overridden);
        self.assemble(target, main, (&reading, chosen.as_deref()), found, edited)
    }

    /// Holds an edit against the model of each release, and puts its files into an order in which all
    /// of them serve whatever a crash leaves on the way.
    pub(crate) fn judge(
        &self,
        reading: &Reading,
        edited: &mut Edited,
        found: &Found,
        judged: Judged<'_>,
    ) -> Result<Vec<Warning>, Error> {
        let all: Vec<&FileEdit> = edited.files.iter().collect();
        let (before, after) = (reading.loaded(self, &[])?, reading.loaded(self, &all)?);
        let host = Host::here();
        let owners = edited.ledger.owners.values();
        let keys = owners.flat_map(|owner| owner.wants.keys());
        let wanted = keys.filter_map(|key| key.handler_name());
        let wanted: BTreeSet<String> = wanted.map(str::to_owned).collect();
        let mut judgement = Judgement {
            before: &before,
            after: &after,
            without: None,
            handlers: &edited.report.handlers,
            wanted: &wanted,
            new_default: edited.report.new_default.as_deref(),
            version: version_of(&edited.config),
            // The files that handlers refer to may be out of sight here: an installer's container
            // sees the host's under another path.
            host: &host,
            releases: &self.releases,
        };
        let mut passed = judgement.pass(judged.adds);
        let without;
        if matches!(&passed, Err(error) if error.code() == Code::Harmful) {
            without = self.without(reading, found, judged)?;
            judgement.without = Some(&without);
            passed = judgement.pass(judged.adds);
        }
        let warnings = passed.map_err(|error| match error.code() {
            Code::VersionNotRead => {
                let at = reading.config.main().text.as_ref();
                let at = at.and_then(|text| version_place(&text.document));
                error.at(&self.path).position_at(at)
            }
            _ => error.at(&self.path),
        })?;
        let numbers: Vec<usize> = (0..all.len()).collect();
        let serves = |changed: &[usize]| {
            let changed: Vec<&FileEdit> = changed.iter().map(|&it| all[it]).collect();
            // What can't be merged is not there yet.
            let Ok(after) = reading.loaded(self, &changed) else {
                return Ok(());
            };
            let on_the_way = Judgement {
                after: &after,
                ..judgement
            };
            on_the_way.serves_on_the_way()
        };
        let order = order::serving(&numbers, &serves).map_err(|harm| {
            harmful(format!("while one file is changed after the other, {harm}")).at(&self.path)
        })?;
        edited.files = order
            .into_iter()
            .map(|it| edited.files[it].clone())
            .collect();
        Ok(warnings)
    }

    /// What containerd would load without any key of the tool's.
    fn without(
        &self,
        reading: &Reading,
        found: &Found,
        judged: Judged<'_>,
    ) -> Result<ConfigFiles, Error> {
        let (config, ledger) = judged.without.unwrap_or((&reading.config, &found.ledger));
        let without = without_owners(config, ledger)?;
        let changes: Vec<FileEdit> = differences(&reading.config, &without);
        let changes: Vec<&FileEdit> = changes.iter().collect();
        reading.loaded(self, &changes)
    }

    /// Puts together what becomes of each file.
    pub(crate) fn assemble(
        &self,
        target: &Target,
        main: Snapshot,
        (reading, chosen): (&Reading, Option<&Path>),
        found: &Found,
        edited: Edited,
    ) -> Result<Work, Error> {
        let Edited {
            config,
            mut ledger,
            files,
            mut report,
        } = edited;
        let notice = self.layout.as_ref().and_then(|it| it.notice.clone());
        report.warnings.extend(notice);
        let means_otherwise = reading.config.files().len() != config.files().len()
            || config.files().iter().any(|file| {
                let before = reading.config.file(&file.name);
                let tree = |file: &crate::config::files::File| {
                    file.text.as_ref().map(|text| text.tree.clone())
                };
                before.and_then(tree) != tree(file)
            });
        let mut changed = Vec::new();
        for edit in &files {
            changed.push(reading.change(self, edit)?);
        }
        if !files.is_empty() {
            ledger.is_undone = false;
        }
        let own = self.main();
        let mut parts = Vec::new();
        let mut main = Some(main);
        let changes_main = changed.iter().any(|it| it.path == own);
        if !changes_main && let Some(snapshot) = main.take() {
            parts.push(Part {
                change: unchanged(own.clone(), &snapshot),
                target: target.clone(),
                snapshot,
                is_main: true,
                folder_goes: false,
            });
        }
        let names: Vec<PathBuf> = ledger.files().iter().map(|it| config.path_of(it)).collect();
        for path in names.iter().map(PathBuf::as_path).chain(chosen) {
            let is_known = |it: &PathBuf| it == path;
            if changed.iter().any(|it| it.path == path)
                || parts.iter().any(|part| is_known(&part.change.path))
                || *path == own
                || config
                    .files()
                    .iter()
                    .any(|it| it.path == path && !it.is_writable)
            {
                continue;
            }
            let Ok(target) = Target::find_drop_in(path, &self.host_root, target) else {
                continue;
            };
            let snapshot = target.read()?;
            parts.push(Part {
                change: unchanged(path.to_owned(), &snapshot),
                target,
                snapshot,
                is_main: false,
                folder_goes: false,
            });
        }
        for change in changed {
            let is_main = change.path == own;
            let (target, snapshot) = match main.take_if(|_| is_main) {
                Some(main) => (target.clone(), main),
                None => {
                    let target = self.find_drop_in(&change.path, target)?;
                    let snapshot = target.read()?;
                    self.check_beside(&target, &change.path, reading.files())?;
                    (target, snapshot)
                }
            };
            parts.push(Part {
                folder_goes: self.folder_goes(&change, &target, reading),
                target,
                snapshot,
                change,
                is_main,
            });
        }
        let change = |is_main: bool| {
            let parts = parts.iter().filter(move |part| part.is_main == is_main);
            parts.map(|part| part.change.clone())
        };
        let mut drop_ins: Vec<FileChange> = change(false)
            .filter(|it| it.is_change() || Some(it.path.as_path()) == chosen)
            .collect();
        drop_ins.sort_by_key(|it| Some(it.path.as_path()) != chosen);
        let main = change(true).next().map(|change| FileChange {
            path: self.path.clone(),
            ..change
        });
        let outcome = Outcome {
            path: self.path.clone(),
            main: main.unwrap_or(FileChange {
                path: self.path.clone(),
                before: None,
                after: None,
            }),
            drop_ins,
            report,
            config_version: version_of(&config),
            means_otherwise,
            is_put_back: false,
            made: Some(Box::new(Made {
                before: found.ledger.clone(),
                after: ledger.clone(),
            })),
        };
        Ok(Work {
            outcome,
            parts,
            found: found.ledger.clone(),
            ledger,
        })
    }

    /// Refuses a drop-in of which a file beside the config would be imported.
    fn check_beside(&self, target: &Target, path: &Path, files: &ConfigFiles) -> Result<(), Error> {
        let named = path
            .file_name()
            .map(|name| self.main().with_file_name(name));
        let real = self.host_root.on_host(&target.beside);
        let names = [Some(real), named].into_iter().flatten();
        let mut sidecars = names.flat_map(|name| sidecar::examples_of_drop_in(&name));
        let matched = sidecars.find_map(|sidecar| {
            let pattern = files.pattern_for(&sidecar)?.to_owned();
            Some((pattern, sidecar))
        });
        match matched {
            Some((pattern, sidecar)) => Err(imported_sidecar(&self.path, &pattern, &sidecar)),
            None => Ok(()),
        }
    }

    /// Whether the folder goes with the file: not one that others may look into, nor one that a link
    /// leads to.
    fn folder_goes(&self, change: &FileChange, target: &Target, reading: &Reading) -> bool {
        let goes = change.before.is_some() && change.after.is_none();
        let Some(folder) = change.path.parent().filter(|_| goes) else {
            return false;
        };
        let entry = self.host_root.entry(folder);
        let is_link = entry.is_ok_and(|entry| entry.is_symlink());
        let real = self.host_root.on_host(&target.folder);
        !is_link && !reading.is_looked_into(folder) && !reading.is_looked_into(&real)
    }
}

fn unchanged(path: PathBuf, snapshot: &Snapshot) -> FileChange {
    let bytes = snapshot.bytes();
    FileChange {
        path,
        before: bytes.map(<[u8]>::to_vec),
        after: bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// What makes one config of another.
pub(crate) fn differences(from: &Config, to: &Config) -> Vec<FileEdit> {
    let files = to.files().iter().map(|file| FileEdit {
        name: file.name.clone(),
        before: from.text(&file.path).map(str::to_owned),
        after: to.text(&file.path).map(str::to_owned),
        only_gains: false,
    });
    files.filter(|it| it.before != it.after).collect()
}

/// The config version of the main file, 0 if it has none.
fn version_of(config: &Config) -> i64 {
    let text = config.main().text.as_ref();
    let version = text.map(|text| version::of_any(&text.document));
    version.and_then(Result::ok).unwrap_or_default()
}

/// Where the config version stands in a file, if it does.
fn version_place(config: &Document<'_>) -> Option<Position> {
    config.get(&["version"])?;
    Some(version::position(config))
}
