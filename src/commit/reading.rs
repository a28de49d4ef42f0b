//! What is read of a config before an edit, whatever a distribution makes of its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::commit::editor::Editor;
use crate::commit::file_change::FileChange;
use crate::commit::request::Replacement;
use crate::config::Config;
use crate::config::files::text_of;
use crate::config::surroundings::Changes;
use crate::containerd::imports::clean;
use crate::containerd::{ConfigFiles, FileState};
use crate::disk::target::{Snapshot, Target, nearest};
use crate::edit::edited::FileEdit;
use crate::error::{Code, Error, NextStep};
use crate::ledger::Ledger;
use crate::node::template::{self, Template};
use crate::node::{Layout, k0s};
use crate::toml::{Literal, Source};

/// A config as it was read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) config: Config,
    /// The drop-in that a change goes to.
    pub(crate) chosen: Option<PathBuf>,
    /// The files that containerd or its distribution reads.
    files: ConfigFiles,
    joins: Joins,
    /// The files of the node that no edit can start from, with what is wrong. The config has them as
    /// missing.
    pub(crate) broken: BTreeMap<PathBuf, Error>,
    /// The whole texts of files, whatever stands there.
    pub(crate) new_texts: Vec<Replacement>,
    /// What has stood where the tool has put other values.
    given_back: String,
}

/// What stands between the files and containerd.
#[derive(Debug)]
enum Joins {
    Nothing,
    K0s(k0s::DropIns),
    Template(Box<Template>),
}

impl Editor {
    /// Reads the config, of which `snapshot` is the file that is edited. What `ledger` knows is read,
    /// too.
    pub(crate) fn read_config(
        &self,
        target: &Target,
        snapshot: &Snapshot,
        ledger: &Ledger,
    ) -> Result<Reading, Error> {
        self.read_any_config(target, snapshot, ledger)?.whole(self)
    }

    /// The same, though files may be broken.
    pub(crate) fn read_any_config(
        &self,
        target: &Target,
        snapshot: &Snapshot,
        ledger: &Ledger,
    ) -> Result<Reading, Error> {
        let read = self.read_main(snapshot).and_then(|mut reading| {
            let too_large = snapshot.too_large(&self.path);
            let too_large = too_large.map(|error| (self.main(), error));
            reading.broken.extend(too_large);
            self.read_known(&mut reading, target, ledger)?;
            Ok(reading)
        });
        read.map_err(|error| self.by_its_name(error))
    }

    /// The error with the config's path as it was given.
    pub(crate) fn by_its_name(&self, error: Error) -> Error {
        error.at(&self.path).renamed(&self.main(), &self.path)
    }

    /// Reads the file that is edited and what it imports, as the distribution has it.
    fn read_main(&self, snapshot: &Snapshot) -> Result<Reading, Error> {
        if let Some(generated) = self.generated() {
            return self.read_template(snapshot, generated);
        }
        match self.layout.as_ref().and_then(Layout::merged_folder) {
            Some(folder) => self.read_k0s(snapshot, folder),
            None => self.read_files(snapshot),
        }
    }

    /// Notes which file a change goes to, and reads it where nothing imports it yet.
    pub(super) fn choose(
        &self,
        reading: &mut Reading,
        main: &Target,
        file: &str,
    ) -> Result<(), Error> {
        let path = reading.config.path_of(file);
        if path == self.main() {
            return Ok(());
        }
        let found = self.find_drop_in(&path, main)?;
        if reading.config.file(file).is_none() {
            let read = found.read()?;
            let source = read.bytes().map(Source::from);
            reading.config.add(&path, source.as_ref(), true)?;
        }
        reading.chosen = Some(path);
        Ok(())
    }

    /// Adds what the ledger knows.
    fn read_known(
        &self,
        reading: &mut Reading,
        target: &Target,
        ledger: &Ledger,
    ) -> Result<(), Error> {
        let entries = ledger.entries.values();
        let was = entries.filter_map(|entry| entry.was.as_ref());
        let was: Vec<&str> = was.map(Literal::text).collect();
        reading.given_back = was.join("\n");
        let config = &mut reading.config;
        config.set_releases(&self.releases);
        ledger.choose_tables(config);
        let known = ledger.known_files().into_iter();
        let known: Vec<PathBuf> = known.map(|name| config.path_of(name)).collect();
        for path in &known {
            if reading.config.files().iter().any(|file| file.path == *path) {
                continue;
            }
            let found = Target::find_drop_in(path, &self.host_root, target);
            match found.and_then(|found| found.read()) {
                Ok(read) => reading.add(path, read.bytes().map(Source::from).as_ref(), true)?,
                Err(error) if error.code() == Code::NoFolder => {}
                Err(error) => {
                    // Nobody has named it: it is not the command line that is wrong.
                    let in_the_way = nearest(path, &self.host_root);
                    let in_the_way = self.host_root.entry(&in_the_way).unwrap_or(in_the_way);
                    let error = match error.code() {
                        Code::NotAFile | Code::FileAsFolder => {
                            error.with_hint(NextStep::MoveAway(&in_the_way))
                        }
                        _ => error,
                    };
                    reading.add(path, None, true)?;
                    reading.broken.insert(path.clone(), error);
                }
            }
        }
        self.note_links(&mut reading.config, &known);
        Ok(())
    }

