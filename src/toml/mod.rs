//! A config file as bytes, meaning and positions.
//!
//! The text is kept as it is. `toml_edit` parses it for validity and values, [`index`] says where
//! each statement stands, and [`splice`] changes byte ranges and nothing else.

mod document;
mod headings;
pub(crate) mod index;
pub(crate) mod lines;
mod literal;
pub(crate) mod meaning;
pub(crate) mod render;
pub(crate) mod splice;
mod tree;
#[allow(dead_code, unused_imports)]
pub(crate) mod verbs;

pub use self::document::{Document, ParseError};
pub(crate) use self::headings::Heading;
pub(crate) use self::index::rest_after;
pub(crate) use self::literal::Literal;
pub(crate) use self::meaning::type_name;
pub(crate) use self::tree::{Difference, Path, Table, Tree};
