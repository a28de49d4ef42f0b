//! The bytes of a file, parsed once.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::document::{Document, ParseError};
use super::value::TextId;

/// The bytes of a file. They are parsed when somebody first asks what they say, and never again: a
/// copy shares what was parsed.
#[derive(Clone)]
pub struct Source(Arc<Read>);

struct Read {
    id: TextId,
    bytes: Vec<u8>,
    parsed: OnceLock<Result<Arc<Document>, ParseError>>,
}

impl Source {
    /// The source of a document that was parsed.
    pub(crate) fn of(document: &Arc<Document>) -> Self {
        Self(Arc::new(Read {
            id: document.id(),
            bytes: document.text().into(),
            parsed: Ok(Arc::clone(document)).into(),
        }))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The ID of the text that the bytes are.
    pub(crate) fn id(&self) -> TextId {
        self.0.id
    }

    /// The document that the bytes are.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if they are not UTF-8 or not TOML.
    pub fn document(&self) -> Result<&Arc<Document>, &ParseError> {
        let parse = || Document::parse_as(self.id(), self.bytes()).map(Arc::new);
        self.0.parsed.get_or_init(parse).as_ref()
    }
}

impl<T: Into<Vec<u8>>> From<T> for Source {
    fn from(bytes: T) -> Self {
        Self(Arc::new(Read {
            id: TextId::new(),
            bytes: bytes.into(),
            parsed: OnceLock::new(),
        }))
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Source {}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.bytes()).fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::parsed;
    use super::*;

    #[test]
    fn a_text_is_parsed_once_whoever_asks() {
        let (source, before) = (Source::from("a = 1\n"), parsed());
        let copy = source.clone();
        assert_eq!(copy.document().map(|it| it.text().len()), Ok(6));
        let again = Source::of(source.document().expect("TOML"));
        assert!(again.document().is_ok() && again == source);
        assert_eq!(parsed() - before, 1);
        let broken = Source::from(b"a = \xff".to_vec());
        assert!(broken.document().is_err());
    }
}
