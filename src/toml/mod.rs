//! Changing a TOML document byte by byte.
//!
//! The text is kept as it is. `toml` parses it for validity and values, [`index`] says where
//! each statement stands, a [`Revision`] takes what is to be set, inserted and removed, and
//! [`splice`] changes byte ranges and nothing else.

mod around;
mod document;
mod elements;
mod headings;
pub(crate) mod index;
pub(crate) mod lines;
mod literal;
mod look;
mod place;
mod put_back;
mod reading;
pub(crate) mod render;
mod revision;
mod source;
mod splice;
mod table;
mod tree;
pub(crate) mod value;

pub(crate) use self::document::text_of;
pub use self::document::{Document, ParseError, parsed};
pub(crate) use self::headings::Heading;
pub(crate) use self::literal::Literal;
pub(crate) use self::reading::key_path;
pub use self::render::dotted_key;
pub(crate) use self::revision::{Refused, Revision};
pub use self::source::Source;
pub(crate) use self::table::Pair;
pub(crate) use self::tree::differences::{Difference, Inserted};
pub(crate) use self::tree::{Path, Tree};
pub use self::value::Value;
