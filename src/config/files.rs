//! A config: all files that containerd reads, in its order, each parsed once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::containerd::imports::{absolute, has_meta, is_pattern, leads_to, written};
use crate::containerd::{Release, Successor, version};
use crate::error::{Error, Position};
use crate::toml::{self, Document, ParseError, Source};
use crate::want::comment::is_own;
use crate::want::handler::drop_in_of;

/// The ordered set of all files that containerd reads for one config.
///
/// The main file is number 0 and may be missing. What it imports follows in the order of loading.
#[derive(Debug, Clone)]
pub struct Config {
    files: Vec<File>,
    /// Whether a distribution makes one config of all the files before containerd reads it: then a
    /// plugin's section may stand in several, and no file has to be imported.
    pub(crate) is_joined: bool,
    /// The plugin table of the handlers, for each file in which somebody has chosen it.
    tables: BTreeMap<String, String>,
    /// What the tool's keys may have become in a file that somebody has migrated.
    pub(crate) successors: BTreeMap<String, Vec<&'static Successor>>,
    /// The releases that an edit is for.
    pub(super) releases: Vec<Release>,
    /// Each link to a drop-in, with the path under which that file is edited: its own, or another one.
    pub(crate) links: BTreeMap<PathBuf, PathBuf>,
}

/// One file of a config.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The absolute path on the host.
    pub(crate) path: PathBuf,
    /// The path from the main file's folder, or the absolute one: what a ledger calls the file.
    pub(crate) name: String,
    pub(crate) text: Option<Arc<Document>>,
    /// Whether an edit may change it; what a distribution generates it may not.
    pub(crate) is_writable: bool,
    /// Whether its text is a part of the main file's: that one's version holds, and it names none.
    pub(crate) is_part: bool,
    /// How many lines of the file stand above its text.
    lines_above: usize,
}

/// What leads to a drop-in: the path of a link to it, or of the file that imports it.
#[derive(Debug)]
pub(crate) enum Holder {
    Link(PathBuf),
    Import(PathBuf),
}

impl Config {
    /// A config of a main file alone. `path` is absolute; `text` is `None` if the file is missing.
    ///
    /// # Errors
    ///
    /// [`Code::NotToml`](crate::Code::NotToml) with the position, if the text is not TOML;
    /// [`Code::WrongType`](crate::Code::WrongType) if its version is no integer.
    pub fn new(path: impl Into<PathBuf>, text: Option<&str>) -> Result<Self, Error> {
        let mut config = Self {
            files: Vec::new(),
            is_joined: false,
            tables: BTreeMap::new(),
            successors: BTreeMap::new(),
            releases: Release::LINES.to_vec(),
            links: BTreeMap::new(),
        };
        config.insert(path, text, true)?;
        Ok(config)
    }

    /// Adds the file that is loaded next, or puts another text in the place of one that is there.
    /// `is_writable`: whether an edit may change it.
    ///
    /// # Errors
    ///
    /// As [`Config::new`].
    pub fn insert(
        &mut self,
        path: impl Into<PathBuf>,
        text: Option<&str>,
        is_writable: bool,
    ) -> Result<(), Error> {
        self.add(&path.into(), text.map(Source::from).as_ref(), is_writable)
    }

    /// As [`Config::insert`], of a file that was read.
    pub(crate) fn add(
        &mut self,
        path: &Path,
        source: Option<&Source>,
        is_writable: bool,
    ) -> Result<(), Error> {
        let text = source.map(parse).transpose();
        let text = text.map_err(|error| error.at(path))?;
        let file = File {
            name: self.name_of(path),
            path: path.to_owned(),
            text,
            is_writable,
            is_part: false,
            lines_above: 0,
        };
        match self.files.iter_mut().find(|known| known.path == path) {
            Some(known) => *known = file,
            None => self.files.push(file),
        }
        Ok(())
    }

    /// Puts another text in the place of a file's, or adds the file that is loaded last.
    pub(crate) fn set_text(&mut self, name: &str, text: Option<Arc<Document>>) {
        match self.files.iter_mut().find(|file| file.name == name) {
            Some(file) => file.text = text,
            None => self.files.push(File {
                path: self.path_of(name),
                name: name.to_owned(),
                text,
                is_writable: true,
                is_part: false,
                lines_above: 0,
            }),
        }
    }

    /// As [`Config::set_text`], of a text that is parsed first.
    pub(crate) fn replace(&mut self, name: &str, text: Option<&str>) -> Result<(), Error> {
        let text = text.map(|text| parse(&text.into())).transpose();
        let text = text.map_err(|error| error.at(self.path_of(name)))?;
        self.set_text(name, text);
        Ok(())
    }

