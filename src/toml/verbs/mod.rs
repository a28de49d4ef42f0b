//! Changing a TOML document byte by byte.
//!
//! The text is kept as it is. `toml_edit` parses it for validity and values, [`index`] says where
//! each statement stands, a [`Revision`] takes what is to be set, inserted and removed, and
//! [`splice`] changes byte ranges and nothing else.

mod document;
mod elements;
pub(crate) mod index;
mod inline;
pub(crate) mod lines;
mod look;
pub(crate) mod meaning;
pub(crate) mod place;
pub(crate) mod render;
mod revision;
pub(crate) mod splice;
mod table;

pub use self::document::{Document, ParseError};
pub(crate) use self::index::rest_after;
pub(crate) use self::meaning::type_name;
pub(crate) use self::revision::{Refused, Revision};
pub(crate) use self::table::Pair;
