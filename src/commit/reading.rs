//! What is read of a config before an edit, whatever a distribution makes of its files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::commit::editor::{Editor, FileChange};
use crate::commit::template::{self, Template};
use crate::config::Config;
use crate::config::reading::text_of;
use crate::config::surroundings::Changes;
use crate::containerd::{ConfigFiles, FileState};
#[cfg(feature = "cri")]
use crate::containerd::{Host, Model, Release, Verdict};
use crate::disk::target::{Snapshot, Target};
use crate::edit::edited::FileEdit;
use crate::error::{Code, Error};
use crate::ledger::Ledger;
use crate::node::{Distribution, Kind, k0s, template as templates};
use crate::toml::Document;

/// A config as it was read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) config: Config,
    /// The files that containerd or its distribution reads.
    files: ConfigFiles,
    joins: Joins,
}

/// What stands between the files and containerd.
#[derive(Debug)]
enum Joins {
    Nothing,
    K0s(OwnOfK0s),
    Template(Box<Template>),
}

/// What k0s itself says of CRI.
#[derive(Debug)]
struct OwnOfK0s {
    /// The file into which it merges the drop-ins of the folder.
    path: PathBuf,
    /// What would be there without any.
    text: String,
    /// The drop-ins, in k0s's order.
    drop_ins: BTreeMap<PathBuf, String>,
}

impl Editor {
    /// Reads the config, of which `snapshot` is the file that is edited. What `ledger` knows is read,
    /// too, and the file that a change goes to.
    pub(crate) fn read_config(
        &self,
        main: (&Target, &Snapshot),
        ledger: &Ledger,
        chosen: Option<&Path>,
    ) -> Result<Reading, Error> {
        let read = self.read_all(main, ledger, chosen);
        read.map_err(|error| self.by_its_name(error))
    }

    /// The error with the config's path as it was given.
    pub(crate) fn by_its_name(&self, error: Error) -> Error {
        error.at(&self.path).renamed(&self.main(), &self.path)
    }

    fn read_all(
        &self,
        (target, snapshot): (&Target, &Snapshot),
        ledger: &Ledger,
        chosen: Option<&Path>,
    ) -> Result<Reading, Error> {
        let mut reading = match self.layout.as_ref().map(|it| (&it.kind, it.distribution)) {
            Some((Kind::Template { generated, .. }, _)) => self.read_template(snapshot, generated),
            Some((Kind::DropIn { folder, .. }, Distribution::K0s)) => {
                self.read_k0s(snapshot, folder)
            }
            _ => self.read_files(snapshot),
        }?;
        let config = &mut reading.config;
        let of_owners = ledger.owners.values().map(|owner| owner.file.as_str());
        let known: BTreeSet<&str> = ledger.files().into_iter().chain(of_owners).collect();
        let known = known.into_iter().filter(|name| !name.is_empty());
        let known: Vec<PathBuf> = known.map(|name| config.path_of(name)).collect();
        for path in known.iter().map(PathBuf::as_path).chain(chosen) {
            if config.files().iter().any(|file| file.path == path) {
                continue;
            }
            let found = match Target::find_drop_in(path, &self.host_root, target) {
                Err(error) if error.code() == Code::NoFolder && Some(path) != chosen => continue,
                found => found?,
            };
            let read = found.read()?;
            let text = read.bytes().map(|bytes| text_of(path, bytes)).transpose()?;
            config.insert(path, text, true)?;
        }
        Ok(reading)
    }

    fn read_files(&self, snapshot: &Snapshot) -> Result<Reading, Error> {
        let bytes = snapshot.bytes().unwrap_or_default();
        let files = ConfigFiles::read(&self.host_root, &self.main(), bytes);
        let config = Config::of(&files, snapshot.existing.is_some(), &|path| {
            let mut layout = self.layout.iter();
            !layout.any(|layout| layout.writes(path))
        })?;
        Ok(Reading {
            config,
            files,
            joins: Joins::Nothing,
        })
    }

