//! Config files, read once to be judged for many releases.

use std::cell::{OnceCell, RefCell};
use std::path::Path;

use crate::error::Position;
use crate::toml::value::{Place, TextId, Value};
use crate::toml::{Document, ParseError, Source};

use super::asked::Asked;
use super::files::{ConfigFiles, Host};
use super::release::Releases;
use super::syntax::{self, Found};
use super::verdict::{Judged, LoadedHandler, Reason};

/// Config files that are read once and can be judged for many releases.
#[derive(Debug)]
pub struct Model<'f> {
    pub(super) files: &'f ConfigFiles,
    pub(super) host: &'f Host,
    parsed: Vec<Parsed<'f>>,
    /// What releases have made of the config, and for which others that holds.
    pub(super) judged: RefCell<Vec<(Releases, Judged)>>,
}

/// One file. It is looked into when a release is first asked what it makes of it.
#[derive(Debug)]
struct Parsed<'f> {
    path: &'f Path,
    source: &'f Source,
    says: OnceCell<Says>,
}

/// What one file says.
#[derive(Debug)]
pub(super) struct Says {
    pub(super) root: Value,
    /// As 1.x reads it, where that differs.
    root_of_1x: Option<Value>,
    pub(super) peculiarities: Vec<Found>,
}

impl Says {
    fn new(config: &Document) -> Self {
        let of_1x = syntax::without_escapes_in_headers(config);
        let of_1x = of_1x.and_then(|it| Document::parse_as(config.id(), it.as_bytes()).ok());
        Self {
            root: config.root().clone(),
            root_of_1x: of_1x.map(|it| it.root().clone()),
            peculiarities: syntax::peculiarities(config),
        }
    }

    /// All keys, as a release reads them.
    pub(super) fn root_of(&self, release: &Asked) -> &Value {
        let of_1x = self.root_of_1x.as_ref();
        of_1x.filter(|_| release.is_1x()).unwrap_or(&self.root)
    }
}

impl<'f> Model<'f> {
    /// Takes the files.
    #[must_use]
    pub fn new(files: &'f ConfigFiles, host: &'f Host) -> Self {
        let parsed = files.all().map(|(path, source)| Parsed {
            path,
            source,
            says: OnceCell::new(),
        });
        Self {
            files,
            host,
            parsed: parsed.collect(),
            judged: RefCell::default(),
        }
    }

    /// The ID of the file at a path, if it could be read.
    pub(super) fn text_at(&self, path: &Path) -> Option<TextId> {
        let found = self.parsed.iter().find(|file| file.path == path);
        found.map(|file| file.source.id())
    }

    fn file(&self, text: TextId) -> &Parsed<'f> {
        let found = self.parsed.iter().find(|file| file.source.id() == text);
        found.unwrap_or(&self.parsed[0])
    }

    /// Where the file stands that has this text.
    pub(super) fn path(&self, text: TextId) -> &Path {
        self.file(text).path
    }

    /// What a file says.
    pub(super) fn says(&self, text: TextId) -> Result<&Says, &ParseError> {
        let Parsed { source, says, .. } = self.file(text);
        let config = source.document()?;
        Ok(says.get_or_init(|| Says::new(config)))
    }

    /// Whether the host has the file; where the host is not known, it has what the config says.
    pub(super) fn has_file(&self, path: &str) -> bool {
        let known = self.host.files.as_ref();
        known.is_none_or(|known| known.contains(Path::new(path)))
    }

    /// The first of two paths that is empty, or of no file on the host.
    pub(super) fn missing_of<'p>(&self, pair: [&'p str; 2]) -> Option<&'p str> {
        let mut paths = pair.into_iter();
        paths.find(|path| path.is_empty() || !self.has_file(path))
    }

    pub(super) fn reason(&self, message: impl Into<String>, place: Option<Place>) -> Reason {
        Reason {
            message: message.into(),
            at: place.map(|place| {
                let (path, position) = self.position(place);
                (path.to_owned(), Some(position))
            }),
        }
    }

    /// The file and the line of a place.
    pub(crate) fn position(&self, place: Place) -> (&Path, Position) {
        let Parsed { path, source, .. } = self.file(place.text);
        // What can't be parsed has no places.
        let position = source.document().map(|it| it.position(place.offset));
        (path, position.unwrap_or_else(|error| error.at.clone()))
    }

    /// Returns the file that a handler comes from, and where in it. containerd's built-in `runc` has
    /// no place.
    #[must_use]
    pub fn position_of(&self, handler: &LoadedHandler) -> Option<(&Path, Position)> {
        handler.place.map(|place| self.position(place))
    }
}
