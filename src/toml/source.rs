//! The bytes of a file, parsed once.

use std::fmt;
use std::sync::Arc;

use super::document::{Document, ParseError};

/// The bytes of a file, and the document that they are. A copy shares both.
#[derive(Clone)]
pub struct Source(Result<Arc<Document>, Arc<Broken>>);

/// Bytes that are no TOML, and why.
struct Broken {
    bytes: Vec<u8>,
    error: ParseError,
}

impl Source {
    /// The source of a document that was parsed.
    pub(crate) fn of(document: &Arc<Document>) -> Self {
        Self(Ok(Arc::clone(document)))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Ok(document) => document.text().as_bytes(),
            Err(broken) => &broken.bytes,
        }
    }

    /// The document that the bytes are.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if they are not UTF-8 or not TOML.
    pub fn document(&self) -> Result<&Arc<Document>, &ParseError> {
        self.0.as_ref().map_err(|broken| &broken.error)
    }
}

impl<T: Into<Vec<u8>> + AsRef<[u8]>> From<T> for Source {
    fn from(bytes: T) -> Self {
        let document = Document::parse(bytes.as_ref());
        Self(document.map(Arc::new).map_err(|error| {
            let bytes = bytes.into();
            Arc::new(Broken { bytes, error })
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
        let before = parsed();
        let source = Source::from("a = 1\n");
        let copy = source.clone();
        assert_eq!(copy.document().map(|it| it.text().len()), Ok(6));
        let again = Source::of(source.document().expect("TOML"));
        assert!(again.document().is_ok() && again == source);
        assert_eq!(parsed() - before, 1);
        let broken = Source::from(b"a = \xff".to_vec());
        assert!(broken.document().is_err());
    }
}