    fn read_files(&self, snapshot: &Snapshot) -> Result<Reading, Error> {
        let main = self.main();
        let files = ConfigFiles::read(&self.host_root, &main, self.source(snapshot));
        let is_written = |path: &Path| self.layout.as_ref().is_some_and(|it| it.writes(path));
        let mut config = Config::new(&main, None)?;
        config.add(&main, None, !is_written(&main))?;
        let mut broken = BTreeMap::new();
        for (path, source) in files.in_order() {
            let is_main = path == main;
            if is_main && snapshot.existing.is_none() || !is_main && clean(path) != path {
                continue;
            }
            // That an import which is no TOML keeps containerd from starting is for the judge to see.
            let added = config.add(path, Some(source), !is_written(path));
            broken.extend(added.err().filter(|_| is_main).map(|it| (main.clone(), it)));
        }
        let reading = Reading::new(config, files, Joins::Nothing);
        Ok(Reading { broken, ..reading })
    }

    fn read_template(&self, snapshot: &Snapshot, generated: &Path) -> Result<Reading, Error> {
        let last = self.last_start()?;
        let bytes = snapshot.bytes();
        let text = bytes.map(|bytes| text_of(&self.path, bytes)).transpose()?;
        let (template, unread) = match self.template_of(text, &last) {
            Err(error) if text.is_some() => (self.template_of(None, &last), Some(error)),
            template => (template, None),
        };
        let template = template.map_err(|error| error.at(&self.path))?;
        let main = self.host_root.absolute(generated);
        let part = template.part().unwrap_or_default();
        let rendered = template.rendered(part);
        let files = ConfigFiles::read(&self.host_root, &main, rendered);
        let own = template.own.as_deref();
        let mut config = Config::new(own.map_or(self.main(), |_| main.clone()), None)?;
        if own.is_some() {
            config.insert(&main, own, false)?;
        }
        let lines_above = own.map(|_| template.lines_above());
        let part = template.part().map(Source::from);
        let joins = Joins::Template(Box::new(template));
        let mut reading = Reading::new(config, files, joins);
        reading.broken.extend(unread.map(|it| (self.main(), it)));
        reading.add(&self.main(), part.as_ref(), true)?;
        if let Some(lines_above) = lines_above {
            reading.config.set_part(&self.main(), lines_above);
        }
        Ok(reading)
    }

    fn read_k0s(&self, snapshot: &Snapshot, folder: &Path) -> Result<Reading, Error> {
        let mut reading = self.read_files(snapshot)?;
        let drop_ins = k0s::DropIns::read(&self.host_root, folder, &reading.files);
        reading.config.is_joined = true;
        for (path, source) in drop_ins.files() {
            reading.add(path, Some(source), true)?;
        }
        let config = &mut reading.config;
        if let Some((path, own)) = drop_ins.own() {
            config.insert(path, Some(&own), false)?;
        }
        reading.joins = Joins::K0s(drop_ins);
        Ok(reading)
    }
}

impl Reading {
    fn new(config: Config, files: ConfigFiles, joins: Joins) -> Self {
        Self {
            config,
            files,
            joins,
            broken: BTreeMap::new(),
            new_texts: Vec::new(),
            chosen: None,
            given_back: String::new(),
        }
    }

    /// Adds a file. One that can't be parsed is as good as missing.
    fn add(
        &mut self,
        path: &Path,
        source: Option<&Source>,
        is_writable: bool,
    ) -> Result<(), Error> {
        self.config.add(path, source, is_writable).or_else(|error| {
            self.broken.insert(path.to_owned(), error);
            self.config.add(path, None, is_writable)
        })
    }

    /// The reading, if no file is broken.
    pub(crate) fn whole(mut self, editor: &Editor) -> Result<Self, Error> {
        match self.broken.pop_first() {
            Some((path, error)) => Err(editor.by_its_name(error.at(path))),
            None => Ok(self),
        }
    }