    /// Says which releases an edit is for, instead of all that are modelled.
    pub(crate) fn set_releases(&mut self, releases: &[Release]) {
        self.releases = releases.to_vec();
    }

    /// Says which plugin table of a file has the handlers.
    pub(crate) fn set_table(&mut self, file: &str, plugin_id: &str) {
        let (file, plugin_id) = (file.to_owned(), plugin_id.to_owned());
        self.tables.insert(file, plugin_id);
    }

    pub(crate) fn table(&self, file: &str) -> Option<&str> {
        self.tables.get(file).map(String::as_str)
    }

    /// Says that the text of the file at `path` is a part of the main one, as in a template of k3s.
    /// `lines_above`: how many of the file's lines stand above that text.
    pub(crate) fn set_part(&mut self, path: &Path, lines_above: usize) {
        self.is_joined = true;
        for file in self.files.iter_mut().filter(|file| file.path == path) {
            file.is_part = true;
            file.lines_above = lines_above;
        }
    }

    /// Says that the file of `paths`, which is read under each of them, is edited under `path`. It counts
    /// where it is read last.
    pub(crate) fn set_links(&mut self, paths: &[PathBuf], path: &PathBuf) {
        let is_it = |file: &File| paths.contains(&file.path);
        let last = self.files.iter().rposition(is_it);
        let found = self.files.iter().position(|file| file.path == *path);
        if let Some((last, found)) = last.zip(found).filter(|(last, found)| found < last) {
            self.files[found..=last].rotate_left(1);
        }
        self.files.retain(|file| !is_it(file) || file.path == *path);
        let links = paths.iter().map(|link| (link.clone(), path.clone()));
        self.links.extend(links);
    }

    /// The path under which the file at `path` is edited.
    pub(crate) fn edited_path(&self, path: PathBuf) -> PathBuf {
        self.links.get(&path).cloned().unwrap_or(path)
    }

    /// Whether a distribution merges drop-ins into a file that it writes itself, as k0s does.
    pub(crate) fn merges_drop_ins(&self) -> bool {
        self.is_joined && !self.has_part()
    }

    /// Whether the text of a file is a part of the main one.
    pub(crate) fn has_part(&self) -> bool {
        self.files.iter().any(|file| file.is_part)
    }

    /// Returns the text of the file at an absolute path; `None` if it is missing.
    #[must_use]
    pub fn text(&self, path: &Path) -> Option<&str> {
        self.at(path)?.text.as_deref().map(Document::text)
    }

    /// Returns all files in the order of loading, with their texts; `None`: the file is missing.
    pub fn texts(&self) -> impl Iterator<Item = (&Path, Option<&str>)> {
        self.files.iter().map(|file| {
            let text = file.text.as_deref().map(Document::text);
            (file.path.as_path(), text)
        })
    }

    /// Whether an edit may change a file; a distribution's own it may not.
    pub(crate) fn is_writable(&self, name: &str) -> bool {
        self.file(name).is_none_or(|file| file.is_writable)
    }

    fn at(&self, path: &Path) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The config version of the main file, 0 if it has none.
    pub(crate) fn version(&self) -> i64 {
        self.main().version().unwrap_or_default()
    }

    /// The oldest config version that a file names, 0 if the main file names none.
    pub(crate) fn oldest_version(&self) -> i64 {
        let named = self.files.iter().filter_map(File::version);
        named.fold(self.version(), i64::min)
    }

    /// The newest config version of any file, 0 if none names one.
    pub(crate) fn newest_version(&self) -> i64 {
        let named = self.files.iter().filter_map(File::version);
        named.max().unwrap_or_default()
    }

    /// The drop-in that is newer than the main file, and than all that containerd 1.x reads, if there is
    /// one. Up to 2.2 its version then holds for the main file, too.
    pub(crate) fn newer_drop_in(&self) -> Option<&File> {
        let drop_ins = self.files[1..].iter().filter(|file| !file.is_part);
        let newest = drop_ins.max_by_key(|file| file.version());
        newest.filter(|file| file.version() > Some(self.version().max(2)))
    }

    /// Whether containerd reads anything else than in another state of this config: comments don't
    /// count.
    pub(crate) fn means_otherwise(&self, other: &Self) -> bool {
        let mut files = self.files.iter().chain(&other.files);
        files.any(|File { name, .. }| {
            let [own, other] = [self, other].map(|config| config.file(name)?.text.as_deref());
            own.map(Document::tree) != other.map(Document::tree)
        })
    }

    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// All files, the one that is loaded last and wins first.
    pub(crate) fn by_weight(&self) -> impl DoubleEndedIterator<Item = &File> + Clone {
        self.files.iter().rev()
    }

