//! Config files, parsed once to be judged for many releases.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::error::Position;
use crate::toml::lines::Positions;
use crate::toml::{Document, ParseError, lines};

use super::files::{ConfigFiles, Host};
use super::reason::Reason;
use super::shape::Mismatch;
use super::syntax::{self, Peculiarities};
use super::tree::{self, Place, Table};
use super::verdict::LoadedHandler;

/// Config files that are parsed once and can be judged for many releases.
#[derive(Debug)]
pub struct Model<'f> {
    pub(super) files: &'f ConfigFiles,
    pub(super) host: &'f Host,
    pub(super) parsed: Vec<Parsed<'f>>,
}

#[derive(Debug)]
pub(super) struct Parsed<'f> {
    path: &'f Path,
    text: &'f [u8],
    pub(super) table: Result<Rc<Table>, ParseError>,
    /// As 1.x reads it, where that differs.
    pub(super) table_of_1x: Option<Rc<Table>>,
    pub(super) peculiarities: Peculiarities,
}

fn table_of(config: &Document, number: usize) -> Rc<Table> {
    Rc::new(tree::entries(config.toml.as_table(), number))
}

impl<'f> Model<'f> {
    /// Parses the files.
    #[must_use]
    pub fn new(files: &'f ConfigFiles, host: &'f Host) -> Self {
        let parsed = files.all().enumerate();
        let parsed = parsed
            .map(|(number, (path, source))| {
                let config = source.document();
                let text_of_1x = match config {
                    Ok(config) => syntax::without_escapes_in_headers(config),
                    Err(_) => None,
                };
                let of_1x = text_of_1x
                    .as_deref()
                    .map(str::as_bytes)
                    .map(Document::parse);
                Parsed {
                    path,
                    text: source.bytes(),
                    table: match config {
                        Ok(config) => Ok(table_of(config, number)),
                        Err(error) => Err(error.clone()),
                    },
                    table_of_1x: of_1x.and_then(|config| Some(table_of(&config.ok()?, number))),
                    peculiarities: match config {
                        Ok(config) => Peculiarities::of(config),
                        Err(_) => Peculiarities::default(),
                    },
                }
            })
            .collect();
        Self {
            files,
            host,
            parsed,
        }
    }

    /// The files by their numbers.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parsed.iter().map(|file| file.path)
    }

    pub(super) fn number_of(&self, path: &Path) -> Option<usize> {
        self.parsed.iter().position(|file| file.path == path)
    }

    /// Whether the host has the file; where the host is not known, it has what the config says.
    pub(super) fn has_file(&self, path: &str) -> bool {
        let known = self.host.files.as_ref();
        known.is_none_or(|known| known.contains(Path::new(path)))
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
        let file = &self.parsed[place.file];
        let text = String::from_utf8_lossy(file.text);
        (file.path, lines::position(&text, place.offset))
    }

    pub(super) fn mismatch(&self, mismatch: &Mismatch) -> Reason {
        let Mismatch {
            found,
            wanted,
            place,
            ..
        } = mismatch;
        let key = mismatch.key();
        self.reason(
            format!("{key} is {found} where containerd decodes {wanted}"),
            Some(*place),
        )
    }

    /// Returns the files that handlers come from, and where in them. containerd's built-in `runc`
    /// has no place.
    #[must_use]
    pub fn positions<'h>(
        &self,
        handlers: &'h BTreeMap<String, LoadedHandler>,
    ) -> BTreeMap<&'h str, (&Path, Position)> {
        let mut found = BTreeMap::new();
        for (number, file) in self.parsed.iter().enumerate() {
            let placed = handlers.iter().filter_map(|(name, handler)| {
                let place = handler.place.filter(|place| place.file == number)?;
                Some((place.offset, name.as_str()))
            });
            let mut placed: Vec<(usize, &str)> = placed.collect();
            // In file order, the lines are counted in one pass.
            placed.sort_unstable();
            let mut positions = Positions::of(str::from_utf8(file.text).unwrap_or_default());
            for (offset, name) in placed {
                found.insert(name, (file.path, positions.at(offset)));
            }
        }
        found
    }
}