    fn read_template(&self, snapshot: &Snapshot, generated: &Path) -> Result<Reading, Error> {
        let read = Target::find(generated, &self.host_root)?.read()?;
        let last = text_of(generated, read.bytes().unwrap_or_default())?;
        let bytes = snapshot.bytes();
        let text = bytes.map(|bytes| text_of(&self.path, bytes)).transpose()?;
        let template = Template::of(text, last).map_err(|error| error.at(&self.path))?;
        let main = self.host_root.absolute(generated);
        let part = template.part().unwrap_or_default();
        let rendered = template.rendered(part);
        let files = ConfigFiles::read(&self.host_root, &main, rendered.as_bytes());
        let config = match &template.own {
            None => Config::new(self.main(), template.part()),
            Some(own) => Config::new(&main, None).and_then(|mut config| {
                config.insert(&main, Some(own), false)?;
                config.insert(self.main(), template.part(), true)?;
                config.set_part(&self.main());
                Ok(config)
            }),
        };
        Ok(Reading {
            config: config.map_err(|error| error.at(&self.path))?,
            files,
            joins: Joins::Template(Box::new(template)),
        })
    }

    fn read_k0s(&self, snapshot: &Snapshot, folder: &Path) -> Result<Reading, Error> {
        let mut reading = self.read_files(snapshot)?;
        // What the folder holds, as an import of it would find it.
        let import = format!("imports = [\"{}/*.toml\"]\n", folder.display());
        let found = ConfigFiles::read(&self.host_root, &self.main(), import.as_bytes());
        let drop_ins = found.imported().filter_map(|(path, bytes)| {
            let text = str::from_utf8(bytes).ok()?;
            Some((path.to_owned(), text.to_owned()))
        });
        let drop_ins: BTreeMap<PathBuf, String> = drop_ins.collect();
        let own = reading.files.imported().find(|(path, bytes)| {
            let text = str::from_utf8(bytes);
            path.parent() != Some(folder) && text.is_ok_and(is_merged)
        });
        let own = own.map(|(path, bytes)| (path.to_owned(), bytes.to_owned()));
        let Some((path, bytes)) = own else {
            return Ok(reading);
        };
        let mut text = text_of(&path, &bytes)?.to_owned();
        for drop_in in drop_ins.values().filter(|it| is_merged(it)) {
            text = k0s::without(&text, drop_in).map_err(|source| Error::from(source).at(&path))?;
        }
        reading.config.insert(&path, Some(&text), false)?;
        reading.config.is_joined = true;
        for (path, text) in &drop_ins {
            reading.config.insert(path, Some(text), true)?;
        }
        reading.joins = Joins::K0s(OwnOfK0s {
            path,
            text,
            drop_ins,
        });
        Ok(reading)
    }

    /// The text of the config as containerd gets it.
    fn filled_in<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        match (&self.layout, str::from_utf8(bytes)) {
            (Some(layout), Ok(text)) => match layout.rendered(text) {
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
                Cow::Borrowed(_) => Cow::Borrowed(bytes),
            },
            _ => Cow::Borrowed(bytes),
        }
    }

    /// What a release makes of the config as it is now, in the file that containerd is started with.
    #[cfg(feature = "cri")]
    pub(crate) fn verdict(&self, release: Release) -> Result<Verdict, Error> {
        let path = self.generated().unwrap_or(&self.path);
        let read = Target::find(path, &self.host_root)?.read()?;
        // No file means the same to containerd as one that says nothing.
        let bytes = self.filled_in(read.bytes().unwrap_or_default());
        let main = self.host_root.absolute(path);
        let files = ConfigFiles::read(&self.host_root, &main, &bytes);
        let host = Host::of(&self.host_root, &files);
        Ok(Model::new(&files, &host).verdict(release))
    }

    /// The config that the last start made of a template, if it is a template that is edited.
    pub(crate) fn generated(&self) -> Option<&Path> {
        match &self.layout.as_ref()?.kind {
            Kind::Template { generated, .. } => Some(generated),
            _ => None,
        }
    }

    /// A text of the config as a TOML parser can read it. `None`: it is a template whose directives
    /// decide over other lines.
    pub(crate) fn as_toml<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        match self.generated() {
            Some(_) => templates::as_toml(text).map(Cow::Owned),
            None => Some(Cow::Borrowed(text)),
        }
    }
}

