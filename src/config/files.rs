//! A config: all files that containerd reads, in its order, each parsed once.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::containerd::spelling::Spelling;
use crate::containerd::{ConfigFiles, FileState, absolute, version};
use crate::error::Error;
use crate::toml::{Document, Literal, Tree};

use super::surroundings::is_match;

/// The ordered set of all files that containerd reads for one config.
///
/// The main file is number 0 and may be missing. What it imports follows in the order of loading.
#[derive(Debug, Clone)]
pub struct Config {
    files: Vec<File>,
    /// Whether a distribution makes one config of all the files before containerd reads it: then a
    /// plugin's section may stand in several, and no file has to be imported.
    pub(crate) is_joined: bool,
}

/// One file of a config.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The absolute path on the host.
    pub(crate) path: PathBuf,
    /// The path from the main file's folder, or the absolute one: what a ledger calls the file.
    pub(crate) name: String,
    pub(crate) text: Option<Arc<Text>>,
    /// Whether an edit may change it; what a distribution generates it may not.
    pub(crate) is_writable: bool,
    /// Whether its text is a part of the main file's: that one's version holds, and it names none.
    pub(crate) is_part: bool,
}

/// What stands in a file, and what it says.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) document: Document<'static>,
    pub(crate) tree: Tree,
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
        let path = path.into();
        let text = text.map(|text| Text::parse(text.to_owned()).map(Arc::new));
        let text = text.transpose().map_err(|error| error.at(&path))?;
        self.put(File {
            name: self.name_of(&path),
            path,
            text,
            is_writable,
            is_part: false,
        });
        Ok(())
    }

    /// Puts another text in the place of a file's.
    pub(crate) fn replace(&mut self, name: &str, text: Option<&str>) -> Result<(), Error> {
        let path = self.path_of(name);
        let text = text.map(|text| Text::parse(text.to_owned()).map(Arc::new));
        let text = text.transpose().map_err(|error| error.at(&path))?;
        for file in self.files.iter_mut().filter(|file| file.name == name) {
            file.text.clone_from(&text);
        }
        Ok(())
    }

    /// Says that the file at `path` is a part of the main one, as a template of k3s.
    pub(crate) fn set_part(&mut self, path: &Path) {
        self.is_joined = true;
        for file in self.files.iter_mut().filter(|file| file.path == path) {
            file.is_part = true;
        }
    }

    pub(crate) fn put(&mut self, file: File) {
        match self.files.iter_mut().find(|known| known.path == file.path) {
            Some(known) => *known = file,
            None => self.files.push(file),
        }
    }

    /// Returns the text of the file at an absolute path; `None` if it is missing.
    #[must_use]
    pub fn text(&self, path: &Path) -> Option<&str> {
        let file = self.files.iter().find(|file| file.path == path)?;
        file.text.as_ref().map(|text| text.document.text())
    }

    /// Returns all files in the order of loading, with their texts; `None`: the file is missing.
    pub fn texts(&self) -> impl Iterator<Item = (&Path, Option<&str>)> {
        self.files.iter().map(|file| {
            let text = file.text.as_ref().map(|text| text.document.text());
            (file.path.as_path(), text)
        })
    }

    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    pub(crate) fn main(&self) -> &File {
        &self.files[0]
    }

    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
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

    /// The files as the model of containerd's loader takes them.
    #[must_use]
    pub fn loaded(&self) -> ConfigFiles {
        let bytes = |text: Option<&str>| text.unwrap_or_default().as_bytes().to_vec();
        let mut texts = self.texts();
        let (main, text) = texts.next().unwrap_or((Path::new("/"), None));
        let mut files = ConfigFiles::new(main, bytes(text));
        for (path, text) in texts {
            let state = match text {
                Some(_) => FileState::Bytes(bytes(text)),
                None => FileState::Missing,
            };
            files.insert(path, state);
        }
        for file in &self.files {
            for import in file.imports().filter(|import| import.contains('*')) {
                let pattern = absolute(&file.path, &import);
                let there = self.files.iter().filter(|file| file.text.is_some());
                let paths = there.map(|file| file.path.clone());
                let matching: Vec<PathBuf> =
                    paths.filter(|path| is_match(&pattern, path)).collect();
                files.insert_glob(&import, matching.clone());
                files.insert_glob(pattern, matching);
            }
        }
        files
    }
}

impl File {
    /// The paths and patterns that the file imports.
    pub(crate) fn imports(&self) -> impl Iterator<Item = String> {
        let path = [String::from("imports")];
        let trees = self.text.iter().map(|text| &text.tree);
        let elements =
            trees.flat_map(move |tree| tree.elements(&path).cloned().collect::<Vec<_>>());
        elements.filter_map(|element: Literal| element.as_string())
    }

    /// Whether an import of this file leads to `path`.
    pub(crate) fn leads_to(&self, path: &Path) -> bool {
        self.imports().any(|import| {
            let target = absolute(&self.path, &import);
            target == path || is_match(&target, path)
        })
    }
}

impl Text {
    /// Parses the text of a file.
    pub(crate) fn parse(text: String) -> Result<Self, Error> {
        let document = Document::owned(text)?;
        version::of_any(&document)?;
        let tree = Tree::of(&document);
        Ok(Self { document, tree })
    }

    /// The config version that the text names; `None` if it names none.
    pub(crate) fn version(&self) -> Option<i64> {
        version::of_any(&self.document)
            .ok()
            .filter(|_| self.document.get(&["version"]).is_some())
    }

    /// Whether the text means the same with any version.
    pub(crate) fn is_free(&self) -> bool {
        version::is_free(&self.document)
    }

    /// How the file spells keys. `if_free` is the version of one that means the same with any.
    pub(crate) fn spelling(&self, if_free: i64) -> Spelling {
        let version = self
            .version()
            .unwrap_or(if self.is_free() { if_free } else { 1 });
        Spelling::of(Some(&self.document), version)
    }
}
