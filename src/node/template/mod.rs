//! Templates of k3s and RKE2: their own part, brought in by `{{ template "base" . }}`, and what
//! somebody adds below it.

pub(crate) mod error;
mod mask;

use crate::error::Error;
use crate::toml::Document;

pub(crate) use self::mask::{Masked, new_directive};

/// A template as a TOML parser can read it; `None`: its directives decide over other lines.
pub(crate) fn as_toml(template: &str) -> Option<String> {
    Masked::of(template).ok().map(|masked| masked.text)
}

/// Parses what is left of a template without its directives.
pub(crate) fn parsed(text: &str) -> Result<Document, Error> {
    Document::parse(text.as_bytes()).map_err(|source| {
        if Masked::blames_directive(&source.at) {
            error::inline(source.at)
        } else {
            Error::from(source).with_hint("fix this line")
        }
    })
}
