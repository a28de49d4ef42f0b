//! What somebody wants of a config: names, presets, keys with their types, the patch file.

pub(crate) mod change;
pub(crate) mod comment;
pub(crate) mod handler;
pub(crate) mod key;
pub(crate) mod key_name;
pub(crate) mod known;
pub(crate) mod meant;
pub(crate) mod mistake;
pub(crate) mod nearest;
pub(crate) mod patch_file;
pub(crate) mod statements;
mod wanting;