    pub(crate) fn main(&self) -> &File {
        &self.files[0]
    }

    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The place of a key in a file, or of the nearest table above one that is not there.
    pub(crate) fn position(&self, file: &str, place: &[String]) -> Option<Position> {
        let document = self.file(file)?.text.as_ref()?;
        let mut paths = (1..=place.len()).rev().map(|depth| &place[..depth]);
        let there = paths.find(|path| document.get(path).is_some())?;
        Some(self.in_file(file, document.position(document.offset(there))))
    }

    /// A place in the text of a file as one in the file.
    pub(crate) fn in_file(&self, name: &str, at: Position) -> Position {
        at.below(self.file(name).map_or(0, |file| file.lines_above))
    }

    /// What a ledger beside the main file calls the file at an absolute path.
    pub(crate) fn name_of(&self, path: &Path) -> String {
        let main = self.files.first().map_or(path, |main| &main.path);
        let folder = main.parent().unwrap_or(Path::new("/"));
        let name = path.strip_prefix(folder).unwrap_or(path);
        name.to_string_lossy().into_owned()
    }

    /// The absolute path of the file that a ledger calls `name`.
    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        absolute(&self.main().path, name)
    }

    /// What containerd would not start with if a file were gone: a link in an imported folder, or an
    /// import by name. That of the main file an edit takes away.
    pub(crate) fn holder(&self, name: &str) -> Option<Holder> {
        let path = self.path_of(name);
        let is_read = |link: &Path| {
            let mut imports = self.files.iter().flat_map(File::imported);
            imports.any(|it| (is_pattern(&it) || link != path) && leads_to(&it, link))
        };
        let mut links = self.links.iter().filter(|(_, it)| **it == path);
        if let Some((link, _)) = links.find(|(link, _)| is_read(link)) {
            return Some(Holder::Link(link.clone()));
        }
        let mut others = self.files.iter().filter(|it| it.name != name);
        let names_it = |other: &&File| {
            let is_editable = other.name == self.main().name && other.is_writable;
            !is_editable && other.imported().any(|import| import == path)
        };
        let other = others.find(names_it)?;
        Some(Holder::Import(other.path.clone()))
    }

    /// The name of the drop-in that is an owner's own in a folder which the main file imports by a
    /// pattern; `None` if it imports none.
    pub(crate) fn imported_drop_in(&self, owner: &str) -> Option<String> {
        let main = self.main();
        let file = drop_in_of(owner);
        main.imported().find_map(|pattern| {
            let path = pattern.parent()?.join(&file);
            let is_pattern = is_pattern(&pattern) && !has_meta(&path);
            (is_pattern && leads_to(&pattern, &path)).then(|| self.name_of(&path))
        })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(path) => write!(formatter, "the link {}", path.display()),
            Self::Import(path) => write!(formatter, "the import in {}", path.display()),
        }
    }
}

impl File {
    /// The config version that it names.
    pub(crate) fn version(&self) -> Option<i64> {
        version::named(self.text.as_ref()?)
    }

    /// Whether a comment of the tool's stands in it.
    pub(crate) fn is_marked(&self) -> bool {
        let text = self.text.as_ref();
        text.is_some_and(|it| it.text().lines().any(is_own))
    }

    /// The paths and patterns that the file imports.
    pub(crate) fn imports(&self) -> impl Iterator<Item = String> {
        let texts = self.text.iter();
        texts.flat_map(|text| written(&Source::of(text)))
    }

    /// The absolute ones of [`File::imports`].
    pub(crate) fn imported(&self) -> impl Iterator<Item = PathBuf> {
        self.imports().map(|import| absolute(&self.path, &import))
    }

    /// Whether an import of this file leads to `path`.
    pub(crate) fn leads_to(&self, path: &Path) -> bool {
        self.imported().any(|import| leads_to(&import, path))
    }
}

/// Parses a file. Its version has to be an integer, if it has one.
pub(crate) fn parse(source: &Source) -> Result<Arc<Document>, Error> {
    let document = source.document().map_err(ParseError::clone)?;
    version::of_any(document)?;
    Ok(Arc::clone(document))
}

/// The bytes of the file at `path` as text, which need not be TOML.
pub(crate) fn text_of<'b>(path: &Path, bytes: &'b [u8]) -> Result<&'b str, Error> {
    toml::text_of(bytes).map_err(|error| Error::from(error).at(path))
}