    /// Returns the config with new texts for these files. An error in a text names the file that the text
    /// was read from.
    pub(crate) fn with(&self, editor: &Editor, texts: &[Replacement]) -> Result<Config, Error> {
        let lines = |text: Option<&str>| text.map_or(0, |text| text.lines().count());
        let mut config = self.config.clone();
        for Replacement { change, source } in texts {
            let FileChange { path, after, .. } = change;
            let name = config.name_of(path);
            let text = after.as_deref().map(str::as_bytes);
            let text = text.map(|bytes| self.text_of(editor, path, bytes));
            let replaced = text.transpose().and_then(|text| {
                // Of a template, the config has what stands below the directive.
                let above = lines(after.as_deref()) - lines(text.as_deref());
                let replaced = config.replace(&name, text.as_deref());
                replaced.map_err(|error| error.below(above))
            });
            replaced.map_err(|error| error.of_text(source))?;
        }
        Ok(config)
    }

    /// Whether the config is a template, which the distribution fills in.
    pub(crate) fn is_template(&self) -> bool {
        matches!(self.joins, Joins::Template(_))
    }

    /// Refuses to add what a template can't take. `added` are the handlers that are new.
    pub(crate) fn check_added(&mut self, added: &[String]) -> Result<(), Error> {
        match &mut self.joins {
            Joins::Template(template) => template.check_added(added),
            _ => Ok(()),
        }
    }

    /// What containerd loads once the files of these names are as they are in `after`.
    pub(crate) fn loaded(
        &self,
        editor: &Editor,
        after: &Config,
        names: &[&str],
    ) -> Result<ConfigFiles, Error> {
        let now = names.iter().map(|name| {
            let text = after.file(name).and_then(|file| file.text.as_ref());
            (after.path_of(name), text.map(Source::of))
        });
        let mut now: Changes = now.collect();
        for (link, path) in &after.links {
            if let Some(changed) = now.get(path).cloned() {
                now.insert(link.clone(), changed);
            }
        }
        match &self.joins {
            Joins::Nothing => {
                let main = self.files.main();
                let source = match (now.remove(main), self.files.state(main)) {
                    (Some(changed), _) => changed.unwrap_or_else(|| "".into()),
                    (None, FileState::Bytes(source)) => source.clone(),
                    (None, _) => "".into(),
                };
                let source = editor.filled_in(source);
                Ok(self.files.changed(&editor.host_root, source, &now))
            }
            Joins::K0s(drop_ins) => {
                let main = self.config.main().text.as_ref();
                Ok(drop_ins.loaded(&editor.host_root, &self.files, main, now))
            }
            Joins::Template(template) => {
                let part = match now.get(&editor.main()) {
                    Some(changed) => {
                        let bytes = changed.as_ref().map(Source::bytes);
                        bytes
                            .map(|bytes| text_of(&editor.path, bytes))
                            .transpose()?
                    }
                    None => template.part(),
                };
                let text = template.rendered(part.unwrap_or_default());
                let main = self.files.main();
                Ok(ConfigFiles::read(&editor.host_root, main, text))
            }
        }
    }

    /// What becomes of the bytes of a file.
    pub(crate) fn change(&self, editor: &Editor, edit: &FileEdit) -> Result<FileChange, Error> {
        let path = self.config.path_of(&edit.name);
        if let Some(replacement) = self.replacement(&path) {
            return Ok(replacement.change.clone());
        }
        let (before, after) = match &self.joins {
            Joins::Template(template) if path == editor.main() => {
                let part = edit.after.as_deref();
                template.check(part.unwrap_or_default())?;
                let written = template.written(part, &self.given_back)?;
                (template.text.clone(), written)
            }
            _ => (edit.before.clone(), edit.after.clone()),
        };
        Ok(FileChange {
            path,
            before: before.map(String::into_bytes),
            after,
        })
    }

    /// The whole text of a file, if it gets one.
    pub(crate) fn replacement(&self, path: &Path) -> Option<&Replacement> {
        self.new_texts.iter().find(|it| it.change.path == path)
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

    /// The error, with what may be the reason: files that this process can't see.
    pub(crate) fn with_unread(&self, error: Error) -> Error {
        let unread = self.files.describe_unread();
        if error.code() != Code::DefaultNotListed || unread.is_empty() {
            return error;
        }
        let hint = format!("{}; it may stand in {unread}", error.hint());
        error.with_hint(hint)
    }

    /// The imported files that this process can see, with their bytes.
    pub(crate) fn files(&self) -> &ConfigFiles {
        &self.files
    }
}