impl Reading {
    /// What containerd loads once these files have changed.
    pub(crate) fn loaded(
        &self,
        editor: &Editor,
        changes: &[&FileEdit],
    ) -> Result<ConfigFiles, Error> {
        let changed = |path: &Path| {
            let mut changes = changes.iter();
            changes.find(|change| self.config.path_of(&change.name) == path)
        };
        match &self.joins {
            Joins::Nothing => Ok(self.loaded_files(editor, changes)),
            Joins::K0s(own) => {
                let mut drop_ins = own.drop_ins.clone();
                for change in changes {
                    let path = self.config.path_of(&change.name);
                    match &change.after {
                        Some(text) => drop(drop_ins.insert(path, text.clone())),
                        None => drop(drop_ins.remove(&path)),
                    }
                }
                let mut text = own.text.clone();
                for (path, drop_in) in drop_ins.iter().filter(|(_, text)| is_merged(text)) {
                    text = k0s::merged(&text, drop_in)
                        .map_err(|source| Error::from(source).at(path))?;
                }
                Ok(ConfigFiles::new(&own.path, text))
            }
            Joins::Template(template) => {
                let part = match changed(&editor.main()) {
                    Some(change) => change.after.as_deref(),
                    None => template.part(),
                };
                let text = template.rendered(part.unwrap_or_default());
                let main = self.files.main();
                Ok(ConfigFiles::read(&editor.host_root, main, text.as_bytes()))
            }
        }
    }

    fn loaded_files(&self, editor: &Editor, changes: &[&FileEdit]) -> ConfigFiles {
        let main = &self.config.main().name;
        let mut others = Changes::new();
        let mut bytes = match self.files.state(self.files.main()) {
            FileState::Bytes(bytes) => bytes.clone(),
            _ => Vec::new(),
        };
        for change in changes {
            let after = change.after.as_ref().map(|text| text.clone().into_bytes());
            if change.name == *main {
                bytes = after.unwrap_or_default();
                continue;
            }
            let path = self.config.path_of(&change.name);
            others.insert(path, after);
        }
        let bytes = editor.filled_in(&bytes);
        self.files.changed(&editor.host_root, &bytes, &others)
    }

    /// What becomes of the bytes of a file.
    pub(crate) fn change(&self, editor: &Editor, edit: &FileEdit) -> Result<FileChange, Error> {
        let path = self.config.path_of(&edit.name);
        let (before, after) = match &self.joins {
            Joins::Template(template) if path == editor.main() => {
                let part = edit.after.as_deref();
                template.check(part.unwrap_or_default())?;
                (template.text.clone(), template.written(part)?)
            }
            _ => (edit.before.clone(), edit.after.clone()),
        };
        Ok(FileChange {
            path,
            before: before.map(String::into_bytes),
            after,
        })
    }

    /// What of a file's bytes the config holds as its text.
    pub(crate) fn text_of(
        &self,
        editor: &Editor,
        path: &Path,
        bytes: &[u8],
    ) -> Result<String, Error> {
        let text = text_of(path, bytes)?;
        match &self.joins {
            Joins::Template(_) if path == editor.main() => template::part_of(text),
            _ => Ok(text.to_owned()),
        }
    }

    /// Whether some import leads to what stands in a folder.
    pub(crate) fn is_looked_into(&self, folder: &Path) -> bool {
        let is_joined = matches!(self.joins, Joins::K0s(_));
        is_joined || self.files.patterns().any(|it| it.starts_with(folder))
    }

    /// The imported files that this process can see, with their bytes.
    pub(crate) fn files(&self) -> &ConfigFiles {
        &self.files
    }
}

/// Whether k0s merges a file of this text.
fn is_merged(text: &str) -> bool {
    Document::parse(text.as_bytes()).is_ok_and(|config| k0s::is_merged(&config))
}
